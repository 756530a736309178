// Takes the radial part out of a step: along weights that are followed by a normalisation it
// changes their length, not the function.
#pragma once

#include <algorithm>
#include <cmath>

#include "optlite/linalg/coordinates.hpp"

namespace optlite {

/// Dot products of the rows of two matrices of `cols` columns, in double.
struct RowProducts {
  double gx = 0.0, gg = 0.0, xx = 0.0;

  template <class T>
  RowProducts(const T* g, const T* x, Index cols) {
    gx = coordinates::sum(cols, [=](Index j) { return double(g[j]) * double(x[j]); });
    gg = coordinates::sum_of_squares(g, cols);
    xx = coordinates::sum_of_squares(x, cols);
  }
  /// |cos| of the angle between them.
  double cosine(double eps) const {
    return std::fabs(gx) / ((std::sqrt(gg) + eps) * (std::sqrt(xx) + eps));
  }
};

/// If no row of g is at less than some angle to that of x - the largest |cos| is below delta / sqrt
/// (cols) - removes from each row of the step its part along x, and returns true.
template <class T>
bool project_rows(const T* g, const T* x, Index rows, Index cols, double delta, double eps,
                  T* step) {
  double most = 0.0;
  for (Index i = 0; i < rows; ++i) {
    most = std::max(most, RowProducts(g + i * cols, x + i * cols, cols).cosine(eps));
  }
  if (!(most < delta / std::sqrt(static_cast<double>(cols)))) return false;
  for (Index i = 0; i < rows; ++i) {
    const T* from = x + i * cols;
    T* to = step + i * cols;
    const double norm = std::sqrt(coordinates::sum_of_squares(from, cols)) + eps;
    const double along =
        coordinates::sum(cols, [=](Index j) { return double(from[j]) / norm * double(to[j]); });
    const T factor = static_cast<T>(along / norm);
    coordinates::each(cols, [=](Index j) { to[j] -= factor * from[j]; });
  }
  return true;
}

/// Heo et al., AdamP, 2021, algorithms 1 and 2: first row by row, then for the tensor as a whole;
/// the first that applies is all.
template <class T>
bool project_radial(const T* g, const T* x, Index rows, Index cols, double delta, double eps,
                    T* step) {
  return project_rows(g, x, rows, cols, delta, eps, step) ||
         project_rows(g, x, 1, rows * cols, delta, eps, step);
}

}  // namespace optlite
