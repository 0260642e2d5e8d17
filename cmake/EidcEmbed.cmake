# A file as a C source: cmake -DIN=FILE -DOUT=FILE -DNAME=x -DHEADER=FILE -P EidcEmbed.cmake defines x
# (its bytes), x_size and x_etag (quoted, of its content), as HEADER declares them.

file(READ ${IN} bytes HEX)
file(SHA256 ${IN} digest)
string(SUBSTRING ${digest} 0 16 etag)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")

file(WRITE ${OUT} "/* Made by cmake/EidcEmbed.cmake. */
#include \"${HEADER}\"

const char ${NAME}_etag[] = \"\\\"${etag}\\\"\";
const unsigned char ${NAME}[] = {
${bytes}};
const size_t ${NAME}_size = sizeof(${NAME});
")
