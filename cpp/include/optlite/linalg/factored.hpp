// A matrix of positive numbers, remembered by the means of its rows and columns.
#pragma once

#include <algorithm>
#include <cmath>

#include "optlite/core/parallel.hpp"
#include "optlite/core/workspace.hpp"

namespace optlite {

/// V(i, j) = R(i) C(j) / mean(R), exact where V has rank one. A stack of `count` matrices, one
/// after the other; R and C are stacks, too.
template <class T>
struct Factored {
  Index count, rows, cols;
  T* R;
  T* C;

  Index size() const { return count * rows * cols; }

  /// R <- keep R + fresh (means over each row), and C alike, of term(place in the stack), in
  /// double.
  template <class Term>
  void take(double keep, double fresh, Term&& term) const {
    const double work = 4.0 * static_cast<double>(size());
    const auto into = [=](T& mean, double sum, Index n) {
      mean =
          static_cast<T>(keep * static_cast<double>(mean) + fresh * sum / static_cast<double>(n));
    };
    parallel::for_each(count * rows, work, [&](Index row) {
      double sum = 0.0;
      for (Index k = row * cols; k < (row + 1) * cols; ++k) sum += term(k);
      into(R[row], sum, cols);
    });
    constexpr Index strip = 64;
    const Index strips = (cols + strip - 1) / strip;
    parallel::for_each(count * strips, work, [&](Index s) {
      const Index matrix = s / strips, begin = s % strips * strip;
      const Index width = std::min(strip, cols - begin);
      double sums[strip] = {};
      for (Index i = 0; i < rows; ++i) {
        const Index at = (matrix * rows + i) * cols + begin;
        for (Index j = 0; j < width; ++j) sums[j] += term(at + j);
      }
      for (Index j = 0; j < width; ++j) into(C[matrix * cols + begin + j], sums[j], rows);
    });
  }

  /// body(place, 1 / sqrt(V)) for every entry; the root is not taken below `least`, and mean(R) not
  /// below `least_mean`. The factors apart neither overflow nor vanish where V would.
  template <class Body>
  void each_inverse_root(double least, double least_mean, Workspace& work, Body&& body) const {
    const Workspace::Mark before = work.mark();
    double* column = work.take<double>(count * cols);
    double* row = work.take<double>(count * rows);
    for (Index m = 0; m < count; ++m) {
      double mean = 0.0;
      for (Index i = 0; i < rows; ++i) mean += static_cast<double>(R[m * rows + i]);
      mean = std::max(least_mean, mean / static_cast<double>(rows));
      for (Index i = m * rows; i < (m + 1) * rows; ++i) {
        row[i] = std::sqrt(static_cast<double>(R[i]) / mean);
      }
    }
    for (Index j = 0; j < count * cols; ++j) column[j] = std::sqrt(static_cast<double>(C[j]));
    parallel::for_each(count * rows, 8.0 * static_cast<double>(size()), [&](Index i) {
      const double* c = column + i / rows * cols;
      for (Index j = 0; j < cols; ++j) {
        const double root = row[i] * c[j];
        body(i * cols + j, 1.0 / (root < least ? least : root));
      }
    });
    work.release(before);
  }
};

}  // namespace optlite
