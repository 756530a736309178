// Values to bytes: a tree on histograms sees the rank of a value among at most 255 bins, no more.
//
// A numeric feature has thresholds t_0 < t_1 < ...; the code of x is the number of thresholds below
// x, so that "code <= c" is "x <= t_c". A categorical feature has levels; the code is the place of
// the level. NaN, and a level that was not seen in training, take the code after the last one.
//
// One byte an entry, feature by feature: 1/8 of X, and a histogram reads its feature in sequence.
#pragma once

#include <cstdint>
#include <vector>

#include "optlite/core/types.hpp"

namespace optlite::trees {

/// What a byte can say besides "missing".
inline constexpr Index max_value_bins = 255;
inline constexpr Index max_levels = 254;

/// A matrix that NumPy owns, with any strides (counted in bytes); read in place, some of its rows
/// if they are named: a copy of them may not fit beside it.
struct TableView {
  const char* base = nullptr;
  bool single = false;  // float32
  Index rows = 0, cols = 0;  // rows: those that are read
  Index row_step = 0, col_step = 0;
  const std::uint32_t* chosen = nullptr;  // null: all
};

/// Compressed columns whose indices have been checked; the entries left out are zeros.
struct ColumnsView {
  const double* values = nullptr;
  const std::int64_t* indices = nullptr;
  const std::int64_t* starts = nullptr;
  Index rows = 0, cols = 0;
};

/// The bins of all features: `values` of feature f are values[starts[f]] ... values[starts[f + 1]).
struct BinsView {
  Index features = 0;
  const std::int64_t* starts = nullptr;
  const double* values = nullptr;
  const std::uint8_t* categorical = nullptr;

  Index count(Index f) const { return starts[f + 1] - starts[f]; }
  /// The code of NaN and of unknown levels, one more than the largest code of a value.
  int missing_code(Index f) const {
    return static_cast<int>(count(f)) + (categorical[f] != 0 ? 0 : 1);
  }
  /// Throws std::invalid_argument unless the arrays (of these lengths) are bins: a file that was
  /// cut short or written by somebody else must not make codes that lie outside of histograms.
  void check(Index n_starts, Index n_values, Index n_categorical) const;
};

struct Bins {
  std::vector<std::int64_t> starts;
  std::vector<double> values;
  std::vector<std::uint8_t> categorical;

  BinsView view() const;
};

/// Thresholds half-way between neighbouring distinct values; where there are more than `max_bins`
/// of those, between values at which the weight below passes a multiple of total / max_bins.
/// A row of weight 2 counts as two rows, a row of weight 0 is not there. `weight` may be null.
/// Of more than 200,000 rows one of each of 200,000 equal stretches is looked at.
/// Throws std::invalid_argument for a categorical feature with too many levels.
Bins find_bins(const TableView& X, const double* weight, const std::uint8_t* categorical,
               Index max_bins);
Bins find_bins(const ColumnsView& X, const double* weight, const std::uint8_t* categorical,
               Index max_bins);

/// codes (rows x features, column-major) of X. Features with needed[f] == 0 are left as they are;
/// null: all are needed.
void encode(const TableView& X, const BinsView& bins, const std::uint8_t* needed,
            std::uint8_t* codes);
void encode(const ColumnsView& X, const BinsView& bins, const std::uint8_t* needed,
            std::uint8_t* codes);

/// The first entry that is infinite, as row * cols + column in the order of rows; -1: there is
/// none.
Index find_infinity(const TableView& X);

}  // namespace optlite::trees
