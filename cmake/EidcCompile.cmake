# Flags for everything that is ours, and the layers as libraries.

set(EIDC_SANITIZERS "" address undefined "address,undefined" thread)
if(NOT "${EIDC_SANITIZE}" IN_LIST EIDC_SANITIZERS)
    message(FATAL_ERROR "EIDC_SANITIZE is \"${EIDC_SANITIZE}\"; allowed: address, undefined, "
        "\"address,undefined\" or thread")
endif()
if(EIDC_FUZZ AND NOT CMAKE_C_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "EIDC_FUZZ needs libFuzzer, which is clang's: -DCMAKE_C_COMPILER=clang, "
        "in a build directory of its own")
endif()

add_library(eidc_flags INTERFACE)
target_include_directories(eidc_flags INTERFACE ${CMAKE_SOURCE_DIR}/include)
target_compile_definitions(eidc_flags INTERFACE
    _GNU_SOURCE _FILE_OFFSET_BITS=64 EIDC_VERSION="${PROJECT_VERSION}")
target_compile_options(eidc_flags INTERFACE
    -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wformat=2 -Wundef -Wvla
    -Wimplicit-fallthrough -Wswitch-enum -Wconversion -Wno-sign-conversion
    -fno-common -fstack-protector-strong -fvisibility=hidden -fno-strict-aliasing
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=./build)
target_link_options(eidc_flags INTERFACE -Wl,-z,relro,-z,now)
if(EIDC_WERROR)
    target_compile_options(eidc_flags INTERFACE -Werror)
endif()
if(EIDC_COVERAGE)
    target_compile_options(eidc_flags INTERFACE --coverage -O0)
    target_link_options(eidc_flags INTERFACE --coverage)
endif()
if(EIDC_FUZZ) # what is fuzzed tells the fuzzer where it has been
    target_compile_options(eidc_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(EIDC_SANITIZE)
    target_compile_options(eidc_flags INTERFACE
        -fsanitize=${EIDC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(eidc_flags INTERFACE -fsanitize=${EIDC_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(eidc_flags INTERFACE -D_FORTIFY_SOURCE=2)
endif()

# eidc_layer(base SOURCES a.c b.c DEPENDS eidc_x PkgConfig::Y)
function(eidc_layer name)
    cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
    add_library(eidc_${name} STATIC ${arg_SOURCES})
    target_link_libraries(eidc_${name} PUBLIC ${arg_DEPENDS} PRIVATE eidc_flags)
endfunction()

# eidc_unit_test(core test_image.c DEPENDS ...): one cmocka program, registered with ctest as
# unit.core.image
function(eidc_unit_test layer source)
    cmake_parse_arguments(arg "" "" "DEPENDS" ${ARGN})
    get_filename_component(stem ${source} NAME_WE)
    string(REPLACE "test_" "" short ${stem})
    add_executable(unit_${layer}_${short} ${source})
    target_link_libraries(unit_${layer}_${short} PRIVATE
        eidc_${layer} eidc_flags PkgConfig::CMOCKA ${arg_DEPENDS})
    target_include_directories(unit_${layer}_${short} PRIVATE ${CMAKE_SOURCE_DIR})
    target_compile_definitions(unit_${layer}_${short} PRIVATE
        EIDC_TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME unit.${layer}.${short} COMMAND unit_${layer}_${short})
    set_tests_properties(unit.${layer}.${short} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()
