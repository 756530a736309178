#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// With L = k log(y / lambda) and w = (y / lambda)^k = e^L.
struct Weibull {
  static constexpr auto doc =
      "Weibull distribution of life times: the hazard rises or falls as a power of time.";
  static constexpr auto formula =
      R"(f(y) = \frac{k}{\lambda} \left(\frac{y}{\lambda}\right)^{k - 1}
      e^{-(y / \lambda)^k}, \quad y > 0)";
  static constexpr auto reference =
      "Johnson, Kotz and Balakrishnan, Continuous univariate distributions, volume 1, 1994, "
      "chapter 21; Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, "
      "2020, section 2; Gneiting and Raftery, Strictly proper scoring rules, prediction, and "
      "estimation, 2007, equation 21";
  static constexpr Support support = Support::positive_real;
  static constexpr std::array parameters{Parameter{"log_shape", "Logarithm of the shape k."},
                                         Parameter{"log_scale", "Logarithm of the scale lambda."}};

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    // log y has the mean log lambda - gamma / k and the variance pi^2 / (6 k^2).
    const double spread = spread_of(std::sqrt(6.0 * s.variance_log) / special::pi, 1.0);
    return {-std::log(spread), s.mean_log + special::euler_gamma * spread};
  }

  /// Entries of the Fisher information for k = 1.
  static constexpr double mixed = 1.0 - special::euler_gamma;
  static constexpr double determinant = special::pi * special::pi / 6.0;
  static constexpr double shape_information = determinant + mixed * mixed;

  /// M^-1 (g_1, k g_2).
  static Values<2> solve(double g1, double g2, double log_shape) {
    return {(g1 + mixed * g2) / determinant,
            (mixed * g1 + shape_information * g2) / determinant * stable::exp(-log_shape)};
  }
  static double log_power(const Values<2>& theta, double y) {
    return stable::exp(theta[0]) * (stable::log(y) - theta[1]);
  }

  struct LogScore {
    static constexpr bool straight_line = true;

    static double score(const Weibull&, const Values<2>& theta, double y) {
      const double L = log_power(theta, y);
      return stable::exp(L) - L + stable::log(y) - theta[0];
    }
    static Values<2> gradient(const Weibull&, const Values<2>& theta, double y) {
      const double L = log_power(theta, y);
      const double rest = 1.0 - stable::exp(L);
      return {-1.0 - L * rest, stable::exp(theta[0]) * rest};
    }
    static Values<2> natural_gradient(const Weibull&, const Values<2>& theta, double y) {
      const double L = log_power(theta, y);
      const double rest = 1.0 - stable::exp(L);
      return solve(-1.0 - L * rest, rest, theta[0]);
    }
    static Values<4> metric(const Weibull&, const Values<2>& theta) {
      const double k = stable::exp(theta[0]);
      return {shape_information, -k * mixed, -k * mixed, k * k};
    }

    static double score_censored(const Weibull&, const Values<2>& theta, double y) {
      return stable::exp(log_power(theta, y));
    }
    static Values<2> gradient_censored(const Weibull&, const Values<2>& theta, double y) {
      const double L = log_power(theta, y);
      const double w = stable::exp(L);
      return {L * w, -stable::exp(theta[0]) * w};
    }
    static Values<2> natural_gradient_censored(const Weibull&, const Values<2>& theta, double y) {
      const double L = log_power(theta, y);
      const double w = stable::exp(L);
      return solve(L * w, -w, theta[0]);
    }
  };

  /// With s = 1 + 1 / k, P and Q the lower and the upper tail of the gamma distribution with the
  /// shape s, at w, the mean G = lambda Gamma(s), and E min(Y, Y') = G t with t = 2^(-1 / k).
  /// Integrals over y become such over w, whose powers and logarithms give gamma functions and
  /// their derivatives.
  struct Crps {
    static constexpr bool straight_line = false;

    struct Terms {
      double alpha, s, t, log_w, w, mean;
      Terms(const Values<2>& theta, double y)
          : alpha(std::exp(-theta[0])),
            s(1.0 + alpha),
            t(std::exp2(-alpha)),
            log_w(log_power(theta, y)),
            w(std::exp(std::fmin(log_w, 30.0))),  // no tail is left beyond
            mean(std::exp(theta[1] + special::log_gamma(s))) {}
    };
    /// P of a shape, and its derivative in it.
    static Values<2> lower(double shape, double w) {
      const special::GammaSurvival upper = special::gamma_survival(shape, w);
      return {-std::expm1(upper.log_value), -std::exp(upper.log_value) * upper.slope_in_shape};
    }

    static double score(const Weibull&, const Values<2>& theta, double y) {
      const Terms x(theta, y);
      return y * (1.0 - 2.0 * std::exp(-x.w)) + x.mean * (x.t - 2.0 * lower(x.s, x.w)[0]);
    }
    /// In units of the mean.
    static Values<2> slopes(const Terms& x) {
      const auto [P, in_shape] = lower(x.s, x.w);
      return {2.0 * x.alpha *
                  (special::digamma(x.s) * (P - 0.5 * x.t) + 0.5 * x.t * log_two + in_shape),
              x.t - 2.0 * P};
    }
    static Values<2> gradient(const Weibull&, const Values<2>& theta, double y) {
      const Terms x(theta, y);
      const Values<2> g = slopes(x);
      return {x.mean * g[0], x.mean * g[1]};
    }
    static Values<2> natural_gradient(const Weibull&, const Values<2>& theta, double y) {
      const Terms x(theta, y);
      return solve(x, slopes(x));
    }
    /// int w^s (log w)^j e^(-2 w) dw for j = 0, 1, 2 are those of Gamma(s + 1) / 2^(s + 1)
    /// and its derivatives.
    static Values<4> metric(const Weibull&, const Values<2>& theta) {
      const Terms x(theta, 1.0);
      const double unit = 0.5 * x.s * x.t * x.mean;
      const double d = special::digamma(x.s + 1.0) - log_two;
      return {unit * x.alpha * (d * d + special::trigamma(x.s + 1.0)), -unit * d, -unit * d,
              unit / x.alpha};
    }
    /// M^-1 g for a gradient in units of the mean.
    static Values<2> solve(const Terms& x, const Values<2>& g) {
      const double unit = 0.5 * x.s * x.t;
      const double d = special::digamma(x.s + 1.0) - log_two;
      const double first = (g[0] / x.alpha + d * g[1]) / (unit * special::trigamma(x.s + 1.0));
      return {first, x.alpha * (d * first + g[1] / unit)};
    }

    /// int_0^y F^2, its slopes in log k and log lambda, for w < 1 as sums over powers of w.
    static Values<3> censored(const Terms& x, double y) {
      const double F = -std::expm1(-x.w);
      double value, in_shape;
      if (x.w < 1.0) {
        double power = 1.0, two = 1.0;  // w^n / n! with its sign, and 2^n
        value = in_shape = 0.0;
        for (int n = 1; n < 30; ++n) {
          power *= -x.w / n;
          two *= 2.0;
          const double h = 1.0 / (n + x.alpha), next = 1.0 / (n + 1.0 + x.alpha);
          value += (two - 2.0) * power * h;
          in_shape -= (two - 1.0) * power * x.w * next * (x.log_w - next);
        }
        value *= x.alpha * y;
        in_shape *= 2.0 * x.alpha * y;
      } else {
        value = y - x.mean * (2.0 * lower(x.alpha, x.w)[0] - x.t * lower(x.alpha, 2.0 * x.w)[0]);
        const auto [once, of_once] = lower(x.s, x.w);
        const auto [twice, of_twice] = lower(x.s, 2.0 * x.w);
        const double psi = special::digamma(x.s);
        in_shape = 2.0 * x.alpha * x.mean *
                   (psi * once + of_once - 0.5 * x.t * ((psi - log_two) * twice + of_twice));
      }
      return {value, in_shape, value - y * F * F};
    }
    static double score_censored(const Weibull&, const Values<2>& theta, double y) {
      return censored(Terms(theta, y), y)[0];
    }
    static Values<2> gradient_censored(const Weibull&, const Values<2>& theta, double y) {
      const Values<3> all = censored(Terms(theta, y), y);
      return {all[1], all[2]};
    }
    static Values<2> natural_gradient_censored(const Weibull&, const Values<2>& theta, double y) {
      const Terms x(theta, y);
      const Values<3> all = censored(x, y);
      return solve(x, {all[1] / x.mean, all[2] / x.mean});
    }
    static constexpr double log_two = 0.6931471805599453;
  };
};

}  // namespace optlite::distributions
