#pragma once

#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// The mean and the size r are orthogonal. The information on r has no closed form: it is summed up
/// for each row, which makes this distribution slower than the others.
struct NegativeBinomial {
  static constexpr auto doc =
      "Negative binomial distribution of counts that vary more than Poisson's: variance mu + mu^2 "
      "/ r.";
  static constexpr auto formula =
      R"(P(y) = \frac{\Gamma(y + r)}{\Gamma(r)\, y!} \left(\frac{r}{r + \mu}\right)^r
      \left(\frac{\mu}{r + \mu}\right)^y)";
  static constexpr auto reference =
      "Johnson, Kemp and Kotz, Univariate discrete distributions, third edition, 2005, chapter 5; "
      "Lawless, Negative binomial and mixed Poisson regression, 1987, section 2";
  static constexpr auto no_crps =
      "the score is a hypergeometric function, but its derivative in the size and the metric "
      "are sums without a closed form";
  static constexpr Support support = Support::count;
  static constexpr std::array parameters{
      Parameter{"log_mean", "Logarithm of the mean mu."},
      Parameter{"log_size", "Logarithm of the size r; Poisson as r grows."}};

  static constexpr bool start_is_exact = false;
  Values<2> start(const Summary& s) const {
    const double mean = spread_of(s.mean, 0.0);
    const double excess = s.variance - mean;
    // In this form, as squares of large counts overflow.
    const double size = excess > 0.0 ? mean / (excess / mean) : 100.0 * mean;
    return {std::log(mean), std::log(special::clip(size, 1e-2 * mean, 100.0 * mean))};
  }
  /// For counts that vary less than Poisson's the maximum is at infinity.
  static void bound(double* theta) {
    theta[0] = std::fmax(theta[0], -18.5);  // counts that are all zero
    theta[1] = special::clip(theta[1], theta[0] - 10.0, std::fmax(theta[0], 0.0) + 7.0);
  }

  /// -E d^2 log P / dr^2 = sum_j P(Y > j) / (r + j)^2 - mu / (r (r + mu)).
  static double size_information(double r, double mu) {
    const double q = mu / r;
    if (r > 1e7) return 0.5 * q * q / ((r + mu) * (r + mu));  // the next term is a 1e-7th
    const double terms = mu + 12.0 * std::sqrt(mu * (1.0 + q)) + 40.0 * (1.0 + q);
    return terms < 150.0 ? by_sum(r, mu) : by_quadrature(r, mu);
  }
  /// As sum_j P(Y > j) = mu, the last term goes into the sum; nothing cancels for a small mean. The
  /// upper tails are added up from their end, smallest numbers first.
  static double by_sum(double r, double mu) {
    constexpr int most = 400;
    double mass[most];
    mass[0] = std::exp(-r * std::log1p(mu / r));
    int count = 1;
    while (count < most && mass[count - 1] > 1e-40) {
      mass[count] = mass[count - 1] * (r + (count - 1.0)) / count * mu / (r + mu);
      ++count;
    }
    double above = 0.0, sum = 0.0;
    for (int j = count - 2; j >= 0; --j) {
      above += mass[j + 1];
      const double size = r + j;
      sum +=
          above * (j == 0 ? mu / (r * r * (r + mu)) : 1.0 / (size * size) - 1.0 / (r * (r + mu)));
    }
    return sum;
  }
  /// The sum is int_0^inf s e^(-r s) / (1 - e^-s) (1 - G(e^-s)) ds with G(u) = E u^Y; by the
  /// trapezoidal rule in log s, which converges exponentially here.
  static double by_quadrature(double r, double mu) {
    const double q = mu / r;
    constexpr double step = 0.25;
    double sum = 0.0;
    for (double v = std::log(1e-9 / (r + mu + 1.0)); v < std::log(45.0 / r); v += step) {
      const double s = std::exp(v);
      const double a = -std::expm1(-s);
      sum += s * s / a * std::exp(-r * s) * -std::expm1(-r * std::log1p(q * a));
    }
    return step * sum - q / (r + mu);
  }

  struct LogScore {
    static constexpr bool straight_line = false;

    static double score(const NegativeBinomial&, const Values<2>& theta, double y) {
      const double mu = std::exp(theta[0]), r = std::exp(theta[1]);
      if (y == 0.0) return r * std::log1p(mu / r);
      const double log_y = std::log(y);
      const double L = theta[0] - log_y;
      const double ways = special::log_gamma_reduced(r) + special::log_gamma_reduced(y) + log_y -
                          special::log_gamma_reduced(y + r);
      const double change = y * std::expm1(L) / (r + y);  // (mu - y) / (r + y)
      // y log(y (r + mu) / (mu (r + y))) + r log((r + mu) / (r + y)), without large terms.
      if (r < y || std::fabs(L) > 1.0) {
        return ways + y * std::log1p(r / (r + y) * std::expm1(-L)) + r * std::log1p(change);
      }
      return ways + y * special::expm1_minus(L) + (r + y) * special::log1p_minus(change);
    }
    static Values<2> gradient(const NegativeBinomial&, const Values<2>& theta, double y) {
      const double mu = std::exp(theta[0]), r = std::exp(theta[1]);
      const double share = (y - mu) / (r + mu);
      // log(1 + share) - share; 1 + share = (r + y) / (r + mu) may be below the rounding of one.
      const double rest =
          share < -0.5 ? std::log((r + y) / (r + mu)) - share : special::log1p_minus(share);
      return {-r * share,
              -r * (special::digamma_minus_log(y + r) - special::digamma_minus_log(r) + rest)};
    }
    static Values<2> natural_gradient(const NegativeBinomial& d, const Values<2>& theta, double y) {
      const double mu = std::exp(theta[0]), r = std::exp(theta[1]);
      return {1.0 - y / mu, gradient(d, theta, y)[1] / (r * r * size_information(r, mu))};
    }
    static Values<4> metric(const NegativeBinomial&, const Values<2>& theta) {
      const double mu = std::exp(theta[0]), r = std::exp(theta[1]);
      return {r * mu / (r + mu), 0.0, 0.0, r * r * size_information(r, mu)};
    }
  };
};

}  // namespace optlite::distributions
