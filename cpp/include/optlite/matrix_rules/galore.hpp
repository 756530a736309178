#pragma once

#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Adam in the subspace of the leading singular vectors of a gradient.
struct Galore {
  static constexpr auto title = "GaLore";
  static constexpr auto doc =
      "Adam on the gradient projected to its leading singular vectors, which are renewed from time "
      "to time; plain Adam for scalars and vectors. A tensor of more than two dimensions is folded "
      "into a matrix of its first dimension and the rest; tall matrices are projected from the "
      "right, wide ones from the left. The moments are kept when the projection is renewed, in a "
      "basis of other meaning and sign: here the largest entry of each singular vector is "
      "positive, other programs may turn.";
  static constexpr auto formula = R"(\begin{gathered}
      P_t = \text{the } r \text{ leading right singular vectors of } g_t \text{ as rows, in steps }
      1, 1 + k, 1 + 2k, \dots \\
      R_t = g_t P_t^T, \quad m_t = \beta_1 m_{t-1} + (1 - \beta_1) R_t, \quad
      v_t = \beta_2 v_{t-1} + (1 - \beta_2) R_t^2 \\
      x_t = x_{t-1} - \eta\, \alpha\, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}
      \frac{m_t}{\sqrt{v_t} + \varepsilon}\, P_t
      \end{gathered})";
  static constexpr auto reference =
      "Zhao et al., GaLore: memory-efficient LLM training by gradient low-rank projection, 2024, "
      "algorithm 2";
  static constexpr WeightDecay decay{DecayForm::decoupled_after, 0.0};

  static constexpr auto slots() {
    return std::array{
        shaped(&projected<Galore>, slot<Galore>("m", "Mean of the projected gradients.")),
        shaped(&projected<Galore>, slot<Galore>("v", "Mean of their squares.")),
        shaped(&projection<Galore>, slot<Galore>("P", "The singular vectors, as rows."))};
  }

  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-6;
  double rank = 128.0, update_period = 200.0, scale = 0.25;
  static constexpr auto fields() {
    return rules::moment_fields<Galore>(
        integer("rank", &Galore::rank, 1.0,
                "Number r of singular vectors, if a matrix has so many."),
        integer("update_period", &Galore::update_period, 1.0,
                "Steps k from one renewal of the projection to the next."),
        field("scale", &Galore::scale, non_negative, "Factor alpha of the steps of matrices."));
  }

  bool is_long(Index t) const { return is_due(t, update_period); }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace& work) const {
    T* m = tensor.arrays[0];
    T* v = tensor.arrays[1];
    const MomentStep<T> s(learning_rate, beta1, beta2, eps, t);
    if (tensor.dimensions < 2) {
      s.move(tensor, m, v);
      return;
    }
    T* P = tensor.arrays[2];
    const Subspace space = subspace_of(*this, as_matrix(tensor));
    if (is_due(t, update_period)) space.find(tensor.g, P, work);
    T* low = work.take<T>(space.low_size());
    space.project(tensor.g, P, low, work);
    s.scaled(space.low_size(), low, m, v, low);
    space.raise(low, P, tensor.x, work, -s.rate * T(scale), T(1), tensor.x);
  }
};

}  // namespace optlite::matrix_rules
