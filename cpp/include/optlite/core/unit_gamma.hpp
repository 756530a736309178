// The distribution function of a gamma variable with shape a and mean 1, and its derivative in the
// shape:
//
//     F(u) = P(a, x),  x = a u,  and  F' = dF / d log a  where u stays as it is.
//
// Everything is written in units of D = x^a e^-x / Gamma(a + 1), F = D T with D' = D d: so tails
// keep their digits. Since u stays, a large shape takes none: F' is of the size of 1, not sqrt(a).
#pragma once

#include <array>
#include <cmath>

#include "optlite/core/gamma_crps_table.hpp"
#include "optlite/core/special.hpp"

namespace optlite::special {

/// c = Gamma(a + 1/2) / (sqrt(pi) Gamma(a + 1)), half of Gini's mean difference for the mean 1,
/// d log c / d log a, and 1 - c, which vanishes with a.
struct HalfDifference {
  double value, slope, rest;
};

namespace detail {

/// 1 - c by the series of log c in a, whose terms are those of psi(1/2) - psi(1) and its
/// derivatives; the rest is below 1e-16 of it.
inline double rest_of_half_difference(double a) {
  constexpr double first = -1.3862943611198906, second = 1.6449340668482264;  // -2 log 2, pi^2 / 6
  constexpr double third = -2.4041138063191886,
                   fourth = 3.7880928421683654;  // -2 zeta(3), 7 pi^4 / 180
  return -std::expm1(a * (first + a * (second + a * (third + a * fourth))));
}

}  // namespace detail

inline HalfDifference half_difference(double a) {
  const double first = a;
  double ratio = 1.0, shift = 0.0;  // c(a) / c(a + 1), and the derivative of its logarithm
  while (a < 10.0) {
    const double over = 1.0 / ((a + 1.0) * (a + 0.5));
    ratio *= (a + 1.0) * (a + 1.0) * over;
    shift -= 0.5 * over;
    a += 1.0;
  }
  // log(Gamma(a + 1/2) / (Gamma(a) sqrt(a))) from the difference of two series of Stirling's form:
  // the term of a^(1 - 2k) has the factor -(2 - 2^(1 - 2k)) B_2k / (2k (2k - 1)).
  constexpr std::array terms{-1.0 / 8.0,      1.0 / 192.0,      -1.0 / 640.0,      17.0 / 14336.0,
                             -31.0 / 18432.0, 691.0 / 180224.0, -5461.0 / 425984.0};
  const double r = 1.0 / (a * a);
  double sum = 0.0, slope = 0.0;
  for (int k = static_cast<int>(terms.size()) - 1; k >= 0; --k) {
    sum = sum * r + terms[k];
    slope = slope * r - (2.0 * k + 1.0) * terms[k];
  }
  const double c = ratio * std::exp(sum / a) / std::sqrt(pi * a);
  const double rest = first < 1e-4 ? detail::rest_of_half_difference(first) : 1.0 - c;
  return {c, first * (shift + (slope / a - 0.5) / a), rest};
}

/// F and its relatives at one point.
struct UnitGamma {
  double u;
  double front, front_slope;  // D and d
  double below, below_slope;  // F and F'
  bool lower;  // whether the next two are known: where F is not near 1
  double excess, excess_slope;  // T - 1 and T'
};

namespace detail {

/// Number of terms of the series in eta: from a = 12 on, for |eta| <= 1, the rest is below 1e-16.
inline constexpr int eta_terms = 32;

/// Coefficients of eta / (u - 1) in powers of eta, where eta^2 / 2 = u - 1 - log u and eta has the
/// sign of u - 1. Those of v = u - 1 follow from v v' = eta (1 + v).
constexpr std::array<double, eta_terms> eta_series() {
  std::array<double, eta_terms + 1> v{};
  v[0] = 1.0;  // of eta^1
  for (int m = 3; m <= eta_terms + 1; ++m) {
    double sum = 2.0 / m * v[m - 3];
    for (int i = 2; i <= m - 2; ++i) sum -= v[i - 1] * v[m - i - 1];
    v[m - 2] = 0.5 * sum;
  }
  std::array<double, eta_terms> d{};
  d[0] = 1.0;
  for (int n = 1; n < eta_terms; ++n) {
    for (int i = 2; i <= n + 1; ++i) d[n] -= v[i - 1] * d[n + 1 - i];
  }
  return d;
}

/// By the uniform expansion of Temme (The asymptotic expansion of the incomplete gamma functions,
/// 1979) in the form of Gil, Segura and Temme (Efficient and accurate algorithms for the
/// computation and inversion of the incomplete gamma function ratios, 2012, section 2.3):
///
///     F = erfc(-w) / 2 - D B,  w = eta sqrt(a / 2),  B = sum_n beta_n eta^n,
///     beta_(n - 1) = (n + 1) beta_(n + 1) / a + d_n,
///
/// with 1 + beta_1 / a = Gamma(a) sqrt(a / (2 pi)) (e / a)^a. eta does not depend on a: derivatives
/// in log a are those of the recurrence, and the error function drops out of F' / D.
inline UnitGamma unit_gamma_uniform(double a, double u, double L, double half_square) {
  static constexpr std::array<double, eta_terms> d = eta_series();
  const double eta = std::copysign(std::sqrt(2.0 * half_square), L);
  const double square = a * half_square, over = 1.0 / a;
  double above = 0.0, beta = 0.0, above_slope = 0.0, beta_slope = 0.0;  // beta_(n + 1), beta_n
  double B = 0.0, B_slope = 0.0;
  for (int n = eta_terms - 1; n >= 1; --n) {
    const double factor = (n + 1) * over;
    const double next = factor * above + d[static_cast<std::size_t>(n)];
    const double next_slope = factor * (above_slope - above);
    above = beta;
    beta = next;
    above_slope = beta_slope;
    beta_slope = next_slope;
    B = B * eta + next;
    B_slope = B_slope * eta + next_slope;
  }
  const double stirling = 1.0 + above * over;  // now beta is beta_0 and above beta_1
  const double stirling_slope = (above_slope - above) * over / stirling;
  UnitGamma g{};
  g.u = u;
  g.front = std::exp(-square) / (std::sqrt(2.0 * pi * a) * stirling);
  g.front_slope = -square - 0.5 - stirling_slope;
  const double slope_over_front =
      0.5 * a * stirling * eta + B * (square + 0.5 + stirling_slope) - B_slope;
  g.below_slope = g.front * slope_over_front;
  g.lower = L < 0.0;
  if (g.lower) {
    const double T = std::sqrt(0.5 * pi * a) * stirling * erfcx(std::sqrt(square)) - B;
    g.below = g.front * T;
    g.excess = T - 1.0;
    g.excess_slope = slope_over_front - T * g.front_slope;
  } else {
    g.below = 1.0 - (0.5 * std::erfc(std::sqrt(square)) + g.front * B);
  }
  return g;
}

/// T = 1 + x / (a + 1) + x^2 / ((a + 1)(a + 2)) + ..., differentiated term by term; far above the
/// mean the continued fraction of 1 - F.
inline UnitGamma unit_gamma_series(double a, double log_a, double u, double L, double half_square) {
  UnitGamma g{};
  g.u = u;
  g.front = std::exp(-a * half_square - log_gamma_reduced(a) - log_a);
  g.lower = true;
  if (g.front == 0.0) {
    g.lower = L < 0.0;
    g.below = g.lower ? 0.0 : 1.0;
    return g;
  }
  const double x = a * u;
  // d log D / d log a where x stays: a (log x - psi(a + 1))
  const double of_x = a * (L + (log_a - std::log1p(a)) - digamma_minus_log(a + 1.0));
  g.front_slope = of_x + (a - x);
  if (x > a + 4.0) {
    const GammaSurvival upper = gamma_survival(a, x);
    const double above = std::exp(upper.log_value);
    g.lower = false;
    g.below = 1.0 - above;
    g.below_slope = above * (x * upper.hazard - a * upper.slope_in_shape);
    return g;
  }
  double term = 1.0, slope = 0.0, sum_slope = 0.0;  // slope: -d log(term) / da
  for (int n = 1; n < 1000; ++n) {
    const double over = 1.0 / (a + n);
    term *= x * over;
    slope += over;
    g.excess += term;
    sum_slope += term * slope;
    if (term * slope <= 1e-17 * sum_slope) break;
  }
  const double T = 1.0 + g.excess;
  g.below = g.front * T;
  g.below_slope = g.front * (a + T * of_x - a * sum_slope);
  g.excess_slope = x * T - a * (g.excess + sum_slope);
  return g;
}

}  // namespace detail

/// For u = e^L; log_a is the logarithm of a.
inline UnitGamma unit_gamma(double a, double log_a, double L) {
  if (L > 650.0) L = 650.0;  // nothing is left above; NaN stays
  const double half_square = expm1_minus(L), u = std::exp(L);
  return a >= 12.0 && half_square < 0.5 ? detail::unit_gamma_uniform(a, u, L, half_square)
                                        : detail::unit_gamma_series(a, log_a, u, L, half_square);
}

/// r and q: what the integrals 2 int F'^2 du and -2 int F' u dF have beside the elementary factors
/// a c / (1 + 8 a) and a c / (1 + a). By Clenshaw's recurrence.
struct UnitGammaMetric {
  double shape, mixed;
};

inline UnitGammaMetric unit_gamma_metric(double a) {
  const double twice = a < 1.0 ? 2.0 * (a - 1.0) / (a + 1.0) : 2.0 - 4.0 / (a + 1.0);
  double r = 0.0, q = 0.0, last_r = 0.0, last_q = 0.0;
  for (std::size_t k = detail::gamma_crps_table.size() - 1; k > 0; --k) {
    const auto [in_r, in_q] = detail::gamma_crps_table[k];
    const double next_r = in_r + (twice * r - last_r), next_q = in_q + (twice * q - last_q);
    last_r = r;
    r = next_r;
    last_q = q;
    q = next_q;
  }
  const auto [in_r, in_q] = detail::gamma_crps_table[0];
  return {in_r + (0.5 * twice * r - last_r), in_q + (0.5 * twice * q - last_q)};
}

}  // namespace optlite::special
