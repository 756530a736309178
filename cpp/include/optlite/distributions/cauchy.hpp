#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With z = (y - mu) / s. There is no mean, but a CRPS: the square of a tail 1 / (pi z) has a
/// finite integral. (It is not E|Y - y| - E|Y - Y'| / 2 here, the difference of two infinite
/// numbers.)
struct Cauchy {
  static constexpr auto doc = "Cauchy distribution: tails so heavy that there is no mean.";
  static constexpr auto formula =
      R"(f(y) = \frac{1}{\pi s\, (1 + z^2)}, \quad z = \frac{y - \mu}{s})";
  static constexpr auto reference =
      "Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, "
      "chapter 16; Matheson and Winkler, Scoring rules for continuous probability distributions, "
      "1976";
  static constexpr Support support = Support::real;
  static constexpr std::array parameters{
      Parameter{"mu", "Median."},
      Parameter{"log_scale", "Logarithm of the scale s, half the distance of the quartiles."}};

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    return {s.median, stable::log(spread_of(s.half_quartile_range, s.median))};
  }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const Cauchy&, const Values<2>& theta, double y) {
      const double z = (y - theta[0]) * stable::exp(-theta[1]);
      return stable::log1p_positive(z * z) + theta[1] + 1.1447298858494002;  // log pi
    }
    static Values<2> gradient(const Cauchy&, const Values<2>& theta, double y) {
      const double precision = stable::exp(-theta[1]);
      const double z = (y - theta[0]) * precision;
      const double q = 1.0 / (1.0 + z * z);
      return {-2.0 * z * q * precision, 2.0 * q - 1.0};
    }
    static Values<2> natural_gradient(const Cauchy&, const Values<2>& theta, double y) {
      const double z = (y - theta[0]) * stable::exp(-theta[1]);
      const double q = 1.0 / (1.0 + z * z);
      return {-4.0 * z * q * stable::exp(theta[1]), 4.0 * q - 2.0};
    }
    static Values<4> metric(const Cauchy&, const Values<2>& theta) {
      return {0.5 * stable::exp(-2.0 * theta[1]), 0.0, 0.0, 0.5};
    }
  };

  /// As int_0^inf (1 - F)^2 dz = log 2 / pi, and dCRPS / dy = 2 F(y) - 1 = (2 / pi) arctan z.
  struct Crps {
    static constexpr bool straight_line = false;
    static constexpr double log_two = 0.6931471805599453;

    static double score(const Cauchy&, const Values<2>& theta, double y) {
      const double s = std::exp(theta[1]);
      const double z = (y - theta[0]) / s;
      return 2.0 / special::pi * s * (z * std::atan(z) + log_two - log_length(z));
    }
    static Values<2> gradient(const Cauchy&, const Values<2>& theta, double y) {
      const double s = std::exp(theta[1]);
      const double z = (y - theta[0]) / s;
      return {-2.0 / special::pi * std::atan(z), 2.0 / special::pi * s * (log_two - log_length(z))};
    }
    static Values<2> natural_gradient(const Cauchy&, const Values<2>& theta, double y) {
      const double s = std::exp(theta[1]);
      const double z = (y - theta[0]) / s;
      return {-2.0 * s * std::atan(z), 2.0 * (log_two - log_length(z))};
    }
    static Values<4> metric(const Cauchy&, const Values<2>& theta) {
      const double s = std::exp(theta[1]);
      return {1.0 / (special::pi * s), 0.0, 0.0, s / special::pi};
    }

    /// log sqrt(1 + z^2), which no square overflows.
    static double log_length(double z) {
      return std::fabs(z) < 1e150 ? 0.5 * std::log1p(z * z) : std::log(std::fabs(z));
    }
  };
};

}  // namespace optlite::distributions
