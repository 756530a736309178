#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With L = log(beta y / a), the logarithm of y in units of the mean: everything is written in L
/// and in differences like psi(a) - log a, which stay accurate for a large shape.
struct Gamma {
  static constexpr auto doc = "Gamma distribution of a positive number, with shape and rate.";
  static constexpr auto formula =
      R"(f(y) = \frac{\beta^a}{\Gamma(a)}\, y^{a - 1} e^{-\beta y}, \quad y > 0)";
  static constexpr auto reference =
      "Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, "
      "chapter 17; Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, "
      "2020, section 2";
  static constexpr Support support = Support::positive_real;
  static constexpr std::array parameters{
      Parameter{"log_shape", "Logarithm of the shape a."},
      Parameter{"log_rate", "Logarithm of the rate beta; the mean is a / beta."}};

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    // log a - psi(a) = log(mean) - mean log, with log a - psi(a) about 1 / (2 a) + 1 / (12 a^2).
    const double gap = spread_of(std::log(s.mean) - s.mean_log, 1.0);
    const double shape =
        (3.0 - gap + std::sqrt((gap - 3.0) * (gap - 3.0) + 24.0 * gap)) / (12.0 * gap);
    return {std::log(shape), std::log(shape / s.mean)};
  }

  struct LogScore {
    static constexpr bool straight_line = false;

    static double score(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double log_y = std::log(y);
      const double L = theta[1] + log_y - theta[0];
      return a * special::expm1_minus(L) + log_y + special::log_gamma_reduced(a);
    }
    static Values<2> gradient(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double L = theta[1] + std::log(y) - theta[0];
      return {a * (special::digamma_minus_log(a) - L), a * std::expm1(L)};
    }
    static Values<2> natural_gradient(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double L = theta[1] + std::log(y) - theta[0];
      const double first = (special::digamma_minus_log(a) + special::expm1_minus(L)) /
                           special::scaled_trigamma_minus_one(a);
      return {first, first + std::expm1(L)};
    }
    static Values<4> metric(const Gamma&, const Values<2>& theta) {
      const double a = std::exp(theta[0]);
      return {a * (1.0 + special::scaled_trigamma_minus_one(a)), -a, -a, a};
    }

    static double score_censored(const Gamma&, const Values<2>& theta, double y) {
      return -special::gamma_survival(std::exp(theta[0]), y * std::exp(theta[1])).log_value;
    }
    static Values<2> gradient_censored(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double x = y * std::exp(theta[1]);
      const special::GammaSurvival survival = special::gamma_survival(a, x);
      return {-a * survival.slope_in_shape, x * survival.hazard};
    }
    static Values<2> natural_gradient_censored(const Gamma& d, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const Values<2> g = gradient_censored(d, theta, y);
      const double first = (g[0] + g[1]) / (a * special::scaled_trigamma_minus_one(a));
      return {first, first + g[1] / a};
    }
  };
};

}  // namespace optlite::distributions
