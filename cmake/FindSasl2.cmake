# SPDX-License-Identifier: Apache-2.0
# Finds libsasl2 (Debian's libsasl2-dev ships no CMake package). Defines Sasl2::Sasl2. DIGEST-MD5 is
# in libsasl2-modules, which the library loads when the program runs.
find_path(SASL2_INCLUDE_DIR sasl/sasl.h)
find_library(SASL2_LIBRARY sasl2)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Sasl2 REQUIRED_VARS SASL2_LIBRARY SASL2_INCLUDE_DIR)
if(Sasl2_FOUND AND NOT TARGET Sasl2::Sasl2)
  add_library(Sasl2::Sasl2 SHARED IMPORTED)
  set_target_properties(Sasl2::Sasl2 PROPERTIES IMPORTED_LOCATION ${SASL2_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${SASL2_INCLUDE_DIR})
endif()
