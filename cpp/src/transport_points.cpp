// Distances between two clouds of points.
#include <algorithm>
#include <cmath>
#include <utility>

#include "optlite/linalg/products.hpp"
#include "optlite/transport/cost.hpp"

namespace optlite::transport {

namespace {

void take_roots(Index count, double* squares) {
#pragma omp simd
  for (Index j = 0; j < count; ++j) squares[j] = std::sqrt(squares[j]);
}

/// One coordinate after the other, over as many targets as the first cache holds.
class DirectCost final : public Cost {
 public:
  DirectCost(const double* X, const double* Y, Index sources, Index targets, Index dimensions,
             Metric metric)
      : Cost(sources, targets),
        x_(Eigen::Map<const RowMatrix>(X, sources, dimensions)),
        y_(Eigen::Map<const RowMatrix>(Y, targets, dimensions)),
        metric_(metric) {}

  const double* row(Index i, double* buffer) const override {
    constexpr Index piece = 1024;
    for (Index first = 0; first < targets(); first += piece) {
      fill(i, first, std::min(piece, targets() - first), buffer + first);
    }
    return buffer;
  }

 private:
  void fill(Index i, Index first, Index count, double* out) const {
    std::fill(out, out + count, 0.0);
    for (Index d = 0; d < x_.cols(); ++d) {
      const double x = x_(i, d);
      const double* y = y_.col(d).data() + first;
      if (metric_ == Metric::cityblock) {
#pragma omp simd
        for (Index j = 0; j < count; ++j) out[j] += std::fabs(x - y[j]);
      } else {
#pragma omp simd
        for (Index j = 0; j < count; ++j) out[j] += (x - y[j]) * (x - y[j]);
      }
    }
    if (metric_ == Metric::euclidean) take_roots(count, out);
  }

  RowMatrix x_;
  Matrix y_;  // column-major: one coordinate of all targets lies together
  Metric metric_;
};

/// |x - y|^2 = |x|^2 + |y|^2 - 2 x.y, most of which is a product of matrices.
///
/// It is off by at most some (dimensions + 4) epsilon / 2 (|x|^2 + |y|^2), which the origin at the
/// mean of both clouds keeps small. A distance that is as small as that is not: where the square is
/// below `near` of that sum, the points are subtracted. Coincident points are at distance zero.
class ProductCost final : public Cost {
 public:
  /// The means of x and y add up to zero.
  ProductCost(RowMatrix x, RowMatrix y, bool take_root)
      : Cost(x.rows(), y.rows()),
        x_(std::move(x)),
        y_(std::move(y)),
        x_squares_(x_.rowwise().squaredNorm()),
        y_squares_(y_.rowwise().squaredNorm()),
        packed_(Factor<double>(y_.data(), y_.rows(), y_.cols()).t()),
        take_root_(take_root) {}

  Index at_once() const override { return 32; }

  const double* row(Index i, double* buffer) const override {
    rows(i, 1, buffer);
    return buffer;
  }

  void rows(Index first, Index count, double* out) const override {
    const Index m = targets();
    for (Index k = 0; k < count; ++k) {
      VectorMap(out + k * m, m) = y_squares_.array() + x_squares_[first + k];
    }
    packed_.add_product(x_.row(first).data(), count, x_.cols(), out, m, -2.0);
    for (Index k = 0; k < count; ++k) finish(first + k, out + k * m);
  }

 private:
  static constexpr double near = 1e-3;

  void finish(Index i, double* squares) const {
    const double own = x_squares_[i];
    const double* others = y_squares_.data();
    double count = 0.0;
#pragma omp simd reduction(+ : count)
    for (Index j = 0; j < targets(); ++j) {
      count += squares[j] < near * (own + others[j]) ? 1.0 : 0.0;
    }
    for (Index j = 0; count > 0.0 && j < targets(); ++j) {
      if (!(squares[j] < near * (own + others[j]))) continue;
      squares[j] = (x_.row(i) - y_.row(j)).squaredNorm();
      count -= 1.0;
    }
    if (take_root_) take_roots(targets(), squares);
  }

  RowMatrix x_, y_;
  Vector x_squares_, y_squares_;
  PackedFactor<double> packed_;
  bool take_root_;
};

/// Dimensions from which a product is faster than differences.
constexpr Index many_dimensions = 8;

}  // namespace

std::unique_ptr<Cost> points_cost(const double* X, const double* Y, Index sources, Index targets,
                                  Index dimensions, Metric metric) {
  if (metric != Metric::cityblock && dimensions >= many_dimensions) {
    RowMatrix x = Eigen::Map<const RowMatrix>(X, sources, dimensions);
    RowMatrix y = Eigen::Map<const RowMatrix>(Y, targets, dimensions);
    const Eigen::RowVectorXd middle = 0.5 * (x.colwise().mean() + y.colwise().mean());
    x.rowwise() -= middle;
    y.rowwise() -= middle;
    return std::make_unique<ProductCost>(std::move(x), std::move(y), metric == Metric::euclidean);
  }
  return std::make_unique<DirectCost>(X, Y, sources, targets, dimensions, metric);
}

}  // namespace optlite::transport
