#include "optlite/linalg/singular_vectors.hpp"

#include <Eigen/SVD>
#include <algorithm>
#include <limits>

#include "optlite/core/types.hpp"

namespace optlite {

template <class T>
void leading_singular_vectors(const T* G, Index rows, Index cols, Index count, Side side,
                              T* vectors) {
  using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const RowMajor> given(G, rows, cols);
  const Index length = side == Side::left ? rows : cols;
  if (!given.allFinite()) {
    std::fill_n(vectors, count * length, std::numeric_limits<T>::quiet_NaN());
    return;
  }
  const bool left = side == Side::left;
  const Eigen::BDCSVD<Eigen::MatrixXd> svd(given.template cast<double>(),
                                           left ? Eigen::ComputeThinU : Eigen::ComputeThinV);
  const Eigen::MatrixXd& found = left ? svd.matrixU() : svd.matrixV();
  for (Index k = 0; k < count; ++k) {
    Index largest = 0;
    found.col(k).cwiseAbs().maxCoeff(&largest);
    const double sign = found(largest, k) < 0.0 ? -1.0 : 1.0;
    for (Index j = 0; j < length; ++j) vectors[k * length + j] = static_cast<T>(sign * found(j, k));
  }
}

template void leading_singular_vectors(const double*, Index, Index, Index, Side, double*);
template void leading_singular_vectors(const float*, Index, Index, Index, Side, float*);

}  // namespace optlite
