#include "optlite/trees/split.hpp"

#include <algorithm>
#include <vector>

namespace optlite::trees {

namespace {

// A sum of weights found by subtraction is wrong by rounding: below this share of the node's
// weight there is no row.
constexpr double nothing = 1e-11;
// Worths that agree to ten digits are ties.
constexpr double tie = 1.0 + 1e-10;
constexpr Index most_codes = 256;

void add(Index code, LevelSet& set) {
  set[static_cast<std::size_t>(code >> 6)] |= std::uint64_t{1} << (code & 63);
}

/// Sums of bins that have rows, as a table: row 0 holds weights, row 1 + k targets k, and the last
/// row is free for scores. It lives until the next one is made in the same thread.
class Table {
 public:
  /// Those of each bin, or (`running`) of all bins up to it.
  Table(const Coding& coding, const Word* bins, Index n_codes, bool running) {
    const Index words = coding.words(), outputs = coding.outputs();
    thread_local std::vector<Word> parts;
    thread_local std::vector<double> rows;
    parts.resize(std::max(parts.size(), static_cast<std::size_t>(words * most_codes)));
    rows.resize(std::max(rows.size(), static_cast<std::size_t>((2 + outputs) * most_codes)));
    data_ = rows.data();
    scores_ = data_ + (1 + outputs) * most_codes;
    if (coding.whole()) {
      collect<true>(bins, n_codes, words, running, parts.data());
    } else {
      collect<false>(bins, n_codes, words, running, parts.data());
    }
    coding.read_weights(parts.data(), count_, data_);
    for (Index k = 0; k < outputs; ++k) {
      const Word* from = parts.data() + coding.word_of_target(k) * most_codes;
      coding.read_targets(from, count_, k, data_ + (1 + k) * most_codes);
    }
  }

  Index count() const { return count_; }
  Index code(Index i) const { return codes_[i]; }
  const double* data() const { return data_; }
  const double* row(Index k) const { return data_ + k * most_codes; }
  double* scores() const { return scores_; }

 private:
  /// Words of bins without rows are zero (or, as doubles, what rounding has left of that). The next
  /// place is written in any case, and kept if there is something in it: no branch.
  template <bool Whole>
  void collect(const Word* bins, Index n_codes, Index words, bool running, Word* to) {
    for (Index k = 0; k < words; ++k) {
      std::int64_t whole = 0;
      double real = 0.0;
      Index place = 0;
      for (Index c = 0; c < n_codes; ++c) {
        const Word *bin = bins + c * words, word = bin[k];
        Word& out = to[k * most_codes + place];
        bool here = false;
        if constexpr (Whole) {
          out.whole = whole = running ? whole + word.whole : word.whole;
          here = bin[0].whole != 0;
        } else {
          out.real = real = running ? real + word.real : word.real;
          here = bin[0].real != 0.0;
        }
        codes_[place] = static_cast<std::uint8_t>(c);
        place += here ? 1 : 0;
      }
      count_ = place;
    }
  }

  Index count_ = 0;
  std::uint8_t codes_[most_codes + 1];
  double *data_, *scores_;
};

class Scan {
 public:
  Scan(const SplitProblem& node, Index n_values, int monotonic)
      : node_(node),
        outputs_(node.coding->outputs()),
        n_values_(n_values),
        monotonic_(monotonic),
        empty_(nothing * node.totals[0]),
        // Weights are sums in different orders: the last digits must not decide on a leaf's size.
        least_(std::max(node.min_leaf_weight * (1.0 - 1e-9), empty_)) {
    for (Index k = 0; k < outputs_; ++k) {
      const double G = node.totals[1 + k];
      parent_ += node.factors[k] * (G * G / (node.totals[0] + node.l2));
    }
  }

  void numeric(const Word* bins, Split& best);
  void categorical(const Word* bins, Split& best);

 private:
  bool present(double weight) const { return weight > empty_; }
  bool left_is_heavier(double left) const { return 2.0 * left > node_.totals[0]; }
  void score(const double* left, const double* more, Index count, double* scores) const;
  void forbid_disorder(const double* left, const double* more, Index count, double* scores) const;
  template <class Describe>
  void choose(const double* scores, Index count, Split& best, Describe describe) const;
  void scan_order(const Table& sums, const std::vector<Index>& order, Split& best) const;

  const SplitProblem& node_;
  Index outputs_, n_values_;
  int monotonic_;
  double empty_, least_;
  double parent_ = 0.0;
};

/// The worth of `count` splits, negative where one is not allowed. `left` is a table of the sums of
/// their left sides, to which those of `more` come.
void Scan::score(const double* left, const double* more, Index count, double* scores) const {
  const double W = node_.totals[0], l2 = node_.l2, least = least_, empty = empty_;
  const double none = parent_ * tie;  // a gain that rounding can make is none
  for (Index k = 0; k < outputs_; ++k) {
    const double *weights = left, *targets = left + (1 + k) * most_codes;
    const double G = node_.totals[1 + k], factor = node_.factors[k];
    const double more_W = more[0], more_G = more[1 + k];
    const bool first = k == 0, last = k + 1 == outputs_;
#pragma omp simd
    for (Index i = 0; i < count; ++i) {
      const double WL = weights[i] + more_W, WR = W - WL;
      const double GL = targets[i] + more_G, GR = G - GL;
      const double a = WL + l2, b = WR + l2;
      // GL^2 / a + GR^2 / b with one division.
      const double worth = factor * ((GL * GL * b + GR * GR * a) / (a * b));
      const double sum = first ? worth : scores[i] + worth;
      const bool fits = (WL >= least) & (WR >= least) & (WL > empty) & (WR > empty);
      scores[i] = (!last) | (fits & (sum > none)) ? sum : -1.0;
    }
  }
  if (monotonic_ != 0) forbid_disorder(left, more, count, scores);
}

void Scan::forbid_disorder(const double* left, const double* more, Index count,
                           double* scores) const {
  for (Index i = 0; i < count; ++i) {
    const double WL = left[i] + more[0], WR = node_.totals[0] - WL;
    const double GL = left[most_codes + i] + more[1], GR = node_.totals[1] - GL;
    const double below = node_.bounds.clip(GL / (WL + node_.l2));
    const double above = node_.bounds.clip(GR / (WR + node_.l2));
    if (!(monotonic_ > 0 ? below <= above : below >= above)) scores[i] = -1.0;
  }
}

/// Takes the first score, in their order, that beats those before it.
template <class Describe>
void Scan::choose(const double* scores, Index count, Split& best, Describe describe) const {
  double limit = best.found() ? best.score * tie : -1.0;
  Index at = -1;
  for (Index i = 0; i < count; ++i) {
    if (scores[i] > limit) {
      at = i;
      limit = scores[i] * tie;
    }
  }
  if (at < 0) return;
  best = Split{};
  best.score = scores[at];
  best.gain = scores[at] - parent_;
  describe(at, best);
}

void Scan::numeric(const Word* bins, Split& best) {
  const Coding& coding = *node_.coding;
  const Table sums(coding, bins, n_values_, true);
  std::vector<double> more(static_cast<std::size_t>(1 + outputs_), 0.0);
  double missing = 0.0;
  coding.read_weights(bins + n_values_ * coding.words(), 1, &missing);
  const bool any_missing = present(missing);
  // With missing values on the right, "all values left" is a split as well.
  const Index count = any_missing ? sums.count() : sums.count() - 1;
  score(sums.data(), more.data(), count, sums.scores());
  choose(sums.scores(), count, best, [&](Index i, Split& split) {
    split.code = static_cast<int>(sums.code(i));
    // Where training has shown no missing value, they follow the heavier side.
    split.missing_left = !any_missing && left_is_heavier(sums.row(0)[i]);
  });
  if (!any_missing) return;
  coding.read(bins + n_values_ * coding.words(), more.data());
  score(sums.data(), more.data(), sums.count() - 1, sums.scores());
  choose(sums.scores(), sums.count() - 1, best, [&](Index i, Split& split) {
    split.code = static_cast<int>(sums.code(i));
    split.missing_left = true;
  });
}

void Scan::scan_order(const Table& sums, const std::vector<Index>& order, Split& best) const {
  const auto count = static_cast<Index>(order.size()) - 1;
  std::vector<double> left(static_cast<std::size_t>((1 + outputs_) * most_codes));
  const std::vector<double> more(static_cast<std::size_t>(1 + outputs_), 0.0);
  for (Index k = 0; k <= outputs_; ++k) {
    double* to = left.data() + k * most_codes;
    double sum = 0.0;
    for (Index i = 0; i < count; ++i) {
      to[i] = sum += sums.row(k)[order[static_cast<std::size_t>(i)]];
    }
  }
  score(left.data(), more.data(), count, sums.scores());
  choose(sums.scores(), count, best, [&](Index last, Split& split) {
    split.categorical = true;
    split.missing_left = left_is_heavier(left[static_cast<std::size_t>(last)]);
    for (Index i = 0; i <= last; ++i) {
      add(sums.code(order[static_cast<std::size_t>(i)]), split.levels);
    }
  });
}

/// For one output the best of all 2^levels partitions cuts the levels in the order of their means
/// (Fisher, On grouping for maximum homogeneity, 1958). With several outputs the order of each one
/// is tried.
void Scan::categorical(const Word* bins, Split& best) {
  const Table sums(*node_.coding, bins, n_values_ + 1, false);
  std::vector<Index> order;  // places in the table
  for (Index i = 0; i < sums.count(); ++i) {
    if (present(sums.row(0)[i])) order.push_back(i);
  }
  LevelSet seen{};
  for (const Index i : order) add(sums.code(i), seen);
  for (Index k = 0; k < outputs_; ++k) {
    const auto mean = [&](Index i) { return sums.row(1 + k)[i] / (sums.row(0)[i] + node_.l2); };
    std::vector<Index> sorted = order;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](Index a, Index b) { return mean(a) < mean(b); });
    scan_order(sums, sorted, best);
  }
  if (!best.categorical || !best.missing_left) return;
  for (Index code = 0; code <= n_values_; ++code) {  // those that the node has not seen
    if (!contains(seen, static_cast<int>(code))) add(code, best.levels);
  }
}

}  // namespace

Split best_split(const SplitProblem& node, const Word* bins, Index n_values, bool categorical,
                 int monotonic) {
  Split best;
  Scan scan(node, n_values, monotonic);
  if (categorical) {
    scan.categorical(bins, best);
  } else {
    scan.numeric(bins, best);
  }
  return best;
}

std::vector<double> totals_of_left(const Coding& coding, const Split& split, const Word* bins,
                                   Index n_values) {
  const Index words = coding.words();
  std::vector<Word> sums(static_cast<std::size_t>(words));
  clear_words(words, coding.whole(), sums.data());
  for (Index code = 0; code <= n_values; ++code) {
    const bool missing = code == n_values;
    const bool left = split.categorical ? contains(split.levels, static_cast<int>(code))
                                        : code <= split.code || (missing && split.missing_left);
    if (left) add_words(bins + code * words, words, coding.whole(), sums.data());
  }
  std::vector<double> totals(static_cast<std::size_t>(1 + coding.outputs()));
  coding.read(sums.data(), totals.data());
  return totals;
}

}  // namespace optlite::trees
