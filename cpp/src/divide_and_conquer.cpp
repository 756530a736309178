#include "optlite/linalg/divide_and_conquer.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "optlite/core/parallel.hpp"
#include "optlite/core/types.hpp"
#include "optlite/linalg/products.hpp"
#include "secular.hpp"

namespace optlite {

namespace {

/// Order up to which rotations are as fast.
constexpr Index leaf = 32;

/// Whose eigenvectors a row of a merge came from: only then is its other part zero.
enum Side { left, both, right };

struct Conquest {
  double *d, *e;
  Index n;
  double* vectors;  // row k: an eigenvector of the part that k belongs to, 0 outside of it
  Workspace& work;
  // Memory for the largest merge.
  double* z = work.take<double>(n);
  double* poles = work.take<double>(n);
  double* weights = work.take<double>(n);
  double* found = work.take<double>(n);
  Index* kept = work.take<Index>(n);
  Index* done = work.take<Index>(n);
  Index* place = work.take<Index>(n);
  Side* side = work.take<Side>(n);
  double* small = work.take<double>(n * n);
  double* rows = work.take<double>(n * n);
  double* results = work.take<double>(n * n);

  double* vector(Index k) const { return vectors + k * n; }

  void solve(Index first, Index end) {
    if (end - first <= leaf) {
      solve_leaf(first, end - first);
      return;
    }
    const Index middle = first + (end - first) / 2;
    const double tear = e[middle - 1], rho = std::fabs(tear);
    d[middle - 1] -= rho;
    d[middle] -= rho;
    solve(first, middle);
    solve(middle, end);
    merge(first, middle, end, rho, tear < 0.0 ? -1.0 : 1.0);
  }

  void solve_leaf(Index first, Index size) {
    using Small = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, leaf, leaf>;
    Eigen::SelfAdjointEigenSolver<Small> solver;
    solver.computeFromTridiagonal(ConstVectorMap(d + first, size),
                                  ConstVectorMap(e + first, size - 1));
    for (Index k = 0; k < size; ++k) {
      d[first + k] = solver.eigenvalues()[k];
      for (Index j = 0; j < size; ++j) vector(first + k)[first + j] = solver.eigenvectors()(j, k);
    }
  }

  /// From the eigenvectors of [first, middle) and [middle, end) to those of both together.
  void merge(Index first, Index middle, Index end, double rho, double sign) {
    const double half = std::sqrt(0.5);  // z, of two unit vectors, has length one then
    for (Index k = first; k < middle; ++k) z[k] = half * vector(k)[middle - 1];
    for (Index k = middle; k < end; ++k) z[k] = half * sign * vector(k)[middle];
    const Index count = deflate(first, middle, end, 2.0 * rho);
    find_values(count, 2.0 * rho);
    find_weights(count);
    combine(first, middle, end, count);
    write_back(first, middle, end, count);
  }

  /// Keeps in `kept` the eigenvectors that change; the others are in `done`. Both ascend.
  Index deflate(Index first, Index middle, Index end, double rho) {
    const Index size = end - first;
    Index* order = place;
    std::iota(order, order + size, first);
    const auto ascending = [this](Index a, Index b) {
      return d[a] < d[b] || (d[a] == d[b] && a < b);
    };
    std::sort(order, order + size, ascending);
    const double most = std::fmax(std::fabs(d[order[0]]), std::fabs(d[order[size - 1]]));
    const double tolerance = 8.0 * epsilon * std::fmax(most, rho);
    Index count = 0, out = 0;
    for (Index k = 0; k < size; ++k) {
      const Index i = order[k];
      side[i] = i < middle ? left : right;
      if (rho * std::fabs(z[i]) <= tolerance) {
        done[out++] = i;
        continue;
      }
      const Index p = count > 0 ? kept[count - 1] : i;
      const double length = std::hypot(z[i], z[p]), c = z[i] / length, s = z[p] / length;
      if (count > 0 && std::fabs((d[i] - d[p]) * c * s) <= tolerance) {
        rotate(first, end, p, i, c, s);
        done[out++] = p;
        --count;
      }
      kept[count++] = i;
    }
    std::sort(done, done + out, ascending);
    return count;
  }

  /// Turns two eigenvectors of nearly one eigenvalue so that z_p vanishes.
  void rotate(Index first, Index end, Index p, Index i, double c, double s) {
    z[i] = c * z[i] + s * z[p];
    z[p] = 0.0;
    const double at_p = d[p], at_i = d[i];
    d[p] = c * c * at_p + s * s * at_i;
    d[i] = s * s * at_p + c * c * at_i;
    if (side[p] != side[i]) side[p] = side[i] = both;
    double *a = vector(p), *b = vector(i);
    for (Index j = first; j < end; ++j) {
      const double x = a[j], y = b[j];
      a[j] = c * x - s * y;
      b[j] = s * x + c * y;
    }
  }

  /// The new eigenvalues, and in row i of `results` the old ones minus the i-th.
  void find_values(Index count, double rho) {
    constexpr Index group = 256;
    for (Index j = 0; j < count; ++j) {
      poles[j] = d[kept[j]];
      weights[j] = z[kept[j]] * z[kept[j]];
    }
    const SecularEquation equation{poles, weights, count, rho};
    for (Index begin = 0; begin < count; begin += group) {
      const Index here = std::min(group, count - begin);
      parallel::for_each(here, 10.0 * static_cast<double>(here * count), [&](Index k) {
        const Index i = begin + k;
        const auto [pole, offset] = equation.zero(i);
        double* gaps = results + i * count;
        for (Index j = 0; j < count; ++j) gaps[j] = (poles[j] - poles[pole]) - offset;
        found[i] = poles[pole] + offset;
      });
      parallel::poll_outside();
    }
  }

  /// The |z| of which the eigenvalues found are exact, but for a factor: z_j^2 is the product of
  /// (x_i - d_j) over that of (d_i - d_j), i != j, by pairs of neighbours.
  void find_weights(Index count) {
    constexpr Index block = 64;
    const Index blocks = (count + block - 1) / block;
    parallel::for_each(blocks, static_cast<double>(count * count), [&](Index b) {
      const Index begin = b * block, end = std::min(count, begin + block);
      for (Index j = begin; j < end; ++j) weights[j] = -results[(count - 1) * count + j];
      for (Index i = 0; i < count - 1; ++i) {
        const double *gaps = results + i * count, here = poles[i], next = poles[i + 1];
        const Index split = std::clamp(i + 1, begin, end);
#pragma omp simd
        for (Index j = begin; j < split; ++j) weights[j] *= gaps[j] / (poles[j] - next);
#pragma omp simd
        for (Index j = split; j < end; ++j) weights[j] *= gaps[j] / (poles[j] - here);
      }
      for (Index j = begin; j < end; ++j) {
        weights[j] = std::copysign(std::sqrt(weights[j]), z[kept[j]]);
      }
    });
  }

  /// Kept rows by their side, so that products leave out what is zero; returns where each begins.
  std::array<Index, 4> sort_by_side(Index count) {
    std::array<Index, 4> begin{};
    for (Index j = 0; j < count; ++j) ++begin[static_cast<std::size_t>(side[kept[j]]) + 1];
    for (std::size_t k = 1; k < 4; ++k) begin[k] += begin[k - 1];
    std::array<Index, 4> next = begin;
    for (Index j = 0; j < count; ++j) place[j] = next[static_cast<std::size_t>(side[kept[j]])]++;
    return begin;
  }

  /// The new eigenvectors, left halves and then right halves, in `results`.
  void combine(Index first, Index middle, Index end, Index count) {
    const std::array<Index, 4> begin = sort_by_side(count);
    parallel::for_each(count, static_cast<double>(2 * count * count), [&](Index i) {
      const double* gaps = results + i * count;
      double* to = small + i * count;
      double length = 0.0;
      for (Index j = 0; j < count; ++j) {
        const double entry = weights[j] / gaps[j];
        length += entry * entry;
        to[place[j]] = entry;
      }
      length = std::sqrt(length);
      for (Index j = 0; j < count; ++j) to[j] /= length;
    });
    const Index n_left = middle - first, n_right = end - middle;
    const Index rows_left = begin[2], rows_right = count - begin[1];
    double *left_rows = rows, *right_rows = rows + rows_left * n_left;
    for (Index j = 0; j < count; ++j) {
      const double* from = vector(kept[j]);
      if (side[kept[j]] != right) {
        std::copy_n(from + first, n_left, left_rows + place[j] * n_left);
      }
      if (side[kept[j]] != left) {
        std::copy_n(from + middle, n_right, right_rows + (place[j] - begin[1]) * n_right);
      }
    }
    multiply(Factor<double>(small, count, rows_left, count, false),
             Factor<double>(left_rows, rows_left, n_left), results, work);
    multiply(Factor<double>(small + begin[1], count, rows_right, count, false),
             Factor<double>(right_rows, rows_right, n_right), results + count * n_left, work);
  }

  /// New and old eigenvectors, in the order of their eigenvalues.
  void write_back(Index first, Index middle, Index end, Index count) {
    const Index size = end - first, n_left = middle - first, n_right = end - middle;
    const Index old = size - count;
    for (Index k = 0; k < old; ++k) {
      poles[k] = d[done[k]];
      std::copy_n(vector(done[k]) + first, size, rows + k * size);
    }
    const double* results_right = results + count * n_left;
    for (Index k = 0, i = 0, j = 0; k < size; ++k) {
      double* to = vector(first + k) + first;
      if (j == old || (i < count && found[i] <= poles[j])) {
        d[first + k] = found[i];
        std::copy_n(results + i * n_left, n_left, to);
        std::copy_n(results_right + i * n_right, n_right, to + n_left);
        ++i;
      } else {
        d[first + k] = poles[j];
        std::copy_n(rows + j * size, size, to);
        ++j;
      }
    }
  }
};

}  // namespace

void tridiagonal_eigen(double* diagonal, double* beside, Index n, double* vectors,
                       Workspace& work) {
  const Workspace::Mark before = work.mark();
  std::fill_n(vectors, n * n, 0.0);
  if (n > 0) Conquest{diagonal, beside, n, vectors, work}.solve(0, n);
  work.release(before);
}

}  // namespace optlite
