#pragma once

#include "optlite/bcd/promise.hpp"

namespace optlite::block_selections {

/// Gauss and Southwell, with the shortest subgradient in place of the gradient.
struct GsS {
  static constexpr auto title = "GSs";
  static constexpr auto doc =
      "The largest least subgradient, which is zero where a kink holds a variable.";
  static constexpr auto formula =
      R"(\max \sum_{i \in b} \min_{s \in \partial g_i(x_i)} (\nabla_i f(x) + s)^2)";
  static constexpr auto reference =
      "Nutini, Schmidt, Laradji, Friedlander and Koepke, Coordinate descent converges faster with "
      "the Gauss-Southwell rule than random selection, 2015, section 8";

  std::unique_ptr<BlockSelection> make() const {
    return std::make_unique<bcd::MostPromising<&bcd::Promise::subgradient>>();
  }
};

}  // namespace optlite::block_selections
