#pragma once

#include "optlite/linalg/psgd.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Gradient descent in a dense metric that is fitted to Hessian-vector products. Products with the
/// upper part of a a^T - b b^T are sums from the last row up: a fit costs as much as reading Q.
struct PsgdDense {
  static constexpr auto title = "PSGDDense";
  static constexpr auto doc =
      "Preconditioned SGD with a triangular matrix Q over all entries of a tensor, fitted to pairs "
      "of a random vector and its Hessian-vector product: an approximate Newton's method. It "
      "is for small tensors; those of more than max_size entries get a diagonal one.";
  static constexpr auto formula = R"(\begin{gathered}
      a = Q h, \quad b = Q^{-T} v, \quad E = \operatorname{triu}(a a^T - b b^T), \quad
      Q \leftarrow Q - \mu\, \frac{E}{\lVert E \rVert}\, Q \\
      x_t = x_{t-1} - \eta\, Q^T Q\, g_t
      \end{gathered})";
  static constexpr auto reference =
      "Li, Preconditioned stochastic gradient descent, 2018; Pooladzandi and Li, "
      "Curvature-informed "
      "SGD via general purpose Lie-group preconditioners, 2024";

  static constexpr auto slots() {
    return std::array{
        diagonal(&PsgdDense::square_of, "Q", "Triangular root of the preconditioner.",
                 &PsgdDense::initial),
        shaped(&PsgdDense::diagonal_of,
               slot<PsgdDense>("q", "The same for large tensors.", &PsgdDense::initial))};
  }
  static constexpr auto inputs() {
    return std::array{
        Input<PsgdDense>{"probe", "A random vector v, of independent normal entries.",
                         &PsgdDense::update_period},
        Input<PsgdDense>{"hvp", "The product H v of the Hessian with it, or the gradient.",
                         &PsgdDense::update_period}};
  }
  static Shape square_of(const PsgdDense& rule, const Shape& tensor) {
    const Index n = tensor.size();
    return rule.is_large(n) ? Shape{0, 0} : Shape{n, n};
  }
  static Shape diagonal_of(const PsgdDense& rule, const Shape& tensor) {
    return rule.is_large(tensor.size()) ? tensor : Shape{0};
  }

  double learning_rate = 0.1, preconditioner_rate = 0.1, update_period = 1.0, initial = 1.0,
         max_size = 1000.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &PsgdDense::learning_rate, non_negative, "Step size eta."),
        field("preconditioner_rate", &PsgdDense::preconditioner_rate, unit_half_open,
              "Relative step size mu of the fit."),
        integer("update_period", &PsgdDense::update_period, 1.0,
                "Steps from one fit to the next; probe and hvp are needed in these only."),
        field("initial", &PsgdDense::initial, positive, "Q starts as this multiple of the unit."),
        integer("max_size", &PsgdDense::max_size, 0.0,
                "Entries of a tensor above which Q is diagonal.")};
  }

  bool is_large(Index size) const { return static_cast<double>(size) > max_size; }

  bool is_long(Index) const { return true; }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace& work) const {
    const Index n = tensor.size;
    const bool due = is_due(t, update_period);
    if (is_large(n)) {
      T* q = tensor.arrays[3];
      if (due) psgd::fit_diagonal(n, tensor.arrays[0], tensor.arrays[1], preconditioner_rate, q);
      psgd::step_diagonal(n, tensor.g, q, T(learning_rate), tensor.x);
      return;
    }
    T* Q = tensor.arrays[2];
    if (due) fit(n, tensor.arrays[0], tensor.arrays[1], Q, work);
    auto* raised = work.take<double>(n);
    auto* step = work.take<double>(n);
    std::fill_n(step, n, 0.0);
    for (Index i = 0; i < n; ++i) {
      double dot = 0.0;
      for (Index j = i; j < n; ++j) dot += wide(Q[i * n + j]) * wide(tensor.g[j]);
      raised[i] = dot;
      for (Index j = i; j < n; ++j) step[j] += wide(Q[i * n + j]) * raised[i];
    }
    const double rate = learning_rate;
    coordinates::each(n, [=, x = tensor.x](Index j) { x[j] -= static_cast<T>(rate * step[j]); });
  }

 private:
  template <class T>
  static double wide(T value) {
    return static_cast<double>(value);
  }

  template <class T>
  void fit(Index n, const T* v, const T* h, T* Q, Workspace& work) const {
    auto* a = work.take<double>(n);
    auto* b = work.take<double>(n);
    auto* memory = work.take<double>(2 * n);
    for (Index i = 0; i < n; ++i) {
      a[i] = 0.0;
      b[i] = wide(v[i]);
    }
    for (Index i = 0; i < n; ++i) {  // Q^T b = v from the first row down
      b[i] /= wide(Q[i * n + i]);
      for (Index j = i; j < n; ++j) a[i] += wide(Q[i * n + j]) * wide(h[j]);
      for (Index j = i + 1; j < n; ++j) b[j] -= wide(Q[i * n + j]) * b[i];
    }
    const double bound = psgd::norm_bound(
        n, memory, [=](Index i, Index j) { return j < i ? 0.0 : a[i] * a[j] - b[i] * b[j]; });
    const double mu = preconditioner_rate / (bound + psgd::tiny<T>);
    double* sum_a = memory;  // of a_k Q_k and b_k Q_k over the rows k from i on
    double* sum_b = memory + n;
    std::fill_n(memory, 2 * n, 0.0);
    for (Index i = n - 1; i >= 0; --i) {
      T* row = Q + i * n;
      for (Index j = i; j < n; ++j) {
        sum_a[j] += a[i] * wide(row[j]);
        sum_b[j] += b[i] * wide(row[j]);
        row[j] -= static_cast<T>(mu * (a[i] * sum_a[j] - b[i] * sum_b[j]));
      }
    }
  }
};

}  // namespace optlite::matrix_rules
