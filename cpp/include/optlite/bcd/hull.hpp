// The least value of a quadratic among the points that the ends of passes span.
#pragma once

#include <deque>

#include "optlite/bcd/smooth.hpp"

namespace optlite::bcd {

/// Keeps the points at which the last passes ended. On the plane through them the gradient of a
/// quadratic is known from theirs, so that its minimum there costs no product with H (Narkiss and
/// Zibulevsky 2005). It is never above f at the last of them, whatever moved in between.
class Hull {
 public:
  /// To be called where a pass ends: x becomes the minimum over the plane through this point and
  /// the last `directions` ones. False if it stays, because rounding hides what is left to gain.
  bool minimise(Smooth& f, Index directions);

 private:
  struct End {
    Vector x, gradient;
  };
  bool combine(Vector& c) const;

  std::deque<End> ends_;
};

}  // namespace optlite::bcd
