// Special functions that <cmath> lacks, stable over the whole range. They may branch and call: a
// loop over them stays scalar. Tested against SciPy and high precision (tests/test_special.py).
#pragma once

#include <cmath>

#include "optlite/core/numbers.hpp"

namespace optlite::special {

inline constexpr double pi = 3.14159265358979323846;
inline constexpr double sqrt_two = 1.41421356237309504880;
inline constexpr double sqrt_pi = 1.77245385090551602730;
inline constexpr double inverse_sqrt_pi = 0.56418958354775628695;
inline constexpr double half_log_two_pi = 0.91893853320467274178;
inline constexpr double euler_gamma = 0.57721566490153286061;

inline double clip(double x, double low, double high) {
  return x < low ? low : (x > high ? high : x);
}

/// Density of the standard normal distribution.
inline double normal_density(double z) { return 0.39894228040143267794 * std::exp(-0.5 * z * z); }

/// 2 Phi(z) - 1.
inline double two_sided(double z) { return std::erf(z / sqrt_two); }

/// Phi(z), relatively accurate in the lower tail.
inline double normal_cdf(double z) { return 0.5 * std::erfc(-z / sqrt_two); }

/// e^(x^2) erfc(x); infinite below -26.6.
inline double erfcx(double x) {
  if (x < 10.0) {
    // The rounding of x^2 would be amplified by e^(x^2): its error goes into a factor.
    const double square = x * x;
    return std::exp(square) * (1.0 + std::fma(x, x, -square)) * std::erfc(x);
  }
  const double r = 0.5 / (x * x);  // asymptotic series, terms below 1e-16 after the twelfth
  double sum = 1.0;
  for (int k = 12; k >= 1; --k) sum = 1.0 - (2.0 * k - 1.0) * r * sum;
  return inverse_sqrt_pi / x * sum;
}

/// phi(z) / (1 - Phi(z)): the hazard of the standard normal distribution.
inline double normal_hazard(double z) { return 0.79788456080286535588 / erfcx(z / sqrt_two); }

/// log(1 - Phi(z)).
inline double log_normal_survival(double z) {
  if (z < 0.0) return std::log1p(-0.5 * std::erfc(-z / sqrt_two));
  return std::log(0.5 * erfcx(z / sqrt_two)) - 0.5 * z * z;
}

/// e^x - 1 - x.
inline double expm1_minus(double x) {
  if (std::fabs(x) > 0.5) return std::expm1(x) - x;
  double sum = 0.0;  // x^k / k! from k = 2 on
  for (int k = 16; k >= 3; --k) sum = (sum + 1.0) * x / k;
  return 0.5 * x * x * (sum + 1.0);
}

/// log Gamma(a) - a log a + a, for a > 0: stays small where log Gamma is large.
inline double log_gamma_reduced(double a) {
  double shift = 0.0;
  const double first = a;
  double product = 1.0;
  while (a < 10.0) {
    product *= a;
    a += 1.0;
  }
  if (product != 1.0) shift = -std::log(product);
  const double r = 1.0 / (a * a);
  double sum = -691.0 / 360360.0;
  sum = sum * r + 1.0 / 1188.0;
  sum = sum * r - 1.0 / 1680.0;
  sum = sum * r + 1.0 / 1260.0;
  sum = sum * r - 1.0 / 360.0;
  sum = sum * r + 1.0 / 12.0;
  const double reduced = half_log_two_pi - 0.5 * std::log(a) + sum / a;
  if (first == a) return reduced;
  return shift + reduced + (a * std::log(a) - a) - (first * std::log(first) - first);
}

/// log Gamma(a) for a > 0, without the global sign that std::lgamma writes.
inline double log_gamma(double a) { return log_gamma_reduced(a) + (a * std::log(a) - a); }

/// psi(a) - log a, for a > 0.
inline double digamma_minus_log(double a) {
  const double first = a;
  double shift = 0.0;
  while (a < 10.0) {
    shift -= 1.0 / a;
    a += 1.0;
  }
  const double r = 1.0 / (a * a);
  double sum = -691.0 / 32760.0;
  sum = sum * r + 1.0 / 132.0;
  sum = sum * r - 1.0 / 240.0;
  sum = sum * r + 1.0 / 252.0;
  sum = sum * r - 1.0 / 120.0;
  sum = sum * r + 1.0 / 12.0;
  const double reduced = -0.5 / a - sum * r;
  if (first == a) return reduced;
  return shift + reduced + std::log(a / first);
}

inline double digamma(double a) { return digamma_minus_log(a) + std::log(a); }

/// a psi'(a) - 1, for a > 0.
inline double scaled_trigamma_minus_one(double a) {
  const double first = a;
  double shift = 0.0;
  while (a < 10.0) {
    shift += 1.0 / (a * a);
    a += 1.0;
  }
  const double r = 1.0 / (a * a);
  double sum = 7.0 / 6.0;
  sum = sum * r - 691.0 / 2730.0;
  sum = sum * r + 5.0 / 66.0;
  sum = sum * r - 1.0 / 30.0;
  sum = sum * r + 1.0 / 42.0;
  sum = sum * r - 1.0 / 30.0;
  sum = sum * r + 1.0 / 6.0;
  const double reduced = 0.5 / a + sum * r;
  if (first == a) return reduced;
  return first * (shift + (1.0 + reduced) / a) - 1.0;
}

inline double trigamma(double a) { return (scaled_trigamma_minus_one(a) + 1.0) / a; }

}  // namespace optlite::special
