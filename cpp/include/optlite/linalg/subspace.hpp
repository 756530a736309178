// A matrix seen in a subspace of its smaller side: what GaLore and its kin keep statistics of.
#pragma once

#include <algorithm>

#include "optlite/linalg/products.hpp"
#include "optlite/linalg/singular_vectors.hpp"

namespace optlite {

/// Orthonormal directions are the rows of P, `rank` x `side`. A tall matrix G is projected from the
/// right, low = G P^T, a wide one from the left, low = P G; raised again it is low P or P^T low.
struct Subspace {
  Index rows, cols, rank;

  Subspace(Index n_rows, Index n_cols, double most)
      : rows(n_rows),
        cols(n_cols),
        rank(most < static_cast<double>(std::min(n_rows, n_cols)) ? static_cast<Index>(most)
                                                                  : std::min(n_rows, n_cols)) {}

  bool right() const { return rows >= cols; }
  Index side() const { return right() ? cols : rows; }
  Index low_rows() const { return right() ? rows : rank; }
  Index low_cols() const { return right() ? rank : cols; }
  Index low_size() const { return low_rows() * low_cols(); }

  /// P <- the leading singular vectors of G.
  template <class T>
  void find(const T* G, T* P, Workspace& work) const {
    leading_singular_vectors(G, rows, cols, rank, right() ? Side::right : Side::left, P, work);
  }
  template <class T>
  void project(const T* G, const T* P, T* low, Workspace& work) const {
    const Factor<T> g(G, rows, cols), p(P, rank, side());
    multiply(right() ? g : p, right() ? p.t() : g, low, work);
  }
  /// full <- factor times the raised `low`, plus `others` times D.
  template <class T>
  void raise(const T* low, const T* P, T* full, Workspace& work, T factor = T(1), T others = T(0),
             const T* D = nullptr) const {
    const Factor<T> l(low, low_rows(), low_cols()), p(P, rank, side());
    multiply(right() ? l : p.t(), right() ? p : l, full, work, factor, others, D);
  }
};

}  // namespace optlite
