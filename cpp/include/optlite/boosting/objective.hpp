// What boosting minimises: the mean score of predictive distributions, one a row.
#pragma once

#include <functional>

#include "optlite/core/types.hpp"

namespace optlite::boosting {

/// A block of rows. Parameter k of row i is params[k * stride + i], output j of its target
/// y[j * y_stride + i]. `event` is null, or 0 where y is censored.
struct Block {
  Index count;
  const double* params;
  Index stride;
  const double* y;
  Index y_stride;
  const double* event;
};

struct Objective {
  Index parameters = 1;
  Index outputs = 1;  // columns of y
  /// False for functions that need Python's lock: they are called with all rows at once.
  bool concurrent = true;
  /// The score of each row.
  std::function<void(const Block&, double* out)> score;
  /// The gradient of the score, natural or ordinary: parameter k of row i at out[k * stride + i].
  std::function<void(const Block&, double* out, Index stride)> gradient;
  /// The ordinary gradient, whichever the other one is: the slope along a line needs it.
  std::function<void(const Block&, double* out, Index stride)> slope;
};

}  // namespace optlite::boosting
