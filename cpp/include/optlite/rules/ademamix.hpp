#pragma once

#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// Adam with a second, very slow mean of the gradients beside the fast one.
struct Ademamix {
  static constexpr auto title = "AdEMAMix";
  static constexpr auto doc = "Adam with a mixture of a fast and a slow mean of the gradients.";
  static constexpr auto formula = R"(\begin{gathered}
      m'_t = \beta_3(t)\, m'_{t-1} + (1 - \beta_3(t))\, g_t \\
      x_t = x_{t-1} - \eta\, \frac{m_t / (1 - \beta_1^t) + \alpha(t)\, m'_t}{\sqrt{v_t / (1 -
      \beta_2^t)} + \varepsilon}
      \end{gathered})";
  static constexpr auto reference =
      "Pagliardini, Ablin and Grangier, The AdEMAMix optimizer: better, faster, older, 2024, "
      "algorithm 1";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() {
    return std::array{
        slot<Ademamix>("m", "Mean of the gradients."),
        slot<Ademamix>("slow", "Slow mean of the gradients, without bias correction."),
        slot<Ademamix>("v", "Mean of their squares.")};
  }

  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, beta3 = 0.9999, alpha = 5.0,
         warm_up = 0.0;
  static constexpr auto fields() {
    return moment_fields<Ademamix>(
        field("beta3", &Ademamix::beta3, unit_half_open, "Decay of the slow mean."),
        field("alpha", &Ademamix::alpha, non_negative, "Weight of the slow mean."),
        integer("warm_up", &Ademamix::warm_up, 0.0,
                "Steps over which alpha grows from 0 and beta3 from beta1; 0: none."));
  }

  template <class T>
  struct Step {
    Mean<T> first, second;
    Mean<T> third;
    T rate, slow_rate, root, eps;
  };
  template <class T>
  Step<T> prepare(Index t) const {
    const double part = warm_up > 0.0 ? std::fmin(static_cast<double>(t) / warm_up, 1.0) : 1.0;
    // Between beta1 and beta3 the half-life grows linearly.
    const double from = std::log(beta1), to = std::log(beta3);
    const double decay_now =
        part < 1.0 ? std::fmin(std::exp(from * to / ((1.0 - part) * to + part * from)), beta3)
                   : beta3;
    const BiasCorrection c(beta1, beta2, t);
    return {Mean<T>(beta1),
            Mean<T>(beta2),
            Mean<T>(decay_now),
            T(learning_rate * c.first),
            T(learning_rate * part * alpha),
            T(c.root),
            at_least_tiny<T>(eps)};
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T& m, T& slow, T& v) {
    s.first.take(m, g);
    s.second.take(v, g * g);
    s.third.take(slow, g);
    x -= (s.rate * m + s.slow_rate * slow) / (std::sqrt(v) * s.root + s.eps);
  }
};

}  // namespace optlite::rules
