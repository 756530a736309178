// How PSGD fits a preconditioner P = Q^T Q to pairs of a vector v and the change h = H v of the
// gradient along it: steps on E[h^T P h + v^T P^-1 v], which is least for P = |H|^-1, in the group
// that Q is of, so that Q stays in it.
#pragma once

#include <cmath>
#include <limits>

#include "optlite/linalg/coordinates.hpp"
#include "optlite/rules/concept.hpp"

namespace optlite::psgd {

/// A lower bound of the spectral norm of a square matrix, given by entry(i, j): one power step from
/// its longest row or column.
template <class Entry>
double norm_bound(Index n, double* sums, const Entry& entry) {
  double most = 0.0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) most = rules::larger(most, std::fabs(entry(i, j)));
  }
  if (!(most > 0.0)) return most;
  double* columns = sums;
  double* x = sums + n;
  for (Index j = 0; j < n; ++j) columns[j] = 0.0;
  Index row = 0, column = 0;
  double longest = -1.0;
  for (Index i = 0; i < n; ++i) {
    double own = 0.0;
    for (Index j = 0; j < n; ++j) {
      const double square = rules::square(entry(i, j) / most);
      own += square;
      columns[j] += square;
    }
    if (own > longest) {
      longest = own;
      row = i;
    }
  }
  for (Index j = 1; j < n; ++j) column = columns[j] > columns[column] ? j : column;
  const bool by_column = columns[column] > longest;
  // x = A^T times the longest column, or A times the longest row; then the other factor.
  for (Index i = 0; i < n; ++i) {
    double dot = 0.0;
    for (Index j = 0; j < n; ++j) {
      dot += by_column ? entry(j, column) / most * (entry(j, i) / most)
                       : entry(row, j) / most * (entry(i, j) / most);
    }
    x[i] = dot;
  }
  double length = 0.0, total = 0.0;
  for (Index i = 0; i < n; ++i) length += x[i] * x[i];
  for (Index i = 0; i < n; ++i) {
    double dot = 0.0;
    for (Index j = 0; j < n; ++j) {
      dot += x[j] * (by_column ? entry(i, j) : entry(j, i)) / most;
    }
    total += dot * dot;
  }
  return most * std::sqrt(total / length);
}

/// What keeps a division by a bound from being one by zero.
template <class T>
constexpr double tiny = static_cast<double>(std::numeric_limits<T>::min());

/// One fit of a diagonal Q: q <- q - mu d / max |d| q with d = (q h)^2 - (v / q)^2.
template <class T>
void fit_diagonal(Index n, const T* v, const T* h, double mu, T* q) {
  const auto difference = [=](Index j) {
    const double a = static_cast<double>(q[j]) * static_cast<double>(h[j]);
    const double b = static_cast<double>(v[j]) / static_cast<double>(q[j]);
    return a * a - b * b;
  };
  double most = 0.0;
  for (Index j = 0; j < n; ++j) most = rules::larger(most, std::fabs(difference(j)));
  const double step = mu / (most + tiny<T>);
  coordinates::each(n, [=](Index j) { q[j] -= static_cast<T>(step * difference(j)) * q[j]; });
}

/// x <- x - rate q^2 g
template <class T>
void step_diagonal(Index n, const T* g, const T* q, T rate, T* x) {
  coordinates::each(n, [=](Index j) { x[j] -= rate * q[j] * q[j] * g[j]; });
}

}  // namespace optlite::psgd
