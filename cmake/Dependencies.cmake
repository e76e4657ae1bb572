# Finds every dependency. All that is missing or too old is said in one message at the end, with the one
# line that installs it on Debian; so a bare machine needs one round, not eight.
#
# What the rest of the build links:
#   Boost::headers Boost::json Boost::program_options  PkgConfig::RDKAFKA  PkgConfig::TOMLPLUSPLUS  PkgConfig::SYSTEMD
#   spdlog::spdlog  fmt::fmt  Threads::Threads
#   RUNNEL_SCDOC              the program
#   runnel::mimalloc          only with RUNNEL_MIMALLOC
#   GTest::gtest GTest::gmock only with RUNNEL_TESTS
#   benchmark::benchmark      only where it is installed: ask `if(TARGET benchmark::benchmark)`

set(runnel_missing "")           # one line each, for the message
set(runnel_missing_packages "")  # for the apt-get line

# runnel_want(FOUND WHAT VERSIONS PACKAGE...): notes a dependency that is not there; VERSIONS are those that
# were seen and refused.
function(runnel_want found what versions)
  if(found)
    return()
  endif()
  list(REMOVE_DUPLICATES versions)
  list(JOIN versions ", " versions)
  if(versions)
    string(APPEND what " (found only ${versions})")
  endif()
  list(APPEND runnel_missing "${what}")
  list(APPEND runnel_missing_packages ${ARGN})
  set(runnel_missing "${runnel_missing}" PARENT_SCOPE)
  set(runnel_missing_packages "${runnel_missing_packages}" PARENT_SCOPE)
endfunction()

# A library that describes itself by pkg-config. Afterwards: ${prefix}_FOUND, PkgConfig::${prefix}, and
# ${prefix}_REFUSED, the version that is too old.
function(runnel_pkg_config prefix module least)
  set(refused "")
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(${prefix} QUIET IMPORTED_TARGET GLOBAL ${module}>=${least})
    if(NOT ${prefix}_FOUND)
      pkg_check_modules(${prefix}_ANY QUIET ${module})
      set(refused "${${prefix}_ANY_VERSION}")
    endif()
  endif()
  set(${prefix}_FOUND "${${prefix}_FOUND}" PARENT_SCOPE)
  set(${prefix}_REFUSED "${refused}" PARENT_SCOPE)
endfunction()

# Debian 12's default Boost is 1.74; 1.81 lies beside it under versioned names. Later releases need no version.
set(boost_infix "")
if(EXISTS /etc/os-release)
  file(STRINGS /etc/os-release os_release REGEX "^(ID|VERSION_ID)=")
  if("${os_release}" MATCHES "(^|;)ID=debian" AND "${os_release}" MATCHES "VERSION_ID=\"?12\"?")
    set(boost_infix "1.81")
  endif()
endif()

find_package(PkgConfig QUIET)
runnel_want("${PKG_CONFIG_FOUND}" "pkg-config" "" pkg-config)

find_package(Threads REQUIRED)  # a part of the C library: its absence is not a matter of a package

find_package(Boost 1.81 QUIET CONFIG COMPONENTS headers json program_options)
set(boost_refused "")
foreach(version IN LISTS Boost_CONSIDERED_VERSIONS)
  if(version VERSION_LESS 1.81)
    list(APPEND boost_refused ${version})
  endif()
endforeach()
runnel_want("${Boost_FOUND}" "Boost 1.81 or newer, with JSON and Program_options" "${boost_refused}"
  libboost${boost_infix}-dev libboost-json${boost_infix}-dev libboost-program-options${boost_infix}-dev)

runnel_pkg_config(RDKAFKA rdkafka 2.0.2)
runnel_want("${RDKAFKA_FOUND}" "librdkafka 2.0.2 or newer" "${RDKAFKA_REFUSED}" librdkafka-dev)

runnel_pkg_config(TOMLPLUSPLUS tomlplusplus 3.3.0)
runnel_want("${TOMLPLUSPLUS_FOUND}" "toml++ 3.3 or newer" "${TOMLPLUSPLUS_REFUSED}" libtomlplusplus-dev)

runnel_pkg_config(SYSTEMD libsystemd 252)
runnel_want("${SYSTEMD_FOUND}" "libsystemd 252 or newer" "${SYSTEMD_REFUSED}" libsystemd-dev)

# Debian's spdlog is compiled and uses Debian's fmt: the target knows both, so take no header-only copy.
find_package(fmt 9 QUIET CONFIG)
runnel_want("${fmt_FOUND}" "fmt 9 or newer" "${fmt_CONSIDERED_VERSIONS}" libfmt-dev)
find_package(spdlog 1.10 QUIET CONFIG)
runnel_want("${spdlog_FOUND}" "spdlog 1.10 or newer" "${spdlog_CONSIDERED_VERSIONS}" libspdlog-dev)

find_program(RUNNEL_SCDOC scdoc)
mark_as_advanced(RUNNEL_SCDOC)
runnel_want("${RUNNEL_SCDOC}" "scdoc, for the man pages" "" scdoc)

if(RUNNEL_MIMALLOC)
  if(RUNNEL_SANITIZE)
    message(FATAL_ERROR "RUNNEL_MIMALLOC and RUNNEL_SANITIZE exclude each other: a sanitizer brings its own "
      "malloc, and TSan crashes with another. Leave one of them out.")
  endif()
  # Debian ships the shared library alone. Linking it is what replaces malloc, and no symbol of it is named
  # anywhere: a linker that drops what is not needed would drop it, so it is told not to.
  find_library(RUNNEL_MIMALLOC_LIBRARY mimalloc)
  mark_as_advanced(RUNNEL_MIMALLOC_LIBRARY)
  runnel_want("${RUNNEL_MIMALLOC_LIBRARY}" "mimalloc, or RUNNEL_MIMALLOC=OFF" "" libmimalloc-dev)
  if(RUNNEL_MIMALLOC_LIBRARY)
    add_library(runnel_mimalloc INTERFACE)
    add_library(runnel::mimalloc ALIAS runnel_mimalloc)
    target_link_libraries(runnel_mimalloc INTERFACE
      -Wl,--push-state,--no-as-needed ${RUNNEL_MIMALLOC_LIBRARY} -Wl,--pop-state)
  endif()
endif()

if(RUNNEL_TESTS)
  find_package(GTest 1.12 QUIET CONFIG)
  set(gtest_complete OFF)
  if(TARGET GTest::gtest AND TARGET GTest::gmock)
    set(gtest_complete ON)
  endif()
  runnel_want("${gtest_complete}" "GoogleTest 1.12 or newer with GoogleMock, or RUNNEL_TESTS=OFF"
    "${GTest_CONSIDERED_VERSIONS}" libgtest-dev libgmock-dev)

  find_package(benchmark QUIET CONFIG)
  if(NOT TARGET benchmark::benchmark)
    message(STATUS "google-benchmark is not there, so tests/bench is left out (Debian: libbenchmark-dev)")
  endif()
endif()

if(runnel_missing)
  list(REMOVE_DUPLICATES runnel_missing_packages)
  list(JOIN runnel_missing "\n  " what)
  list(JOIN runnel_missing_packages " " packages)
  message(FATAL_ERROR "Runnel needs what was not found, or is too old:\n  ${what}\n"
    "On Debian, as root:\n  apt-get install ${packages}\n"
    "(./dev build does this by itself when it runs as root.)")
endif()
