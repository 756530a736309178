// The sources cut into parts for threads; a vector over the targets is accumulated in each part and
// the parts are joined in their order, so that results do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <vector>

#include "optlite/core/parallel.hpp"
#include "optlite/core/types.hpp"
#include "optlite/transport/cost.hpp"

namespace optlite::transport {

class RowParts {
 public:
  /// A function of the problem alone. Each part adds `targets` numbers: cheap beside its rows.
  explicit RowParts(const Cost& cost)
      : sources_(cost.sources()),
        targets_(cost.targets()),
        rows_in_buffer_(cost.at_once() == 1 ? 1 : 1 + cost.at_once()) {
    const double entries = static_cast<double>(sources_) * static_cast<double>(targets_);
    // Between parts an interrupt is heard: those of many sources are no longer than 64 rows.
    const Index most = std::max<Index>(256, sources_ / 64);
    count_ = static_cast<Index>(std::clamp(entries / 65536.0, 1.0, static_cast<double>(most)));
    count_ = std::min(count_, std::max<Index>(1, sources_ / 8));
  }

  Index count() const { return count_; }
  /// Where there are many rows, parts begin at a multiple of eight, which are read at a time.
  Index first(Index part) const {
    const Index row = sources_ * part / count_;
    return part < count_ && sources_ >= 64 * count_ / 4 ? row - row % 8 : row;
  }

  /// body(part, first, last, buffer, own): goes through rows and changes `own`, which starts at
  /// `initial` in every entry; join(own) follows in the order of the parts. `buffer` holds a row,
  /// and what CostRows needs after it.
  template <class Body, class Join>
  void each(double work_per_entry, double initial, Body&& body, Join&& join) {
    const double entries = static_cast<double>(sources_) * static_cast<double>(targets_);
    const bool serial = entries * work_per_entry < parallel::serial_work;
    const auto slots = static_cast<std::size_t>(serial ? 1 : parallel::team(count_));
    own_.resize(slots);
    buffers_.resize(slots);
    const auto run = [&](Index part, int slot) {
      Vector& own = own_[static_cast<std::size_t>(slot)];
      Vector& buffer = buffers_[static_cast<std::size_t>(slot)];
      own.setConstant(targets_, initial);
      buffer.resize(rows_in_buffer_ * targets_);
      body(part, first(part), first(part + 1), buffer.data(), own);
    };
    const auto finish = [&](Index, int slot) { join(own_[static_cast<std::size_t>(slot)]); };
    if (!serial) return parallel::ordered(count_, run, finish);
    for (Index part = 0; part < count_; ++part) {
      run(part, 0);
      finish(part, 0);
      interrupt::poll();
    }
  }

  /// sums <- the sum of what body(part, first, last, buffer, own) adds to own.
  template <class Body>
  void sum(double work_per_entry, Body&& body, Vector& sums) {
    sums.setZero(targets_);
    each(work_per_entry, 0.0, body, [&](const Vector& own) { sums += own; });
  }

 private:
  Index sources_;
  Index targets_;
  Index rows_in_buffer_;
  Index count_;
  std::vector<Vector> own_;
  std::vector<Vector> buffers_;
};

}  // namespace optlite::transport
