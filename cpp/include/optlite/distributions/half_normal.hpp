#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// The size of a normal number with mean zero; z = y / sigma.
struct HalfNormal {
  static constexpr auto doc = "Size of a normal number with mean zero.";
  static constexpr auto formula =
      R"(f(y) = \frac{1}{\sigma} \sqrt{\frac{2}{\pi}}\, e^{-y^2 / (2 \sigma^2)}, \quad y \ge 0)";
  static constexpr auto reference =
      "Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, "
      "chapter 13; Gneiting and Raftery, Strictly proper scoring rules, prediction, and "
      "estimation, 2007, equation 21";
  static constexpr Support support = Support::non_negative_real;
  static constexpr std::array parameters{
      Parameter{"log_sigma", "Logarithm of the root of the mean square, sigma."}};

  static constexpr bool start_is_exact = true;
  Values<1> start(const Summary& s) const {
    return {stable::log(spread_of(std::sqrt(s.mean_square), 0.0))};
  }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const HalfNormal&, const Values<1>& theta, double y) {
      const double z = y * stable::exp(-theta[0]);
      return 0.5 * z * z + theta[0] + 0.22579135264472744;  // log(pi / 2) / 2
    }
    static Values<1> gradient(const HalfNormal&, const Values<1>& theta, double y) {
      const double z = y * stable::exp(-theta[0]);
      return {1.0 - z * z};
    }
    static Values<1> natural_gradient(const HalfNormal&, const Values<1>& theta, double y) {
      const double z = y * stable::exp(-theta[0]);
      return {0.5 * (1.0 - z * z)};
    }
    static Values<1> metric(const HalfNormal&, const Values<1>&) { return {2.0}; }
  };

  struct Crps {
    static constexpr bool straight_line = false;
    static constexpr double constant = 2.0 * special::inverse_sqrt_pi;

    static double score(const HalfNormal&, const Values<1>& theta, double y) {
      const double sigma = std::exp(theta[0]);
      const double z = y / sigma;
      return sigma * (z * (2.0 * special::two_sided(z) - 1.0) + 4.0 * special::normal_density(z) -
                      constant);
    }
    static Values<1> gradient(const HalfNormal&, const Values<1>& theta, double y) {
      const double sigma = std::exp(theta[0]);
      return {sigma * (4.0 * special::normal_density(y / sigma) - constant)};
    }
    static Values<1> natural_gradient(const HalfNormal&, const Values<1>& theta, double y) {
      const double z = y * std::exp(-theta[0]);
      return {special::sqrt_pi * (4.0 * special::normal_density(z) - constant)};
    }
    static Values<1> metric(const HalfNormal&, const Values<1>& theta) {
      return {special::inverse_sqrt_pi * std::exp(theta[0])};
    }
  };
};

}  // namespace optlite::distributions
