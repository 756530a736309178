#include <algorithm>
#include <cmath>
#include <type_traits>

#include "optlite/transport/cost.hpp"
#include "optlite/transport/row_parts.hpp"

namespace optlite::transport {

namespace {

template <class Scalar>
class MatrixCost final : public Cost {
 public:
  MatrixCost(const Scalar* data, Index sources, Index targets, Index stride)
      : Cost(sources, targets), data_(data), stride_(stride) {}

  const double* row(Index i, double* buffer) const override {
    const Scalar* from = data_ + i * stride_;
    if constexpr (std::is_same_v<Scalar, double>) {
      (void)buffer;
      return from;
    } else {
      std::copy(from, from + targets(), buffer);
      return buffer;
    }
  }

 private:
  const Scalar* data_;
  Index stride_;
};

class PointsCost final : public Cost {
 public:
  PointsCost(const double* X, const double* Y, Index sources, Index targets, Index dimensions,
             Metric metric)
      : Cost(sources, targets),
        x_(Eigen::Map<const RowMatrix>(X, sources, dimensions)),
        y_(Eigen::Map<const RowMatrix>(Y, targets, dimensions)),
        metric_(metric) {}

  const double* row(Index i, double* buffer) const override {
    const Index m = targets();
    std::fill(buffer, buffer + m, 0.0);
    for (Index d = 0; d < x_.cols(); ++d) {
      const double x = x_(i, d);
      const double* y = y_.col(d).data();
      if (metric_ == Metric::cityblock) {
#pragma omp simd
        for (Index j = 0; j < m; ++j) buffer[j] += std::fabs(x - y[j]);
      } else {
#pragma omp simd
        for (Index j = 0; j < m; ++j) buffer[j] += (x - y[j]) * (x - y[j]);
      }
    }
    if (metric_ == Metric::euclidean) {
#pragma omp simd
      for (Index j = 0; j < m; ++j) buffer[j] = std::sqrt(buffer[j]);
    }
    return buffer;
  }

 private:
  RowMatrix x_;
  Matrix y_;  // column-major: one coordinate of all targets lies together
  Metric metric_;
};

}  // namespace

template <class Scalar>
std::unique_ptr<Cost> matrix_cost(const Scalar* data, Index sources, Index targets, Index stride) {
  return std::make_unique<MatrixCost<Scalar>>(data, sources, targets, stride);
}
template std::unique_ptr<Cost> matrix_cost(const double*, Index, Index, Index);
template std::unique_ptr<Cost> matrix_cost(const float*, Index, Index, Index);

std::unique_ptr<Cost> points_cost(const double* X, const double* Y, Index sources, Index targets,
                                  Index dimensions, Metric metric) {
  return std::make_unique<PointsCost>(X, Y, sources, targets, dimensions, metric);
}

double cost_scale(const Cost& cost) {
  RowParts parts(cost.sources(), cost.targets());
  const double entries = static_cast<double>(cost.sources()) * static_cast<double>(cost.targets());
  Vector sums(cost.sources());
  Vector counts(cost.sources());
  Vector smallest(cost.sources());
  parts.each(
      1.0, 0.0,
      [&](Index, Index first, Index last, double* buffer, Vector&) {
        for (Index i = first; i < last; ++i) {
          const ConstVectorMap row(cost.row(i, buffer), cost.targets());
          const auto finite = (row.array().abs() < infinity);
          sums[i] = (finite.select(row.array(), 0.0) / entries).sum();  // no overflow
          counts[i] = static_cast<double>(finite.count());
          smallest[i] = row.minCoeff();
        }
      },
      [](const Vector&) {});
  return sums.sum() * (entries / std::max(1.0, counts.sum())) - smallest.minCoeff();
}

}  // namespace optlite::transport
