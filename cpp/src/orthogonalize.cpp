#include "optlite/linalg/orthogonalize.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "optlite/core/parallel.hpp"
#include "optlite/linalg/coordinates.hpp"
#include "optlite/linalg/kernels.hpp"

namespace optlite {

namespace {

/// Most parts of a sum over coordinates.
constexpr Index most_parts = 64;

/// Coordinates of all rows of Q that stay in the second cache while rows of W come by.
Index panel(Index m) { return std::max<Index>(64, 24576 / std::max<Index>(m, 1) / 8 * 8); }

/// How the coordinates are cut, for threads and for the cache.
struct Cut {
  Index size, width, parts;

  Cut(Index length, Index m) : size(length), width(panel(m)) {
    parts = std::max<Index>(1, std::min(most_parts, size / std::max<Index>(4 * width, 4096)));
  }
  /// body(part, first, count) for every panel, those of a part in order.
  template <class Body>
  void each(double work, Body&& body) const {
    parallel::for_each(parts, work, [&](Index part) {
      const Index end = size * (part + 1) / parts;
      for (Index first = size * part / parts; first < end; first += width) {
        body(part, first, std::min(width, end - first));
      }
    });
    parallel::poll_outside();
  }
};

/// products (count x m) = W Q^T.
void multiply_rows(const double* Q, Index m, const double* W, Index count, Index size,
                   double* products) {
  const Cut cut(size, m);
  const Index total = count * m;
  std::vector<double> sums(static_cast<std::size_t>(cut.parts * total), 0.0);
  const double work = static_cast<double>(total) * static_cast<double>(size);
  cut.each(work, [&](Index part, Index first, Index width) {
    std::vector<double> found(static_cast<std::size_t>(m));
    for (Index i = 0; i < count; ++i) {
      kernels::dot_rows(Q + first, size, m, width, W + i * size + first, found.data());
      double* to = sums.data() + part * total + i * m;
      for (Index k = 0; k < m; ++k) to[k] += found[static_cast<std::size_t>(k)];
    }
  });
  std::fill_n(products, total, 0.0);
  for (Index part = 0; part < cut.parts; ++part) {
    for (Index k = 0; k < total; ++k) {
      products[k] += sums[static_cast<std::size_t>(part * total + k)];
    }
  }
}

/// W -= products Q.
void subtract_rows(const double* Q, Index m, double* W, Index count, Index size,
                   const double* products) {
  const Cut cut(size, m);
  std::vector<double> minus(products, products + count * m);
  for (double& each : minus) each = -each;
  const double work = static_cast<double>(count * m) * static_cast<double>(size);
  cut.each(work, [&](Index, Index first, Index width) {
    for (Index i = 0; i < count; ++i) {
      kernels::add_rows(Q + first, size, m, width, minus.data() + i * m, W + i * size + first);
    }
  });
}

/// W -= products Q with products = W Q^T, which are added to the rows of `along`, from the left
/// multiplied by the lower triangular `inside` if there is one.
void take_out(const double* Q, Index m, double* W, Index count, Index size, const double* inside,
              double* along) {
  if (m == 0) return;
  std::vector<double> products(static_cast<std::size_t>(count * m));
  multiply_rows(Q, m, W, count, size, products.data());
  subtract_rows(Q, m, W, count, size, products.data());
  for (Index i = 0; i < count; ++i) {
    for (Index k = 0; k < m; ++k) {
      double sum = 0.0;
      for (Index j = 0; inside != nullptr && j <= i; ++j) {
        sum += inside[i * count + j] * products[static_cast<std::size_t>(j * m + k)];
      }
      along[i * m + k] += inside != nullptr ? sum : products[static_cast<std::size_t>(i * m + k)];
    }
  }
}

double norm(const double* row, Index size) {
  return std::sqrt(coordinates::sum_of_squares(row, size));
}

/// W = T W_after with orthonormal rows; T is lower triangular. Rows that are at most least[i] long
/// beside the others vanish.
void orthonormalize(double* W, Index count, Index size, const double* least, double* T) {
  std::fill_n(T, count * count, 0.0);
  for (Index i = 0; i < count; ++i) {
    double* row = W + i * size;
    for (int round = 0; round < 2; ++round) {
      take_out(W, i, row, 1, size, nullptr, T + i * count);
    }
    const double after = norm(row, size);
    const bool lost = after <= least[i];
    const double length = lost ? 0.0 : after;
    const double factor = lost ? 0.0 : 1.0 / after;
    T[i * count + i] = length;
    coordinates::each(size, [=](Index j) { row[j] = lost ? 0.0 : factor * row[j]; });
  }
}

/// inside (lower triangular) <- inside T.
void follow(double* inside, const double* T, Index count) {
  for (Index i = 0; i < count; ++i) {
    for (Index k = 0; k <= i; ++k) {
      double sum = 0.0;
      for (Index j = k; j <= i; ++j) sum += inside[i * count + j] * T[j * count + k];
      inside[i * count + k] = sum;  // entries to the right of k are still needed, those left not
    }
  }
}

}  // namespace

void extend_basis(const double* Q, Index m, double* W, Index count, Index size, double least,
                  double* along, double* inside) {
  std::fill_n(along, count * m, 0.0);
  std::fill_n(inside, count * count, 0.0);
  std::vector<double> limits(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    limits[static_cast<std::size_t>(i)] =
        std::max(least, 32.0 * epsilon * norm(W + i * size, size));
  }
  take_out(Q, m, W, count, size, nullptr, along);
  orthonormalize(W, count, size, limits.data(), inside);
  // A row that was kept has length one here: what the second round leaves of it is close to that,
  // or it was rounding.
  take_out(Q, m, W, count, size, inside, along);
  std::vector<double> T(static_cast<std::size_t>(count * count));
  limits.assign(limits.size(), 0.1);
  orthonormalize(W, count, size, limits.data(), T.data());
  follow(inside, T.data(), count);
}

void extend_bases(const double* Q, Index apart, Index bases, Index m, double* W, Index size,
                  double least, double* along, double* inside) {
  const double work =
      static_cast<double>(4 * bases * std::max<Index>(m, 1)) * static_cast<double>(size);
  const auto extend = [&](Index p) {
    extend_basis(Q + p * apart, m, W + p * size, 1, size, least, along + p * m, inside + p);
  };
  if (bases >= parallel::threads()) {
    parallel::for_each(bases, work, extend);
  } else {  // threads share the coordinates
    for (Index p = 0; p < bases; ++p) extend(p);
  }
}

}  // namespace optlite
