// A pass with one vector each way over rows that come from memory.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "optlite/linalg/streams.hpp"
#include "optlite/operators/design.hpp"

namespace optlite {

/// Rows as they follow each other in memory, block by block: the sums of a block are made beside
/// the margins of the next, so that the last block always waits for its sums.
///
/// Bits do not depend on what goes together: one kernel makes margins and sums, and where only one
/// of them is wanted it makes the other of the same rows, for nobody.
template <class Scalar>
class RowStream {
 public:
  RowStream(const Scalar* data, Index cols, Index block_rows, const double* w)
      : data_(data),
        cols_(cols),
        block_rows_(block_rows),
        w_(w),
        margins_(static_cast<std::size_t>(block_rows)),
        residuals_(static_cast<std::size_t>(block_rows)),
        unused_(static_cast<std::size_t>(cols)),
        sum_(Vector::Zero(cols)) {}

  /// Reads rows [begin, end). Unless `total` is null it gets the sums of all rows before.
  void read(Index begin, Index end, Design::Middle middle, double* total) {
    for (Index first = begin; first < end; first += block_rows_) {
      const Index count = std::min(block_rows_, end - first);
      if (waiting_ == block_rows_ && count == block_rows_) {
        run(first, waiting_from_, count, residuals_.data(), sum_.data());
      } else {
        finish();
        const std::vector<double> nothing(static_cast<std::size_t>(count));
        run(first, first, count, nothing.data(), unused_.data());
      }
      if (first == begin && total != nullptr) hand_over(total);
      middle(first, count, margins_.data());
      margins_.swap(residuals_);
      waiting_from_ = first;
      waiting_ = count;
    }
  }

  /// Makes the sums that wait.
  void finish() {
    if (waiting_ == 0) return;
    run(waiting_from_, waiting_from_, waiting_, residuals_.data(), sum_.data());
    waiting_ = 0;
  }

  /// Adds the sums to `total` and starts new ones.
  void hand_over(double* total) {
    VectorMap(total, cols_) += sum_;
    sum_.setZero();
  }

 private:
  void run(Index dotted, Index added, Index count, const double* r, double* sum) {
    kernels::dot_and_add_rows(data_ + dotted * cols_, data_ + added * cols_, count, cols_, w_,
                              margins_.data(), r, sum);
  }

  const Scalar* data_;
  Index cols_;
  Index block_rows_;
  const double* w_;
  std::vector<double> margins_;  // of the block that is read
  std::vector<double> residuals_;  // of the block that waits
  std::vector<double> unused_;
  Vector sum_;
  Index waiting_from_ = 0;
  Index waiting_ = 0;  // rows
};

}  // namespace optlite
