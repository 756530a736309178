#pragma once

#include "optlite/linalg/psgd.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Gradient descent in a metric that is a diagonal and a few directions, fitted to Hessian-vector
/// products. Its numbers are few: all of it is computed in double, on one thread.
struct PsgdLowRank {
  static constexpr auto title = "PSGDLowRank";
  static constexpr auto doc =
      "Preconditioned SGD with Q = (I + U V^T) diag(d) over all entries of a tensor, fitted to "
      "pairs of a random vector and its Hessian-vector product. The authors draw whether a fit "
      "changes U or V; here they take turns. U and V start along the first coordinates.";
  static constexpr auto formula = R"(\begin{gathered}
      a = Q h, \quad b = Q^{-T} v, \quad p = Q^T a\, h - v\, Q^{-1} b, \quad
      d \leftarrow d - \mu\, \frac{p}{\max |p|}\, d \\
      U \leftarrow U - \mu\, \frac{(a\, a^T V - b\, b^T V)(I + V^T U)}{\lVert a \rVert \lVert V V^T
      a \rVert + \lVert b \rVert \lVert V V^T b \rVert}
      \text{ or } V \leftarrow V - \mu\, \frac{(I + V U^T)(a\, a^T - b\, b^T)\, U}{\lVert a \rVert
      \lVert U U^T a \rVert + \lVert b \rVert \lVert U U^T b \rVert} \\
      x_t = x_{t-1} - \eta\, Q^T Q\, g_t
      \end{gathered})";
  static constexpr auto reference =
      "Pooladzandi and Li, Curvature-informed SGD via general purpose Lie-group preconditioners, "
      "2024";

  static constexpr auto slots() {
    return std::array{
        diagonal(&PsgdLowRank::thin_of, "U", "Left directions.", &PsgdLowRank::initial_directions),
        diagonal(&PsgdLowRank::thin_of, "V", "Right directions.", &PsgdLowRank::initial_directions),
        slot<PsgdLowRank>("d", "Diagonal.", &PsgdLowRank::initial)};
  }
  static constexpr auto inputs() {
    return std::array{
        Input<PsgdLowRank>{"probe", "A random vector v, of independent normal entries.",
                           &PsgdLowRank::update_period},
        Input<PsgdLowRank>{"hvp", "The product H v of the Hessian with it, or the gradient.",
                           &PsgdLowRank::update_period}};
  }
  static Shape thin_of(const PsgdLowRank& rule, const Shape& tensor) {
    return {tensor.size(), rule.count(tensor.size())};
  }

  double learning_rate = 0.1, preconditioner_rate = 0.1, rank = 10.0, update_period = 1.0,
         initial = 1.0, initial_directions = 0.1;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &PsgdLowRank::learning_rate, non_negative, "Step size eta."),
        field("preconditioner_rate", &PsgdLowRank::preconditioner_rate, unit_half_open,
              "Relative step size mu of the fit."),
        integer("rank", &PsgdLowRank::rank, 1.0,
                "Columns of U and V, if a tensor has so many entries."),
        integer("update_period", &PsgdLowRank::update_period, 1.0,
                "Steps from one fit to the next; probe and hvp are needed in these only."),
        field("initial", &PsgdLowRank::initial, positive, "What d starts at."),
        field("initial_directions", &PsgdLowRank::initial_directions, positive,
              "U and V start as this multiple of the unit.")};
  }

  Index count(Index size) const {
    return rank < static_cast<double>(size) ? static_cast<Index>(rank) : size;
  }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace& work) const {
    const Index n = tensor.size, r = count(n);
    T* U = tensor.arrays[2];
    T* V = tensor.arrays[3];
    T* d = tensor.arrays[4];
    if (is_due(t, update_period)) {
      const bool turn =
          std::fmod(std::floor((static_cast<double>(t) - 1.0) / update_period), 2.0) == 0.0;
      fit(n, r, turn, tensor.arrays[0], tensor.arrays[1], U, V, d, work);
    }
    auto* z = work.take<double>(n);
    auto* small = work.take<double>(r);
    for (Index i = 0; i < n; ++i) z[i] = wide(d[i]) * wide(tensor.g[i]);
    add_rank(n, r, U, V, z, small);
    add_rank(n, r, V, U, z, small);
    const double rate = learning_rate;
    for (Index i = 0; i < n; ++i) tensor.x[i] -= static_cast<T>(rate * wide(d[i]) * z[i]);
  }

 private:
  template <class T>
  static double wide(T value) {
    return static_cast<double>(value);
  }

  /// small <- M^T z for an n x r matrix M.
  template <class T>
  static void dots(Index n, Index r, const T* M, const double* z, double* small) {
    std::fill_n(small, r, 0.0);
    for (Index i = 0; i < n; ++i) {
      for (Index k = 0; k < r; ++k) small[k] += wide(M[i * r + k]) * z[i];
    }
  }
  /// z <- z + factor M small
  template <class T>
  static void combine(Index n, Index r, const T* M, const double* small, double factor, double* z) {
    for (Index i = 0; i < n; ++i) {
      double sum = 0.0;
      for (Index k = 0; k < r; ++k) sum += wide(M[i * r + k]) * small[k];
      z[i] += factor * sum;
    }
  }
  /// z <- (I + M N^T) z
  template <class T>
  static void add_rank(Index n, Index r, const T* M, const T* N, double* z, double* small) {
    dots(n, r, N, z, small);
    combine(n, r, M, small, 1.0, z);
  }
  /// z <- (I + M N^T)^-1 z, with C = I + N^T M (or its transpose) as rows in `memory`.
  template <class T>
  static void remove_rank(Index n, Index r, const T* M, const T* N, const double* C, bool turned,
                          double* z, double* small, double* memory) {
    dots(n, r, N, z, small);
    for (Index i = 0; i < r; ++i) {
      for (Index k = 0; k < r; ++k) memory[i * r + k] = turned ? C[k * r + i] : C[i * r + k];
    }
    solve(r, memory, small);
    combine(n, r, M, small, -1.0, z);
  }

  /// b <- A^-1 b by elimination with row pivots.
  static void solve(Index r, double* A, double* b) {
    for (Index k = 0; k < r; ++k) {
      Index pivot = k;
      for (Index i = k + 1; i < r; ++i) {
        if (std::fabs(A[i * r + k]) > std::fabs(A[pivot * r + k])) pivot = i;
      }
      std::swap_ranges(A + k * r, A + (k + 1) * r, A + pivot * r);
      std::swap(b[k], b[pivot]);
      for (Index i = k + 1; i < r; ++i) {
        const double factor = A[i * r + k] / A[k * r + k];
        for (Index j = k; j < r; ++j) A[i * r + j] -= factor * A[k * r + j];
        b[i] -= factor * b[k];
      }
    }
    for (Index k = r - 1; k >= 0; --k) {
      for (Index j = k + 1; j < r; ++j) b[k] -= A[k * r + j] * b[j];
      b[k] /= A[k * r + k];
    }
  }

  static double norm(Index n, const double* z) {
    return std::sqrt(coordinates::sum_of_squares(z, n));
  }

  template <class T>
  void fit(Index n, Index r, bool first, const T* v, const T* h, T* U, T* V, T* d,
           Workspace& work) const {
    auto* a = work.take<double>(n);
    auto* b = work.take<double>(n);
    auto* Ph = work.take<double>(n);
    auto* invPv = work.take<double>(n);
    auto* C = work.take<double>(r * r);
    auto* memory = work.take<double>(r * r);
    auto* small = work.take<double>(r);
    for (Index i = 0; i < r; ++i) {  // C = I + V^T U
      for (Index k = 0; k < r; ++k) {
        double sum = i == k ? 1.0 : 0.0;
        for (Index j = 0; j < n; ++j) sum += wide(V[j * r + i]) * wide(U[j * r + k]);
        C[i * r + k] = sum;
      }
    }
    for (Index i = 0; i < n; ++i) {
      a[i] = wide(d[i]) * wide(h[i]);
      b[i] = wide(v[i]) / wide(d[i]);
    }
    add_rank(n, r, U, V, a, small);                                   // a = Q h
    remove_rank(n, r, V, U, C, true, b, small, memory);               // b = Q^-T v
    std::copy_n(a, n, Ph);
    std::copy_n(b, n, invPv);
    add_rank(n, r, V, U, Ph, small);
    remove_rank(n, r, U, V, C, false, invPv, small, memory);
    double most = 0.0;
    for (Index i = 0; i < n; ++i) {
      const double p = wide(d[i]) * Ph[i] * wide(h[i]) - wide(v[i]) * invPv[i] / wide(d[i]);
      Ph[i] = p;
      most = larger(most, std::fabs(p));
    }
    const double mu = preconditioner_rate / (most + psgd::tiny<T>);
    for (Index i = 0; i < n; ++i) d[i] -= static_cast<T>(mu * Ph[i]) * d[i];
    turn(n, r, first, a, b, C, U, V, Ph, work);
  }

  /// Changes U or V, whichever's turn it is; `z` is scratch.
  template <class T>
  void turn(Index n, Index r, bool first, const double* a, const double* b, const double* C, T* U,
            T* V, double* z, Workspace& work) const {
    const T* other = first ? V : U;
    auto* of_a = work.take<double>(r);
    auto* of_b = work.take<double>(r);
    dots(n, r, other, a, of_a);
    dots(n, r, other, b, of_b);
    double bound = psgd::tiny<T>;
    for (const auto& [own, small] : {std::pair{a, of_a}, std::pair{b, of_b}}) {
      std::fill_n(z, n, 0.0);
      combine(n, r, other, small, 1.0, z);
      bound += norm(n, own) * norm(n, z);
    }
    const double mu = preconditioner_rate / bound;
    auto* change_a = work.take<double>(r);
    auto* change_b = work.take<double>(r);
    // (I + V U^T) a and b; taken in either case, or every other step would allocate.
    auto* left_a = work.take<double>(n);
    auto* left_b = work.take<double>(n);
    if (first) {  // U <- U - mu (a a^T V - b b^T V) C
      for (Index k = 0; k < r; ++k) {
        change_a[k] = change_b[k] = 0.0;
        for (Index i = 0; i < r; ++i) {
          change_a[k] += of_a[i] * C[i * r + k];
          change_b[k] += of_b[i] * C[i * r + k];
        }
      }
      subtract(n, r, mu, a, change_a, b, change_b, U);
      return;
    }
    std::copy_n(a, n, left_a);
    std::copy_n(b, n, left_b);
    combine(n, r, V, of_a, 1.0, left_a);
    combine(n, r, V, of_b, 1.0, left_b);
    subtract(n, r, mu, left_a, of_a, left_b, of_b, V);
  }

  /// M <- M - mu (a s^T - b u^T)
  template <class T>
  static void subtract(Index n, Index r, double mu, const double* a, const double* s,
                       const double* b, const double* u, T* M) {
    for (Index i = 0; i < n; ++i) {
      for (Index k = 0; k < r; ++k) {
        M[i * r + k] -= static_cast<T>(mu * (a[i] * s[k] - b[i] * u[k]));
      }
    }
  }
};

}  // namespace optlite::matrix_rules
