#pragma once

#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// A short step from the present point and a long one that is averaged: acceleration that holds
/// for stochastic gradients of least squares, too.
struct Asgd {
  static constexpr auto title = "ASGD";
  static constexpr auto doc = "Accelerated stochastic gradient descent.";
  static constexpr auto formula = R"(\begin{gathered}
      \alpha = 1 - \frac{c^2 \xi}{\kappa} \\
      \bar x_t = \alpha\, \bar x_{t-1} + (1 - \alpha) \left( x_{t-1} - \frac{\kappa \eta}{c}\,
      g_t \right) \\
      x_t = \frac{c\, (x_{t-1} - \eta\, g_t) + (1 - \alpha)\, \bar x_t}{c + 1 - \alpha}
      \end{gathered})";
  static constexpr auto reference =
      "Kidambi, Netrapalli, Jain and Kakade, On the insufficiency of existing momentum schemes for "
      "stochastic optimization, 2018, algorithm 3; Jain et al., Accelerating stochastic gradient "
      "descent for least squares regression, 2018, algorithm 1";

  static constexpr auto slots() {
    return std::array{slot_like_x<Asgd>("x_bar", "Mean of the points that long steps reach.")};
  }

  double learning_rate = 1e-3, long_step = 1000.0, advantage = 10.0, small_constant = 0.7;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Asgd::learning_rate, non_negative, "Length eta of the short step."),
        field("long_step", &Asgd::long_step, at_least_one,
              "Length kappa of the long step, in short ones."),
        field("advantage", &Asgd::advantage, positive,
              "Statistical advantage xi of the acceleration, at most sqrt(kappa)."),
        field("small_constant", &Asgd::small_constant, unit_open, "Constant c below one.")};
  }

  template <class T>
  struct Step {
    T keep, fresh, long_rate, short_rate, weight, weight_bar;
  };
  template <class T>
  Step<T> prepare(Index) const {
    const double fresh = small_constant * small_constant * advantage / long_step;
    const double total = small_constant + fresh;
    return {T(1.0 - fresh),
            T(fresh),
            T(learning_rate * long_step / small_constant),
            T(learning_rate),
            T(small_constant / total),
            T(fresh / total)};
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T& x_bar) {
    x_bar = s.keep * x_bar + s.fresh * (x - s.long_rate * g);
    x = s.weight * (x - s.short_rate * g) + s.weight_bar * x_bar;
  }
  template <class T>
  static void shift(T by, T& x_bar) {
    x_bar += by;
  }
};

}  // namespace optlite::rules
