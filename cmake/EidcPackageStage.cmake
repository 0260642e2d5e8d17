# Run by CPack between installing into its folder and packing: manual pages are compressed, and each
# Debian package gets its copyright, its changelog and what lintian need not say.

if(CPACK_GENERATOR STREQUAL "TGZ")
    return()
endif()

file(GLOB_RECURSE manuals ${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/man/man?/*.[1-8])
if(manuals)
    execute_process(COMMAND gzip -9nf ${manuals} COMMAND_ERROR_IS_FATAL ANY)
endif()
if(NOT CPACK_GENERATOR STREQUAL "DEB")
    return()
endif()

set(debian ${CPACK_EIDC_SOURCE}/cmake/packaging/debian)
set(epoch "$ENV{SOURCE_DATE_EPOCH}")
if(epoch STREQUAL "")
    string(TIMESTAMP epoch "%s" UTC)
endif()

function(eidc_stage folder package)
    set(share ${CPACK_TEMPORARY_DIRECTORY}/${folder}/usr/share)
    set(doc ${share}/doc/${package})
    file(MAKE_DIRECTORY ${doc})
    configure_file(${debian}/copyright ${doc}/copyright COPYONLY)
    execute_process(COMMAND ${debian}/changelog.sh ${CPACK_EIDC_SOURCE}/CHANGELOG.md
        ${CPACK_PACKAGE_VERSION} ${CPACK_PACKAGE_CONTACT} ${epoch}
        OUTPUT_FILE ${doc}/changelog COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND gzip -9nf ${doc}/changelog COMMAND_ERROR_IS_FATAL ANY)
    if(EXISTS ${debian}/${folder}.lintian-overrides)
        configure_file(${debian}/${folder}.lintian-overrides ${share}/lintian/overrides/${package}
            COPYONLY)
    endif()
    file(GLOB made ${share}/doc ${share}/man ${share}/lintian)
    file(CHMOD_RECURSE ${made}
        FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ
        DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
            WORLD_READ WORLD_EXECUTE)
endfunction()

set(rest ${CPACK_EIDC_PACKAGES})
while(rest)
    list(POP_FRONT rest folder package)
    eidc_stage(${folder} ${package})
endwhile()
