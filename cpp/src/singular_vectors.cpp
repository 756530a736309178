#include "optlite/linalg/singular_vectors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "optlite/linalg/products.hpp"
#include "optlite/linalg/symmetric_eigen.hpp"

namespace optlite {

namespace {

/// Singular values within this factor of the largest of a round are taken from its squares.
constexpr double share = 0.1;

template <class T>
double largest_entry(const T* G, Index size) {
  double most = 0.0;
  for (Index k = 0; k < size; ++k) {
    const double entry = std::fabs(static_cast<double>(G[k]));
    if (!std::isfinite(entry)) return entry;
    most = std::max(most, entry);
  }
  return most;
}

template <class T>
void write_signed(const double* vector, Index length, T* to) {
  const double* largest = std::max_element(
      vector, vector + length, [](double a, double b) { return std::fabs(a) < std::fabs(b); });
  const double sign = *largest < 0.0 ? -1.0 : 1.0;
  for (Index j = 0; j < length; ++j) to[j] = static_cast<T>(sign * vector[j]);
}

/// The directions that are not decided yet, as rows of a basis, and the matrix in them.
struct Rounds {
  Factor<double> M;  // its right singular vectors are wanted
  Workspace& work;
  Index length = M.cols, left = M.cols;
  double* basis = work.take<double>(length * length);
  double* next = work.take<double>(length * length);
  double* gram = work.take<double>(length * length);
  double* found = work.take<double>(length * length);
  double* values = work.take<double>(length);
  double* part = work.take<double>(M.rows * length);
  double noise = -1.0;  // squares that are rounding only, of the first round

  /// Brings the basis to the eigenvectors of (M B)^T M B, ascending; returns how many count.
  Index round() {
    const bool first = noise < 0.0;
    if (!first) multiply(M, Factor<double>(basis, left, length).t(), part, work);
    const Factor<double> seen = first ? M : Factor<double>(part, M.rows, left);
    multiply_symmetric(seen.t(), seen, gram, work);
    symmetric_eigen(gram, left, values, found, work);
    if (first) {
      std::swap(basis, found);
    } else {
      multiply(Factor<double>(found, left, left), Factor<double>(basis, left, length), next, work);
      std::swap(basis, next);
    }
    const double most = values[left - 1];
    if (first) noise = std::fmax(most, 0.0) * std::pow(epsilon * static_cast<double>(length), 2);
    if (most <= noise) return left;
    const double least = share * share * most;
    return left - (std::lower_bound(values, values + left, least) - values);
  }
};

}  // namespace

template <class T>
void leading_singular_vectors(const T* G, Index rows, Index cols, Index count, Side side,
                              T* vectors, Workspace& work) {
  const Workspace::Mark before = work.mark();
  const Index size = rows * cols, length = side == Side::left ? rows : cols;
  const double scale = largest_entry(G, size);
  if (!std::isfinite(scale)) {
    std::fill_n(vectors, count * length, std::numeric_limits<T>::quiet_NaN());
    return;
  }
  double* copy = work.take<double>(size);
  for (Index k = 0; k < size; ++k) {
    copy[k] = scale > 0.0 ? static_cast<double>(G[k]) / scale : 0.0;
  }
  const Factor<double> given(copy, rows, cols);
  Rounds rounds{side == Side::left ? given.t() : given, work};
  for (Index have = 0; have < count;) {
    const Index taken = std::min(rounds.round(), count - have);
    for (Index k = 0; k < taken; ++k) {
      const double* vector = rounds.basis + (rounds.left - 1 - k) * length;
      write_signed(vector, length, vectors + (have + k) * length);
    }
    have += taken;
    rounds.left -= taken;
  }
  work.release(before);
}

template void leading_singular_vectors(const double*, Index, Index, Index, Side, double*,
                                       Workspace&);
template void leading_singular_vectors(const float*, Index, Index, Index, Side, float*, Workspace&);

}  // namespace optlite
