// A hyper-parameter, described once: its name, default (the member's initialiser), range, meaning.
#pragma once

#include "optlite/core/types.hpp"

namespace optlite {

struct Range {
  double lower = -infinity;
  double upper = infinity;
  bool lower_open = true;
  bool upper_open = true;

  constexpr bool contains(double value) const {
    return (lower_open ? value > lower : value >= lower) &&
           (upper_open ? value < upper : value <= upper);
  }
};

inline constexpr Range any_real{};
inline constexpr Range positive{0.0, infinity, true, true};
inline constexpr Range non_negative{0.0, infinity, false, true};
inline constexpr Range unit_open{0.0, 1.0, true, true};            // (0, 1)
inline constexpr Range unit_half_open{0.0, 1.0, false, true};      // [0, 1)
inline constexpr Range at_least_one{1.0, infinity, false, true};

/// `field("delta", &Huber::delta, positive, "...")` inside a part's `fields()`.
template <class Part>
struct Field {
  const char* name;
  double Part::* member;
  Range range;
  const char* doc;
};

template <class Part>
constexpr Field<Part> field(const char* name, double Part::* member, Range range, const char* doc) {
  return {name, member, range, doc};
}

}  // namespace optlite
