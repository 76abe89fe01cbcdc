# millrace_library(NAME [DEPENDS libs...] [PRIVATE libs...] [TEST_DEPENDS libs...] [SUBFOLDERS dirs...])
#
# A folder under src/ is a library `millrace_NAME`, built from every *.cc in it and in SUBFOLDERS, and
# a doctest binary `NAME_test`, built from every *_test.cc. DEPENDS are other folders (see
# src/LAYERS); PRIVATE are third-party libraries that only this folder's sources see; MAIN is left out.
function(millrace_library name)
  cmake_parse_arguments(arg "" "MAIN" "DEPENDS;PRIVATE;TEST_DEPENDS;SUBFOLDERS" ${ARGN})
  set(globs ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(folder IN LISTS arg_SUBFOLDERS)
    list(APPEND globs ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cc)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${globs})
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  if(arg_MAIN)
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${arg_MAIN})
  endif()
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  add_library(millrace_${name} STATIC ${sources})
  target_include_directories(millrace_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  list(TRANSFORM arg_DEPENDS PREPEND millrace_)
  target_link_libraries(millrace_${name} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE})
  millrace_precompile(millrace_${name})

  if(tests)
    add_executable(${name}_test ${tests} ${CMAKE_SOURCE_DIR}/cmake/test_main.cc)
    list(TRANSFORM arg_TEST_DEPENDS PREPEND millrace_)
    target_link_libraries(${name}_test PRIVATE millrace_${name} ${arg_TEST_DEPENDS} ${arg_PRIVATE})
    millrace_precompile(${name}_test)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
  endif()
endfunction()

# One precompiled header for everything, owned by base. A speed-up only: tools/tidy.py checks that
# each header includes what it uses.
function(millrace_precompile target)
  if(target STREQUAL "millrace_base")
    target_precompile_headers(millrace_base PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)
  else()
    target_precompile_headers(${target} REUSE_FROM millrace_base)
  endif()
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>)
endfunction()
