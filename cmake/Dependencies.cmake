# Finds every dependency, and says at configure time which Debian package brings one that is missing.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 COMPONENTS json program_options)
find_package(spdlog 1.10 QUIET)
find_package(fmt QUIET)
pkg_check_modules(RDKAFKA IMPORTED_TARGET rdkafka>=2.0.2)
pkg_check_modules(TOMLPLUSPLUS IMPORTED_TARGET tomlplusplus>=3.3.0)

function(runnel_require found what package)
  if(NOT ${found})
    message(FATAL_ERROR "Runnel needs ${what}, which was not found or is too old. "
      "On Debian: apt-get install ${package} (or let ./dev install all that it needs, as root).")
  endif()
endfunction()

runnel_require(Boost_FOUND "Boost 1.81 or newer with JSON and Program_options"
  "libboost1.81-dev libboost-json1.81-dev libboost-program-options1.81-dev")
runnel_require(RDKAFKA_FOUND "librdkafka 2.0.2 or newer" librdkafka-dev)
runnel_require(TOMLPLUSPLUS_FOUND "toml++ 3.3 or newer" libtomlplusplus-dev)
runnel_require(spdlog_FOUND "spdlog 1.10 or newer" libspdlog-dev)
runnel_require(fmt_FOUND "fmt 9 or newer" libfmt-dev)
