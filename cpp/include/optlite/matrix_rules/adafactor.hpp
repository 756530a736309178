#pragma once

#include "optlite/linalg/factored.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Second moments remembered by rows and columns, steps relative to the size of the parameters.
struct Adafactor {
  static constexpr auto doc =
      "Second moments of a matrix remembered by the means of its rows and columns, and steps "
      "relative to the size of the parameters. Scalars and vectors keep all their second moments; "
      "a "
      "tensor of more than two dimensions is a stack of matrices of its last two. The form of "
      "torch "
      "does not add eps1 to the squares but keeps means and roots from falling below it: the paths "
      "are the same to rounding unless gradients are as small as 1e-15. Weight decay has no form "
      "in "
      "the paper; ours goes with learning_rate, as in torch, and not with alpha (1 % of the "
      "distance "
      "travelled). Some packages leave out the size of the parameters when they are given a rate "
      "(60 %).";
  static constexpr auto formula = R"(\begin{gathered}
      \beta_t = 1 - t^{-c}, \quad \rho_t = \min(\eta, 1 / \sqrt t), \quad
      \alpha_t = \max(\epsilon_2, \mathrm{RMS}(X_{t-1}))\, \rho_t \\
      R_t = \beta_t R_{t-1} + (1 - \beta_t)\, \mathrm{rows}(G_t^2 + \epsilon_1), \quad
      C_t = \beta_t C_{t-1} + (1 - \beta_t)\, \mathrm{columns}(G_t^2 + \epsilon_1) \\
      U_t = G_t / \sqrt{R_t C_t / \mathrm{mean}(R_t)} \\
      X_t = X_{t-1} - \alpha_t U_t / \max(1, \mathrm{RMS}(U_t) / d)
      \end{gathered})";
  static constexpr auto reference =
      "Shazeer and Stern, Adafactor: adaptive learning rates with sublinear memory cost, 2018, "
      "algorithms 4 and 5";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() {
    return std::array{
        shaped(&Adafactor::of_rows, slot<Adafactor>("R", "Mean of the squares of each row.")),
        shaped(&Adafactor::of_cols, slot<Adafactor>("C", "Mean of the squares of each column.")),
        shaped(&Adafactor::of_vectors,
               slot<Adafactor>("v", "Mean of the squares, of scalars and vectors only."))};
  }
  static constexpr auto scalars() {
    return std::array{slot<Adafactor>("size", "Root mean square of the parameters.")};
  }
  static Shape of_rows(const Adafactor&, const Shape& tensor) { return rows_of_stack(tensor); }
  static Shape of_cols(const Adafactor&, const Shape& tensor) { return cols_of_stack(tensor); }
  static Shape of_vectors(const Adafactor&, const Shape& tensor) {
    return tensor.dimensions < 2 ? tensor : Shape{0};
  }

  double learning_rate = 0.01, decay_exponent = 0.8, eps1 = 1e-30, eps2 = 1e-3, d = 1.0, form = 0.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Adafactor::learning_rate, non_negative,
              "Largest relative step eta."),
        field("decay_exponent", &Adafactor::decay_exponent, positive,
              "Exponent c of the decay 1 - t^-c of the means."),
        field("eps1", &Adafactor::eps1, positive, "Keeps the second moments away from zero."),
        field("eps2", &Adafactor::eps2, positive, "Smallest size of the parameters to go by."),
        field("d", &Adafactor::d, positive, "Largest root mean square of a step."),
        choice("form", &Adafactor::form, "paper torch", "Where eps1 enters.")};
  }

  template <class T>
  void look(const Tensor<T>& tensor) const {
    *tensor.scalars = root_mean_square(tensor.x, tensor.size);
  }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace& work) const {
    const double now = static_cast<double>(t);
    const double fresh = std::pow(now, -decay_exponent), added = form != 0.0 ? 0.0 : eps1;
    const T* g = tensor.g;
    T* u = work.take<T>(tensor.size);
    if (tensor.dimensions < 2) {
      coordinates::each(tensor.size, [=, v = tensor.arrays[2], least = eps1](Index j) {
        const double mean =
            (1.0 - fresh) * static_cast<double>(v[j]) + fresh * (rules::wide_square(g[j]) + added);
        v[j] = static_cast<T>(mean);
        u[j] = static_cast<T>(static_cast<double>(g[j]) / larger(std::sqrt(mean), least));
      });
    } else {
      const auto V = factored(tensor, tensor.arrays[0], tensor.arrays[1]);
      V.take(1.0 - fresh, fresh, [=](Index k) { return rules::wide_square(g[k]) + added; });
      V.each_inverse_root(eps1, form != 0.0 ? eps1 : 0.0, work, [=](Index k, double inverse) {
        u[k] = static_cast<T>(static_cast<double>(g[k]) * inverse);
      });
    }
    const double rho = std::fmin(learning_rate, 1.0 / std::sqrt(now));
    const double clip = larger(1.0, root_mean_square(u, tensor.size) / d);
    const T rate = static_cast<T>(larger(eps2, *tensor.scalars) * rho / clip);
    coordinates::each(tensor.size, [=, x = tensor.x](Index j) { x[j] -= rate * u[j]; });
  }
};

}  // namespace optlite::matrix_rules
