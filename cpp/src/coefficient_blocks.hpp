// Which coefficients of a sparse model its penalty judges together.
#pragma once

#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "optlite/drivers/sparse_model.hpp"

namespace optlite {

/// Each coefficient by itself, those of a group of features (in all margins), or all of them.
/// Coefficients go by their places in memory: feature + output * features.
class CoefficientBlocks {
 public:
  CoefficientBlocks(const SparsePenalty& penalty, Index features, Index outputs)
      : strengths_(penalty.strengths), size_(features * outputs) {
    if (penalty.row->of_ranks) {
      places_.emplace_back(static_cast<std::size_t>(size_));
      std::iota(places_[0].begin(), places_[0].end(), Index{0});
      return;
    }
    if (!penalty.row->of_groups) return;
    for (const Columns& group : penalty.groups) {
      std::vector<Index> all;
      for (Index k = 0; k < outputs; ++k) {
        for (const Index j : group) all.push_back(j + k * features);
      }
      places_.push_back(std::move(all));
    }
  }

  bool are_single() const { return places_.empty(); }
  Index count() const { return are_single() ? size_ : static_cast<Index>(places_.size()); }
  double strength(Index block) const { return strengths_[block]; }
  Index size(Index block) const {
    return are_single() ? 1 : static_cast<Index>(places_[static_cast<std::size_t>(block)].size());
  }

  /// The numbers of a table that belong to a block; `room` holds them if they are not neighbours.
  const double* gather(Index block, const Matrix& table, Vector& room) const {
    if (are_single()) return table.data() + block;
    const std::vector<Index>& own = places_[static_cast<std::size_t>(block)];
    room.resize(static_cast<Index>(own.size()));
    for (std::size_t i = 0; i < own.size(); ++i) room[static_cast<Index>(i)] = table.data()[own[i]];
    return room.data();
  }
  void scatter(Index block, const double* values, Matrix& table) const {
    if (are_single()) {
      table.data()[block] = *values;
      return;
    }
    for (const Index place : places_[static_cast<std::size_t>(block)]) {
      table.data()[place] = *values++;
    }
  }

 private:
  Vector strengths_;
  Index size_;
  std::vector<std::vector<Index>> places_;
};

}  // namespace optlite
