#pragma once

#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/products.hpp"
#include "optlite/linalg/psgd.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Gradient descent in a metric of two triangular factors, for the rows and for the columns.
struct PsgdKron {
  static constexpr auto title = "PSGDKron";
  static constexpr auto doc =
      "Preconditioned SGD with one triangular matrix for the rows of a tensor and one for its "
      "columns, fitted to pairs of a random matrix and its Hessian-vector product; a diagonal for "
      "scalars and vectors. With the gradient in the place of the product it whitens gradients. A "
      "tensor of more than two dimensions is folded into a matrix of its first dimension and the "
      "rest.";
  static constexpr auto formula = R"(\begin{gathered}
      (L, R) \leftarrow (L / \rho, \rho R), \quad
      \rho^2 = \max \operatorname{diag} L / \max \operatorname{diag} R \\
      A = L h R^T, \quad B = L^{-T} v R^{-1}, \quad
      E_L = \operatorname{triu}(A A^T - B B^T), \quad E_R = \operatorname{triu}(A^T A - B^T B) \\
      L \leftarrow L - \mu \frac{E_L}{\lVert E_L \rVert} L, \quad
      R \leftarrow R - \mu \frac{E_R}{\lVert E_R \rVert} R \\
      x_t = x_{t-1} - \eta\, L^T L\, g_t\, R^T R
      \end{gathered})";
  static constexpr auto reference =
      "Li, Preconditioned stochastic gradient descent, 2018; Pooladzandi and Li, "
      "Curvature-informed "
      "SGD via general purpose Lie-group preconditioners, 2024";

  static constexpr auto slots() {
    return std::array{
        diagonal(&PsgdKron::left_of, "L", "Triangular factor of the rows.", &PsgdKron::initial),
        diagonal(&PsgdKron::right_of, "R", "Triangular factor of the columns.", &PsgdKron::initial),
        shaped(&PsgdKron::vector_of,
               slot<PsgdKron>("q", "Root of the preconditioner of scalars and vectors.",
                              &PsgdKron::initial))};
  }
  static constexpr auto inputs() {
    return std::array{
        Input<PsgdKron>{"probe", "A random matrix v, of independent normal entries.",
                        &PsgdKron::update_period},
        Input<PsgdKron>{"hvp", "The product H v of the Hessian with it, or the gradient.",
                        &PsgdKron::update_period}};
  }
  static Shape left_of(const PsgdKron&, const Shape& tensor) {
    const Index n = tensor.dimensions < 2 ? 0 : as_matrix(tensor).rows;
    return {n, n};
  }
  static Shape right_of(const PsgdKron&, const Shape& tensor) {
    const Index n = tensor.dimensions < 2 ? 0 : as_matrix(tensor).cols;
    return {n, n};
  }
  static Shape vector_of(const PsgdKron&, const Shape& tensor) {
    return tensor.dimensions < 2 ? tensor : Shape{0};
  }

  double learning_rate = 0.1, preconditioner_rate = 0.1, update_period = 1.0, initial = 1.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &PsgdKron::learning_rate, non_negative, "Step size eta."),
        field("preconditioner_rate", &PsgdKron::preconditioner_rate, unit_half_open,
              "Relative step size mu of the fit."),
        integer("update_period", &PsgdKron::update_period, 1.0,
                "Steps from one fit to the next; probe and hvp are needed in these only."),
        field("initial", &PsgdKron::initial, positive,
              "The factors start as this multiple of the unit.")};
  }

  bool is_long(Index) const { return true; }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace& work) const {
    const T* probe = tensor.arrays[0];
    const T* hvp = tensor.arrays[1];
    const bool due = is_due(t, update_period);
    if (tensor.dimensions < 2) {
      T* q = tensor.arrays[4];
      if (due) psgd::fit_diagonal(tensor.size, probe, hvp, preconditioner_rate, q);
      psgd::step_diagonal(tensor.size, tensor.g, q, T(learning_rate), tensor.x);
      return;
    }
    const auto [rows, cols] = as_matrix(tensor);
    T* L = tensor.arrays[2];
    T* R = tensor.arrays[3];
    if (due) fit(rows, cols, probe, hvp, L, R, work);
    T* one = work.take<T>(tensor.size);
    T* two = work.take<T>(tensor.size);
    const Factor<T> l(L, rows, rows), r(R, cols, cols);
    multiply(l, {tensor.g, rows, cols}, one, work);
    multiply(l.t(), {one, rows, cols}, two, work);
    multiply({two, rows, cols}, r.t(), one, work);
    multiply({one, rows, cols}, r, tensor.x, work, T(-learning_rate), T(1), tensor.x);
  }

 private:
  template <class T>
  void fit(Index rows, Index cols, const T* v, const T* h, T* L, T* R, Workspace& work) const {
    balance(rows, cols, L, R);
    T* A = work.take<T>(rows * cols);
    T* B = work.take<T>(rows * cols);
    multiply({L, rows, rows}, {h, rows, cols}, B, work);
    multiply({B, rows, cols}, Factor<T>(R, cols, cols).t(), A, work);
    std::copy_n(v, rows * cols, B);
    solve_left(rows, cols, L, B);
    solve_right(rows, cols, R, B);
    const Factor<T> a(A, rows, cols), b(B, rows, cols);
    T* new_left = work.take<T>(rows * rows);
    improve(rows, a, a.t(), b, b.t(), L, new_left, work);
    improve(cols, a.t(), a, b.t(), b, R, R, work);
    std::copy_n(new_left, rows * rows, L);
  }

  /// Scales the factors to diagonals of the same size: only their product matters.
  template <class T>
  static void balance(Index rows, Index cols, T* L, T* R) {
    double left = -infinity, right = -infinity;
    for (Index i = 0; i < rows; ++i) left = larger(left, static_cast<double>(L[i * rows + i]));
    for (Index i = 0; i < cols; ++i) right = larger(right, static_cast<double>(R[i * cols + i]));
    const T rho = static_cast<T>(std::sqrt(left / right));
    coordinates::each(rows * rows, [=](Index j) { L[j] /= rho; });
    coordinates::each(cols * cols, [=](Index j) { R[j] *= rho; });
  }

  /// Rows between two polls for an interrupt.
  static constexpr Index panel = 64;

  /// B <- L^-T B, from the first row down, in groups of columns that threads share.
  template <class T>
  static void solve_left(Index rows, Index cols, const T* L, T* B) {
    constexpr Index width = 64;
    const double cost = static_cast<double>(panel) * static_cast<double>(rows * cols);
    for (Index top = 0; top < rows; top += panel) {
      const Index bottom = std::min(rows, top + panel);
      parallel::for_each((cols + width - 1) / width, cost, [=](Index group) {
        const Index first = group * width, end = std::min(cols, first + width);
        for (Index i = top; i < bottom; ++i) {
          T* row = B + i * cols;
          for (Index j = first; j < end; ++j) row[j] /= L[i * rows + i];
          for (Index k = i + 1; k < rows; ++k) {
            const T factor = L[i * rows + k];
            for (Index j = first; j < end; ++j) B[k * cols + j] -= factor * row[j];
          }
        }
      });
      interrupt::poll();
    }
  }

  /// B <- B R^-1, row by row.
  template <class T>
  static void solve_right(Index rows, Index cols, const T* R, T* B) {
    const double cost = static_cast<double>(panel * cols) * static_cast<double>(cols);
    for (Index top = 0; top < rows; top += panel) {
      parallel::for_each(std::min(panel, rows - top), cost, [=](Index i) {
        T* row = B + (top + i) * cols;
        for (Index k = 0; k < cols; ++k) {
          row[k] /= R[k * cols + k];
          for (Index j = k + 1; j < cols; ++j) row[j] -= row[k] * R[k * cols + j];
        }
      });
      interrupt::poll();
    }
  }

  /// Q - mu E Q / |E| with E the upper part of A A^T - B B^T.
  template <class T>
  void improve(Index n, const Factor<T>& A, const Factor<T>& At, const Factor<T>& B,
               const Factor<T>& Bt, const T* Q, T* out, Workspace& work) const {
    T* E = work.take<T>(n * n);
    T* product = work.take<T>(n * n);
    multiply_symmetric(B, Bt, E, work);
    multiply_symmetric(A, At, E, work, T(1), T(-1), E);
    for (Index i = 0; i < n; ++i) std::fill_n(E + i * n, i, T(0));
    const double bound = psgd::norm_bound(n, work.take<double>(2 * n), [=](Index i, Index j) {
      return static_cast<double>(E[i * n + j]);
    });
    const T mu = static_cast<T>(preconditioner_rate / (bound + psgd::tiny<T>));
    multiply({E, n, n}, {Q, n, n}, product, work, -mu, T(1), Q);
    std::copy_n(product, n * n, out);
  }
};

}  // namespace optlite::matrix_rules
