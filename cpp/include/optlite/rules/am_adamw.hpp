#pragma once

#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// The two planes of am_mgd.hpp, for each tensor, with distances measured by Adam's denominators
/// P. With steps s = x - x_(t-1) the model is
///
///     max(<g, s>, gap + <d, s>) + <s, P s> / (2 eta) + lambda |P s + eta d|^2 / (2 eta)
///         + w |x_(t-1) + s|^2_P / 2,
///
/// with gap = eta <g, P^-1 d + w x>, to first order the loss of the point before. For lambda or w
/// zero the dual is maximal where the formula below is; with both, terms of the order
/// lambda w eta are left out, and decay is decoupled as in AdamW.
struct AmAdamw {
  static constexpr auto title = "AMAdamW";
  static constexpr auto doc =
      "Adaptive memory with Adam's scaling. The update and the coefficient are our derivation from "
      "a model of two planes. They are equal to what a public implementation quotes from the "
      "paper, "
      "whose text was not at hand.";
  static constexpr auto formula = R"(\begin{gathered}
      P_t = \left( 1 - \beta_{\max} \textstyle\prod_{i < t} \beta_i \right) \left(
      \sqrt{\frac{v_t}{1 - \beta_2^t}} + \varepsilon \right), \;
      M_t = (P_t + \lambda P_t^2)^{-1} \\
      \beta_t = \operatorname{clip}\!\left( \frac{(1 + \eta w) \langle g_t, P_t^{-1} d_{t-1} + w
      x_{t-1} \rangle - \langle d_{t-1} - g_t, M_t (g_t + \lambda P_t d_{t-1}) + w x_{t-1}
      \rangle}{\langle d_{t-1} - g_t, M_t (d_{t-1} - g_t) \rangle},\, 0,\, \beta_{\max} \right)
      \;(\beta_1 = \beta_{\max}) \\
      d_t = (1 + \lambda P_t)^{-1} \left( (\beta_t + \lambda P_t)\, d_{t-1} + (1 - \beta_t)\, g_t
      \right) \\
      x_t = (1 - \eta w)\, x_{t-1} - \eta\, P_t^{-1} d_t
      \end{gathered})";
  static constexpr auto reference =
      "Topollai and Choromanska, Adaptive memory momentum via a model-based framework for deep "
      "learning optimization, 2025";
  static constexpr int n_sums = 3;
  static constexpr bool global_sums = false;

  static constexpr auto slots() {
    return std::array{slot<AmAdamw>("d", "The memory: a mean of the gradients."),
                      slot<AmAdamw>("v", "Mean of their squares.")};
  }
  static constexpr auto scalars() {
    return std::array{slot<AmAdamw>("beta", "Weight of the memory's plane in the last step."),
                      slot<AmAdamw>("product", "Product of these weights so far.", 1.0),
                      slot<AmAdamw>("rate", "The learning rate of the last step.")};
  }

  double learning_rate = 1e-3, beta_max = 0.89, beta2 = 0.999, eps = 1e-8, regularization = 0.1,
         weight_decay = 0.01;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &AmAdamw::learning_rate, non_negative, "Step size eta."),
        field("beta_max", &AmAdamw::beta_max, unit_half_open,
              "Bound of beta, and its first value."),
        field("beta2", &AmAdamw::beta2, unit_half_open, "Decay of the mean of the squares."),
        field("eps", &AmAdamw::eps, positive, "Keeps the denominator away from zero."),
        field("regularization", &AmAdamw::regularization, non_negative,
              "Strength lambda of the pull towards the direction of the step before."),
        field("weight_decay", &AmAdamw::weight_decay, non_negative,
              "Strength w of the decoupled pull towards zero, which is part of the model.")};
  }

  template <class T>
  struct Step {
    Mean<T> second;
    T correction, root, eps, lambda, beta, rest, decay, gap, shrink, rate;
    T denominator(T v) const { return correction * (std::sqrt(v) * root + eps); }
  };
  template <class T>
  Step<T> prepare(Index t, const double* scalars) const {
    // Schedules change the rate between two steps; the loss before is that of the last one.
    const bool known = scalars[2] > 0.0 && learning_rate > 0.0;
    const double growth = known ? scalars[2] / learning_rate : 1.0;
    const double root = 1.0 / std::sqrt(debias(beta2, static_cast<double>(t)));
    return {Mean<T>(beta2),
            T(1.0 - beta_max * scalars[1]),
            T(root),
            at_least_tiny<T>(eps),
            T(regularization),
            T(0),
            T(1),
            T(weight_decay),
            T(growth * (1.0 + learning_rate * weight_decay)),
            T(1.0 - learning_rate * weight_decay),
            T(learning_rate)};
  }
  template <class T>
  static void measure(const Step<T>& s, double (&terms)[n_sums], const T& x, T g, T& d, T& v) {
    s.second.take(v, g * g);
    const T P = s.denominator(v);
    const T pulled = s.lambda * P;
    const double metric = 1.0 / (static_cast<double>(P) * (1.0 + static_cast<double>(pulled)));
    const double apart = static_cast<double>(d - g);
    const double decayed = static_cast<double>(s.decay * x);
    terms[0] = s.gap * static_cast<double>(g) * (static_cast<double>(d / P) + decayed);
    terms[1] = apart * (metric * static_cast<double>(g + pulled * d) + decayed);
    terms[2] = apart * apart * metric;
  }
  template <class T>
  void combine(Step<T>& s, Index t, const double (&sums)[n_sums], Extent, double* scalars) const {
    const double best = (sums[0] - sums[1]) / sums[2];
    double beta = smaller(larger(best, 0.0), beta_max);
    // Where both planes are the same every weight is right.
    if (sums[2] == 0.0) beta = 0.0;
    if (t == 1) beta = beta_max;
    s.beta = T(beta);
    s.rest = T(1.0 - beta);
    scalars[0] = beta;
    scalars[1] *= beta;
    scalars[2] = learning_rate;
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T& d, T& v) {
    const T P = s.denominator(v);
    const T pulled = s.lambda * P;
    d = ((s.beta + pulled) * d + s.rest * g) / (T(1) + pulled);
    x = s.shrink * x - s.rate * d / P;
  }
};

}  // namespace optlite::rules
