// Which problems a selection or an update has a meaning for.
#pragma once

#include <type_traits>

namespace optlite {

enum class Takes {
  any,        // F = f + g, g a sum over variables or groups
  separable,  // g a sum over variables
  smooth,     // F = f
  graph,      // F = f, with a sparse matrix of curvature
};

inline const char* name(Takes takes) {
  switch (takes) {
    case Takes::any: return "any";
    case Takes::separable: return "separable";
    case Takes::smooth: return "smooth";
    case Takes::graph: return "graph";
  }
  return "";
}

namespace detail {

template <class Part, class = void>
struct has_takes : std::false_type {};
template <class Part>
struct has_takes<Part, std::void_t<decltype(Part::takes)>> : std::true_type {};

}  // namespace detail

template <class Part>
constexpr Takes takes_of() {
  if constexpr (detail::has_takes<Part>::value) {
    return Part::takes;
  } else {
    return Takes::any;
  }
}

}  // namespace optlite
