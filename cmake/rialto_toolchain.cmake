# Compiler settings shared by every target: warnings, linker, compiler cache, sanitizers.
find_package(Threads REQUIRED)

find_program(RIALTO_CCACHE ccache)
if(RIALTO_CCACHE)
  # Paths below the source folder count as relative ones, so that another checkout or worktree finds what this one built;
  # a precompiled header is known by what it includes, which gcc says with -fpch-preprocess.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${RIALTO_CCACHE}")
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()
find_program(RIALTO_MOLD mold)
if(RIALTO_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Which instructions are used does not change, only which of them are thought cheap: gcc's generic model clears
# every struct above 64 bytes with `rep stos`, which costs the matching engine a quarter of its speed.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-mtune=skylake)
endif()

add_library(rialto_flags INTERFACE)
target_compile_options(rialto_flags INTERFACE -Wall -Wextra -Wconversion -Werror=switch
                       -Werror=return-type -fno-omit-frame-pointer
                       $<$<CXX_COMPILER_ID:Clang>:-Wno-unused-lambda-capture> # said of packs that may be empty
                       # said falsely by gcc 12, of std::variant and of std::string
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-restrict>)
target_include_directories(rialto_flags INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_definitions(rialto_flags INTERFACE "RIALTO_VERSION=\"${PROJECT_VERSION}\"")
set(rialto_sanitizers "")
if(RIALTO_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "RIALTO_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++")
  endif()
  set(rialto_sanitizers address,undefined)
  add_compile_options(-fsanitize=fuzzer-no-link)
elseif(RIALTO_SANITIZE STREQUAL "address")
  set(rialto_sanitizers address,undefined)
elseif(RIALTO_SANITIZE STREQUAL "thread")
  set(rialto_sanitizers thread)
elseif(RIALTO_SANITIZE)
  message(FATAL_ERROR "RIALTO_SANITIZE is address, thread or OFF, not ${RIALTO_SANITIZE}")
endif()
if(rialto_sanitizers)
  # With gcc built in 60 % of the time of -O1, to clang the same as -O1; line numbers are all that a report needs.
  set(CMAKE_CXX_FLAGS_RELEASE "-Og -g1")
  # libcaf's own code trips the null check, so that one stays off.
  add_compile_options(-fsanitize=${rialto_sanitizers} -fno-sanitize=null -fno-sanitize-recover=all)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=${rialto_sanitizers})
endif()

# Beast needs 1.5 GB a translation unit: one at a time.
set_property(GLOBAL PROPERTY JOB_POOLS heavy=1)

find_package(CAF REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(simdjson REQUIRED)
find_package(doctest REQUIRED)
find_package(mimalloc REQUIRED)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(hiredis REQUIRED hiredis)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
