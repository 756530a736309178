#pragma once

#include "optlite/linalg/psgd.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Gradient descent in a diagonal metric that is fitted to Hessian-vector products.
struct PsgdDiagonal {
  static constexpr auto title = "PSGDDiagonal";
  static constexpr auto doc =
      "Preconditioned SGD whose diagonal preconditioner is fitted to pairs of a random vector and "
      "its Hessian-vector product. With the gradient in the place of the product it whitens "
      "gradients instead.";
  static constexpr auto formula = R"(\begin{gathered}
      a = q h, \quad b = v / q, \quad
      q \leftarrow q - \mu\, \frac{a^2 - b^2}{\max |a^2 - b^2|}\, q \\
      x_t = x_{t-1} - \eta\, q^2 g_t
      \end{gathered})";
  static constexpr auto reference =
      "Li, Preconditioned stochastic gradient descent, 2018; Pooladzandi and Li, "
      "Curvature-informed "
      "SGD via general purpose Lie-group preconditioners, 2024";

  static constexpr auto slots() {
    return std::array{
        slot<PsgdDiagonal>("q", "Root of the preconditioner.", &PsgdDiagonal::initial)};
  }
  static constexpr auto inputs() {
    return std::array{
        Input<PsgdDiagonal>{"probe", "A random vector v, of independent normal entries.",
                            &PsgdDiagonal::update_period},
        Input<PsgdDiagonal>{"hvp", "The product H v of the Hessian with it, or the gradient.",
                            &PsgdDiagonal::update_period}};
  }

  double learning_rate = 0.1, preconditioner_rate = 0.1, update_period = 1.0, initial = 1.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &PsgdDiagonal::learning_rate, non_negative, "Step size eta."),
        field("preconditioner_rate", &PsgdDiagonal::preconditioner_rate, unit_half_open,
              "Relative step size mu of the fit."),
        integer("update_period", &PsgdDiagonal::update_period, 1.0,
                "Steps from one fit to the next; probe and hvp are needed in these only."),
        field("initial", &PsgdDiagonal::initial, positive, "What q starts at.")};
  }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace&) const {
    T* q = tensor.arrays[2];
    if (is_due(t, update_period)) {
      psgd::fit_diagonal(tensor.size, tensor.arrays[0], tensor.arrays[1], preconditioner_rate, q);
    }
    psgd::step_diagonal(tensor.size, tensor.g, q, T(learning_rate), tensor.x);
  }
};

}  // namespace optlite::matrix_rules
