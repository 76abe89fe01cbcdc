# Flags of the five flavours (dev release asan tsan fuzz) and the one precompiled header.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(MILLRACE_FLAVOUR dev CACHE STRING "dev, release, asan, tsan or fuzz")
set_property(CACHE MILLRACE_FLAVOUR PROPERTY STRINGS dev release asan tsan fuzz)

add_compile_options(
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough -Werror
  # Aggregates are our options structs: naming only what differs is the point of them.
  -Wno-missing-field-initializers
  # Paths in the binary and in ccache's keys do not depend on where the checkout lies.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
  -fno-omit-frame-pointer -march=x86-64-v2)
add_link_options(-fuse-ld=lld-19)

if(MILLRACE_FLAVOUR STREQUAL "dev")
  add_compile_options(-O1 -g1)
  add_compile_definitions(MILLRACE_DCHECK=1)
elseif(MILLRACE_FLAVOUR STREQUAL "release")
  add_compile_options(-O2 -g1)
  add_link_options(-Wl,--gc-sections)
elseif(MILLRACE_FLAVOUR STREQUAL "asan")
  add_compile_options(-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(MILLRACE_DCHECK=1)
elseif(MILLRACE_FLAVOUR STREQUAL "tsan")
  add_compile_options(-O1 -g1 -fsanitize=thread)
  add_link_options(-fsanitize=thread)
  add_compile_definitions(MILLRACE_DCHECK=1)
elseif(MILLRACE_FLAVOUR STREQUAL "fuzz")
  add_compile_options(-O1 -g1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(MILLRACE_DCHECK=1)
else()
  message(FATAL_ERROR "MILLRACE_FLAVOUR is '${MILLRACE_FLAVOUR}': choose dev, release, asan, tsan or fuzz")
endif()

# Two cores: two compiles, one link.
set_property(GLOBAL PROPERTY JOB_POOLS compile=2 link=1)
set(CMAKE_JOB_POOL_COMPILE compile)
set(CMAKE_JOB_POOL_LINK link)
