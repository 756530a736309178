#pragma once

#include "optlite/linalg/radial_projection.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Momentum without steps that only lengthen weights.
struct Sgdp {
  static constexpr auto title = "SGDP";
  static constexpr auto doc =
      "Momentum whose steps lose their radial part where a normalisation seems to follow the "
      "weights; see AdamP. The momentum itself keeps it, as in the paper: the authors' code "
      "without "
      "Nesterov's mix projects the buffer, too, and its paths differ by 10 % of the distance "
      "travelled. Scalars and vectors are left to plain momentum.";
  static constexpr auto formula = R"(\begin{gathered}
      b_t = \mu b_{t-1} + (1 - d)\, g_t, \quad u_t = b_t \text{ or } g_t + \mu b_t \\
      \text{if } \max |\cos(g_t, x)| < \delta / \sqrt{\dim x}: \quad
      u_t \leftarrow u_t - \frac{\langle x, u_t \rangle}{\lVert x \rVert^2}\, x, \quad
      w \leftarrow r\, w \\
      x_t = \Bigl(1 - \frac{\eta w}{1 - \mu}\Bigr) x_{t-1} - \eta u_t
      \end{gathered})";
  static constexpr auto reference =
      "Heo, Chun, Oh, Han, Yun, Kim, Uh and Ha, AdamP: slowing down the slowdown for momentum "
      "optimizers on scale-invariant weights, 2021, algorithm 1";

  static constexpr auto slots() { return std::array{slot<Sgdp>("b", "Momentum.")}; }

  double learning_rate = 1e-2, momentum = 0.9, dampening = 0.0, nesterov = 0.0, delta = 0.1;
  double wd_ratio = 0.1, eps = 1e-8, weight_decay = 0.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Sgdp::learning_rate, non_negative, "Step size eta."),
        field("momentum", &Sgdp::momentum, unit_half_open, "Decay mu of the momentum."),
        field("dampening", &Sgdp::dampening, unit_half_open, "What d the gradient loses."),
        flag("nesterov", &Sgdp::nesterov, "Look ahead along the momentum."),
        field("delta", &Sgdp::delta, non_negative,
              "Largest cosine, in size, of gradient and weights, times the root of their number."),
        field("wd_ratio", &Sgdp::wd_ratio, non_negative,
              "What weight decay is multiplied by where the step is projected."),
        field("eps", &Sgdp::eps, positive, "Keeps norms away from zero."),
        field("weight_decay", &Sgdp::weight_decay, non_negative,
              "Strength w of the decoupled pull towards zero.")};
  }

  template <class T>
  void step(Index, const Tensor<T>& tensor, Workspace& work) const {
    T* u = work.take<T>(tensor.size);
    const T mu = T(momentum), fresh = T(1.0 - dampening);
    const T of_b = nesterov != 0.0 ? mu : T(1), of_g = nesterov != 0.0 ? T(1) : T(0);
    coordinates::each(tensor.size, [=, g = tensor.g, b = tensor.arrays[0]](Index j) {
      b[j] = mu * b[j] + fresh * g[j];
      u[j] = of_g * g[j] + of_b * b[j];
    });
    double w = weight_decay;
    if (tensor.dimensions >= 2) {
      const auto [rows, cols] = as_matrix(tensor);
      if (project_radial(tensor.g, tensor.x, rows, cols, delta, eps, u)) w *= wd_ratio;
    }
    const T keep = static_cast<T>(1.0 - learning_rate * w / (1.0 - momentum));
    coordinates::each(tensor.size, [=, x = tensor.x, rate = T(learning_rate)](Index j) {
      x[j] = keep * x[j] - rate * u[j];
    });
  }
};

}  // namespace optlite::matrix_rules
