#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// Its CRPS is the Brier score (p - y)^2.
struct Bernoulli {
  static constexpr auto doc = "Probability of the second of two classes.";
  static constexpr auto formula = R"(P(y = 1) = p = \frac{1}{1 + e^{-\lambda}})";
  static constexpr auto reference =
      "Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section "
      "2; Brier, Verification of forecasts expressed in terms of probability, 1950, eq. 2";
  static constexpr Support support = Support::binary;
  static constexpr std::array parameters{
      Parameter{"logit", "Logarithm of the odds of y = 1, lambda."}};

  static constexpr bool start_is_exact = true;
  Values<1> start(const Summary& s) const {
    const double p = special::clip(s.mean, 1e-12, 1.0 - 1e-12);
    return {stable::log(p) - stable::log(1.0 - p)};
  }

  /// 1 / P(y), at most 1e13: beyond that a step of one logit costs nothing any more.
  static double inverse_probability(double logit, double y) {
    const double odds_against = (1.0 - 2.0 * y) * logit;
    return 1.0 + stable::exp(odds_against < 30.0 ? odds_against : 30.0);
  }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const Bernoulli&, const Values<1>& theta, double y) {
      return stable::softplus((1.0 - 2.0 * y) * theta[0]);
    }
    static Values<1> gradient(const Bernoulli&, const Values<1>& theta, double y) {
      const double sign = 1.0 - 2.0 * y;
      return {sign * stable::sigmoid(sign * theta[0])};
    }
    static Values<1> natural_gradient(const Bernoulli&, const Values<1>& theta, double y) {
      return {(1.0 - 2.0 * y) * inverse_probability(theta[0], y)};
    }
    static Values<1> metric(const Bernoulli&, const Values<1>& theta) {
      return {stable::sigmoid(theta[0]) * stable::sigmoid(-theta[0])};
    }
  };

  struct Crps {
    static constexpr bool straight_line = true;

    static double score(const Bernoulli&, const Values<1>& theta, double y) {
      const double miss = stable::sigmoid((1.0 - 2.0 * y) * theta[0]);
      return miss * miss;
    }
    static Values<1> gradient(const Bernoulli&, const Values<1>& theta, double y) {
      const double sign = 1.0 - 2.0 * y;
      const double miss = stable::sigmoid(sign * theta[0]);
      return {2.0 * sign * miss * miss * stable::sigmoid(-sign * theta[0])};
    }
    static Values<1> natural_gradient(const Bernoulli&, const Values<1>& theta, double y) {
      return {(1.0 - 2.0 * y) * inverse_probability(theta[0], y)};
    }
    static Values<1> metric(const Bernoulli&, const Values<1>& theta) {
      const double variance = stable::sigmoid(theta[0]) * stable::sigmoid(-theta[0]);
      return {2.0 * variance * variance};
    }
  };
};

}  // namespace optlite::distributions
