#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"
#include "optlite/distributions/poisson.hpp"

namespace optlite::distributions {

/// With E = e^-mu, P(0) = pi + (1 - pi) E, and q = pi / P(0): the probability that a zero is one of
/// those that are always zero.
struct ZeroInflatedPoisson {
  static constexpr auto doc =
      "Poisson distribution of counts, or zero with a probability of its own.";
  static constexpr auto formula =
      R"(P(y) = \pi\, \mathbf 1\{y = 0\} + (1 - \pi) \frac{\mu^y e^{-\mu}}{y!})";
  static constexpr auto reference =
      "Lambert, Zero-inflated Poisson regression, with an application to defects in manufacturing, "
      "1992, section 2";
  static constexpr Support support = Support::count;
  static constexpr std::array parameters{
      Parameter{"log_mean", "Logarithm of the mean mu of the Poisson distribution."},
      Parameter{"logit", "Logarithm of the odds pi / (1 - pi) of an additional zero."}};

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    // From mean and mean square: E y (y - 1) / E y = mu if there is inflation at all.
    const double mean = spread_of(s.mean, 0.0);
    const double mu = special::clip(s.mean_square / mean - 1.0, mean, 20.0 * mean + 1.0);
    const double pi = special::clip(1.0 - mean / mu, 1e-3, 1.0 - 1e-3);
    return {std::log(mean / (1.0 - pi)), std::log(pi / (1.0 - pi))};
  }

  /// For counts that are all zero, or not inflated, the maximum is at infinity.
  static void bound(double* theta) {
    theta[0] = special::clip(theta[0], -18.5, 40.0);
    theta[1] = special::clip(theta[1], -14.0, 14.0);
  }

  struct LogScore {
    static constexpr bool straight_line = false;

    static double score(const ZeroInflatedPoisson&, const Values<2>& theta, double y) {
      const double log_rest = stable::softplus(theta[1]);  // -log(1 - pi)
      if (y > 0.0) return log_rest + Poisson::score_at(theta[0], y);
      // -log P(0) = -log(1 - (1 - pi) (1 - E)), or the logarithm of a sum where P(0) is small.
      const double mu = std::exp(theta[0]);
      const double positive = -std::expm1(-mu) * stable::sigmoid(-theta[1]);
      if (positive < 0.5) return -std::log1p(-positive);
      const double high = std::fmax(theta[1], -mu), low = std::fmin(theta[1], -mu);
      return log_rest - (high + std::log1p(std::exp(low - high)));
    }
    static Values<2> gradient(const ZeroInflatedPoisson&, const Values<2>& theta, double y) {
      const double mu = std::exp(theta[0]);
      const double pi = stable::sigmoid(theta[1]);
      if (y > 0.0) return {mu - y, pi};
      // pi - q = -(1 - pi) (1 - E) q
      const double q = stable::sigmoid(theta[1] + mu);
      return {mu * stable::sigmoid(-theta[1] - mu),
              std::expm1(-mu) * stable::sigmoid(-theta[1]) * q};
    }
    static Values<4> metric(const ZeroInflatedPoisson&, const Values<2>& theta) {
      const double mu = std::exp(theta[0]);
      const double E = std::exp(-mu);
      const double pi = stable::sigmoid(theta[1]), rest = stable::sigmoid(-theta[1]);
      const double q = stable::sigmoid(theta[1] + mu);
      const double mixed = -rest * mu * E * q;
      return {rest * mu * (1.0 - mu * E * q), mixed, mixed, -rest * std::expm1(-mu) * pi * q};
    }
    /// As for Bernoulli, logits beyond 30 (probabilities of 1e-13) count as 30.
    static Values<2> natural_gradient(const ZeroInflatedPoisson& d, const Values<2>& given,
                                      double y) {
      const Values<2> theta{given[0], special::clip(given[1], -30.0, 30.0)};
      const Values<4> M = metric(d, theta);
      const Values<2> g = gradient(d, theta, y);
      // The second row in units of its diagonal, which may be as small as 1e-24.
      const double ratio = M[1] / M[3];
      const double first = (g[0] - ratio * g[1]) / (M[0] - ratio * M[1]);
      return {first, (g[1] - M[1] * first) / M[3]};
    }
  };
};

}  // namespace optlite::distributions
