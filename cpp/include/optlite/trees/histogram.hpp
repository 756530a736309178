// Sums by bin: all that the search for a split needs to know of a node's rows.
//
// A bin is some 64-bit words, and each row adds as many words to the bins it falls into.
//
// Where all weights are one, the words are whole numbers: targets in units of a power of two, and
// below them, in the first word, the number of rows. One addition counts and sums, and no order of
// additions changes the result. With n rows, b = floor(log2 n) + 1, a target keeps 62 - 2 b bits
// (50 for 50 rows, 34 for 15,000, 22 for a million; counted from the largest one), and what it
// loses averages out over the rows of a leaf. Above two million rows, and with weights, the words
// are doubles: the sum of weights and those of weighted targets.
//
// Rows are added in chunks of a fixed size whose sums are added in their order, so that threads
// change no bit of either kind. The child with more rows is the parent minus the other one: half of
// the reads at most.
#pragma once

#include <cstdint>
#include <vector>

#include "optlite/core/types.hpp"
#include "optlite/trees/binning.hpp"
#include "optlite/trees/tree.hpp"

namespace optlite::trees {

union Word {
  std::int64_t whole;
  double real;
};

/// A least-squares problem for one tree with `outputs` values a leaf.
struct Targets {
  Index outputs = 1;
  const double* values = nullptr;  // outputs columns of `stride` numbers
  Index stride = 0;
  const double* weight = nullptr;  // of each row; null: ones
  const double* factors = nullptr;  // weight c_k of each output in a gain; null: ones
};

/// What the words of one tree mean.
class Coding {
 public:
  Coding() = default;
  /// For targets of `count` rows; `rows` says which, or (null) all.
  Coding(const Targets& targets, const std::uint32_t* rows, Index count);

  bool whole() const { return !units_.empty(); }
  Index outputs() const { return outputs_; }
  Index words() const { return whole() ? outputs_ : 1 + outputs_; }

  /// The words of places [begin, end) of these rows; row i has its words at entries[i * words()].
  void write(const Targets& targets, const std::uint32_t* rows, Index begin, Index end,
             Word* entries) const;
  /// The sums of weights that `count` sums of first words stand for, which lie one after the other.
  void read_weights(const Word* sums, Index count, double* weights) const;
  /// The sums of weighted targets k; `sums` are those of the word that holds them.
  void read_targets(const Word* sums, Index count, Index k, double* targets) const;
  Index word_of_target(Index k) const { return whole() ? k : 1 + k; }
  /// One bin: weight, targets.
  void read(const Word* bin, double* totals) const;

 private:
  template <class Row>
  void write_rows(const Targets& targets, Index begin, Index end, Word* entries, Row row) const;

  Index outputs_ = 1;
  std::int64_t count_mask_ = 0;  // the bits that hold the number of rows
  std::vector<double> units_;  // of each target; empty: words are doubles
};

/// Neighbouring features, at most eight: what a row adds is loaded once for all of them. A copy in
/// which the codes of a row lie side by side was not faster (15,000 and 1,000,000 rows, depths 3
/// and 8), and costs as much memory as the codes.
struct FeatureGroup {
  static constexpr Index most = 8;
  Index first, width;
};

std::vector<FeatureGroup> groups_of(Index features);

/// Where the bins of each feature start, counted in words.
class HistogramLayout {
 public:
  HistogramLayout(const BinsView& bins, Index words);

  Index words() const { return words_; }
  Index start(Index f) const { return starts_[static_cast<std::size_t>(f)]; }
  /// Codes of the feature, the missing one included.
  Index codes(Index f) const { return (start(f + 1) - start(f)) / words_; }
  Index size() const { return starts_.back(); }

 private:
  Index words_;
  std::vector<Index> starts_;
};

/// Rows of a sample, or (null) `count` rows from `first` on, and what each row of the sample adds.
struct RowsView {
  const std::uint32_t* rows;
  Index first;
  Index count;
  const Word* entries;

  Index row(Index i) const { return rows == nullptr ? first + i : static_cast<Index>(rows[i]); }
};

/// Adds rows to the bins of the chosen features of one group.
void add_rows(const Sample& sample, const FeatureGroup& group,
              const std::vector<std::uint8_t>& chosen, const RowsView& rows, const Coding& coding,
              const HistogramLayout& layout, Word* histogram);

/// The words of all rows together.
std::vector<Word> sum_of(const RowsView& rows, const Coding& coding);

void clear_words(Index size, bool whole, Word* words);
/// into += from, word by word.
void add_words(const Word* from, Index size, bool whole, Word* into);
/// larger = parent - smaller, in the place of the parent.
void subtract_words(const Word* smaller, Index size, bool whole, Word* parent);

}  // namespace optlite::trees
