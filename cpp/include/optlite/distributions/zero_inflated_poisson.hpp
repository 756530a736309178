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
      "1992, section 2; Wei and Held, Calibration tests for count data, 2014, section 2";
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

  /// With N the count of the Poisson distribution, A and B the sums over k of the squares of
  /// a_k = mu P(N = k) and b_k = pi P(N > k), and C that of their products: dF(k) / dtheta is
  /// (1 - pi) (-a_k, b_k).
  struct Crps {
    static constexpr bool straight_line = false;

    static double score(const ZeroInflatedPoisson&, const Values<2>& theta, double y) {
      const double mu = std::exp(theta[0]);
      const double pi = stable::sigmoid(theta[1]), rest = stable::sigmoid(-theta[1]);
      const Poisson::Pair pair(mu);
      if (y == 0.0) return rest * rest * mu * pair.smaller;
      return pi * y + rest * (Poisson::distance(theta[0], y) - pi * mu - rest * mu * pair.apart);
    }
    /// E min(N, y).
    static double smaller_than(const Values<2>& theta, double y) {
      return y == 0.0 ? 0.0 : 0.5 * (std::exp(theta[0]) + y - Poisson::distance(theta[0], y));
    }
    static Values<2> gradient(const ZeroInflatedPoisson&, const Values<2>& theta, double y) {
      const double mu = std::exp(theta[0]);
      const double pi = stable::sigmoid(theta[1]), rest = stable::sigmoid(-theta[1]);
      const Poisson::Pair pair(mu);
      return {rest * mu * (rest * pair.differ - 2.0 * Poisson::below(mu, y)),
              2.0 * pi * rest * (smaller_than(theta, y) - rest * mu * pair.smaller)};
    }
    static Values<4> metric(const ZeroInflatedPoisson&, const Values<2>& theta) {
      const double mu = std::exp(theta[0]);
      const double pi = stable::sigmoid(theta[1]), rest = stable::sigmoid(-theta[1]);
      const Poisson::Pair pair(mu);
      const double unit = 2.0 * rest * rest, mixed = -0.5 * unit * pi * mu * pair.differ;
      return {unit * mu * mu * pair.equal, mixed, mixed, unit * pi * pi * mu * pair.smaller};
    }

    /// B, C / B, A - C^2 / B, and the sums up to y of b_k and of a_k - C / B b_k.
    struct Sums {
      double squares, ratio, remainder, seen, seen_remainder;
    };
    static Sums sums(const Values<2>& theta, double y) {
      const double mu = std::exp(theta[0]), pi = stable::sigmoid(theta[1]);
      if (mu < 1.0) return small_sums(mu, pi, y);
      const Poisson::Pair pair(mu);
      const double squares = pi * pi * mu * pair.smaller;
      const double ratio = 0.5 * pi * mu * pair.differ / squares;
      const double seen = pi * smaller_than(theta, y);
      return {squares, ratio, mu * mu * pair.equal - ratio * ratio * squares, seen,
              mu * Poisson::below(mu, y) - ratio * seen};
    }
    /// For a small mean a_k and b_k are nearly in proportion: what is left is of the order mu^4 of
    /// numbers of the order mu^2. It is added up, that of k = 0 from its being orthogonal to b.
    static Sums small_sums(double mu, double pi, double y) {
      constexpr int count = 24;  // P(N > 23) < 1e-24
      double a[count], b[count];
      double mass = std::exp(-mu);
      for (int k = 0; k < count; ++k) {
        a[k] = mu * mass;
        mass *= mu / (k + 1.0);
        b[k] = pi * mass;  // P(N = k + 1); the tail above it is added below
      }
      double B = 0.0, C = 0.0;
      for (int k = count - 1; k >= 0; --k) {
        if (k + 1 < count) b[k] += b[k + 1];
        B += b[k] * b[k];
        C += a[k] * b[k];
      }
      Sums s{B, C / B, 0.0, 0.0, 0.0};
      double product = 0.0;
      for (int k = count - 1; k >= 0; --k) {
        const double left = k > 0 ? a[k] - s.ratio * b[k] : -product / b[0];
        product += left * b[k];
        s.remainder += left * left;
        if (k < y) {
          s.seen += b[k];
          s.seen_remainder += left;
        }
      }
      return s;
    }
    /// The gradient is 2 sum_k (F(k) - 1{k >= y}) dF(k) / dtheta: what is sought are coefficients
    /// of least squares.
    static Values<2> natural_gradient(const ZeroInflatedPoisson&, const Values<2>& given,
                                      double y) {
      const Values<2> theta{given[0], special::clip(given[1], -30.0, 30.0)};
      const double pi = stable::sigmoid(theta[1]), rest = stable::sigmoid(-theta[1]);
      const Sums s = sums(theta, y);
      const double first = -s.seen_remainder / (rest * s.remainder);
      return {first, s.seen / (rest * s.squares) + first * s.ratio - 1.0 / pi};
    }
  };
};

}  // namespace optlite::distributions
