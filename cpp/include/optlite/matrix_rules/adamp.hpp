#pragma once

#include "optlite/linalg/radial_projection.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// AdamW without steps that only lengthen weights.
struct Adamp {
  static constexpr auto title = "AdamP";
  static constexpr auto doc =
      "AdamW whose steps lose their radial part where a normalisation seems to follow the weights: "
      "where the gradient is nearly orthogonal to them, in each row (an output channel) or in the "
      "tensor as a whole. Scalars and vectors are left to AdamW; a tensor of more than two "
      "dimensions is a matrix of its first and the rest. One package leaves eps out of the bias "
      "correction, which changes paths by 2e-6 of the distance travelled.";
  static constexpr auto formula = R"(\begin{gathered}
      u_t = \frac{m_t / (1 - \beta_1^t)}{\sqrt{v_t / (1 - \beta_2^t)} + \epsilon}
      \quad (m, v \text{ as in Adam}) \\
      \text{if } \max |\cos(g_t, x)| < \delta / \sqrt{\dim x}: \quad
      u_t \leftarrow u_t - \frac{\langle x, u_t \rangle}{\lVert x \rVert^2}\, x, \quad
      w \leftarrow r\, w \\
      x_t = (1 - \eta w)\, x_{t-1} - \eta u_t
      \end{gathered})";
  static constexpr auto reference =
      "Heo, Chun, Oh, Han, Yun, Kim, Uh and Ha, AdamP: slowing down the slowdown for momentum "
      "optimizers on scale-invariant weights, 2021, algorithm 2";

  static constexpr auto slots() {
    return std::array{slot<Adamp>("m", "Mean of the gradients."),
                      slot<Adamp>("v", "Mean of their squares.")};
  }

  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, delta = 0.1, wd_ratio = 0.1;
  double nesterov = 0.0, weight_decay = 0.0;
  static constexpr auto fields() {
    return rules::moment_fields<Adamp>(
        field("delta", &Adamp::delta, non_negative,
              "Largest cosine, in size, of gradient and weights, times the root of their number."),
        field("wd_ratio", &Adamp::wd_ratio, non_negative,
              "What weight decay is multiplied by where the step is projected."),
        flag("nesterov", &Adamp::nesterov, "Mix the gradient into the mean once more."),
        field("weight_decay", &Adamp::weight_decay, non_negative,
              "Strength w of the decoupled pull towards zero."));
  }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace& work) const {
    T* u = work.take<T>(tensor.size);
    const AdamStep<T> s(learning_rate, beta1, beta2, eps, t);
    const T mix = nesterov != 0.0 ? s.beta1 : T(1), fresh = nesterov != 0.0 ? s.fresh1 : T(0);
    coordinates::each(tensor.size,
                      [=, g = tensor.g, m = tensor.arrays[0], v = tensor.arrays[1]](Index j) {
                        m[j] = s.beta1 * m[j] + s.fresh1 * g[j];
                        v[j] = s.beta2 * v[j] + s.fresh2 * g[j] * g[j];
                        u[j] = (mix * m[j] + fresh * g[j]) / (std::sqrt(v[j]) * s.root + s.eps);
                      });
    double w = weight_decay;
    if (tensor.dimensions >= 2) {
      const auto [rows, cols] = as_matrix(tensor);
      if (project_radial(tensor.g, tensor.x, rows, cols, delta, eps, u)) w *= wd_ratio;
    }
    const T keep = static_cast<T>(1.0 - learning_rate * w);
    coordinates::each(tensor.size,
                      [=, x = tensor.x](Index j) { x[j] = keep * x[j] - s.rate * u[j]; });
  }
};

}  // namespace optlite::matrix_rules
