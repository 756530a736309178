#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With L = k log(y / lambda) and w = (y / lambda)^k = e^L.
struct Weibull {
  static constexpr auto doc =
      "Weibull distribution of life times: the hazard rises or falls as a power of time.";
  static constexpr auto formula =
      R"(f(y) = \frac{k}{\lambda} \left(\frac{y}{\lambda}\right)^{k - 1}
      e^{-(y / \lambda)^k}, \quad y > 0)";
  static constexpr auto reference =
      "Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, "
      "chapter 21; Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, "
      "2020, section 2";
  static constexpr Support support = Support::positive_real;
  static constexpr std::array parameters{Parameter{"log_shape", "Logarithm of the shape k."},
                                         Parameter{"log_scale", "Logarithm of the scale lambda."}};

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    // log y has the mean log lambda - gamma / k and the variance pi^2 / (6 k^2).
    const double spread = spread_of(std::sqrt(6.0 * s.variance_log) / special::pi, 1.0);
    return {-std::log(spread), s.mean_log + special::euler_gamma * spread};
  }

  /// Entries of the Fisher information for k = 1.
  static constexpr double mixed = 1.0 - special::euler_gamma;
  static constexpr double determinant = special::pi * special::pi / 6.0;
  static constexpr double shape_information = determinant + mixed * mixed;

  /// M^-1 (g_1, k g_2).
  static Values<2> solve(double g1, double g2, double log_shape) {
    return {(g1 + mixed * g2) / determinant,
            (mixed * g1 + shape_information * g2) / determinant * stable::exp(-log_shape)};
  }
  static double log_power(const Values<2>& theta, double y) {
    return stable::exp(theta[0]) * (stable::log(y) - theta[1]);
  }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const Weibull&, const Values<2>& theta, double y) {
      const double L = log_power(theta, y);
      return stable::exp(L) - L + stable::log(y) - theta[0];
    }
    static Values<2> gradient(const Weibull&, const Values<2>& theta, double y) {
      const double L = log_power(theta, y);
      const double rest = 1.0 - stable::exp(L);
      return {-1.0 - L * rest, stable::exp(theta[0]) * rest};
    }
    static Values<2> natural_gradient(const Weibull&, const Values<2>& theta, double y) {
      const double L = log_power(theta, y);
      const double rest = 1.0 - stable::exp(L);
      return solve(-1.0 - L * rest, rest, theta[0]);
    }
    static Values<4> metric(const Weibull&, const Values<2>& theta) {
      const double k = stable::exp(theta[0]);
      return {shape_information, -k * mixed, -k * mixed, k * k};
    }

    static double score_censored(const Weibull&, const Values<2>& theta, double y) {
      return stable::exp(log_power(theta, y));
    }
    static Values<2> gradient_censored(const Weibull&, const Values<2>& theta, double y) {
      const double L = log_power(theta, y);
      const double w = stable::exp(L);
      return {L * w, -stable::exp(theta[0]) * w};
    }
    static Values<2> natural_gradient_censored(const Weibull&, const Values<2>& theta, double y) {
      const double L = log_power(theta, y);
      const double w = stable::exp(L);
      return solve(L * w, -w, theta[0]);
    }
  };
};

}  // namespace optlite::distributions
