// Products in single precision against sums in double of the same numbers.
#include <cmath>
#include <vector>

#include "check.hpp"
#include "optlite/core/random.hpp"
#include "optlite/linalg/single_kernels.hpp"

namespace {

using optlite::Index;

std::vector<float> positive(Index size, std::uint64_t seed) {
  const optlite::Philox random(seed, 5);
  std::vector<float> all(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<float>(random.uniform(i));
  return all;
}

}  // namespace

TEST("single kernels: rows times a vector, and sums of rows, for any shape and stride") {
  for (const Index rows : {1, 7, 8, 19}) {
    for (const Index cols : {1, 8, 100, 513, 1500}) {
      const Index stride = cols + 3;
      const auto x = positive(rows * stride, 1), w = positive(cols, 2), r = positive(rows, 3);
      std::vector<double> dots(static_cast<std::size_t>(rows));
      std::vector<double> sums(static_cast<std::size_t>(cols), 1.0), squares = sums;
      optlite::kernels::dot_rows(x.data(), stride, rows, cols, w.data(), dots.data());
      optlite::kernels::add_rows(x.data(), stride, rows, cols, r.data(), sums.data());
      optlite::kernels::add_rows<true>(x.data(), stride, rows, cols, r.data(), squares.data());
      const auto entry = [&](Index i, Index j) {
        return static_cast<double>(x[static_cast<std::size_t>(i * stride + j)]);
      };
      for (Index i = 0; i < rows; ++i) {
        double sum = 0.0;
        for (Index j = 0; j < cols; ++j) sum += entry(i, j) * w[static_cast<std::size_t>(j)];
        CHECK(std::fabs(dots[static_cast<std::size_t>(i)] - sum) <= 1e-6 * sum);
      }
      for (Index j = 0; j < cols; ++j) {
        double sum = 1.0, square = 1.0;
        for (Index i = 0; i < rows; ++i) {
          const double weight = static_cast<double>(r[static_cast<std::size_t>(i)]);
          sum += weight * entry(i, j);
          square += weight * entry(i, j) * entry(i, j);
        }
        CHECK(std::fabs(sums[static_cast<std::size_t>(j)] - sum) <= 1e-6 * sum);
        CHECK(std::fabs(squares[static_cast<std::size_t>(j)] - square) <= 1e-6 * square);
      }
    }
  }
}
