#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With z = (y - mu) / s, F = 1 / (1 + e^-z) its distribution function, and tanh(z / 2) = 2 F - 1.
struct Logistic {
  static constexpr auto doc = "Logistic distribution: bell-shaped, with exponential tails.";
  static constexpr auto formula =
      R"(f(y) = \frac{e^{-z}}{s\, (1 + e^{-z})^2}, \quad z = \frac{y - \mu}{s})";
  static constexpr auto reference =
      "Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 2, 1995, "
      "chapter 23; Jordan, Krueger and Lerch, Evaluating probabilistic forecasts with "
      "scoringRules, 2019, appendix A";
  static constexpr Support support = Support::real;
  static constexpr std::array parameters{
      Parameter{"mu", "Mean."},
      Parameter{"log_scale", "Logarithm of the scale s; the variance is (pi s)^2 / 3."}};

  static constexpr double scale_information = (3.0 + special::pi * special::pi) / 9.0;
  static constexpr double crps_scale_metric = (special::pi * special::pi - 6.0) / 9.0;

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    const double deviation = spread_of(std::sqrt(s.variance), s.mean);
    return {s.mean, stable::log(deviation * 1.7320508075688773 / special::pi)};
  }

  /// tanh(z / 2).
  static double twice_centered_cdf(double z) {
    const double t = stable::exp(-std::fabs(z));
    const double size = (1.0 - t) / (1.0 + t);
    return z < 0.0 ? -size : size;
  }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const Logistic&, const Values<2>& theta, double y) {
      const double z = std::fabs(y - theta[0]) * stable::exp(-theta[1]);
      return z + 2.0 * stable::log1p_unit(stable::exp(-z)) + theta[1];
    }
    static Values<2> gradient(const Logistic&, const Values<2>& theta, double y) {
      const double precision = stable::exp(-theta[1]);
      const double z = (y - theta[0]) * precision;
      const double t = twice_centered_cdf(z);
      return {-t * precision, 1.0 - z * t};
    }
    static Values<2> natural_gradient(const Logistic&, const Values<2>& theta, double y) {
      const double z = (y - theta[0]) * stable::exp(-theta[1]);
      const double t = twice_centered_cdf(z);
      return {-3.0 * t * stable::exp(theta[1]), (1.0 - z * t) / scale_information};
    }
    static Values<4> metric(const Logistic&, const Values<2>& theta) {
      return {stable::exp(-2.0 * theta[1]) / 3.0, 0.0, 0.0, scale_information};
    }
  };

  struct Crps {
    static constexpr bool straight_line = true;

    /// The CRPS for mu = 0, s = 1: |z| + 2 log(1 + e^-|z|) - 1.
    static double standard(double z) {
      const double size = std::fabs(z);
      return size + 2.0 * stable::log1p_unit(stable::exp(-size)) - 1.0;
    }
    static double score(const Logistic&, const Values<2>& theta, double y) {
      const double s = stable::exp(theta[1]);
      return s * standard((y - theta[0]) / s);
    }
    static Values<2> gradient(const Logistic&, const Values<2>& theta, double y) {
      const double s = stable::exp(theta[1]);
      const double z = (y - theta[0]) / s;
      const double t = twice_centered_cdf(z);
      return {-t, s * (standard(z) - z * t)};
    }
    static Values<2> natural_gradient(const Logistic&, const Values<2>& theta, double y) {
      const double s = stable::exp(theta[1]);
      const double z = (y - theta[0]) / s;
      const double t = twice_centered_cdf(z);
      return {-3.0 * s * t, (standard(z) - z * t) / crps_scale_metric};
    }
    static Values<4> metric(const Logistic&, const Values<2>& theta) {
      const double s = stable::exp(theta[1]);
      return {1.0 / (3.0 * s), 0.0, 0.0, crps_scale_metric * s};
    }
  };
};

}  // namespace optlite::distributions
