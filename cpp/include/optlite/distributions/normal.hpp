#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With z = (y - mu) / sigma, phi and Phi the standard density and distribution function.
struct Normal {
  static constexpr auto doc = "Normal distribution with mean and standard deviation.";
  static constexpr auto formula =
      R"(f(y) = \frac{1}{\sigma \sqrt{2 \pi}}\, e^{-z^2 / 2}, \quad z = \frac{y - \mu}{\sigma})";
  static constexpr auto reference =
      "Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section "
      "2; Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, 2007, "
      "section 4.2";
  static constexpr Support support = Support::real;
  static constexpr std::array parameters{
      Parameter{"mu", "Mean."}, Parameter{"log_sigma", "Logarithm of the standard deviation."}};

  static constexpr bool start_is_exact = true;
  Values<2> start(const Summary& s) const {
    return {s.mean, stable::log(spread_of(std::sqrt(s.variance), s.mean))};
  }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const Normal&, const Values<2>& theta, double y) {
      const double z = (y - theta[0]) * stable::exp(-theta[1]);
      return 0.5 * z * z + theta[1] + special::half_log_two_pi;
    }
    static Values<2> gradient(const Normal&, const Values<2>& theta, double y) {
      const double precision = stable::exp(-theta[1]);
      const double z = (y - theta[0]) * precision;
      return {-z * precision, 1.0 - z * z};
    }
    static Values<2> natural_gradient(const Normal&, const Values<2>& theta, double y) {
      const double z = (y - theta[0]) * stable::exp(-theta[1]);
      return {theta[0] - y, 0.5 * (1.0 - z * z)};
    }
    static Values<4> metric(const Normal&, const Values<2>& theta) {
      return {stable::exp(-2.0 * theta[1]), 0.0, 0.0, 2.0};
    }
  };

  struct Crps {
    static constexpr bool straight_line = false;

    static double score(const Normal&, const Values<2>& theta, double y) {
      const double sigma = stable::exp(theta[1]);
      const double z = (y - theta[0]) / sigma;
      return sigma * (z * special::two_sided(z) + 2.0 * special::normal_density(z) -
                      special::inverse_sqrt_pi);
    }
    static Values<2> gradient(const Normal&, const Values<2>& theta, double y) {
      const double sigma = stable::exp(theta[1]);
      const double z = (y - theta[0]) / sigma;
      return {-special::two_sided(z),
              sigma * (2.0 * special::normal_density(z) - special::inverse_sqrt_pi)};
    }
    static Values<2> natural_gradient(const Normal&, const Values<2>& theta, double y) {
      const double sigma = stable::exp(theta[1]);
      const double z = (y - theta[0]) / sigma;
      return {-special::sqrt_pi * sigma * special::two_sided(z),
              4.0 * special::sqrt_pi * special::normal_density(z) - 2.0};
    }
    static Values<4> metric(const Normal&, const Values<2>& theta) {
      const double sigma = stable::exp(theta[1]);
      return {special::inverse_sqrt_pi / sigma, 0.0, 0.0, 0.5 * special::inverse_sqrt_pi * sigma};
    }
  };
};

}  // namespace optlite::distributions
