# The page at / as one document, and its policy as a C source:
# cmake -DPAGE=DIR -DMODULES=a.mjs,b.mjs -DOUT=FILE -DPOLICY=FILE -P EidcPage.cmake
# index.html's @STYLE@ and @SCRIPT@ become page.css and the modules, in the order in which they need
# each other, without their imports and exports: one scope, so that names must differ between them.

string(REPLACE "," ";" modules ${MODULES})
file(READ ${PAGE}/index.html document)
file(READ ${PAGE}/page.css style)
set(script "\"use strict\";\n")
foreach(module ${modules})
    file(READ ${PAGE}/${module} text)
    string(REGEX REPLACE "(^|\n)import [^;]*;" "\\1" text "${text}")
    string(REGEX REPLACE "(^|\n)export " "\\1" text "${text}")
    string(APPEND script "${text}")
endforeach()

# Nothing may end its block early or differ from what the browser hashes.
foreach(text "${style}" "${script}")
    if(text MATCHES "</[sS]|<!--|\r")
        message(FATAL_ERROR "page: '</s', '<!--' or a carriage return in a style or script")
    endif()
endforeach()

# The SHA-256 of a text as a CSP source: base64 of its 32 bytes.
function(csp_hash text out)
    string(SHA256 hex "${text}")
    string(APPEND hex 00) # 33 bytes: eleven groups of three
    set(alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
    set(base64 "")
    foreach(group RANGE 10)
        math(EXPR at "${group} * 6")
        string(SUBSTRING ${hex} ${at} 6 digits)
        foreach(shift 18 12 6 0)
            math(EXPR index "(0x${digits} >> ${shift}) & 63")
            string(SUBSTRING ${alphabet} ${index} 1 letter)
            string(APPEND base64 ${letter})
        endforeach()
    endforeach()
    string(REGEX REPLACE ".$" "=" base64 ${base64}) # the byte that was added
    set(${out} "'sha256-${base64}'" PARENT_SCOPE)
endfunction()

csp_hash("${style}" style_hash)
csp_hash("${script}" script_hash)
string(JOIN "; " policy "default-src 'none'" "script-src ${script_hash}" "style-src ${style_hash}"
    "connect-src 'self'" "img-src data:" "base-uri 'none'" "form-action 'none'"
    "frame-ancestors 'none'" "require-trusted-types-for 'script'" "trusted-types 'none'")

string(REPLACE "@STYLE@" "${style}" document "${document}")
string(REPLACE "@SCRIPT@" "${script}" document "${document}")
file(WRITE ${OUT} "${document}")
file(WRITE ${POLICY} "/* Made by cmake/EidcPage.cmake. */
#include \"eidcached/http/page.h\"

const char eidc_page_policy[] = \"${policy}\";
")
