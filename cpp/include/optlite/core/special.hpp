// Special functions that <cmath> lacks, stable over the whole range. They may branch and call: a
// loop over them stays scalar. cpp/tests/test_special.cpp compares them with high precision.
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
inline double normal_hazard(double z) {
  if (z < 0.0) return normal_density(z) / (0.5 * std::erfc(z / sqrt_two));
  return 0.79788456080286535588 / erfcx(z / sqrt_two);
}

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

/// log(1 + x) - x for x > -1.
inline double log1p_minus(double x) {
  if (std::fabs(x) > 0.3) return std::log1p(x) - x;
  const double s = x / (2.0 + x);  // log(1 + x) = 2 atanh(s), and x = 2 s / (1 - s)
  const double s2 = s * s;         // at most 0.032: eleven terms leave 1e-17
  double sum = 0.0;
  for (int k = 23; k >= 3; k -= 2) sum = sum * s2 + 1.0 / k;
  return 2.0 * s * s2 * sum - s * x;
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

/// log(sqrt(pi nu) Gamma(nu / 2) / Gamma((nu + 1) / 2)): the constant of Student's density.
inline double t_log_constant(double nu) {
  return log_gamma_reduced(0.5 * nu) - log_gamma_reduced(0.5 * (nu + 1.0)) -
         0.5 * (nu + 1.0) * std::log1p(1.0 / nu) + 0.5 + half_log_two_pi;
}

inline double trigamma(double a) { return (scaled_trigamma_minus_one(a) + 1.0) / a; }

/// The upper tail Q(a, x) of a gamma distribution with rate 1.
struct GammaSurvival {
  double log_value;
  double slope_in_shape;  // d log Q / da
  double hazard;          // density / Q
};

/// For x < a + 1 from the power series of 1 - Q, beyond from the continued fraction of Q, each
/// differentiated term by term.
inline GammaSurvival gamma_survival(double a, double x) {
  if (!(x > 0.0)) return {0.0, 0.0, 0.0};
  // log(x^a e^-x / Gamma(a)), in log(x / a) so that nothing large cancels.
  const double ratio = std::log(x / a);
  const double log_front = -a * expm1_minus(ratio) - log_gamma_reduced(a);
  constexpr int most = 100000;
  if (x < a + 1.0) {
    double term = 1.0 / a, slope = -1.0 / a;  // slope: d log(term) / da
    double sum = term, sum_slope = term * slope;
    for (int n = 1; n < most; ++n) {
      term *= x / (a + n);
      slope -= 1.0 / (a + n);
      sum += term;
      sum_slope += term * slope;
      if (std::fabs(term * slope) < 1e-18 * std::fabs(sum_slope)) break;
    }
    const double below = std::exp(log_front + std::log(sum));
    const double log_value = std::log1p(-below);
    const double slope_below = ratio - digamma_minus_log(a) + sum_slope / sum;
    return {log_value, -below * slope_below / (1.0 - below), std::exp(log_front - log_value) / x};
  }
  // Lentz's method for 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / ...)).
  double b = x + 1.0 - a;
  double C = infinity, slope_C = 0.0;
  double D = 1.0 / b, slope_D = D * D;
  double value = D, slope = D;  // slope: d log(value) / da
  for (int n = 1; n < most; ++n) {
    const double numerator = n * (a - n);
    b += 2.0;
    const double denominator = b + numerator * D;
    slope_D = -(-1.0 + n * D + numerator * slope_D) / (denominator * denominator);
    D = 1.0 / denominator;
    const double next = b + numerator / C;
    slope_C = -1.0 + n / C - numerator * slope_C / (C * C);
    C = next;
    const double change = slope_C / C + slope_D / D;
    value *= C * D;
    slope += change;
    if (std::fabs(C * D - 1.0) < 1e-16 && std::fabs(change) < 1e-16 * std::fabs(slope)) break;
  }
  return {log_front + std::log(value), ratio - digamma_minus_log(a) + slope, 1.0 / (x * value)};
}

}  // namespace optlite::special
