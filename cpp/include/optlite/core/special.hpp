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

/// e^-x I_0(x) and e^-x I_1(x) for x >= 0, and what the first of them and both leave of 1: small
/// differences where x is small.
struct ScaledBessel {
  double zero, one, without_zero, without_both;
};

/// By their power series, or by Hankel's expansion, whose terms fall below 1e-17 from x = 25 on.
inline ScaledBessel scaled_bessel(double x) {
  double zero = 1.0, one = 1.0, term = 1.0;
  if (x > 25.0) {
    double term_of_one = 1.0;
    for (int k = 1; k <= 25; ++k) {
      const double odd = 2.0 * k - 1.0;
      term *= odd * odd / (8.0 * k * x);
      term_of_one *= (odd * odd - 4.0) / (8.0 * k * x);
      zero += term;
      one += term_of_one;
    }
    const double front = 1.0 / std::sqrt(2.0 * pi * x);
    return {front * zero, front * one, 1.0 - front * zero, 1.0 - front * (zero + one)};
  }
  double above = 0.0;  // I_0 - 1
  for (int k = 1; k < 100 && term > 1e-18 * above; ++k) {
    term *= 0.25 * x * x / (static_cast<double>(k) * k);
    above += term;
    one += term / (k + 1.0);
  }
  const double front = std::exp(-x);
  one *= 0.5 * x * front;
  const double without_zero = -std::expm1(-x) - front * above;
  return {front * (1.0 + above), one, without_zero, without_zero - one};
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

/// Q(a, x) itself. For a large a by the first term of Temme's uniform expansion (The asymptotic
/// expansion of the incomplete gamma functions, 1979): the next one is a 1e-9th.
inline double gamma_upper(double a, double x) {
  if (!(x > 0.0)) return 1.0;
  if (a < 1e6) return std::exp(gamma_survival(a, x).log_value);
  const double half_square = -log1p_minus(x / a - 1.0);  // x / a - 1 - log(x / a) = eta^2 / 2
  const double eta = std::copysign(std::sqrt(2.0 * half_square), x - a);
  const double decay = std::exp(-a * half_square);
  if (decay == 0.0) return eta < 0.0 ? 1.0 : 0.0;
  // 1 / (x / a - 1) - 1 / eta
  const double rest =
      -1.0 / 3.0 + eta * (1.0 / 12.0 + eta * (-2.0 / 135.0 + eta * (1.0 / 864.0 + eta / 2835.0)));
  return 0.5 * std::erfc(eta * std::sqrt(0.5 * a)) + decay / std::sqrt(2.0 * pi * a) * rest;
}

/// a B(a, b) I_x(a, b) / (x^a (1 - x)^b), for x below (a + 1) / (a + b + 2), by its continued
/// fraction (Olver et al., NIST handbook of mathematical functions, 2010, eq. 8.17.22).
inline double beta_fraction(double a, double b, double x) {
  double C = 1.0, D = 0.0, value = 1.0;
  const auto step = [&](double d) {
    D = 1.0 / (1.0 + d * D);
    C = 1.0 + d / C;
    value *= C * D;
  };
  for (int m = 0; m < 10000; ++m) {
    if (m > 0) step(m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)));
    step(-(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)));
    if (std::fabs(C * D - 1.0) < 4e-16) break;
  }
  return 1.0 / value;
}

/// P(|T| <= |z|) with the sign of z, for Student's t with nu degrees and this density at z. With
/// many degrees the fraction loses digits; a normal number is then near by (Hill, Algorithm 395:
/// Student's t-distribution, 1970), the next term being below 1e-13.
inline double student_two_sided(double z, double nu, double density) {
  const double square = z * z;
  if (nu > 1e4) {
    const double a = nu - 0.5, y = std::sqrt(a * std::log1p(square / nu));
    const double normal = y < 50.0 ? y + y * (y * y + 3.0) / (48.0 * a * a) : y;
    return std::copysign(two_sided(normal), z);
  }
  const double front = 2.0 * std::fabs(z) * density;
  const bool inner = square * (nu + 5.0) < 3.0 * (nu + square);
  const double size =
      inner ? front * beta_fraction(0.5, 0.5 * nu, square / (nu + square))
            : 1.0 - front / nu * beta_fraction(0.5 * nu, 0.5, 1.0 / (1.0 + square / nu));
  return std::copysign(size, z);
}

}  // namespace optlite::special
