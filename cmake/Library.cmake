# What every target has in common, and how a library of lib/ is declared.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
  # A precompiled header is cacheable only with these two.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  add_compile_options(-fpch-preprocess)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
add_compile_options(-Wno-mismatched-new-delete)  # false alarms about coroutine frames: g++ PR 109224
if(RUNNEL_WERROR)
  add_compile_options(-Werror)
endif()
if(RUNNEL_SANITIZE)
  add_compile_options(-fsanitize=${RUNNEL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RUNNEL_SANITIZE})
  if(RUNNEL_SANITIZE MATCHES thread)
    add_compile_options(-Wno-tsan)  # Asio's atomic_thread_fence
  endif()
endif()

# runnel_library(NAME LINKS target... [PRIVATE target...])
#
# One folder of lib/ is one target, runnel::NAME. Its public headers lie in its own include root
# (lib/NAME/include/runnel/NAME), so a target can include only what it links.
function(runnel_library name)
  cmake_parse_arguments(arg "" "" "LINKS;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/include/runnel/${name}/*.hpp)
  add_library(runnel_${name} STATIC ${sources})
  add_library(runnel::${name} ALIAS runnel_${name})
  target_sources(runnel_${name} PUBLIC FILE_SET HEADERS
    BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/include FILES ${headers})
  target_link_libraries(runnel_${name} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE})
endfunction()
