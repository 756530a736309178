#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With z = (y - mu) / s. Neither mean nor CRPS exist.
struct Cauchy {
  static constexpr auto doc = "Cauchy distribution: tails so heavy that there is no mean.";
  static constexpr auto formula =
      R"(f(y) = \frac{1}{\pi s\, (1 + z^2)}, \quad z = \frac{y - \mu}{s})";
  static constexpr auto reference =
      "Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, "
      "chapter 16";
  static constexpr Support support = Support::real;
  static constexpr std::array parameters{
      Parameter{"mu", "Median."},
      Parameter{"log_scale", "Logarithm of the scale s, half the distance of the quartiles."}};

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    return {s.median, stable::log(spread_of(s.half_quartile_range, s.median))};
  }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const Cauchy&, const Values<2>& theta, double y) {
      const double z = (y - theta[0]) * stable::exp(-theta[1]);
      return stable::log1p_positive(z * z) + theta[1] + 1.1447298858494002;  // log pi
    }
    static Values<2> gradient(const Cauchy&, const Values<2>& theta, double y) {
      const double precision = stable::exp(-theta[1]);
      const double z = (y - theta[0]) * precision;
      const double q = 1.0 / (1.0 + z * z);
      return {-2.0 * z * q * precision, 2.0 * q - 1.0};
    }
    static Values<2> natural_gradient(const Cauchy&, const Values<2>& theta, double y) {
      const double z = (y - theta[0]) * stable::exp(-theta[1]);
      const double q = 1.0 / (1.0 + z * z);
      return {-4.0 * z * q * stable::exp(theta[1]), 4.0 * q - 2.0};
    }
    static Values<4> metric(const Cauchy&, const Values<2>& theta) {
      return {0.5 * stable::exp(-2.0 * theta[1]), 0.0, 0.0, 0.5};
    }
  };
};

}  // namespace optlite::distributions
