#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With z = (log y - mu) / sigma. The CRPS is that of log y: on the scale of y itself a single long
/// time would outweigh all others.
struct LogNormal {
  static constexpr auto doc = "Distribution of a positive number whose logarithm is normal.";
  static constexpr auto formula =
      R"(f(y) = \frac{1}{y\, \sigma \sqrt{2 \pi}}\, e^{-z^2 / 2}, \quad
      z = \frac{\log y - \mu}{\sigma})";
  static constexpr auto reference =
      "Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section "
      "2; Avati et al., Countdown regression: sharp and calibrated survival predictions, 2019, "
      "section 3";
  static constexpr Support support = Support::positive_real;
  static constexpr std::array parameters{
      Parameter{"mu", "Mean of log y."},
      Parameter{"log_sigma", "Logarithm of the standard deviation of log y."}};

  static constexpr bool start_is_exact = true;
  Values<2> start(const Summary& s) const {
    return {s.mean_log, stable::log(spread_of(std::sqrt(s.variance_log), 1.0))};
  }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const LogNormal&, const Values<2>& theta, double y) {
      const double x = stable::log(y);
      const double z = (x - theta[0]) * stable::exp(-theta[1]);
      return 0.5 * z * z + theta[1] + x + special::half_log_two_pi;
    }
    static Values<2> gradient(const LogNormal&, const Values<2>& theta, double y) {
      const double precision = stable::exp(-theta[1]);
      const double z = (stable::log(y) - theta[0]) * precision;
      return {-z * precision, 1.0 - z * z};
    }
    static Values<2> natural_gradient(const LogNormal&, const Values<2>& theta, double y) {
      const double r = stable::log(y) - theta[0];
      const double z = r * stable::exp(-theta[1]);
      return {-r, 0.5 * (1.0 - z * z)};
    }
    static Values<4> metric(const LogNormal&, const Values<2>& theta) {
      return {stable::exp(-2.0 * theta[1]), 0.0, 0.0, 2.0};
    }

    static double score_censored(const LogNormal&, const Values<2>& theta, double y) {
      return -special::log_normal_survival((std::log(y) - theta[0]) * std::exp(-theta[1]));
    }
    static Values<2> gradient_censored(const LogNormal&, const Values<2>& theta, double y) {
      const double precision = std::exp(-theta[1]);
      const double z = (std::log(y) - theta[0]) * precision;
      const double hazard = special::normal_hazard(z);
      return {-hazard * precision, -z * hazard};
    }
    static Values<2> natural_gradient_censored(const LogNormal&, const Values<2>& theta, double y) {
      const double sigma = std::exp(theta[1]);
      const double z = (std::log(y) - theta[0]) / sigma;
      const double hazard = special::normal_hazard(z);
      return {-hazard * sigma, -0.5 * z * hazard};
    }
  };

  struct Crps {
    static constexpr bool straight_line = false;

    static double score(const LogNormal&, const Values<2>& theta, double y) {
      const double sigma = std::exp(theta[1]);
      const double z = (std::log(y) - theta[0]) / sigma;
      return sigma * (z * special::two_sided(z) + 2.0 * special::normal_density(z) -
                      special::inverse_sqrt_pi);
    }
    static Values<2> gradient(const LogNormal&, const Values<2>& theta, double y) {
      const double sigma = std::exp(theta[1]);
      const double z = (std::log(y) - theta[0]) / sigma;
      return {-special::two_sided(z),
              sigma * (2.0 * special::normal_density(z) - special::inverse_sqrt_pi)};
    }
    static Values<2> natural_gradient(const LogNormal& d, const Values<2>& theta, double y) {
      return solve(theta, gradient(d, theta, y));
    }
    static Values<4> metric(const LogNormal&, const Values<2>& theta) {
      const double sigma = std::exp(theta[1]);
      return {special::inverse_sqrt_pi / sigma, 0.0, 0.0, 0.5 * special::inverse_sqrt_pi * sigma};
    }

    /// 2 Phi phi - Phi(sqrt(2) z) / sqrt(pi), relatively accurate in the lower tail, where both
    /// terms are e^(-z^2) times numbers of moderate size.
    static double slope_in_scale(double z) {
      if (z > 0.0) {
        return 2.0 * special::normal_cdf(z) * special::normal_density(z) -
               special::inverse_sqrt_pi * special::normal_cdf(special::sqrt_two * z);
      }
      const double mills = std::sqrt(0.5 * special::pi) * special::erfcx(-z / special::sqrt_two);
      return std::exp(-z * z) *
             (mills / special::pi - 0.5 * special::inverse_sqrt_pi * special::erfcx(-z));
    }
    /// int_{-inf}^z Phi(x)^2 dx = z Phi^2 + 2 Phi phi - Phi(sqrt(2) z) / sqrt(pi).
    static double integral(double z) {
      const double Phi = special::normal_cdf(z);
      return z * Phi * Phi + slope_in_scale(z);
    }
    static double score_censored(const LogNormal&, const Values<2>& theta, double y) {
      const double sigma = std::exp(theta[1]);
      return sigma * integral((std::log(y) - theta[0]) / sigma);
    }
    static Values<2> gradient_censored(const LogNormal&, const Values<2>& theta, double y) {
      const double sigma = std::exp(theta[1]);
      const double z = (std::log(y) - theta[0]) / sigma;
      const double Phi = special::normal_cdf(z);
      return {-Phi * Phi, sigma * slope_in_scale(z)};
    }
    static Values<2> natural_gradient_censored(const LogNormal& d, const Values<2>& theta,
                                               double y) {
      return solve(theta, gradient_censored(d, theta, y));
    }

    static Values<2> solve(const Values<2>& theta, const Values<2>& g) {
      const double sigma = std::exp(theta[1]);
      return {special::sqrt_pi * sigma * g[0], 2.0 * special::sqrt_pi / sigma * g[1]};
    }
  };
};

}  // namespace optlite::distributions
