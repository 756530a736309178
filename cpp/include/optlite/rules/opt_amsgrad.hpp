#pragma once

#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// AMSGrad that steps ahead by a guess of the next gradient: the present one. The parameters are
/// the guessed point, at which the next gradient is taken.
struct OptAmsgrad {
  static constexpr auto title = "OptAMSGrad";
  static constexpr auto doc =
      "Optimistic AMSGrad: a step by the gradients seen, and one by a prediction of the next.";
  static constexpr auto formula = R"(\begin{gathered}
      \theta_t = \beta_1 \theta_{t-1} + (1 - \beta_1) g_t \\
      v_t = \beta_2 v_{t-1} + (1 - \beta_2) (g_t - g_{t-1})^2 \\
      \hat v_t = \max(\hat v_{t-1}, v_t) \\
      \tilde x_t = \tilde x_{t-1} - \eta\, \frac{\theta_t}{\sqrt{\hat v_t} + \varepsilon} \\
      x_t = \tilde x_t - \eta\, \frac{\beta_1 \theta_{t-1} + (1 - \beta_1) g_t}{\sqrt{\hat
      v_t} + \varepsilon}
      \end{gathered})";
  static constexpr auto reference =
      "Wang et al., An optimistic acceleration of AMSGrad for nonconvex optimization, 2021, "
      "algorithm 1, with g_t as the prediction of g_(t+1)";

  static constexpr auto slots() {
    return std::array{
        slot<OptAmsgrad>("theta", "Mean of the gradients."),
        slot<OptAmsgrad>("v", "Mean of the squared errors of the predictions."),
        slot<OptAmsgrad>("v_max", "Largest v so far."),
        slot<OptAmsgrad>("previous", "Gradient of the step before: the prediction."),
        slot_like_x<OptAmsgrad>("x_tilde", "The point that follows the gradients seen.")};
  }

  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  static constexpr auto fields() { return moment_fields<OptAmsgrad>(); }

  template <class T>
  struct Step {
    Mean<T> first, second;
    T rate, eps;
  };
  template <class T>
  Step<T> prepare(Index) const {
    return {Mean<T>(beta1), Mean<T>(beta2), T(learning_rate), at_least_tiny<T>(eps)};
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T& theta, T& v, T& v_max, T& previous,
                     T& x_tilde) {
    s.second.take(v, square(g - previous));
    previous = g;
    v_max = larger(v_max, v);
    s.first.take(theta, g);
    const T step = s.rate * theta / (std::sqrt(v_max) + s.eps);
    x_tilde -= step;
    // With g_t as the prediction, the step ahead is the step just made once more.
    x = x_tilde - step;
  }
  template <class T>
  static void shift(T by, T&, T&, T&, T&, T& x_tilde) {
    x_tilde += by;
  }
};

}  // namespace optlite::rules
