#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/core/unit_gamma.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// Shape and mean are orthogonal: the mean is learned whatever trees make of the shape. (With the
/// rate a / mu in place of the mean, two trees would have to agree: their targets are alike but for
/// a part that drowns in their noise as the shape grows.) With L = log(y / mu) everything is
/// written in L and in differences like psi(a) - log a, which stay accurate for a large shape.
struct Gamma {
  static constexpr auto doc = "Gamma distribution of a positive number, with shape and mean.";
  static constexpr auto formula =
      R"(f(y) = \frac{(a / \mu)^a}{\Gamma(a)}\, y^{a - 1} e^{-a y / \mu}, \quad y > 0)";
  static constexpr auto reference =
      "Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, "
      "chapter 17; Cox and Reid, Parameter orthogonality and approximate conditional inference, "
      "1987; Scheuerer and Moeller, Probabilistic wind speed forecasting on a grid based on "
      "ensemble model output statistics, 2015";
  static constexpr Support support = Support::positive_real;
  static constexpr std::array parameters{
      Parameter{"log_shape", "Logarithm of the shape a; the variance is mu^2 / a."},
      Parameter{"log_mean", "Logarithm of the mean mu."}};

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    // log a - psi(a) = log(mean) - mean log, with log a - psi(a) about 1 / (2 a) + 1 / (12 a^2).
    const double gap = spread_of(std::log(s.mean) - s.mean_log, 1.0);
    const double shape =
        (3.0 - gap + std::sqrt((gap - 3.0) * (gap - 3.0) + 24.0 * gap)) / (12.0 * gap);
    return {std::log(shape), std::log(s.mean)};
  }
  /// For data without spread the best shape is infinite: a deviation of a hundred millionth will
  /// do.
  static void bound(double* theta) { theta[0] = std::fmin(theta[0], 36.8); }

  struct LogScore {
    static constexpr bool straight_line = false;

    static double score(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double log_y = std::log(y);
      return a * special::expm1_minus(log_y - theta[1]) + log_y + special::log_gamma_reduced(a);
    }
    static Values<2> gradient(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double L = std::log(y) - theta[1];
      return {a * (special::digamma_minus_log(a) + special::expm1_minus(L)), -a * std::expm1(L)};
    }
    static Values<2> natural_gradient(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double L = std::log(y) - theta[1];
      return {(special::digamma_minus_log(a) + special::expm1_minus(L)) /
                  special::scaled_trigamma_minus_one(a),
              -std::expm1(L)};
    }
    static Values<4> metric(const Gamma&, const Values<2>& theta) {
      const double a = std::exp(theta[0]);
      return {a * special::scaled_trigamma_minus_one(a), 0.0, 0.0, a};
    }

    static double score_censored(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      return -special::gamma_survival(a, a * y * std::exp(-theta[1])).log_value;
    }
    static Values<2> gradient_censored(const Gamma&, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const double x = a * y * std::exp(-theta[1]);  // it grows with the shape, too
      const special::GammaSurvival survival = special::gamma_survival(a, x);
      return {x * survival.hazard - a * survival.slope_in_shape, -x * survival.hazard};
    }
    static Values<2> natural_gradient_censored(const Gamma& d, const Values<2>& theta, double y) {
      const double a = std::exp(theta[0]);
      const Values<2> g = gradient_censored(d, theta, y);
      return {g[0] / (a * special::scaled_trigamma_minus_one(a)), g[1] / a};
    }
  };

  /// In units of the mean, with F(u) the distribution function for the mean 1, D, d and a prime as
  /// in unit_gamma.hpp, and c half of Gini's mean difference. Integrals over y are such over u.
  struct Crps {
    static constexpr bool straight_line = false;

    struct Terms {
      double log_a, a, L, mean;
      special::UnitGamma g;
      special::HalfDifference c;
      Terms(const Values<2>& theta, double y)
          : log_a(theta[0]),
            a(std::exp(theta[0])),
            L(std::log(y) - theta[1]),
            mean(std::exp(theta[1])),
            g(special::unit_gamma(a, log_a, L)),
            c(special::half_difference(a)) {}
      /// u - 1
      double beyond() const { return std::expm1(L > 650.0 ? 650.0 : L); }
    };

    static double score(const Gamma&, const Values<2>& theta, double y) {
      const Terms x(theta, y);
      const double beyond = x.L < 1.0 ? x.mean * std::expm1(x.L) : y - x.mean;  // u may overflow
      return beyond * (2.0 * x.g.below - 1.0) + x.mean * (2.0 * x.g.front - x.c.value);
    }
    /// In units of the mean. For small shapes the second is a small difference of F and D, which
    /// the excess is.
    static Values<2> slopes(const Terms& x) {
      const double in_mean = x.g.lower ? x.c.rest - 2.0 * x.g.front * x.g.excess
                                       : 1.0 - 2.0 * x.g.below + (2.0 * x.g.front - x.c.value);
      return {2.0 * (x.beyond() * x.g.below_slope + x.g.front * x.g.front_slope) -
                  x.c.value * x.c.slope,
              in_mean};
    }
    static Values<2> gradient(const Gamma&, const Values<2>& theta, double y) {
      const Terms x(theta, y);
      const Values<2> g = slopes(x);
      return {x.mean * g[0], x.mean * g[1]};
    }
    static Values<2> natural_gradient(const Gamma&, const Values<2>& theta, double y) {
      const Terms x(theta, y);
      return solve(x.a, x.c.value, slopes(x));
    }

    /// 2 int F'^2 du, -2 int F' u dF and 2 int u dF dF, the last of which is a c. The others are
    /// not elementary: a table has what is left of them beside their limits for small and large
    /// shapes.
    static Values<3> unit_metric(double a, double c) {
      const special::UnitGammaMetric rest = special::unit_gamma_metric(a);
      const double unit = a * c;
      return {unit / (1.0 + 8.0 * a) * rest.shape, unit / (1.0 + a) * rest.mixed, unit};
    }
    static Values<4> metric(const Gamma&, const Values<2>& theta) {
      const double a = std::exp(theta[0]), mean = std::exp(theta[1]);
      const Values<3> m = unit_metric(a, special::half_difference(a).value);
      return {mean * m[0], mean * m[1], mean * m[1], mean * m[2]};
    }
    /// M^-1 g for a gradient in units of the mean: both in units of a c, whose square may
    /// underflow.
    static Values<2> solve(double a, double c, const Values<2>& g) {
      const Values<3> m = unit_metric(a, c);
      const double shape = m[0] / m[2], mixed = m[1] / m[2];
      const double in_shape = g[0] / m[2], in_mean = g[1] / m[2];
      const double determinant = shape - mixed * mixed;
      return {(in_shape - mixed * in_mean) / determinant,
              (shape * in_mean - mixed * in_shape) / determinant};
    }

    /// int_0^u F^2 = (u - 1) F^2 + 2 D F - c F_2 and its slopes in log a and log mu, with F_2 that
    /// of the shape 2 a. As D^2 = c D_2, a lower tail is D^2 times what is left of small
    /// differences.
    static Values<3> censored(const Terms& x) {
      const special::UnitGamma& g = x.g;
      const special::UnitGamma two = special::unit_gamma(2.0 * x.a, x.log_a + log_two, x.L);
      if (g.lower && two.lower) {
        const double unit = g.front * g.front, T = 1.0 + g.excess;
        const double in_mean = -(g.excess * g.excess + two.excess);
        const double value = g.u * T * T + in_mean;
        const double in_shape =
            2.0 * (g.front_slope * value + g.excess_slope * (g.u * T - g.excess)) -
            two.excess_slope;
        return {unit * value, unit * in_shape, unit * in_mean};
      }
      const double c = x.c.value, F = g.below, beyond = x.beyond();
      const double in_mean = 2.0 * g.front * F - c * two.below - F * F;
      const double in_shape = 2.0 * (beyond * F + g.front) * g.below_slope +
                              2.0 * g.front * g.front_slope * F -
                              c * (x.c.slope * two.below + two.below_slope);
      return {beyond * F * F + (2.0 * g.front * F - c * two.below), in_shape, in_mean};
    }
    static double score_censored(const Gamma&, const Values<2>& theta, double y) {
      const Terms x(theta, y);
      if (x.L > 650.0) return y - x.mean * (1.0 + x.c.value);
      return x.mean * censored(x)[0];
    }
    static Values<2> gradient_censored(const Gamma&, const Values<2>& theta, double y) {
      const Terms x(theta, y);
      const Values<3> all = censored(x);
      return {x.mean * all[1], x.mean * all[2]};
    }
    static Values<2> natural_gradient_censored(const Gamma&, const Values<2>& theta, double y) {
      const Terms x(theta, y);
      const Values<3> all = censored(x);
      return solve(x.a, x.c.value, {all[1], all[2]});
    }
    static constexpr double log_two = 0.6931471805599453;
  };
};

}  // namespace optlite::distributions
