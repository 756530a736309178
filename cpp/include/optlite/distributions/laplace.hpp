#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With D = |y - mu|.
struct Laplace {
  static constexpr auto doc = "Double exponential distribution: its location is the median.";
  static constexpr auto formula = R"(f(y) = \frac{1}{2 b}\, e^{-|y - \mu| / b})";
  static constexpr auto reference =
      "Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section "
      "2; Jordan, Krueger and Lerch, Evaluating probabilistic forecasts with scoringRules, 2019, "
      "appendix A";
  static constexpr Support support = Support::real;
  static constexpr std::array parameters{
      Parameter{"mu", "Median."},
      Parameter{"log_scale", "Logarithm of the mean deviation b from the median."}};

  static constexpr bool start_is_exact = true;
  Values<2> start(const Summary& s) const {
    return {s.median, stable::log(spread_of(s.mean_deviation, s.median))};
  }

  static double sign(double x) { return (x > 0.0 ? 1.0 : 0.0) - (x < 0.0 ? 1.0 : 0.0); }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const Laplace&, const Values<2>& theta, double y) {
      return std::fabs(y - theta[0]) * stable::exp(-theta[1]) + theta[1] + 0.6931471805599453;
    }
    static Values<2> gradient(const Laplace&, const Values<2>& theta, double y) {
      const double precision = stable::exp(-theta[1]);
      const double r = theta[0] - y;
      return {sign(r) * precision, 1.0 - std::fabs(r) * precision};
    }
    static Values<2> natural_gradient(const Laplace&, const Values<2>& theta, double y) {
      const double r = theta[0] - y;
      return {sign(r) * stable::exp(theta[1]), 1.0 - std::fabs(r) * stable::exp(-theta[1])};
    }
    static Values<4> metric(const Laplace&, const Values<2>& theta) {
      return {stable::exp(-2.0 * theta[1]), 0.0, 0.0, 1.0};
    }
  };

  struct Crps {
    static constexpr bool straight_line = false;

    static double score(const Laplace&, const Values<2>& theta, double y) {
      const double b = std::exp(theta[1]);
      const double D = std::fabs(y - theta[0]);
      return D + b * (std::exp(-D / b) - 0.75);
    }
    static Values<2> gradient(const Laplace&, const Values<2>& theta, double y) {
      const double b = std::exp(theta[1]);
      const double r = theta[0] - y;
      const double u = std::fabs(r) / b;
      return {-sign(r) * std::expm1(-u), b * (std::exp(-u) * (1.0 + u) - 0.75)};
    }
    static Values<2> natural_gradient(const Laplace&, const Values<2>& theta, double y) {
      const double b = std::exp(theta[1]);
      const double r = theta[0] - y;
      const double u = std::fabs(r) / b;
      return {-2.0 * b * sign(r) * std::expm1(-u), 4.0 * std::exp(-u) * (1.0 + u) - 3.0};
    }
    static Values<4> metric(const Laplace&, const Values<2>& theta) {
      const double b = std::exp(theta[1]);
      return {0.5 / b, 0.0, 0.0, 0.25 * b};
    }
  };
};

}  // namespace optlite::distributions
