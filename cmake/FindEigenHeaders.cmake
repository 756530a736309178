# Provides Eigen3::Eigen (headers only) and prints which copy it is. In this order:
#   1. the copy that an sdist carries in third_party/eigen3;
#   2. the header package cmeel-eigen of the (isolated) build environment;
#   3. a system copy.
# OPTLITE_SYSTEM_EIGEN=ON leaves out the first two.
option(OPTLITE_SYSTEM_EIGEN "Use the system's Eigen only" OFF)
set(_vendored "${CMAKE_CURRENT_SOURCE_DIR}/third_party/eigen3")

# Folders of sys.path that hold the header package. CMAKE_PREFIX_PATH is not enough: pip installs
# requirements that the backend asked for into a prefix of their own, known to Python only.
function(optlite_eigen_packages result)
  set(interpreter "${Python_EXECUTABLE}")
  if(NOT interpreter)
    find_program(OPTLITE_PYTHON NAMES python3 python)
    set(interpreter "${OPTLITE_PYTHON}")
  endif()
  set(found "")
  if(interpreter)
    execute_process(
      COMMAND "${interpreter}" -c "import sys; print(*sys.path, sep=';')"
      OUTPUT_VARIABLE folders OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    foreach(folder IN LISTS folders)
      file(TO_CMAKE_PATH "${folder}" folder)
      if(EXISTS "${folder}/cmeel.prefix/share/eigen3/cmake/Eigen3Config.cmake")
        list(APPEND found "${folder}/cmeel.prefix/share/eigen3/cmake")
      endif()
    endforeach()
  endif()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

if(OPTLITE_SYSTEM_EIGEN)
  if(Eigen3_DIR MATCHES "cmeel\\.prefix") # remembered from an earlier configuration
    unset(Eigen3_DIR CACHE)
  endif()
  find_package(Eigen3 3.4 QUIET NO_MODULE)
  set(_eigen_source "system, ${Eigen3_DIR}")
elseif(EXISTS "${_vendored}/Eigen/Core" AND EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/PKG-INFO")
  # PKG-INFO marks an unpacked sdist: what making one left behind in a checkout may be stale.
  add_library(Eigen3::Eigen INTERFACE IMPORTED)
  target_include_directories(Eigen3::Eigen SYSTEM INTERFACE "${_vendored}")
  set(_eigen_source "vendored copy, ${_vendored}")
else()
  optlite_eigen_packages(_packages)
  # The suffix must reach the folder of the package's configuration file, or a system copy wins.
  find_package(Eigen3 3.4 QUIET NO_MODULE HINTS ${_packages}
               PATH_SUFFIXES cmeel.prefix/share/eigen3/cmake)
  if(Eigen3_DIR MATCHES "cmeel\\.prefix")
    set(_eigen_source "header package, ${Eigen3_DIR}")
  else()
    set(_eigen_source "system, ${Eigen3_DIR}")
  endif()
endif()
if(NOT TARGET Eigen3::Eigen)
  message(FATAL_ERROR "The headers of Eigen >= 3.4 were not found. Install the Python package "
                      "cmeel-eigen or your system's Eigen, or set Eigen3_DIR to the folder of "
                      "Eigen3Config.cmake.")
endif()
message(STATUS "optlite: Eigen from ${_eigen_source}")

# When an sdist is made, the headers (only Eigen/, no unsupported/) travel with it.
if(SKBUILD_STATE STREQUAL "sdist")
  get_target_property(_eigen_include Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
  if(NOT _eigen_include STREQUAL _vendored)
    file(REMOVE_RECURSE "${_vendored}")
    file(COPY "${_eigen_include}/Eigen" DESTINATION "${_vendored}")
  endif()
endif()

# pip builds in a new temporary environment each time. Headers copied to a fixed place keep the
# compile commands and time stamps the same, and so the objects of an earlier build valid.
function(optlite_stage_headers target folder version)
  get_target_property(include ${target} INTERFACE_INCLUDE_DIRECTORIES)
  list(GET include 0 include)
  set(stage "${PROJECT_BINARY_DIR}/headers/${folder}-${version}")
  if(NOT EXISTS "${stage}/complete")
    file(COPY "${include}/${folder}" DESTINATION "${stage}")
    file(TOUCH "${stage}/complete")
  endif()
  set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${stage}")
endfunction()

if(_eigen_source MATCHES "^(header package|vendored)" AND NOT SKBUILD_STATE STREQUAL "sdist")
  get_target_property(_include Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
  list(GET _include 0 _include)
  file(STRINGS "${_include}/Eigen/src/Core/util/Macros.h" _numbers
       REGEX "define EIGEN_(WORLD|MAJOR|MINOR)_VERSION")
  string(REGEX MATCHALL "[0-9]+" _numbers "${_numbers}")
  list(JOIN _numbers "." _version)
  optlite_stage_headers(Eigen3::Eigen Eigen "${_version}")
endif()
