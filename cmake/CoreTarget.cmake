# optlite_core(<target> <level>): the numerics, without Python, compiled for one SIMD level.
file(GLOB OPTLITE_CORE_SOURCES CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/cpp/src/*.cpp")
if(OPTLITE_OPENMP)
  find_package(OpenMP COMPONENTS CXX)
endif()

# Where there are several levels, Eigen's matrices pass from code of one to code of another (see
# bindings/CMakeLists.txt): one alignment for all, that of the widest registers.
list(LENGTH OPTLITE_LEVELS _count)
set(_alignment "")
if(_count GREATER 1)
  set(_alignment 32)
  if(OPTLITE_LEVELS MATCHES "v4|native")
    set(_alignment 64)
  endif()
endif()

function(optlite_core target level)
  add_library(${target} STATIC ${OPTLITE_CORE_SOURCES})
  optlite_options(${target} ${level})
  # Reading Eigen takes longer than compiling most files that include it.
  target_precompile_headers(${target} PRIVATE <Eigen/Core> <algorithm> <cmath> <functional>
                            <memory> <string> <vector>)
endfunction()

# optlite_options(<target> <level>): how code of this level is compiled.
function(optlite_options target level)
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/cpp/include"
                             "${PROJECT_BINARY_DIR}/generated")
  target_link_libraries(${target} PUBLIC Eigen3::Eigen)
  target_compile_definitions(${target} PUBLIC EIGEN_MPL2_ONLY EIGEN_DONT_PARALLELIZE)
  if(_alignment)
    target_compile_definitions(${target} PUBLIC EIGEN_MAX_ALIGN_BYTES=${_alignment})
  endif()
  if(MSVC)
    target_compile_options(${target} PUBLIC /W4 /fp:precise /openmp:experimental /Zc:__cplusplus)
    if(level STREQUAL "v3")
      target_compile_options(${target} PUBLIC /arch:AVX2)
    endif()
    target_compile_definitions(${target} PUBLIC _USE_MATH_DEFINES NOMINMAX)
  else()
    # errno and trapping would keep sqrt and selects scalar. -ffast-math is never used: it breaks
    # NaN checks and sets flush-to-zero for the whole process. Fused multiply-adds are allowed.
    target_compile_options(${target} PUBLIC -Wall -Wextra -Wpedantic -Wshadow -fno-math-errno
                           -fno-trapping-math -ffp-contract=fast)
    # Short vectors are passed between inline functions of this library only: no ABI to keep.
    target_compile_options(${target} PUBLIC -Wno-psabi)
    if(level STREQUAL "native")
      target_compile_options(${target} PUBLIC -march=native)
    elseif(NOT level STREQUAL "base")
      target_compile_options(${target} PUBLIC -march=x86-64-${level})
    endif()
    if(OPTLITE_WERROR)
      target_compile_options(${target} PUBLIC -Werror)
    endif()
  endif()
  if(OpenMP_CXX_FOUND)
    target_link_libraries(${target} PUBLIC OpenMP::OpenMP_CXX)
  elseif(NOT MSVC)
    # `omp simd` asks for vector code only; it needs no run-time library.
    target_compile_options(${target} PUBLIC -fopenmp-simd -Wno-unknown-pragmas)
  endif()
  if(OPTLITE_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${OPTLITE_SANITIZE} -fno-omit-frame-pointer
                           -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${OPTLITE_SANITIZE})
  endif()
endfunction()
