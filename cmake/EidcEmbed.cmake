# A file as a C source: cmake -DIN=FILE -DOUT=FILE -DNAME=x -DHEADER=FILE -DGZIP=PROGRAM
# -P EidcEmbed.cmake defines the struct eidc_constant x, which HEADER declares.

# One encoding of it: its bytes as x_ENCODING, and as the text ${encoding} what the struct has.
function(embed file encoding)
    file(READ ${file} bytes HEX)
    file(SHA256 ${file} digest)
    string(SUBSTRING ${digest} 0 16 etag)
    string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    file(APPEND ${OUT} "
static const unsigned char ${NAME}_${encoding}[] = {
${bytes}};
")
    set(${encoding} "{${NAME}_${encoding}, sizeof(${NAME}_${encoding}), \"\\\"${etag}\\\"\"}"
        PARENT_SCOPE)
endfunction()

execute_process(COMMAND ${GZIP} -9nc ${IN} OUTPUT_FILE ${OUT}.gz RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${GZIP} ${IN}: ${result}")
endif()

file(WRITE ${OUT} "/* Made by cmake/EidcEmbed.cmake. */
#include \"${HEADER}\"
")
embed(${IN} plain)
embed(${OUT}.gz gzip)
file(APPEND ${OUT} "
const struct eidc_constant ${NAME} = {
    .plain = ${plain},
    .gzip = ${gzip},
};
")
