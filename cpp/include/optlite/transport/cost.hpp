// The cost of moving one unit from source i to target j, read one source at a time, or a few: a
// matrix in memory, or computed from two clouds of points, which takes no memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "optlite/core/types.hpp"

namespace optlite::transport {

class Cost {
 public:
  Cost(Index sources, Index targets) : sources_(sources), targets_(targets) {}
  virtual ~Cost() = default;

  Index sources() const { return sources_; }
  Index targets() const { return targets_; }

  /// The costs of source i, in `buffer` or where they lie. Safe to call from several threads.
  virtual const double* row(Index i, double* buffer) const = 0;

  /// How many successive sources are cheapest computed together: CostRows does so.
  virtual Index at_once() const { return 1; }
  /// The costs of so many sources at most, one after the other.
  virtual void rows(Index first, Index count, double* out) const {
    for (Index k = 0; k < count; ++k) {
      const double* own = row(first + k, out + k * targets_);
      if (own != out + k * targets_) std::copy(own, own + targets_, out + k * targets_);
    }
  }

 private:
  Index sources_;
  Index targets_;
};

/// Rows of contiguous numbers, `stride` numbers apart; the memory must outlive the cost.
template <class Scalar>
std::unique_ptr<Cost> matrix_cost(const Scalar* data, Index sources, Index targets, Index stride);

enum class Metric { sqeuclidean, euclidean, cityblock };

/// Distances between the rows of X (sources x dimensions) and of Y (targets x dimensions), both
/// row-major and copied. In many dimensions squares are those of products, |x|^2 + |y|^2 - 2 x.y
/// about the joint mean; a distance that cancels in that is taken from differences. Each is
/// relatively correct to 1e-12 (measured; bound: dimensions * 4e-13).
std::unique_ptr<Cost> points_cost(const double* X, const double* Y, Index sources, Index targets,
                                  Index dimensions, Metric metric);

/// What one read of a matrix of costs tells.
struct Survey {
  bool has_nan = false;
  double smallest = infinity, largest = -infinity;
  double mean = 0.0;       // of the finite entries
  std::uint64_t bits =
      0;  // the sum of all bit patterns: another matrix has another one, most likely
};

/// Of `rows` rows of contiguous numbers, `stride` numbers apart.
template <class Scalar>
Survey survey(const Scalar* data, Index rows, Index columns, Index stride);
/// Its `bits` alone, in half of the time.
template <class Scalar>
std::uint64_t bits_of_costs(const Scalar* data, Index rows, Index columns, Index stride);

/// The mean of all finite costs, less the smallest cost: what a regularization is compared with.
double cost_scale(const Cost& cost);

}  // namespace optlite::transport
