// A hyper-parameter, described once: its name, default (the member's initialiser), range, meaning.
#pragma once

#include "optlite/core/numbers.hpp"

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
///
/// A flag is 0 or 1, a choice the index of one of its words; both, and integers, are stored as
/// the numbers they stand for, so that a part is a handful of doubles.
template <class Part>
struct Field {
  const char* name;
  double Part::* member;
  Range range;
  const char* doc;
  const char* words = "";  // "": a number; "false true": a flag; "paper torch": a choice
  bool is_integer = false;
};

template <class Part>
constexpr Field<Part> field(const char* name, double Part::* member, Range range, const char* doc) {
  return {name, member, range, doc};
}

/// An integer, at least `least`.
template <class Part>
constexpr Field<Part> integer(const char* name, double Part::* member, double least,
                              const char* doc) {
  return {name, member, {least, infinity, false, true}, doc, "", true};
}

template <class Part>
constexpr Field<Part> flag(const char* name, double Part::* member, const char* doc) {
  return {name, member, {0.0, 1.0, false, false}, doc, "false true"};
}

/// The default is the member's initialiser: the index of a word.
template <class Part>
constexpr Field<Part> choice(const char* name, double Part::* member, const char* words,
                             const char* doc) {
  return {name, member, {0.0, 9.0, false, false}, doc, words};
}

}  // namespace optlite
