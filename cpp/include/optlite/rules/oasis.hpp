#pragma once

#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// Steps in the metric of a smoothed diagonal of the Hessian, of a given or an adaptive size.
/// The last step is kept, not the last point: in single precision the difference of two points
/// would lose a short step.
struct Oasis {
  static constexpr auto title = "OASIS";
  static constexpr auto doc =
      "Steps scaled by the diagonal of the Hessian, with a step size from the change of the "
      "gradient.";
  static constexpr auto formula = R"(\begin{gathered}
      D_t = \beta_2 D_{t-1} + (1 - \beta_2)\, \hat h_t \;(D_1 = \hat h_1) \\
      \hat D_t = \max(|D_t|, \alpha) \\
      \eta_t = \min\!\left( \sqrt{1 + \theta_{t-1}}\, \eta_{t-1},\, \frac{\|x_{t-1} -
      x_{t-2}\|_{\hat D_t}} {2\, \|g_t - g_{t-1}\|_{\hat D_t^{-1}}} \right) \\
      \theta_t = \frac{\eta_t}{\eta_{t-1}} \\
      x_t = x_{t-1} - \eta_t\, \frac{g_t}{\hat D_t} \;(\eta_1 = \eta,\, \theta_1 = \infty)
      \end{gathered})";
  static constexpr auto reference =
      "Jahani et al., Doubly adaptive scaled algorithm for machine learning using second-order "
      "information, 2022, algorithm 1";
  static constexpr int n_sums = 2;
  static constexpr bool global_sums = true;

  static constexpr auto slots() {
    return std::array{slot<Oasis>("D", "Mean of the estimates of the Hessian's diagonal."),
                      slot<Oasis>("moved", "The last step."),
                      slot<Oasis>("previous", "Gradient of the step before.")};
  }
  static constexpr auto scalars() {
    return std::array{slot<Oasis>("rate", "The last step size eta_t."),
                      slot<Oasis>("growth", "Its ratio theta to the one before.")};
  }
  static constexpr auto inputs() {
    return std::array{
        Input<Oasis>{"hessian_diag", "An estimate of the diagonal of the Hessian: z (H z)."}};
  }

  double learning_rate = 0.1, beta2 = 0.99, alpha = 1e-3, adaptive = 0.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Oasis::learning_rate, non_negative,
              "Step size eta; with adaptive that of the first step."),
        field("beta2", &Oasis::beta2, unit_half_open, "Decay of the mean of the diagonals."),
        field("alpha", &Oasis::alpha, positive, "Smallest curvature."),
        flag("adaptive", &Oasis::adaptive,
             "Find the step size from successive gradients, which must be of one objective (of "
             "the same batch).")};
  }

  template <class T>
  struct Step {
    T keep, fresh, alpha, rate;
  };
  template <class T>
  Step<T> prepare(Index t) const {
    return {T(t == 1 ? 0.0 : beta2), T(t == 1 ? 1.0 : 1.0 - beta2), T(alpha), T(learning_rate)};
  }
  template <class T>
  static void measure(const Step<T>& s, double (&terms)[n_sums], const T&, T g, T hessian, T& D,
                      T& moved, T& previous) {
    D = s.keep * D + s.fresh * hessian;
    const T curvature = larger(std::fabs(D), s.alpha);
    terms[0] = wide_square(moved) * curvature;
    terms[1] = wide_square(g - previous) / curvature;
    moved = T(0);
  }
  template <class T>
  void combine(Step<T>& s, Index t, const double (&sums)[n_sums], Extent, double* scalars) const {
    if (adaptive == 0.0) return;
    if (t == 1) {
      scalars[0] = learning_rate;
      scalars[1] = infinity;
    } else {
      const double before = scalars[0];
      double rate = std::sqrt(1.0 + scalars[1]) * before;
      // Two equal points or gradients say nothing of the curvature.
      if (sums[0] != 0.0 && sums[1] != 0.0) {
        rate = smaller(rate, 0.5 * std::sqrt(sums[0]) / std::sqrt(sums[1]));
      }
      scalars[0] = std::isinf(rate) ? before : rate;
      scalars[1] = scalars[0] == before ? 1.0 : scalars[0] / before;
    }
    s.rate = T(scalars[0]);
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T, T& D, T& moved, T& previous) {
    previous = g;
    const T step = s.rate * g / larger(std::fabs(D), s.alpha);
    moved -= step;
    x -= step;
  }
  template <class T>
  static void shift(T by, T, T&, T& moved, T&) {
    moved += by;
  }
};

}  // namespace optlite::rules
