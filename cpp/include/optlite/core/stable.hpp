// Scalar functions in stable form, written without branches or calls so that a loop over them
// becomes vector code. Relative errors (tested against high precision): below 1e-15, except where
// the result is subnormal (exp gives 0 there, log1p_unit is off by at most one subnormal unit).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace optlite::stable {

namespace detail {

inline double from_bits(std::uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline std::uint64_t to_bits(double value) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// log(1 + u) = 2 atanh(u / (2 + u)) for 1 + u in [sqrt(1/2), sqrt(2)].
inline double log1p_near(double u) {
  const double s = u / (2.0 + u);
  const double s2 = s * s;  // at most 0.0295: twelve terms leave 1e-19
  double p = 1.0 / 23.0;
  p = p * s2 + 1.0 / 21.0;
  p = p * s2 + 1.0 / 19.0;
  p = p * s2 + 1.0 / 17.0;
  p = p * s2 + 1.0 / 15.0;
  p = p * s2 + 1.0 / 13.0;
  p = p * s2 + 1.0 / 11.0;
  p = p * s2 + 1.0 / 9.0;
  p = p * s2 + 1.0 / 7.0;
  p = p * s2 + 1.0 / 5.0;
  p = p * s2 + 1.0 / 3.0;
  return 2.0 * s + 2.0 * s * s2 * p;
}

}  // namespace detail

/// exp(x). Below -708 the result is 0 (no subnormals), above 709.7 it is infinite; NaN stays NaN.
inline double exp(double x) {
  // x = n log 2 + r with |r| <= log(2) / 2; adding 1.5 * 2^52 leaves n in the low bits.
  constexpr double shift = 0x1.8p52;
  const double bounded = x < -708.0 ? -708.0 : (x > 709.0 ? 709.0 : x);
  const double shifted = bounded * 1.4426950408889634 + shift;
  const double n = shifted - shift;
  const double r = (bounded - n * 0x1.62e42fefa3800p-1) - n * 0x1.ef35793c76730p-45;
  // Taylor coefficients to degree 13: the remainder at log(2)/2 is 4e-18.
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  // 2^n: the exponent field of 1.0 plus n. n is at most 1023 after the clamp.
  const double scale = detail::from_bits((detail::to_bits(shifted) << 52) + 0x3ff0000000000000ull);
  const double value = p * scale;
  const double low = x < -708.0 ? 0.0 : value;
  const double high = x > 709.0 ? HUGE_VAL : low;
  return x != x ? x : high;
}

/// exp(x) for x <= 709, in fewer operations: below -708 the result is 0, NaN stays NaN.
inline double exp_below(double x) {
  constexpr double shift = 0x1.8p52;  // as in exp
  const double bounded = x < -708.0 ? -708.0 : x;
  const double shifted = bounded * 1.4426950408889634 + shift;
  const double n = shifted - shift;
  const double r = (bounded - n * 0x1.62e42fefa3800p-1) - n * 0x1.ef35793c76730p-45;
  // The polynomial of exp, in pairs that do not wait for each other.
  const double r2 = r * r, r4 = r2 * r2;
  const double low = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0));
  const double next = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0));
  const double high =
      (1.0 / 40320.0 + r * (1.0 / 362880.0)) + r2 * (1.0 / 3628800.0 + r * (1.0 / 39916800.0));
  const double last = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0);
  const double p = (low + r4 * next) + (r4 * r4) * (high + r4 * last);
  const double scale = detail::from_bits((detail::to_bits(shifted) << 52) + 0x3ff0000000000000ull);
  const double value = p * scale;
  return x < -708.0 ? 0.0 : value;
}

/// log(1 + t) for t in [0, 1].
inline double log1p_unit(double t) {
  // 1 + t = 2^k (1 + u) with 1 + u in [sqrt(1/2), sqrt(2)].
  const bool large = t > 0.41421356237309503;
  const double u = large ? 0.5 * (t - 1.0) : t;
  const double offset = large ? 0.6931471805599453 : 0.0;
  return offset + detail::log1p_near(u);
}

/// log(x) for x > 0, subnormal ones included; NaN stays NaN.
inline double log(double x) {
  // x = 2^k m with m in [1, 2), halved where it is above sqrt(2).
  const bool tiny = x < 0x1p-1022;
  const double scaled = tiny ? x * 0x1p54 : x;
  const std::uint64_t bits = detail::to_bits(scaled);
  const double m = detail::from_bits((bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull);
  const bool large = m > 1.4142135623730951;
  // The exponent as a double: its bits under those of 2^52.
  const double exponent = detail::from_bits((bits >> 52) | 0x4330000000000000ull) - 0x1p52;
  const double k = exponent - (tiny ? 1077.0 : 1023.0) + (large ? 1.0 : 0.0);
  const double u = (large ? 0.5 * m : m) - 1.0;
  const double value = k * 0.6931471805599453 + detail::log1p_near(u);
  const double known = x > 1.7976931348623157e308 ? HUGE_VAL : value;
  return x != x ? x : known;
}

/// log(1 + x) for x >= 0.
inline double log1p_positive(double x) {
  const bool large = x > 1.0;
  return log(large ? x : 1.0) + log1p_unit(large ? 1.0 / x : x);
}

/// x^k for x >= 0 and k in [0, 1]; the relative error grows with |log x|, to 1e-13 at the ends.
inline double power(double x, double k) {
  const double value = exp(k * log(x));
  return x == 0.0 ? (k == 0.0 ? 1.0 : 0.0) : value;
}

/// log(1 + exp(x)) without overflow or cancellation.
inline double softplus(double x) {
  const double t = exp(-std::fabs(x));
  return (x > 0.0 ? x : 0.0) + log1p_unit(t);
}

/// 1 / (1 + exp(-x)); relatively accurate in both tails.
inline double sigmoid(double x) {
  const double t = exp(-std::fabs(x));
  return (x >= 0.0 ? 1.0 : t) / (1.0 + t);
}

}  // namespace optlite::stable
