// Sums by bin: all that the search for a split needs to know of a node's rows.
//
// A bin is 1 + outputs doubles: the sum of weights and the sums of weighted targets. Sums of a node
// run through its rows in order, in one thread a feature, so that threads change no bit. The child
// with more rows is the parent minus the other one: half of the reads at most.
#pragma once

#include <cstdint>
#include <vector>

#include "optlite/core/types.hpp"
#include "optlite/trees/binning.hpp"

namespace optlite::trees {

/// Where the bins of each feature start, in doubles.
class HistogramLayout {
 public:
  HistogramLayout(const BinsView& bins, Index outputs);

  Index outputs() const { return outputs_; }
  Index entry() const { return 1 + outputs_; }
  Index start(Index f) const { return starts_[static_cast<std::size_t>(f)]; }
  /// Codes of the feature, the missing one included.
  Index codes(Index f) const { return (start(f + 1) - start(f)) / entry(); }
  Index size() const { return starts_.back(); }

 private:
  Index outputs_;
  std::vector<Index> starts_;
};

/// Adds the entries of `count` rows to one feature's bins, which are cleared first. `codes` is the
/// feature's column; `rows` names the rows, `entries` holds (weight, weighted targets) of each of
/// them, in the same order.
void fill(const std::uint8_t* codes, const std::uint32_t* rows, const double* entries, Index count,
          Index outputs, Index n_codes, double* bins);

/// larger = parent - smaller, in the place of the parent.
void subtract(const double* smaller, Index size, double* parent);

}  // namespace optlite::trees
