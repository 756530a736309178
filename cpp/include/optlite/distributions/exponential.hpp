#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With u = y / b.
struct Exponential {
  static constexpr auto doc = "Exponential distribution of waiting times, with its mean.";
  static constexpr auto formula = R"(f(y) = \frac{1}{b}\, e^{-y / b}, \quad y \ge 0)";
  static constexpr auto reference =
      "Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section "
      "2; Avati et al., Countdown regression: sharp and calibrated survival predictions, 2019, "
      "section 3";
  static constexpr Support support = Support::non_negative_real;
  static constexpr std::array parameters{Parameter{"log_scale", "Logarithm of the mean b."}};

  static constexpr bool start_is_exact = true;
  Values<1> start(const Summary& s) const { return {stable::log(spread_of(s.mean, 0.0))}; }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const Exponential&, const Values<1>& theta, double y) {
      return theta[0] + y * stable::exp(-theta[0]);
    }
    static Values<1> gradient(const Exponential&, const Values<1>& theta, double y) {
      return {1.0 - y * stable::exp(-theta[0])};
    }
    static Values<1> natural_gradient(const Exponential& d, const Values<1>& theta, double y) {
      return gradient(d, theta, y);
    }
    static Values<1> metric(const Exponential&, const Values<1>&) { return {1.0}; }

    static double score_censored(const Exponential&, const Values<1>& theta, double y) {
      return y * stable::exp(-theta[0]);
    }
    static Values<1> gradient_censored(const Exponential&, const Values<1>& theta, double y) {
      return {-y * stable::exp(-theta[0])};
    }
    static Values<1> natural_gradient_censored(const Exponential& d, const Values<1>& theta,
                                               double y) {
      return gradient_censored(d, theta, y);
    }
  };

  struct Crps {
    static constexpr bool straight_line = true;

    static double score(const Exponential&, const Values<1>& theta, double y) {
      const double b = stable::exp(theta[0]);
      return y + b * (2.0 * stable::exp(-y / b) - 1.5);
    }
    static Values<1> gradient(const Exponential&, const Values<1>& theta, double y) {
      const double b = stable::exp(theta[0]);
      const double u = y / b;
      return {b * (2.0 * stable::exp(-u) * (1.0 + u) - 1.5)};
    }
    static Values<1> natural_gradient(const Exponential&, const Values<1>& theta, double y) {
      const double u = y * stable::exp(-theta[0]);
      return {4.0 * stable::exp(-u) * (1.0 + u) - 3.0};
    }
    static Values<1> metric(const Exponential&, const Values<1>& theta) {
      return {0.5 * stable::exp(theta[0])};
    }

    /// int_0^u (1 - e^-x)^2 dx = u - F - F^2 / 2 with F = 1 - e^-u; as u = -log(1 - F), what is
    /// left for small u is the sum of F^k / k from k = 3 on.
    static double integral(double u) {
      const double F = -std::expm1(-u);
      if (u > 0.1) return u - F - 0.5 * F * F;
      double sum = 0.0;
      for (int k = 16; k >= 3; --k) sum = sum * F + 1.0 / k;
      return sum * F * F * F;
    }
    static double score_censored(const Exponential&, const Values<1>& theta, double y) {
      const double b = stable::exp(theta[0]);
      return b * integral(y / b);
    }
    static Values<1> gradient_censored(const Exponential& d, const Values<1>& theta, double y) {
      return {0.5 * stable::exp(theta[0]) * natural_gradient_censored(d, theta, y)[0]};
    }
    static Values<1> natural_gradient_censored(const Exponential&, const Values<1>& theta,
                                               double y) {
      const double u = y * stable::exp(-theta[0]);
      const double F = -std::expm1(-u);
      return {2.0 * (integral(u) - u * F * F)};
    }
  };
};

}  // namespace optlite::distributions
