#pragma once

#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// Divides by the deviation of the gradient from its mean: long steps where the mean predicts it.
/// As in the paper's algorithm and the authors' code, eps is added to the state in every step,
/// where it accumulates.
struct Adabelief {
  static constexpr auto title = "AdaBelief";
  static constexpr auto doc =
      "Adam with the variance around the running mean in place of the second moment. The paper's "
      "algorithm adds eps to the variance in every step and does not rectify; the authors' code "
      "rectifies unless told otherwise, which is an option here.";
  static constexpr auto formula = R"(\begin{gathered}
      s_t = \beta_2 s_{t-1} + (1 - \beta_2) (g_t - m_t)^2 + \varepsilon \\
      x_t = x_{t-1} - \eta\, \frac{m_t / (1 - \beta_1^t)}{\sqrt{s_t / (1 - \beta_2^t)} +
      \varepsilon}
      \end{gathered})";
  static constexpr auto reference =
      "Zhuang et al., AdaBelief optimizer: adapting stepsizes by the belief in observed gradients, "
      "2020, algorithm 2";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() {
    return std::array{
        slot<Adabelief>("m", "Mean of the gradients."),
        slot<Adabelief>("s", "Mean of the squared deviations from m, plus eps each step.")};
  }

  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-16, rectify = 0.0;
  static constexpr auto fields() {
    return moment_fields<Adabelief>(flag("rectify", &Adabelief::rectify,
                                         "Leave the denominator out while the average of the "
                                         "variance is shorter than 5, and eps out of the "
                                         "correction of the bias, as RAdam does."));
  }

  template <class T>
  struct Step {
    Mean<T> first, second;
    T rate, root, plain, eps, eps_added;
  };
  template <class T>
  Step<T> prepare(Index t) const {
    const double k = static_cast<double>(t), limit = 2.0 / (1.0 - beta2) - 1.0;
    const double rho = limit - 2.0 * k * std::pow(beta2, k) / debias(beta2, k);
    const bool trusted = rectify == 0.0 || rho >= 5.0;
    const BiasCorrection c(beta1, beta2, t);
    const double r =
        rectify == 0.0
            ? 1.0
            : std::sqrt((rho - 4.0) * (rho - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * rho));
    const double rate = learning_rate * c.first;
    return {Mean<T>(beta1),
            Mean<T>(beta2),
            T(trusted ? rate * r : rate),
            T(trusted ? c.root : 0.0),
            T(trusted ? 0.0 : 1.0),
            T(trusted ? (rectify == 0.0 ? eps : eps * c.root) : 0.0),
            at_least_tiny<T>(eps)};
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T& m, T& variance) {
    s.first.take(m, g);
    s.second.take(variance, square(g - m));
    variance += s.eps_added;
    x -= s.rate * m / (s.root * std::sqrt(variance) + s.eps + s.plain);
  }
};

}  // namespace optlite::rules
