#pragma once

#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// Momentum as a step on the larger of two planes: one through the loss and gradient here, one
/// with the slope d and the loss of the point before. With steps s = x - x_(t-1) the model is
///
///     max(<g, s>, gap + <d, s>) + |s|^2 / (2 eta) + lambda |s + eta d|^2 / (2 eta),
///
/// gap = eta <g, d>, to first order the loss there minus the loss here. Its minimum is at
/// s = -eta d_t, and beta, the weight of the second plane, maximises the dual, a parabola:
///
///     beta |d - g|^2 = (1 + lambda) gap / eta - <d - g, g + lambda d>
///                    = (1 + lambda) |g|^2 - lambda |d - g|^2,
///
/// clipped to [0, 1]. The rule solves this with a smaller upper bound.
struct AmMgd {
  static constexpr auto title = "AMMGD";
  static constexpr auto doc =
      "Adaptive memory: momentum whose coefficient comes from a model of two planes. The update "
      "is the published one; the coefficient is our derivation from the model. It is equal to the "
      "expression that a public implementation quotes from the paper, whose text was not at hand.";
  static constexpr auto formula = R"(\begin{gathered}
      \beta_t = \operatorname{clip}\!\left( \frac{(1 + \lambda) \|g_t\|^2}{\|d_{t-1} - g_t\|^2} -
      \lambda,\, 0,\, \beta_{\max} \right) \\
      d_t = \frac{\beta_t + \lambda}{1 + \lambda}\, d_{t-1} + \frac{1 - \beta_t}{1 + \lambda}\, g_t
      \;(d_1 = g_1) \\
      x_t = x_{t-1} - \eta\, d_t
      \end{gathered})";
  static constexpr auto reference =
      "Topollai and Choromanska, Adaptive memory momentum via a model-based framework for deep "
      "learning optimization, 2025";
  static constexpr int n_sums = 3;
  static constexpr bool global_sums = true;

  static constexpr auto slots() {
    return std::array{slot<AmMgd>("d", "The memory: a mean of the gradients.")};
  }
  static constexpr auto scalars() {
    return std::array{slot<AmMgd>("beta", "Weight of the memory's plane in the last step."),
                      slot<AmMgd>("rate", "The learning rate of the last step.")};
  }

  double learning_rate = 0.1, beta_max = 0.9, regularization = 0.1;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &AmMgd::learning_rate, non_negative, "Step size eta."),
        field("beta_max", &AmMgd::beta_max, Range{0.0, 1.0, false, false},
              "Bound of beta; with 1 the model is solved as it stands."),
        field("regularization", &AmMgd::regularization, non_negative,
              "Strength lambda of the pull towards the direction of the step before.")};
  }

  template <class T>
  struct Step {
    T keep, fresh, rate;
  };
  template <class T>
  Step<T> prepare(Index) const {
    return {T(0), T(1), T(learning_rate)};
  }
  template <class T>
  static void measure(const Step<T>&, double (&terms)[n_sums], const T&, T g, T& d) {
    terms[0] = wide_square(g);
    terms[1] = static_cast<double>(g) * static_cast<double>(d);
    terms[2] = wide_square(d - g);
  }
  template <class T>
  void combine(Step<T>& s, Index t, const double (&sums)[n_sums], Extent, double* scalars) const {
    // The loss before, in units of the present rate: schedules change the rate between two steps.
    const bool known = scalars[1] > 0.0 && learning_rate > 0.0;
    const double growth = known ? scalars[1] / learning_rate - 1.0 : 0.0;
    const double weight = (sums[0] + growth * sums[1]) / sums[2];
    const double best = (1.0 + regularization) * weight - regularization;
    // Where both planes are the same every weight is right.
    const bool is_free = t == 1 || sums[2] == 0.0;
    const double beta = is_free ? 0.0 : smaller(larger(best, 0.0), beta_max);
    scalars[0] = beta;
    scalars[1] = learning_rate;
    if (t == 1) return;
    s.keep = T((beta + regularization) / (1.0 + regularization));
    s.fresh = T((1.0 - beta) / (1.0 + regularization));
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T& d) {
    d = s.keep * d + s.fresh * g;
    x -= s.rate * d;
  }
};

}  // namespace optlite::rules
