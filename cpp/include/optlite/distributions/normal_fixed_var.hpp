#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// What is fitted is least squares; the variance gives the predictions their width.
struct NormalFixedVar {
  static constexpr auto doc = "Normal distribution with a known variance; only the mean is fitted.";
  static constexpr auto formula = R"(f(y) = \frac{1}{\sqrt{2 \pi v}}\, e^{-(y - \mu)^2 / (2 v)})";
  static constexpr auto reference =
      "Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section "
      "2; Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, 2007, "
      "section 4.2";
  static constexpr Support support = Support::real;
  static constexpr std::array parameters{Parameter{"mu", "Mean."}};

  double variance = 1.0;
  static constexpr auto fields() {
    return std::array{field("variance", &NormalFixedVar::variance, positive, "Variance v.")};
  }

  static constexpr bool start_is_exact = true;
  Values<1> start(const Summary& s) const { return {s.mean}; }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const NormalFixedVar& d, const Values<1>& theta, double y) {
      const double r = y - theta[0];
      return 0.5 * (r * r / d.variance + stable::log(d.variance)) + special::half_log_two_pi;
    }
    static Values<1> gradient(const NormalFixedVar& d, const Values<1>& theta, double y) {
      return {(theta[0] - y) / d.variance};
    }
    static Values<1> natural_gradient(const NormalFixedVar&, const Values<1>& theta, double y) {
      return {theta[0] - y};
    }
    static Values<1> metric(const NormalFixedVar& d, const Values<1>&) {
      return {1.0 / d.variance};
    }
  };

  struct Crps {
    static constexpr bool straight_line = false;

    static double score(const NormalFixedVar& d, const Values<1>& theta, double y) {
      const double sigma = std::sqrt(d.variance);
      const double z = (y - theta[0]) / sigma;
      return sigma * (z * special::two_sided(z) + 2.0 * special::normal_density(z) -
                      special::inverse_sqrt_pi);
    }
    static Values<1> gradient(const NormalFixedVar& d, const Values<1>& theta, double y) {
      return {-special::two_sided((y - theta[0]) / std::sqrt(d.variance))};
    }
    static Values<1> natural_gradient(const NormalFixedVar& d, const Values<1>& theta, double y) {
      return {special::sqrt_pi * std::sqrt(d.variance) * gradient(d, theta, y)[0]};
    }
    static Values<1> metric(const NormalFixedVar& d, const Values<1>&) {
      return {special::inverse_sqrt_pi / std::sqrt(d.variance)};
    }
  };
};

}  // namespace optlite::distributions
