#pragma once

#include "optlite/bcd/promise.hpp"

namespace optlite::block_selections {

/// The decrease that is certain: the rule whose bound is never behind that of random selection.
struct GsQ {
  static constexpr auto title = "GSq";
  static constexpr auto doc = "The largest decrease of the model by a proximal step.";
  static constexpr auto formula =
      R"(\max -\sum_{i \in b} \min_d \nabla_i f(x)\, d + \tfrac12 L_i d^2 + g_i(x_i + d) - g_i(x_i))";
  static constexpr auto reference =
      "Nutini, Schmidt, Laradji, Friedlander and Koepke, Coordinate descent converges faster with "
      "the Gauss-Southwell rule than random selection, 2015, section 8";

  std::unique_ptr<BlockSelection> make() const {
    return std::make_unique<bcd::MostPromising<&bcd::Promise::decrease>>();
  }
};

}  // namespace optlite::block_selections
