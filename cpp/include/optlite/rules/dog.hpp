#pragma once

#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// The displacement is summed beside x: in single precision x - x_0 would lose the first, tiny
/// steps. Step size: the largest distance from the start over the root of the sum of squared
/// gradient norms.
struct Dog {
  static constexpr auto title = "DoG";
  static constexpr auto doc = "Distance over gradients: SGD that needs no learning rate.";
  static constexpr auto formula = R"(\begin{gathered}
      \bar r_t = \max(\bar r_{t-1},\, \|x_{t-1} - x_0\|), \; \bar r_1 = \rho (1 + \|x_0\|) \\
      G_t = G_{t-1} + \|g_t\|^2 \\
      x_t = x_{t-1} - \eta\, \frac{\bar r_t}{\sqrt{G_t + \varepsilon}}\, g_t
      \end{gathered})";
  static constexpr auto reference =
      "Ivgi, Hinder and Carmon, DoG is SGD's best friend: a parameter-free dynamic step size "
      "schedule, 2023, eq. DoG";
  static constexpr int n_sums = 3;
  static constexpr bool global_sums = true;

  static constexpr auto slots() {
    return std::array{slot<Dog>("moved", "x - x_0, summed step by step.")};
  }
  static constexpr auto scalars() {
    return std::array{slot<Dog>("distance", "Largest distance r from the start."),
                      slot<Dog>("squares", "Sum G of the squared norms.")};
  }

  double learning_rate = 1.0, relative_distance = 1e-6, eps = 1e-8;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Dog::learning_rate, non_negative, "Factor eta; 1 in the paper."),
        field("relative_distance", &Dog::relative_distance, positive,
              "Length rho of the first step, relative to 1 plus the norm of the start."),
        field("eps", &Dog::eps, positive, "Added to the sum of the squared norms.")};
  }

  template <class T>
  struct Step {
    T rate;
  };
  template <class T>
  Step<T> prepare(Index) const {
    return {T(learning_rate)};
  }
  template <class T>
  static void measure(const Step<T>&, double (&terms)[n_sums], const T& x, T g, T& moved) {
    terms[0] = wide_square(g);
    terms[1] = wide_square(moved);
    terms[2] = wide_square(x);
  }
  template <class T>
  void combine(Step<T>& s, Index t, const double (&sums)[n_sums], Extent, double* scalars) const {
    const double first = relative_distance * (1.0 + std::sqrt(sums[2]));
    scalars[0] = t == 1 ? first : std::fmax(scalars[0], std::sqrt(sums[1]));
    scalars[1] += sums[0];
    s.rate = T(learning_rate * scalars[0] / std::sqrt(scalars[1] + eps));
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T& moved) {
    const T step = s.rate * g;
    moved -= step;
    x -= step;
  }
  template <class T>
  static void shift(T by, T& moved) {
    moved += by;
  }
};

}  // namespace optlite::rules
