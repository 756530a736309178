#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

struct Poisson {
  static constexpr auto doc = "Poisson distribution of counts, whose variance is their mean.";
  static constexpr auto formula = R"(P(y) = \frac{\mu^y e^{-\mu}}{y!}, \quad y = 0, 1, 2, \dots)";
  static constexpr auto reference =
      "Johnson, Kemp and Kotz, Univariate discrete distributions, third edition, 2005, chapter 4";
  static constexpr Support support = Support::count;
  static constexpr std::array parameters{Parameter{"log_mean", "Logarithm of the mean mu."}};

  static constexpr bool start_is_exact = true;
  Values<1> start(const Summary& s) const { return {stable::log(spread_of(s.mean, 0.0))}; }

  /// -log P(y) = y (e^L - 1 - L) + log(y! e^y / y^y) with L = log(mu / y): nothing cancels.
  static double score_at(double log_mean, double y) {
    if (y == 0.0) return std::exp(log_mean);
    const double log_y = std::log(y);
    return y * special::expm1_minus(log_mean - log_y) + special::log_gamma_reduced(y) + log_y;
  }

  struct LogScore {
    static constexpr bool straight_line = false;

    static double score(const Poisson&, const Values<1>& theta, double y) {
      return score_at(theta[0], y);
    }
    static Values<1> gradient(const Poisson&, const Values<1>& theta, double y) {
      return {stable::exp(theta[0]) - y};
    }
    static Values<1> natural_gradient(const Poisson&, const Values<1>& theta, double y) {
      return {1.0 - y * stable::exp(-theta[0])};
    }
    static Values<1> metric(const Poisson&, const Values<1>& theta) {
      return {stable::exp(theta[0])};
    }
  };
};

}  // namespace optlite::distributions
