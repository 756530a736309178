#pragma once

#include "optlite/core/stable.hpp"
#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// Adam with estimates of the Hessian's diagonal in the place of the gradients of its second
/// moment. The paper averages an estimate over the kernel of a convolution first: as nothing else
/// is done to it, the caller may do so.
struct Adahessian {
  static constexpr auto title = "AdaHessian";
  static constexpr auto doc =
      "Momentum over the root mean square of estimates of the Hessian's diagonal. Average the "
      "estimate over blocks (the kernel of a convolution) before it is passed to smooth it.";
  static constexpr auto formula = R"(\begin{gathered}
      m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \\
      v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, \hat h_t^2 \\
      x_t = x_{t-1} - \eta\, \frac{m_t / (1 - \beta_1^t)}{\left( \sqrt{v_t / (1 - \beta_2^t)}
      \right)^k + \varepsilon}
      \end{gathered})";
  static constexpr auto reference =
      "Yao et al., AdaHessian: an adaptive second order optimizer for machine learning, 2021, "
      "algorithm 1";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() {
    return std::array{
        slot<Adahessian>("m", "Mean of the gradients."),
        slot<Adahessian>("v", "Mean of the squared estimates of the Hessian's diagonal.")};
  }
  static constexpr auto inputs() {
    return std::array{Input<Adahessian>{
        "hessian_diag", "An estimate of the diagonal of the Hessian: z (H z), z of random signs."}};
  }

  double learning_rate = 0.1, beta1 = 0.9, beta2 = 0.999, eps = 1e-4, hessian_power = 1.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Adahessian::learning_rate, non_negative, "Step size eta."),
        field("beta1", &Adahessian::beta1, unit_half_open, "Decay of the mean of the gradients."),
        field("beta2", &Adahessian::beta2, unit_half_open,
              "Decay of the mean of the squared diagonals."),
        field("eps", &Adahessian::eps, positive, "Keeps the denominator away from zero."),
        field("hessian_power", &Adahessian::hessian_power, Range{0.0, 1.0, false, false},
              "Power k of the curvature: 1 scales as Newton's method does, 0 not at all.")};
  }

  template <class T>
  struct Step {
    Mean<T> first, second;
    T rate, root, eps;
    double power;
  };
  template <class T>
  Step<T> prepare(Index t) const {
    const BiasCorrection c(beta1, beta2, t);
    return {Mean<T>(beta1), Mean<T>(beta2),        T(learning_rate * c.first),
            T(c.root),      at_least_tiny<T>(eps), hessian_power};
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T hessian, T& m, T& v) {
    s.first.take(m, g);
    s.second.take(v, hessian * hessian);
    const T curvature = std::sqrt(v) * s.root;
    const T power = static_cast<T>(stable::power(static_cast<double>(curvature), s.power));
    x -= s.rate * m / ((s.power == 1.0 ? curvature : power) + s.eps);
  }
};

}  // namespace optlite::rules
