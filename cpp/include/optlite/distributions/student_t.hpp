#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With z = (y - mu) / s and u = z^2 / nu. The location is orthogonal to the other two.
struct StudentT {
  static constexpr auto doc =
      "Student's t distribution whose degrees of freedom are fitted: it learns how heavy the tails "
      "are.";
  static constexpr auto formula =
      R"(f(y) = \frac{\Gamma(\frac{\nu + 1}{2})}{\Gamma(\frac{\nu}{2}) \sqrt{\nu \pi}\, s}
      \left(1 + \frac{z^2}{\nu}\right)^{-(\nu + 1) / 2}, \quad z = \frac{y - \mu}{s})";
  static constexpr auto reference =
      "Lange, Little and Taylor, Robust statistical modeling using the t distribution, 1989, "
      "section 2 and appendix B";
  static constexpr auto no_crps =
      "the score is closed, but its derivative in the degrees of freedom is that of the "
      "incomplete Beta function in a parameter, which is not, and neither is the metric";
  static constexpr Support support = Support::real;
  static constexpr std::array parameters{
      Parameter{"mu", "Location."}, Parameter{"log_scale", "Logarithm of the scale s."},
      Parameter{"log_df", "Logarithm of the degrees of freedom nu."}};

  static constexpr bool start_is_exact = false;
  Values<3> start(const Summary& s) const {
    return {s.median, std::log(spread_of(1.35 * s.half_quartile_range, s.median)), std::log(4.0)};
  }
  /// For normal data the maximum is at infinity, where the score is flat.
  static void bound(double* theta) { theta[2] = special::clip(theta[2], -2.0, std::log(100.0)); }

  /// The information on log nu that is left when log s is fitted, too; for large nu, where the
  /// terms cancel, its series in 1 / nu.
  static double schur_complement(double nu) {
    const double h = 1.0 / nu;
    if (nu > 50.0) {
      double sum = 69.0;
      for (const double c : {7.5, -15.0, 5.5, -3.0, 3.5, -3.0, 1.5}) sum = sum * h + c;
      return sum * h * h;
    }
    const double curvature =
        0.25 * (special::trigamma(0.5 * nu) - special::trigamma(0.5 * (nu + 1.0))) -
        (nu + 5.0) / (2.0 * nu * (nu + 1.0) * (nu + 3.0));
    return nu * nu * curvature - 2.0 * nu / ((nu + 1.0) * (nu + 1.0) * (nu + 3.0));
  }

  struct LogScore {
    static constexpr bool straight_line = false;

    static double score(const StudentT&, const Values<3>& theta, double y) {
      const double z = (y - theta[0]) * std::exp(-theta[1]);
      const double nu = std::exp(theta[2]);
      return 0.5 * (nu + 1.0) * std::log1p(z * z / nu) + theta[1] + special::t_log_constant(nu);
    }
    static Values<3> gradient(const StudentT&, const Values<3>& theta, double y) {
      const double precision = std::exp(-theta[1]);
      const double z = (y - theta[0]) * precision;
      const double nu = std::exp(theta[2]);
      const double q = 1.0 / (nu + z * z);
      const double u = z * z / nu;
      // u / (1 + u) - log(1 + u), of the order u^2 for a small u
      const double tail =
          u > 1.0 ? u / (1.0 + u) - std::log1p(u) : -special::log1p_minus(u) - u * u / (1.0 + u);
      // psi((nu + 1) / 2) - psi(nu / 2) - 1 / nu - log(1 + u) + (nu + 1) / nu * u / (1 + u)
      const double sum = special::digamma_minus_log(0.5 * (nu + 1.0)) -
                         special::digamma_minus_log(0.5 * nu) + special::log1p_minus(1.0 / nu) +
                         tail + u / (1.0 + u) / nu;
      return {-(nu + 1.0) * z * q * precision, nu * (1.0 - z * z) * q, -0.5 * nu * sum};
    }
    static Values<3> natural_gradient(const StudentT& d, const Values<3>& theta, double y) {
      const double nu = std::exp(theta[2]);
      const double r = y - theta[0];
      const double z = r * std::exp(-theta[1]);
      const Values<3> g = gradient(d, theta, y);
      const double third = (g[2] + g[1] / (nu + 1.0)) / schur_complement(nu);
      return {-r * (nu + 3.0) / (nu + z * z), 0.5 * (nu + 3.0) / nu * g[1] + third / (nu + 1.0),
              third};
    }
    static Values<9> metric(const StudentT&, const Values<3>& theta) {
      const double nu = std::exp(theta[2]);
      const double mixed = -2.0 * nu / ((nu + 1.0) * (nu + 3.0));
      const double last = schur_complement(nu) - mixed / (nu + 1.0);
      return {(nu + 1.0) / (nu + 3.0) * std::exp(-2.0 * theta[1]),
              0.0,
              0.0,
              0.0,
              2.0 * nu / (nu + 3.0),
              mixed,
              0.0,
              mixed,
              last};
    }
  };
};

}  // namespace optlite::distributions
