#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With s = a + b.
struct Beta {
  static constexpr auto doc = "Beta distribution of a share between 0 and 1.";
  static constexpr auto formula =
      R"(f(y) = \frac{\Gamma(a + b)}{\Gamma(a) \Gamma(b)}\, y^{a - 1} (1 - y)^{b - 1},
      \quad 0 < y < 1)";
  static constexpr auto reference =
      "Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 2, 1995, "
      "chapter 25";
  static constexpr Support support = Support::unit_interval;
  static constexpr std::array parameters{Parameter{"log_a", "Logarithm of the first shape a."},
                                         Parameter{"log_b", "Logarithm of the second shape b."}};

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    const double mean = special::clip(s.mean, 1e-10, 1.0 - 1e-10);
    const double product = mean * (1.0 - mean);
    const double deviation = spread_of(std::sqrt(s.variance), 1e4 * product);
    const double total = special::clip(product / (deviation * deviation) - 1.0, 1e-2, 1e8);
    return {std::log(mean * total), std::log((1.0 - mean) * total)};
  }
  /// Targets that are all next to an end.
  static void bound(double* theta) {
    for (int k = 0; k < 2; ++k) theta[k] = special::clip(theta[k], -25.0, 25.0);
  }

  struct LogScore {
    static constexpr bool straight_line = false;

    /// In units of the mean, as for the gamma distribution: differences of log Gamma without its
    /// large part leave -a log(y s / a) - b log((1 - y) s / b) and the logarithms of y and 1 - y.
    /// log(s / a) = log(1 + b / a) keeps its digits where it is small and a large.
    static double score(const Beta&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]), b = std::exp(theta[1]);
      const double log_y = std::log(y), log_rest = std::log1p(-y);
      return special::log_gamma_reduced(a) + special::log_gamma_reduced(b) -
             special::log_gamma_reduced(a + b) - a * (log_y + std::log1p(b / a)) -
             b * (log_rest + std::log1p(a / b)) + log_y + log_rest;
    }
    /// The gradient in a and b.
    static Values<2> slopes(double a, double b, double y) {
      const double total = special::digamma_minus_log(a + b);
      return {special::digamma_minus_log(a) - total - (std::log(y) + std::log1p(b / a)),
              special::digamma_minus_log(b) - total - (std::log1p(-y) + std::log1p(a / b))};
    }
    static Values<2> gradient(const Beta&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]), b = std::exp(theta[1]);
      const Values<2> g = slopes(a, b, y);
      return {a * g[0], b * g[1]};
    }
    static Values<2> natural_gradient(const Beta&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]), b = std::exp(theta[1]), s = a + b;
      const Values<2> g = slopes(a, b, y);
      // The determinant of [[A - T, -T], [-T, B - T]] times a b, in x psi'(x) - 1 of each.
      const double alpha = special::scaled_trigamma_minus_one(a);
      const double beta = special::scaled_trigamma_minus_one(b);
      const double tau = special::scaled_trigamma_minus_one(s);
      const double determinant =
          (alpha * a + beta * b) / s + alpha * beta - tau - tau * (alpha * b + beta * a) / s;
      const double A = (1.0 + alpha) / a, B = (1.0 + beta) / b, T = (1.0 + tau) / s;
      return {b * ((B - T) * g[0] + T * g[1]) / determinant,
              a * ((A - T) * g[1] + T * g[0]) / determinant};
    }
    static Values<4> metric(const Beta&, const Values<2>& theta) {
      const double a = std::exp(theta[0]), b = std::exp(theta[1]);
      const double T = special::trigamma(a + b);
      return {a * a * (special::trigamma(a) - T), -a * b * T, -a * b * T,
              b * b * (special::trigamma(b) - T)};
    }
  };
};

}  // namespace optlite::distributions
