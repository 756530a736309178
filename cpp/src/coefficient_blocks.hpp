// Which coefficients of a sparse model its penalty judges together.
#pragma once

#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "optlite/drivers/sparse_model.hpp"

namespace optlite {

/// Coefficients by their places in memory: feature + output * features.
using Places = std::vector<Index>;

/// Each coefficient by itself, those of a group of features (in all margins), or all of them.
class CoefficientBlocks {
 public:
  CoefficientBlocks(const SparsePenalty& penalty, Index features, Index outputs)
      : strengths_(penalty.strengths),
        features_(features),
        size_(features * outputs),
        one_(penalty.row->of_ranks) {
    if (one_) {
      places_.emplace_back(static_cast<std::size_t>(size_));
      std::iota(places_[0].begin(), places_[0].end(), Index{0});
      return;
    }
    if (!penalty.row->of_groups) return;
    of_feature_.resize(static_cast<std::size_t>(features));
    for (const Columns& group : penalty.groups) {
      Places all;
      for (Index k = 0; k < outputs; ++k) {
        for (const Index j : group) all.push_back(j + k * features);
      }
      for (const Index j : group) {
        of_feature_[static_cast<std::size_t>(j)] = static_cast<Index>(places_.size());
      }
      places_.push_back(std::move(all));
    }
  }

  bool are_single() const { return places_.empty(); }
  /// All coefficients in one: a penalty of ranks.
  bool are_one() const { return one_; }
  Index count() const { return are_single() ? size_ : static_cast<Index>(places_.size()); }
  Index of(Index place) const {
    if (are_single()) return place;
    return one_ ? 0 : of_feature_[static_cast<std::size_t>(place % features_)];
  }
  const Places& places(Index block) const { return places_[static_cast<std::size_t>(block)]; }
  Index first(Index block) const { return are_single() ? block : places(block).front(); }
  double strength(Index block) const { return factor_ * strengths_[block]; }
  /// Makes all of them so much stronger than they are by themselves.
  void set_factor(double factor) { factor_ = factor; }
  Index size(Index block) const {
    return are_single() ? 1 : static_cast<Index>(places(block).size());
  }

  /// The numbers of a table that belong to a block; `room` holds them if they are not neighbours.
  const double* gather(Index block, const Matrix& table, Vector& room) const {
    if (are_single()) return table.data() + block;
    const Places& own = places(block);
    room.resize(static_cast<Index>(own.size()));
    for (std::size_t i = 0; i < own.size(); ++i) room[static_cast<Index>(i)] = table.data()[own[i]];
    return room.data();
  }
  void scatter(Index block, const double* values, Matrix& table) const {
    if (are_single()) {
      table.data()[block] = *values;
      return;
    }
    for (const Index place : places(block)) table.data()[place] = *values++;
  }

 private:
  Vector strengths_;
  double factor_ = 1.0;
  Index features_;
  Index size_;
  bool one_;
  std::vector<Places> places_;
  std::vector<Index> of_feature_;
};

}  // namespace optlite
