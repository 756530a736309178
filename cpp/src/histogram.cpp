#include "optlite/trees/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "optlite/core/numbers.hpp"
#include "optlite/core/parallel.hpp"
#include "optlite/core/stable.hpp"

namespace optlite::trees {

namespace {

constexpr int fewest_bits = 20;      // of a target as a whole number
constexpr Index block_rows = 16384;  // what one task reads
// Adding it to a double below 2^51 leaves the nearest whole number in the low bits.
constexpr double shift = 0x1.8p52;

int bits_of(Index count) {
  int bits = 0;
  for (; count > 0; count >>= 1) ++bits;
  return bits;
}

std::int64_t rounded(double x) {
  return static_cast<std::int64_t>(stable::detail::to_bits(x + shift) -
                                   stable::detail::to_bits(shift));
}

/// A whole number as a double, without the instruction that AVX2 lacks: the high and the low half
/// are put below exponents at which they are worth what they are.
double to_double(std::int64_t whole) {
  const auto bits = static_cast<std::uint64_t>(whole);
  const double low = stable::detail::from_bits((bits & 0xffffffffu) | 0x4330000000000000u);
  const double high = stable::detail::from_bits((bits >> 32) ^ 0x4530000080000000u);
  return (high - 0x1.00000801p84) + low;
}

/// The largest target of a block, or infinity where one is not finite; row(i) is the row at place
/// i.
template <class Row>
double largest_of_block(const double* values, Index begin, Index end, Row row) {
  double most = 0.0, wrong = 0.0;
#pragma omp simd reduction(max : most) reduction(+ : wrong)
  for (Index i = begin; i < end; ++i) {
    const double size = std::fabs(values[row(i)]);
    most = size > most ? size : most;
    wrong += size - size;  // NaN for what is not finite
  }
  return wrong == 0.0 ? most : HUGE_VAL;
}

/// The same of `count` rows (null: all).
double largest(const double* values, const std::uint32_t* rows, Index count) {
  const Index blocks = (count + block_rows - 1) / block_rows;
  std::vector<double> parts(static_cast<std::size_t>(blocks), 0.0);
  parallel::for_each(blocks, static_cast<double>(count), [&](Index b) {
    const Index begin = b * block_rows, end = std::min(count, begin + block_rows);
    parts[static_cast<std::size_t>(b)] =
        rows == nullptr ? largest_of_block(values, begin, end, [](Index i) { return i; })
                        : largest_of_block(values, begin, end,
                                           [=](Index i) { return static_cast<Index>(rows[i]); });
  });
  return parts.empty() ? 0.0 : *std::max_element(parts.begin(), parts.end());
}

// ------------------------------------------------------------------------- adding rows

/// starts[j] is where the bins of feature j of the group start; its codes lie `step` behind those
/// of feature j - 1. The numbers of words and of features are known to the compiler (0: they are
/// not).
template <bool Whole, int Words, int Width>
void add_fixed(const std::uint8_t* codes, Index step, const RowsView& from, Index words,
               Word* const* starts) {
  const Index size = Words == 0 ? words : Words;
  Word* bins[Width];
  for (int j = 0; j < Width; ++j) bins[j] = starts[j];
  for (Index i = 0; i < from.count; ++i) {
    const Index row = from.row(i);
    const std::uint8_t* code = codes + row;
    const Word* entry = from.entries + row * size;
    for (int j = 0; j < Width; ++j) {
      Word* bin = bins[j] + static_cast<Index>(code[j * step]) * size;
      for (Index k = 0; k < size; ++k) {
        if constexpr (Whole) {
          bin[k].whole += entry[k].whole;
        } else {
          bin[k].real += entry[k].real;
        }
      }
    }
  }
}

using Add = void (*)(const std::uint8_t*, Index, const RowsView&, Index, Word* const*);

template <bool Whole, int Words>
Add choose_width(Index width) {
  constexpr Add table[FeatureGroup::most] = {
      &add_fixed<Whole, Words, 1>, &add_fixed<Whole, Words, 2>, &add_fixed<Whole, Words, 3>,
      &add_fixed<Whole, Words, 4>, &add_fixed<Whole, Words, 5>, &add_fixed<Whole, Words, 6>,
      &add_fixed<Whole, Words, 7>, &add_fixed<Whole, Words, 8>};
  return table[width - 1];
}

Add choose(const Coding& coding, Index width) {
  if (coding.whole()) {
    switch (coding.words()) {
      case 1: return choose_width<true, 1>(width);
      case 2: return choose_width<true, 2>(width);
      default: return choose_width<true, 0>(width);
    }
  }
  switch (coding.words()) {
    case 2: return choose_width<false, 2>(width);
    case 3: return choose_width<false, 3>(width);
    default: return choose_width<false, 0>(width);
  }
}

}  // namespace

// ------------------------------------------------------------------------- meaning of words

Coding::Coding(const Targets& targets, const std::uint32_t* rows, Index count)
    : outputs_(targets.outputs) {
  const int count_bits = bits_of(count);
  const int target_bits = std::min(50, 62 - 2 * count_bits);
  if (targets.weight != nullptr || target_bits < fewest_bits) return;
  std::vector<double> units;
  for (Index k = 0; k < outputs_; ++k) {
    const double most = largest(targets.values + k * targets.stride, rows, count);
    if (!(most < HUGE_VAL)) return;
    int exponent = 0;
    std::frexp(most, &exponent);  // most < 2^exponent
    units.push_back(std::ldexp(1.0, std::max(exponent - target_bits, -1000)));
  }
  units_ = std::move(units);
  count_mask_ = (std::int64_t{1} << count_bits) - 1;
}

/// row(i) is the row at place i.
template <class Row>
void Coding::write_rows(const Targets& targets, Index begin, Index end, Word* entries,
                        Row row) const {
  const Index size = words();
  const double* weight = targets.weight;
  for (Index k = 0; k < outputs_; ++k) {
    const double* values = targets.values + k * targets.stride;
    Word* out = entries + word_of_target(k);
    if (whole()) {
      const double per_unit = 1.0 / units_[static_cast<std::size_t>(k)];
      const std::int64_t count = k == 0 ? 1 : 0;
      const std::int64_t above = k == 0 ? count_mask_ + 1 : 1;
      for (Index i = begin; i < end; ++i) {
        out[row(i) * size].whole = rounded(values[row(i)] * per_unit) * above + count;
      }
    } else {
      for (Index i = begin; i < end; ++i) {
        out[row(i) * size].real = (weight == nullptr ? 1.0 : weight[row(i)]) * values[row(i)];
      }
    }
  }
  if (whole()) return;
  for (Index i = begin; i < end; ++i) {
    entries[row(i) * size].real = weight == nullptr ? 1.0 : weight[row(i)];
  }
}

void Coding::write(const Targets& targets, const std::uint32_t* rows, Index begin, Index end,
                   Word* entries) const {
  if (rows == nullptr) {
    write_rows(targets, begin, end, entries, [](Index i) { return i; });
  } else {
    write_rows(targets, begin, end, entries, [=](Index i) { return static_cast<Index>(rows[i]); });
  }
}

void Coding::read_weights(const Word* sums, Index count, double* weights) const {
  if (whole()) {
    const std::int64_t mask = count_mask_;
#pragma omp simd
    for (Index i = 0; i < count; ++i) weights[i] = to_double(sums[i].whole & mask);
  } else {
    for (Index i = 0; i < count; ++i) weights[i] = sums[i].real;
  }
}

void Coding::read_targets(const Word* sums, Index count, Index k, double* targets) const {
  if (whole()) {
    const std::int64_t mask = k == 0 ? ~count_mask_ : ~std::int64_t{0};
    const double unit =
        units_[static_cast<std::size_t>(k)] / (k == 0 ? to_double(count_mask_ + 1) : 1.0);
#pragma omp simd
    for (Index i = 0; i < count; ++i) targets[i] = unit * to_double(sums[i].whole & mask);
  } else {
    for (Index i = 0; i < count; ++i) targets[i] = sums[i].real;
  }
}

void Coding::read(const Word* bin, double* totals) const {
  read_weights(bin, 1, totals);
  for (Index k = 0; k < outputs_; ++k) {
    read_targets(bin + word_of_target(k), 1, k, totals + 1 + k);
  }
}

// ------------------------------------------------------------------------- codes and bins

std::vector<FeatureGroup> groups_of(Index features) {
  const Index count = (features + FeatureGroup::most - 1) / FeatureGroup::most;
  std::vector<FeatureGroup> groups;
  for (Index g = 0; g < count; ++g) {
    const Index first = g * features / count;
    groups.push_back({first, (g + 1) * features / count - first});
  }
  return groups;
}

HistogramLayout::HistogramLayout(const BinsView& bins, Index words) : words_(words) {
  starts_.push_back(0);
  for (Index f = 0; f < bins.features; ++f) {
    starts_.push_back(starts_.back() + (bins.missing_code(f) + 1) * words);
  }
}

void add_rows(const Sample& sample, const FeatureGroup& group,
              const std::vector<std::uint8_t>& chosen, const RowsView& rows, const Coding& coding,
              const HistogramLayout& layout, Word* histogram) {
  const std::uint8_t* codes = sample.codes + group.first * sample.rows;
  Word* bins[FeatureGroup::most];
  bool all = true;
  for (Index j = 0; j < group.width; ++j) {
    const Index f = group.first + j;
    bins[j] = histogram + layout.start(f);
    all = all && chosen[static_cast<std::size_t>(f)] != 0;
  }
  if (all) {
    choose(coding, group.width)(codes, sample.rows, rows, coding.words(), bins);
    return;
  }
  for (Index j = 0; j < group.width; ++j) {
    if (chosen[static_cast<std::size_t>(group.first + j)] == 0) continue;
    choose(coding, 1)(codes + j * sample.rows, sample.rows, rows, coding.words(), bins + j);
  }
}

std::vector<Word> sum_of(const RowsView& rows, const Coding& coding) {
  const Index words = coding.words();
  std::vector<Word> sums(static_cast<std::size_t>(words));
  for (Index k = 0; k < words; ++k) {
    const Word* entries = rows.entries + k;
    std::int64_t whole = 0;
    double real = 0.0;
    if (!coding.whole()) {
      for (Index i = 0; i < rows.count; ++i) real += entries[rows.row(i) * words].real;
      sums[static_cast<std::size_t>(k)].real = real;
    } else if (rows.rows == nullptr) {
      for (Index i = 0; i < rows.count; ++i) whole += entries[(rows.first + i) * words].whole;
      sums[static_cast<std::size_t>(k)].whole = whole;
    } else {
      for (Index i = 0; i < rows.count; ++i) whole += entries[rows.row(i) * words].whole;
      sums[static_cast<std::size_t>(k)].whole = whole;
    }
  }
  return sums;
}

void clear_words(Index size, bool whole, Word* words) {
  Word zero;
  if (whole) {
    zero.whole = 0;
  } else {
    zero.real = 0.0;
  }
  std::fill(words, words + size, zero);
}

void add_words(const Word* from, Index size, bool whole, Word* into) {
  if (whole) {
    for (Index i = 0; i < size; ++i) into[i].whole += from[i].whole;
  } else {
    for (Index i = 0; i < size; ++i) into[i].real += from[i].real;
  }
}

void subtract_words(const Word* smaller, Index size, bool whole, Word* parent) {
  if (whole) {
    for (Index i = 0; i < size; ++i) parent[i].whole -= smaller[i].whole;
  } else {
    for (Index i = 0; i < size; ++i) parent[i].real -= smaller[i].real;
  }
}

}  // namespace optlite::trees
