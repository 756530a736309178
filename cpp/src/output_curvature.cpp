#include "optlite/problems/output_curvature.hpp"

#include <algorithm>

#include "optlite/core/parallel.hpp"

namespace optlite {

namespace {

constexpr Index piece = 256;  // rows prepared at a time

}  // namespace

LossCurvature::LossCurvature(const OutputLoss& loss, const Matrix& margins)
    : loss_(loss), state_(margins) {
  const Index n = margins.rows();
  const Index pieces = (n + piece - 1) / piece;
  parallel::for_each(pieces, 40.0 * static_cast<double>(margins.size()), [&](Index p) {
    const Index first = p * piece;
    const Index count = std::min(piece, n - first);
    Matrix block = margins.middleRows(first, count);
    loss_.prepare(first, count, block.data());
    state_.middleRows(first, count) = block;
  });
}

void LossCurvature::product(Index first, Index count, double* direction) const {
  if (state_.cols() == 1) {
    loss_.curvature_product(first, count, state_.data() + first, direction);
  } else {
    const Matrix state = state_.middleRows(first, count);
    loss_.curvature_product(first, count, state.data(), direction);
  }
}

void MeanOuterProduct::product(Index first, Index count, double* direction) const {
  MatrixMap u(direction, count, outputs_);
  for (Index i = 0; i < count; ++i) {
    const double s = weight_ == nullptr ? 1.0 : weight_[first + i];
    Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(outputs_);
    for (Index r = 0; r < repeats_; ++r) {
      const double* g = g_ + (r * n_ + first + i) * outputs_;
      double inner = 0.0;
      for (Index k = 0; k < outputs_; ++k) inner += g[k] * u(i, k);
      for (Index k = 0; k < outputs_; ++k) sum[k] += inner * g[k];
    }
    u.row(i) = sum * (s / static_cast<double>(repeats_));
  }
}

}  // namespace optlite
