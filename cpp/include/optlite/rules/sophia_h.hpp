#pragma once

#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// Newton steps on a diagonal, clipped where the curvature is small or negative.
struct SophiaH {
  static constexpr auto title = "SophiaH";
  static constexpr auto doc =
      "Momentum over an estimate of the Hessian's diagonal, clipped coordinate by coordinate.";
  static constexpr auto formula = R"(\begin{gathered}
      m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \\
      h_t = \beta_2 h_{t-k} + (1 - \beta_2)\, \hat h_t \text{ every } k \text{ steps} \\
      x_t = x_{t-1} - \eta \operatorname{clip}\!\left( \frac{m_t}{\max(\gamma h_t,
      \varepsilon)},\, -\rho,\, \rho \right)
      \end{gathered})";
  static constexpr auto reference =
      "Liu et al., Sophia: a scalable stochastic second-order optimizer for language model "
      "pre-training, 2023, algorithm 3";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() {
    return std::array{slot<SophiaH>("m", "Mean of the gradients."),
                      slot<SophiaH>("h", "Mean of the estimates of the Hessian's diagonal.")};
  }
  static constexpr auto inputs() {
    return std::array{Input<SophiaH>{"hessian_diag",
                                     "An estimate of the diagonal of the Hessian, needed in the "
                                     "steps 1, 1 + update_period, ...",
                                     &SophiaH::update_period}};
  }

  double learning_rate = 1e-3, beta1 = 0.96, beta2 = 0.99, eps = 1e-12, gamma = 0.01, clip = 1.0,
         update_period = 10.0;
  static constexpr auto fields() {
    return moment_fields<SophiaH>(
        field("gamma", &SophiaH::gamma, positive, "Factor of the curvature."),
        field("clip", &SophiaH::clip, positive, "Bound rho of the step, in units of the rate."),
        integer("update_period", &SophiaH::update_period, 1.0,
                "Steps k between two uses of the Hessian's diagonal."));
  }

  template <class T>
  struct Step {
    Mean<T> first;
    T keep, fresh, gamma, eps, clip, rate;
  };
  template <class T>
  Step<T> prepare(Index t) const {
    const bool renews = std::fmod(static_cast<double>(t - 1), update_period) == 0.0;
    return {Mean<T>(beta1),  T(renews ? beta2 : 1.0), T(renews ? 1.0 - beta2 : 0.0),
            T(gamma),        at_least_tiny<T>(eps),   T(clip),
            T(learning_rate)};
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T hessian, T& m, T& h) {
    s.first.take(m, g);
    h = s.keep * h + s.fresh * hessian;
    const T ratio = m / larger(s.gamma * h, s.eps);
    x -= s.rate * smaller(larger(ratio, -s.clip), s.clip);
  }
};

}  // namespace optlite::rules
