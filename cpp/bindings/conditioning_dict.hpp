// Rank and condition number in the dictionary that a fit returns.
#pragma once

#include <pybind11/pybind11.h>

#include "optlite/linalg/conditioning.hpp"

namespace optlite::bindings {

inline void add_conditioning(pybind11::dict& result, const Conditioning& found) {
  const auto add = [&](const char* what, const char* kind, Trust trust, auto value) {
    const bool known = trust != Trust::unknown;
    result[what] = known ? pybind11::cast(value) : pybind11::none();
    result[kind] = known ? pybind11::cast(name(trust)) : pybind11::none();
  };
  add("rank", "rank_kind", found.rank_trust, found.rank);
  add("condition_number", "condition_number_kind", found.condition_trust, found.condition_number);
}

}  // namespace optlite::bindings
