#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// Shape and mean are orthogonal: the mean is learned whatever trees make of the shape. (With the
/// rate a / mu in place of the mean, two trees would have to agree: their targets are alike but for
/// a part that drowns in their noise as the shape grows.) With L = log(y / mu) everything is
/// written in L and in differences like psi(a) - log a, which stay accurate for a large shape.
struct Gamma {
  static constexpr auto doc = "Gamma distribution of a positive number, with shape and mean.";
  static constexpr auto formula =
      R"(f(y) = \frac{(a / \mu)^a}{\Gamma(a)}\, y^{a - 1} e^{-a y / \mu}, \quad y > 0)";
  static constexpr auto reference =
      "Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, "
      "chapter 17; Cox and Reid, Parameter orthogonality and approximate conditional inference, "
      "1987";
  static constexpr auto no_crps =
      "the score and its derivative in the mean are closed, but the metric is not: it contains "
      "the mean distance of the logarithms of two draws";
  static constexpr Support support = Support::positive_real;
  static constexpr std::array parameters{
      Parameter{"log_shape", "Logarithm of the shape a; the variance is mu^2 / a."},
      Parameter{"log_mean", "Logarithm of the mean mu."}};

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    // log a - psi(a) = log(mean) - mean log, with log a - psi(a) about 1 / (2 a) + 1 / (12 a^2).
    const double gap = spread_of(std::log(s.mean) - s.mean_log, 1.0);
    const double shape =
        (3.0 - gap + std::sqrt((gap - 3.0) * (gap - 3.0) + 24.0 * gap)) / (12.0 * gap);
    return {std::log(shape), std::log(s.mean)};
  }
  /// For data without spread the best shape is infinite: a deviation of a hundred millionth will
  /// do.
  static void bound(double* theta) { theta[0] = std::fmin(theta[0], 36.8); }

  struct LogScore {
    static constexpr bool straight_line = false;

    static double score(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double log_y = std::log(y);
      return a * special::expm1_minus(log_y - theta[1]) + log_y + special::log_gamma_reduced(a);
    }
    static Values<2> gradient(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double L = std::log(y) - theta[1];
      return {a * (special::digamma_minus_log(a) + special::expm1_minus(L)), -a * std::expm1(L)};
    }
    static Values<2> natural_gradient(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double L = std::log(y) - theta[1];
      return {(special::digamma_minus_log(a) + special::expm1_minus(L)) /
                  special::scaled_trigamma_minus_one(a),
              -std::expm1(L)};
    }
    static Values<4> metric(const Gamma&, const Values<2>& theta) {
      const double a = std::exp(theta[0]);
      return {a * special::scaled_trigamma_minus_one(a), 0.0, 0.0, a};
    }

    static double score_censored(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      return -special::gamma_survival(a, a * y * std::exp(-theta[1])).log_value;
    }
    static Values<2> gradient_censored(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double x = a * y * std::exp(-theta[1]);  // it grows with the shape, too
      const special::GammaSurvival survival = special::gamma_survival(a, x);
      return {x * survival.hazard - a * survival.slope_in_shape, -x * survival.hazard};
    }
    static Values<2> natural_gradient_censored(const Gamma& d, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const Values<2> g = gradient_censored(d, theta, y);
      return {g[0] / (a * special::scaled_trigamma_minus_one(a)), g[1] / a};
    }
  };
};

}  // namespace optlite::distributions
