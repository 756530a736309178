// What the learners of a stage say of each row: one number for each parameter.
//
// A tree says the same to all rows of a leaf. Of many rows it is enough to keep the number of their
// node, one byte instead of eight, and a table with the values of the nodes. Those of the last tree
// take the place of its targets, with which one is done when they are written.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "optlite/core/types.hpp"

namespace optlite::boosting {

class Direction {
 public:
  static constexpr Index most_nodes = 256;

  void hold_values(Index rows, Index parameters) { values_.setZero(rows, parameters); }
  void hold_nodes(Index rows, Index parameters) {
    rows_ = rows;
    nodes_.assign(static_cast<std::size_t>(rows * (parameters - 1)), 0);
    room_.setZero(rows);
    tables_.resize(static_cast<std::size_t>(parameters));
  }

  /// Where values are written, column by column, or the nodes of one parameter and their values:
  /// of nodes in which no row ends, 0.
  double* values() { return values_.data(); }
  std::uint8_t* nodes(Index k) { return const_cast<std::uint8_t*>(place(k)); }
  double* table(Index k) { return tables_[static_cast<std::size_t>(k)].data(); }

  /// Room for the targets of one parameter, where nodes are held.
  double* room() { return room_.data(); }

  double at(Index row, Index k) const {
    return tables_.empty() ? values_(row, k) : tables_[static_cast<std::size_t>(k)][place(k)[row]];
  }
  /// Parameter k of `count` rows from `begin` on: where the numbers lie, or put into `room`.
  const double* column(Index k, Index begin, Index count, double* room) const {
    if (tables_.empty()) return values_.data() + k * values_.rows() + begin;
    const double* table = tables_[static_cast<std::size_t>(k)].data();
    const std::uint8_t* node = place(k) + begin;
    for (Index i = 0; i < count; ++i) room[i] = table[node[i]];
    return room;
  }
  /// The largest absolute value of a parameter, over all rows.
  double largest(Index k) const {
    if (tables_.empty()) return values_.col(k).cwiseAbs().maxCoeff();
    return ConstVectorMap(tables_[static_cast<std::size_t>(k)].data(), most_nodes)
        .cwiseAbs()
        .maxCoeff();
  }

 private:
  const std::uint8_t* place(Index k) const {
    if (k + 1 < static_cast<Index>(tables_.size())) return nodes_.data() + k * rows_;
    return reinterpret_cast<const std::uint8_t*>(room_.data());
  }

  Matrix values_;  // rows x parameters
  Index rows_ = 0;
  std::vector<std::uint8_t> nodes_;  // of all parameters but the last, one column after the other
  Vector room_;
  std::vector<std::array<double, most_nodes>> tables_;  // empty: values are held
};

}  // namespace optlite::boosting
