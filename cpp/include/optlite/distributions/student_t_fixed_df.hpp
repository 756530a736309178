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
      "section 2 and appendix B; Jordan, Krueger and Lerch, Evaluating probabilistic forecasts "
      "with "
      "scoringRules, 2019, appendix A";
  static constexpr auto no_crps = "it is infinite unless df > 0.5";
  static constexpr Support support = Support::real;
  static constexpr std::array parameters{Parameter{"mu", "Location."},
                                         Parameter{"log_scale", "Logarithm of the scale s."}};

  double df = 3.0;
  static constexpr auto fields() {
    return std::array{
        field("df", &StudentTFixedDf::df, positive, "Degrees of freedom nu; 1: Cauchy.")};
  }

  double log_constant = 0.0;  // of 1 / f(0), for mu = 0 and s = 1
  double log_ratio = 0.0;     // of B(1/2, df - 1/2) / B(1/2, df / 2), over df - 1
  void prepare() {
    log_constant = special::t_log_constant(df);
    log_ratio = slope_of_log_ratio(df);
  }

  /// As a series about df = 1, where both Beta functions agree; elsewhere in differences of
  /// logarithms that stay small for a large df.
  static double slope_of_log_ratio(double nu) {
    const double more = nu - 1.0;
    if (std::fabs(more) < 1e-3) {
      double sum = 0.0;  // derivatives of the logarithm at 1, over factorials
      for (const double c : {-6.027142576770839, 3.5513731106146715, -2.10359958052929,
                             1.2337005501361697, -0.6931471805599453}) {
        sum = sum * more + c;
      }
      return sum;
    }
    if (!(nu > 0.5)) return infinity;
    const double reduced = special::log_gamma_reduced(nu - 0.5) - special::log_gamma_reduced(nu) +
                           special::log_gamma_reduced(0.5 * (nu + 1.0)) -
                           special::log_gamma_reduced(0.5 * nu);
    return (reduced + (nu - 0.5) * std::log1p(-0.5 / nu) + 0.5 * (nu + 1.0) * std::log1p(1.0 / nu) -
            0.34657359027997264) /  // log(2) / 2
           more;
  }

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

  /// z (2 F - 1) + 2 nu f(0) [(1 + z^2 / nu)^(-(nu - 1) / 2) - R] / (nu - 1) for mu = 0 and s = 1,
  /// with R = B(1/2, nu - 1/2) / B(1/2, nu / 2): for nu > 1/2, as an integral of squared tails. The
  /// quotient is finite at nu = 1, where it gives the score of the Cauchy distribution.
  struct Crps {
    static constexpr bool straight_line = false;

    static bool exists(const StudentTFixedDf& d) { return d.df > 0.5; }

    struct Terms {
      double s, z, two_sided, ratio, slope;  // 2 F(z) - 1, R, and dCRPS / ds
      Terms(const StudentTFixedDf& d, const Values<2>& theta, double y)
          : s(std::exp(theta[1])), z((y - theta[0]) / s) {
        const double length = log_square(z, d.df);
        const double top = std::exp(-d.log_constant);
        const double density = top * std::exp(-0.5 * (d.df + 1.0) * length);
        two_sided = special::student_two_sided(z, d.df, density);
        const double more = d.df - 1.0;
        ratio = std::exp(more * d.log_ratio);
        slope = 2.0 * d.df * top * (growth(-0.5 * length, more) - growth(d.log_ratio, more));
      }
    };
    /// log(1 + z^2 / nu), which no square overflows.
    static double log_square(double z, double nu) {
      const double size = std::fabs(z);
      return size < 1e150 ? stable::log1p_positive(z * z / nu)
                          : 2.0 * std::log(size) - std::log(nu);
    }
    /// (e^(r t) - 1) / r.
    static double growth(double t, double r) { return r == 0.0 ? t : std::expm1(r * t) / r; }

    static double score(const StudentTFixedDf& d, const Values<2>& theta, double y) {
      const Terms t(d, theta, y);
      return t.s * (t.z * t.two_sided + t.slope);
    }
    static Values<2> gradient(const StudentTFixedDf& d, const Values<2>& theta, double y) {
      const Terms t(d, theta, y);
      return {-t.two_sided, t.s * t.slope};
    }
    static Values<2> natural_gradient(const StudentTFixedDf& d, const Values<2>& theta, double y) {
      const Terms t(d, theta, y);
      const double unit = std::exp(-d.log_constant) * t.ratio;
      return {-0.5 * t.s * t.two_sided / (unit * (1.0 - 0.5 / d.df)), t.slope / unit};
    }
    static Values<4> metric(const StudentTFixedDf& d, const Values<2>& theta) {
      const double s = std::exp(theta[1]);
      const double unit = std::exp(-d.log_constant + (d.df - 1.0) * d.log_ratio);
      return {2.0 * unit * (1.0 - 0.5 / d.df) / s, 0.0, 0.0, unit * s};
    }
  };
};

}  // namespace optlite::distributions
