// Functions in single precision, without branches or calls, for what is kept in it.
#pragma once

#include <cstdint>
#include <cstring>

namespace optlite::stable {

namespace detail {

inline float single_from(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

}  // namespace detail

/// exp(x) in single precision, with a relative error below 2e-7. Below -87 the result is 0, above
/// 88 it is that of 88; NaN stays NaN.
inline float exp_single(float x) {
  // x = n log 2 + r, as in stable::exp; adding 1.5 * 2^23 leaves n in the low bits.
  constexpr float shift = 0x1.8p23f;
  const float bounded = x < -87.0f ? -87.0f : (x > 88.0f ? 88.0f : x);
  const float shifted = bounded * 1.442695041f + shift;
  const float n = shifted - shift;
  const float r = (bounded - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
  // Taylor coefficients to degree 7, in pairs that do not wait for each other: the remainder is
  // 5e-9.
  const float r2 = r * r;
  const float first = (1.0f + r) + r2 * (0.5f + r * (1.0f / 6.0f));
  const float second =
      (1.0f / 24.0f + r * (1.0f / 120.0f)) + r2 * (1.0f / 720.0f + r * (1.0f / 5040.0f));
  const float p = first + (r2 * r2) * second;
  // 2^n: the exponent field of 1.0 plus n.
  const float scale = detail::single_from((detail::bits_of(shifted) << 23) + 0x3f800000u);
  const float value = p * scale;
  const float low = x < -87.0f ? 0.0f : value;
  return x != x ? x : low;
}

}  // namespace optlite::stable
