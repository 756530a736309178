// The costs of successive sources, some computed together where that is cheaper.
#pragma once

#include <algorithm>

#include "optlite/transport/cost.hpp"

namespace optlite::transport {

class CostRows {
 public:
  /// Of sources up to `last`. `buffer` holds a row and after it cost.at_once() more: that of
  /// RowParts(cost).
  CostRows(const Cost& cost, Index last, double* buffer)
      : cost_(cost), last_(last), room_(buffer + cost.targets()) {}

  /// The costs of source i, in `buffer`, or where they lie until another source is asked for.
  const double* row(Index i, double* buffer) {
    if (cost_.at_once() == 1) return cost_.row(i, buffer);
    if (i < begin_ || i >= end_) {
      begin_ = i;
      end_ = std::min(last_, i + cost_.at_once());
      cost_.rows(begin_, end_ - begin_, room_);
    }
    return room_ + (i - begin_) * cost_.targets();
  }

 private:
  const Cost& cost_;
  Index last_;
  double* room_;
  Index begin_ = 0, end_ = 0;
};

}  // namespace optlite::transport
