// 256-bit vectors of the compiler, for loops whose registers are laid out by hand. A processor with
// narrower registers gets two operations for one.
#pragma once

#if defined(__GNUC__) || defined(__clang__)
#define OPTLITE_HAS_VECTORS 1

#include <cstring>

#include "optlite/core/types.hpp"

namespace optlite::vectors {

template <class Number>
struct Lanes;
template <>
struct Lanes<double> {
  typedef double type __attribute__((vector_size(32), aligned(8), may_alias));
};
template <>
struct Lanes<float> {
  typedef float type __attribute__((vector_size(32), aligned(4), may_alias));
};

template <class Number>
using Vec = typename Lanes<Number>::type;
using Doubles = Vec<double>;
using Floats = Vec<float>;

/// Numbers in one vector.
template <class Number>
constexpr Index width = 32 / static_cast<Index>(sizeof(Number));

inline Doubles all(double x) { return Doubles{x, x, x, x}; }
inline Floats all(float x) { return Floats{x, x, x, x, x, x, x, x}; }

template <class Number>
inline Vec<Number> load(const Number* from) {
  return *reinterpret_cast<const Vec<Number>*>(from);
}

template <class Number>
inline void store(const Vec<Number>& vector, Number* to) {
  *reinterpret_cast<Vec<Number>*>(to) = vector;
}

/// Four numbers, as doubles: one instruction, of which GCC makes five for __builtin_convertvector.
inline Doubles load_doubles(const double* from) { return load(from); }
inline Doubles load_doubles(const float* from) {
  return Doubles{static_cast<double>(from[0]), static_cast<double>(from[1]),
                 static_cast<double>(from[2]), static_cast<double>(from[3])};
}

inline double sum(const Doubles& v) { return (v[0] + v[2]) + (v[1] + v[3]); }

}  // namespace optlite::vectors

#endif
