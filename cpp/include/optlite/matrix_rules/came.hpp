#pragma once

#include "optlite/linalg/factored.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Adafactor with momentum, slowed down where steps disagree with it.
struct Came {
  static constexpr auto title = "CAME";
  static constexpr auto doc =
      "Adafactor with momentum, divided by how far its steps are from it: a confidence that is "
      "remembered by rows and columns, too. Scalars and vectors keep all their second moments and "
      "have no confidence; a tensor of more than two dimensions is a stack of matrices of its last "
      "two.";
  static constexpr auto formula = R"(\begin{gathered}
      R_t = \beta_2 R_{t-1} + (1 - \beta_2)\, \mathrm{rows}(G_t^2 + \epsilon_1), \quad
      C_t = \beta_2 C_{t-1} + (1 - \beta_2)\, \mathrm{columns}(G_t^2 + \epsilon_1) \\
      U_t = G_t / \sqrt{R_t C_t / \mathrm{mean}(R_t)}, \quad
      \hat U_t = U_t / \max(1, \mathrm{RMS}(U_t) / d) \\
      M_t = \beta_1 M_{t-1} + (1 - \beta_1)\, \hat U_t \\
      r_t = \beta_3 r_{t-1} + (1 - \beta_3)\, \mathrm{rows}((\hat U_t - M_t)^2 + \epsilon_2), \quad
      c_t = \beta_3 c_{t-1} + (1 - \beta_3)\,
      \mathrm{columns}((\hat U_t - M_t)^2 + \epsilon_2) \\
      X_t = X_{t-1} - \eta M_t / \sqrt{r_t c_t / \mathrm{mean}(r_t)}
      \end{gathered})";
  static constexpr auto reference =
      "Luo, Ren, Zheng, Jiang, Jiang and You, CAME: confidence-guided adaptive memory efficient "
      "optimization, 2023, algorithm 2";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() {
    return std::array{
        slot<Came>("M", "Mean of the steps."),
        shaped(&Came::of_rows, slot<Came>("R", "Mean of the squares of each row.")),
        shaped(&Came::of_cols, slot<Came>("C", "Mean of the squares of each column.")),
        shaped(&Came::of_rows, slot<Came>("r", "Mean deviation of steps from M in each row.")),
        shaped(&Came::of_cols, slot<Came>("c", "Mean deviation of steps from M in each column.")),
        shaped(&Came::of_vectors,
               slot<Came>("v", "Mean of the squares, of scalars and vectors only."))};
  }
  static Shape of_rows(const Came&, const Shape& tensor) { return rows_of_stack(tensor); }
  static Shape of_cols(const Came&, const Shape& tensor) { return cols_of_stack(tensor); }
  static Shape of_vectors(const Came&, const Shape& tensor) {
    return tensor.dimensions < 2 ? tensor : Shape{0};
  }

  double learning_rate = 2e-4, beta1 = 0.9, beta2 = 0.999, beta3 = 0.9999;
  double eps1 = 1e-30, eps2 = 1e-16, d = 1.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Came::learning_rate, non_negative, "Step size eta."),
        field("beta1", &Came::beta1, unit_half_open, "Decay of the mean of the steps."),
        field("beta2", &Came::beta2, unit_half_open, "Decay of the means of the squares."),
        field("beta3", &Came::beta3, unit_half_open, "Decay of the means of the deviations."),
        field("eps1", &Came::eps1, positive, "Added to the squares."),
        field("eps2", &Came::eps2, positive, "Added to the squared deviations."),
        field("d", &Came::d, positive, "Largest root mean square of a step.")};
  }

  template <class T>
  void step(Index, const Tensor<T>& tensor, Workspace& work) const {
    const T* g = tensor.g;
    T* M = tensor.arrays[0];
    T* u = work.take<T>(tensor.size);
    const bool is_matrix = tensor.dimensions >= 2;
    if (is_matrix) {
      const auto V = factored(tensor, tensor.arrays[1], tensor.arrays[2]);
      V.take(beta2, 1.0 - beta2, [=, e = eps1](Index k) { return rules::wide_square(g[k]) + e; });
      V.each_inverse_root(0.0, 0.0, work, [=](Index k, double inverse) {
        u[k] = static_cast<T>(static_cast<double>(g[k]) * inverse);
      });
    } else {
      coordinates::each(tensor.size, [=, v = tensor.arrays[5], b = beta2, e = eps1](Index j) {
        const double mean =
            b * static_cast<double>(v[j]) + (1.0 - b) * (rules::wide_square(g[j]) + e);
        v[j] = static_cast<T>(mean);
        u[j] = static_cast<T>(static_cast<double>(g[j]) / std::sqrt(mean));
      });
    }
    const T clip = static_cast<T>(1.0 / larger(1.0, root_mean_square(u, tensor.size) / d));
    const T keep = T(beta1), fresh = T(1.0 - beta1), rate = T(learning_rate);
    coordinates::each(tensor.size, [=](Index j) {
      u[j] *= clip;
      M[j] = keep * M[j] + fresh * u[j];
    });
    T* x = tensor.x;
    if (!is_matrix) {
      coordinates::each(tensor.size, [=](Index j) { x[j] -= rate * M[j]; });
      return;
    }
    const auto S = factored(tensor, tensor.arrays[3], tensor.arrays[4]);
    S.take(beta3, 1.0 - beta3,
           [=, e = eps2](Index k) { return rules::wide_square(u[k] - M[k]) + e; });
    S.each_inverse_root(0.0, 0.0, work, [=](Index k, double inverse) {
      x[k] -= rate * static_cast<T>(static_cast<double>(M[k]) * inverse);
    });
  }
};

}  // namespace optlite::matrix_rules
