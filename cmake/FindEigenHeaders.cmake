# Provides Eigen3::Eigen from the first of: the copy vendored into an sdist, the header package of
# the isolated build environment, a system copy. OPTLITE_SYSTEM_EIGEN=ON skips the first.
option(OPTLITE_SYSTEM_EIGEN "Ignore the vendored copy of Eigen" OFF)
set(_vendored "${CMAKE_CURRENT_SOURCE_DIR}/third_party/eigen3")

if(EXISTS "${_vendored}/Eigen/Core" AND NOT OPTLITE_SYSTEM_EIGEN)
  add_library(Eigen3::Eigen INTERFACE IMPORTED)
  target_include_directories(Eigen3::Eigen SYSTEM INTERFACE "${_vendored}")
  set(OPTLITE_EIGEN_SOURCE "vendored copy in third_party/eigen3")
else()
  # The suffix must reach the folder of the package's configuration file, or a system copy wins.
  find_package(Eigen3 3.4 REQUIRED NO_MODULE PATH_SUFFIXES cmeel.prefix/share/eigen3/cmake)
  set(OPTLITE_EIGEN_SOURCE "${Eigen3_DIR}")
endif()
message(STATUS "optlite: Eigen from ${OPTLITE_EIGEN_SOURCE}")

if(SKBUILD_STATE STREQUAL "sdist")
  get_target_property(_eigen_include Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
  if(NOT _eigen_include STREQUAL _vendored)
    file(REMOVE_RECURSE "${_vendored}")
    file(COPY "${_eigen_include}/Eigen" DESTINATION "${_vendored}")
  endif()
endif()
