#include "eigen_kernels.hpp"

EIGEN_KERNELS()
