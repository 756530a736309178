// The least value of a quadratic among the points that the ends of passes span.
#pragma once

#include <deque>

#include "optlite/bcd/smooth.hpp"

namespace optlite::bcd {

/// Keeps the steps between the points at which the last passes ended. On the plane through these
/// points the gradient of a quadratic is known from theirs, so that its minimum there costs no
/// product with H (Narkiss and Zibulevsky 2005). It is never above f at the last of them, whatever
/// moved in between.
class Hull {
 public:
  /// To be called where a pass ends: x becomes the minimum over the plane through this point and
  /// the last `directions` ones. False if it stays, because rounding hides what is left to gain.
  bool minimise(Smooth& f, Index directions);

 private:
  struct Point {
    Vector x, gradient;
  };
  const Point& step(Index k) const { return steps_[static_cast<std::size_t>(k)]; }
  bool combine(const Vector& g, Vector& c) const;
  bool jump(Smooth& f) const;

  Point end_;                // of the last pass
  std::deque<Point> steps_;  // from the end of one pass to that of the next
};

}  // namespace optlite::bcd
