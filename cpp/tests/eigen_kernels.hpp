// Eigen's kernels for products of matrices and vectors, compiled once for all that is tested: with
// sanitizers one of them takes a compiler as long as a file of ours, and most files use them.
#pragma once

#include <Eigen/Core>

namespace eigen_kernels {

using Eigen::ColMajor;
using Eigen::Index;
using Eigen::RowMajor;

using Traits = Eigen::internal::gebp_traits<double, double>;
using Result = Eigen::internal::blas_data_mapper<double, Index, ColMajor>;
template <int order>
using Given = Eigen::internal::const_blas_data_mapper<double, Index, order>;

}  // namespace eigen_kernels

/// The list, with `storage` extern where they are declared and empty where they are compiled.
#define EIGEN_KERNELS(storage)                                                                \
  storage template struct Eigen::internal::gebp_kernel<                                       \
      double, double, eigen_kernels::Index, eigen_kernels::Result, eigen_kernels::Traits::mr, \
      eigen_kernels::Traits::nr>;                                                             \
  EIGEN_KERNEL_OF_VECTORS(storage, ColMajor, RowMajor, 0)                                     \
  EIGEN_KERNEL_OF_VECTORS(storage, ColMajor, ColMajor, 0)                                     \
  EIGEN_KERNEL_OF_VECTORS(storage, RowMajor, ColMajor, 0)                                     \
  EIGEN_KERNEL_OF_VECTORS(storage, RowMajor, RowMajor, 1)

#define EIGEN_KERNEL_OF_VECTORS(storage, left, right, version)                               \
  storage template struct Eigen::internal::general_matrix_vector_product<                    \
      eigen_kernels::Index, double, eigen_kernels::Given<eigen_kernels::left>,               \
      eigen_kernels::left, false, double, eigen_kernels::Given<eigen_kernels::right>, false, \
      version>;

EIGEN_KERNELS(extern)
