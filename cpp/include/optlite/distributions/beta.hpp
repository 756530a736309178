#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With a = s m and b = s (1 - m): the mean m is learned whatever trees make of the total s. (The
/// two shapes of narrow distributions must agree to keep the mean in its place, which two trees do
/// not.)
struct Beta {
  static constexpr auto doc =
      "Beta distribution of a share between 0 and 1, with mean and total of the shapes.";
  static constexpr auto formula =
      R"(f(y) = \frac{\Gamma(s)}{\Gamma(s m) \Gamma(s (1 - m))}\, y^{s m - 1}
      (1 - y)^{s (1 - m) - 1}, \quad 0 < y < 1)";
  static constexpr auto reference =
      "Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 2, 1995, "
      "chapter 25; Ferrari and Cribari-Neto, Beta regression for modelling rates and proportions, "
      "2004, section 2";
  static constexpr auto no_crps =
      "the score is closed, but its derivatives in the shapes are those of the incomplete Beta "
      "function in its parameters, which are not, and neither is the metric";
  static constexpr Support support = Support::unit_interval;
  static constexpr std::array parameters{
      Parameter{"logit_mean", "Logarithm of the odds m / (1 - m) of the mean m."},
      Parameter{"log_total", "Logarithm of s = a + b; the variance is m (1 - m) / (1 + s)."}};

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    const double mean = special::clip(s.mean, 1e-10, 1.0 - 1e-10);
    const double product = mean * (1.0 - mean);
    const double deviation = spread_of(std::sqrt(s.variance), 1e4 * product);
    const double total = special::clip(product / (deviation * deviation) - 1.0, 1e-2, 1e8);
    return {std::log(mean) - std::log1p(-mean), std::log(total)};
  }
  /// Targets that are all next to an end.
  static void bound(double* theta) {
    for (int k = 0; k < 2; ++k) theta[k] = special::clip(theta[k], -25.0, 25.0);
  }

  /// The shapes, their sum, and a b / s.
  struct Shapes {
    double a, b, s, harmonic;
    explicit Shapes(const Values<2>& theta)
        : a(std::exp(theta[1]) / (1.0 + std::exp(-theta[0]))),
          b(std::exp(theta[1]) / (1.0 + std::exp(theta[0]))),
          s(std::exp(theta[1])),
          harmonic(a * b / s) {}
  };

  struct LogScore {
    static constexpr bool straight_line = false;

    /// In units of the mean, as for the gamma distribution: differences of log Gamma without its
    /// large part leave -a log(y s / a) - b log((1 - y) s / b) and the logarithms of y and 1 - y.
    /// log(s / a) = log(1 + b / a) keeps its digits where it is small and a large.
    static double score(const Beta&, const Values<2>& theta, double y) {
      const Shapes p(theta);
      const double log_y = std::log(y), log_rest = std::log1p(-y);
      return special::log_gamma_reduced(p.a) + special::log_gamma_reduced(p.b) -
             special::log_gamma_reduced(p.s) - p.a * (log_y + std::log1p(p.b / p.a)) -
             p.b * (log_rest + std::log1p(p.a / p.b)) + log_y + log_rest;
    }
    /// The gradient in a and b.
    static Values<2> slopes(const Shapes& p, double y) {
      const double total = special::digamma_minus_log(p.s);
      return {special::digamma_minus_log(p.a) - total - (std::log(y) + std::log1p(p.b / p.a)),
              special::digamma_minus_log(p.b) - total - (std::log1p(-y) + std::log1p(p.a / p.b))};
    }
    static Values<2> gradient(const Beta&, const Values<2>& theta, double y) {
      const Shapes p(theta);
      const Values<2> g = slopes(p, y);
      return {p.harmonic * (g[0] - g[1]), p.a * g[0] + p.b * g[1]};
    }
    /// In x psi'(x) - 1 of the shapes and their sum.
    static Values<2> natural_gradient(const Beta&, const Values<2>& theta, double y) {
      const Shapes p(theta);
      const Values<2> g = slopes(p, y);
      const double alpha = special::scaled_trigamma_minus_one(p.a);
      const double beta = special::scaled_trigamma_minus_one(p.b);
      const double tau = special::scaled_trigamma_minus_one(p.s);
      const double determinant = (alpha * p.a + beta * p.b) / p.s + alpha * beta - tau -
                                 tau * (alpha * p.b + beta * p.a) / p.s;
      return {((beta - tau) * g[0] + (tau - alpha) * g[1]) / determinant,
              (p.a * (1.0 + beta) * g[0] + p.b * (1.0 + alpha) * g[1]) / (p.s * determinant)};
    }
    static Values<4> metric(const Beta&, const Values<2>& theta) {
      const Shapes p(theta);
      const double alpha = special::scaled_trigamma_minus_one(p.a);
      const double beta = special::scaled_trigamma_minus_one(p.b);
      const double tau = special::scaled_trigamma_minus_one(p.s);
      const double both = p.harmonic * (alpha - beta);
      return {p.harmonic * p.harmonic * ((1.0 + alpha) / p.a + (1.0 + beta) / p.b), both, both,
              p.a * alpha + p.b * beta - p.s * tau};
    }
  };
};

}  // namespace optlite::distributions
