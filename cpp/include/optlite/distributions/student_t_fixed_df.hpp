#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With z = (y - mu) / s. One outlier moves the fit by a bounded amount.
struct StudentTFixedDf {
  static constexpr auto doc =
      "Student's t distribution with known degrees of freedom: robust to outliers.";
  static constexpr auto formula =
      R"(f(y) = \frac{\Gamma(\frac{\nu + 1}{2})}{\Gamma(\frac{\nu}{2}) \sqrt{\nu \pi}\, s}
      \left(1 + \frac{z^2}{\nu}\right)^{-(\nu + 1) / 2}, \quad z = \frac{y - \mu}{s})";
  static constexpr auto reference =
      "Lange, Little and Taylor, Robust statistical modeling using the t distribution, 1989, "
      "section 2 and appendix B";
  static constexpr Support support = Support::real;
  static constexpr std::array parameters{Parameter{"mu", "Location."},
                                         Parameter{"log_scale", "Logarithm of the scale s."}};

  double df = 3.0;
  static constexpr auto fields() {
    return std::array{
        field("df", &StudentTFixedDf::df, positive, "Degrees of freedom nu; 1: Cauchy.")};
  }

  double log_constant = 0.0;
  void prepare() { log_constant = special::t_log_constant(df); }

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    return {s.median, std::log(spread_of(1.3 * s.half_quartile_range, s.median))};
  }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const StudentTFixedDf& d, const Values<2>& theta, double y) {
      const double z = (y - theta[0]) * stable::exp(-theta[1]);
      return 0.5 * (d.df + 1.0) * stable::log1p_positive(z * z / d.df) + theta[1] + d.log_constant;
    }
    static Values<2> gradient(const StudentTFixedDf& d, const Values<2>& theta, double y) {
      const double precision = stable::exp(-theta[1]);
      const double z = (y - theta[0]) * precision;
      const double q = 1.0 / (d.df + z * z);
      return {-(d.df + 1.0) * z * q * precision, d.df * (1.0 - z * z) * q};
    }
    static Values<2> natural_gradient(const StudentTFixedDf& d, const Values<2>& theta, double y) {
      const double r = y - theta[0];
      const double z = r * stable::exp(-theta[1]);
      const double q = (d.df + 3.0) / (d.df + z * z);
      return {-r * q, 0.5 * (1.0 - z * z) * q};
    }
    static Values<4> metric(const StudentTFixedDf& d, const Values<2>& theta) {
      return {(d.df + 1.0) / (d.df + 3.0) * stable::exp(-2.0 * theta[1]), 0.0, 0.0,
              2.0 * d.df / (d.df + 3.0)};
    }
  };
};

}  // namespace optlite::distributions
