#pragma once

#include "optlite/bcd/promise.hpp"

namespace optlite::block_selections {

/// The variables that would move farthest.
struct GsR {
  static constexpr auto title = "GSr";
  static constexpr auto doc = "The longest proximal step.";
  static constexpr auto formula =
      R"(\max \sum_{i \in b} \left(\operatorname{prox}_{g_i / L_i}(x_i - \nabla_i f(x) / L_i) - x_i\right)^2)";
  static constexpr auto reference =
      "Nutini, Schmidt, Laradji, Friedlander and Koepke, Coordinate descent converges faster with "
      "the Gauss-Southwell rule than random selection, 2015, section 8";

  std::unique_ptr<BlockSelection> make() const {
    return std::make_unique<bcd::MostPromising<&bcd::Promise::step>>();
  }
};

}  // namespace optlite::block_selections
