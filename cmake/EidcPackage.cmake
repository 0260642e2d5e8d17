# What CPack makes of an installation with the prefix /usr: packages eidcached, libeidcache and its
# development files for Debian and for rpm, and one archive. `./dev package` calls it.

set(EIDC_PACKAGE_VERSION "${PROJECT_VERSION}" CACHE STRING "Version of the packages")
set(EIDC_PACKAGE_CONTACT "eidcached maintainers <maintainers@eidcached.invalid>" CACHE STRING
    "Who is answerable for the packages")

get_target_property(soversion eidcache SOVERSION)
set(package_main eidcached)
set(package_lib libeidcache${soversion})
set(package_dev libeidcache-dev)
set(debian ${CMAKE_SOURCE_DIR}/cmake/packaging/debian)
set(rpm ${CMAKE_SOURCE_DIR}/cmake/packaging/rpm)
set(made ${CMAKE_BINARY_DIR}/packaging)

set(CPACK_GENERATOR DEB RPM TGZ)
set(CPACK_PACKAGE_NAME eidcached)
set(CPACK_PACKAGE_VERSION ${EIDC_PACKAGE_VERSION})
set(CPACK_PACKAGE_CONTACT ${EIDC_PACKAGE_CONTACT})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
set(CPACK_PACKAGE_VENDOR "The eidcached authors")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON) # /etc is outside the prefix
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS # whatever the umask
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL daemon config lib dev) # what has no component is the daemon's
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/EidcPackageStage.cmake)

set(summary_main "two-way map between names and their EIDs, with look-ups over HTTP")
set(text_main "eidcached lists names from AWS or from a file, keeps the map between them and
their EIDs in memory, renews it at intervals and answers look-ups both ways.
This package holds the daemon, its command line eidctl, the systemd units,
and rules and a dashboard for Prometheus and Grafana.")
set(summary_lib "look-ups in the maps of eidcached, without the daemon")
set(text_lib "libeidcache maps the file that eidcached keeps in its snapshot directory into
a process, looks names and EIDs up in it, and follows the file as the daemon
replaces it. This package holds the shared library.")
set(summary_dev "development files for look-ups in the maps of eidcached")
set(text_dev "libeidcache maps the file that eidcached keeps in its snapshot directory into
a process, looks names and EIDs up in it, and follows the file as the daemon
replaces it. This package holds the header, the manual page and what
pkg-config needs.")

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_MAIN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_LIB_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_MAIN_PACKAGE_DEPENDS "init-system-helpers (>= 1.54),\
 systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_MAIN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${package_lib} (= ${EIDC_PACKAGE_VERSION})")
set(CPACK_DEBIAN_MAIN_PACKAGE_CONTROL_EXTRA
    ${debian}/postinst ${debian}/prerm ${debian}/postrm ${made}/conffiles)
set(CPACK_DEBIAN_LIB_PACKAGE_CONTROL_EXTRA ${debian}/triggers)
file(WRITE ${made}/conffiles "/etc/eidcached/eidcached.yaml\n/etc/eidcached/names.txt\n")

set(CPACK_RPM_COMPONENT_INSTALL ON)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE Apache-2.0)
set(CPACK_RPM_MAIN_PACKAGE_REQUIRES systemd)
set(CPACK_RPM_DEV_PACKAGE_REQUIRES "${package_lib} = ${EIDC_PACKAGE_VERSION}")
set(CPACK_RPM_MAIN_USER_FILELIST
    "%config(noreplace) /etc/eidcached/eidcached.yaml" "%config(noreplace) /etc/eidcached/names.txt")
set(CPACK_RPM_MAIN_POST_INSTALL_SCRIPT_FILE ${rpm}/post)
set(CPACK_RPM_MAIN_PRE_UNINSTALL_SCRIPT_FILE ${rpm}/preun)
set(CPACK_RPM_MAIN_POST_UNINSTALL_SCRIPT_FILE ${rpm}/postun)
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION # folders of other packages
    /etc /usr/include /usr/lib/systemd /usr/lib/systemd/system /usr/lib/sysusers.d /usr/lib/tmpfiles.d
    /usr/sbin /usr/share/bash-completion /usr/share/bash-completion/completions /usr/share/man
    /usr/share/man/man1 /usr/share/man/man3 /usr/share/man/man5 /usr/share/man/man8
    /usr/${CMAKE_INSTALL_LIBDIR} /usr/${CMAKE_INSTALL_LIBDIR}/pkgconfig)

foreach(part main lib dev)
    string(TOUPPER ${part} upper)
    set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package_${part}})
    set(CPACK_RPM_${upper}_PACKAGE_NAME ${package_${part}})
    set(CPACK_RPM_${upper}_PACKAGE_SUMMARY ${summary_${part}})
    set(CPACK_RPM_${upper}_PACKAGE_DESCRIPTION ${text_${part}})
    set(CPACK_COMPONENT_${upper}_DESCRIPTION "${summary_${part}}\n${text_${part}}")
    set(CPACK_COMPONENT_GROUP_${upper}_DESCRIPTION "${summary_${part}}\n${text_${part}}")
endforeach()

# for EidcPackageStage.cmake, which CPack runs
set(CPACK_EIDC_PACKAGES main ${package_main} lib ${package_lib} dev ${package_dev})
set(CPACK_EIDC_SOURCE ${CMAKE_SOURCE_DIR})

include(CPack)
cpack_add_component_group(main DESCRIPTION "${CPACK_COMPONENT_GROUP_MAIN_DESCRIPTION}")
cpack_add_component(daemon GROUP main)
cpack_add_component(config GROUP main)
