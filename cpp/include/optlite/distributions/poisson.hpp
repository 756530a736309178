#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

struct Poisson {
  static constexpr auto doc = "Poisson distribution of counts, whose variance is their mean.";
  static constexpr auto formula = R"(P(y) = \frac{\mu^y e^{-\mu}}{y!}, \quad y = 0, 1, 2, \dots)";
  static constexpr auto reference =
      "Johnson, Kemp and Kotz, Univariate discrete distributions, third edition, 2005, chapter 4; "
      "Wei and Held, Calibration tests for count data, 2014, section 2";
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

  /// Of two counts Y, Y' with the same mean mu; with x = 2 mu, P(Y = Y') = e^-x I_0(x), and
  /// E|Y - Y'| = x e^-x (I_0(x) + I_1(x)).
  struct Pair {
    double equal, differ;  // P(Y = Y') and P(Y != Y')
    double smaller;        // E min(Y, Y') / mu
    double apart;          // E|Y - Y'| / (2 mu), what is left to one
    explicit Pair(double mu) {
      const special::ScaledBessel bessel = special::scaled_bessel(2.0 * mu);
      equal = bessel.zero;
      differ = bessel.without_zero;
      smaller = bessel.without_both;
      apart = bessel.zero + bessel.one;
    }
  };
  /// P(Y < y).
  static double below(double mu, double y) { return y == 0.0 ? 0.0 : special::gamma_upper(y, mu); }
  /// E|Y - y| for y > 0; the difference of large numbers is taken of their logarithms.
  static double distance(double log_mean, double y) {
    const double mu = std::exp(log_mean), mass = std::exp(-score_at(log_mean, y));
    const double above = -y * std::expm1(log_mean - std::log(y));  // y - mu
    return above * (2.0 * (below(mu, y) + mass) - 1.0) + 2.0 * mu * mass;
  }

  /// E|Y - y| - E|Y - Y'| / 2; as dF(k) / dmu = -P(k), the derivatives are sums of masses.
  struct Crps {
    static constexpr bool straight_line = false;

    static double score(const Poisson&, const Values<1>& theta, double y) {
      const double mu = std::exp(theta[0]);
      const Pair pair(mu);
      return y == 0.0 ? mu * pair.smaller : distance(theta[0], y) - mu * pair.apart;
    }
    static Values<1> gradient(const Poisson&, const Values<1>& theta, double y) {
      const double mu = std::exp(theta[0]);
      return {mu * (Pair(mu).differ - 2.0 * below(mu, y))};
    }
    static Values<1> natural_gradient(const Poisson&, const Values<1>& theta, double y) {
      const double mu = std::exp(theta[0]);
      const Pair pair(mu);
      return {(pair.differ - 2.0 * below(mu, y)) / (2.0 * mu * pair.equal)};
    }
    static Values<1> metric(const Poisson&, const Values<1>& theta) {
      const double mu = std::exp(theta[0]);
      return {2.0 * mu * mu * Pair(mu).equal};
    }
  };
};

}  // namespace optlite::distributions
