#include "optlite/trees/binning.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "optlite/core/interrupt.hpp"
#include "optlite/core/parallel.hpp"
#include "optlite/core/random.hpp"

namespace optlite::trees {

namespace {

constexpr Index looked_at = 200000;  // rows of which bins are found
constexpr Index block_rows = 2048;   // of a row-major X: 2048 x 20 doubles stay in the cache

/// Blocks of rows that take some milliseconds to encode.
Index blocks_of_a_group(Index cols) { return std::max<Index>(1, 2048 / std::max<Index>(cols, 1)); }

[[noreturn]] void damaged(const std::string& what) {
  throw std::invalid_argument("The bins of this model are damaged: " + what +
                              ". Load the model again from an intact file.");
}

template <class Scalar>
struct Column {
  const char* base;
  Index step;
  double operator[](Index i) const {
    return static_cast<double>(*reinterpret_cast<const Scalar*>(base + i * step));
  }
};

/// The chosen rows of a column.
template <class Scalar>
struct Chosen {
  Column<Scalar> all;
  const std::uint32_t* rows;
  double operator[](Index i) const { return all[static_cast<Index>(rows[i])]; }
};

/// body(column j, or what is chosen of it).
template <class Scalar, class Body>
auto with_column(const TableView& X, Index j, Body&& body) {
  const Column<Scalar> all{X.base + j * X.col_step, X.row_step};
  return X.chosen == nullptr ? body(all) : body(Chosen<Scalar>{all, X.chosen});
}

/// Column j of compressed columns, written out.
void expand(const ColumnsView& X, Index j, std::vector<double>& out) {
  out.assign(static_cast<std::size_t>(X.rows), 0.0);
  for (Index k = X.starts[j]; k < X.starts[j + 1]; ++k) {
    out[static_cast<std::size_t>(X.indices[k])] = X.values[k];
  }
}

/// Row numbers to look at: all, or a random one of each of 200,000 stretches.
std::vector<Index> rows_to_look_at(Index rows) {
  const Index count = std::min(rows, looked_at);
  std::vector<Index> result(static_cast<std::size_t>(count));
  const Philox random(0, 1);
  for (Index i = 0; i < count; ++i) {
    const double begin = static_cast<double>(rows) / static_cast<double>(count);
    const double at = (static_cast<double>(i) + random.uniform(static_cast<std::uint64_t>(i)));
    result[static_cast<std::size_t>(i)] =
        rows == count ? i : std::min(rows - 1, static_cast<Index>(at * begin));
  }
  return result;
}

struct Value {
  double x, weight;
};

/// The distinct values, each with the sum of its weights.
template <class Values>
std::vector<Value> distinct(const Values& x, const double* weight, const std::vector<Index>& rows) {
  std::vector<Value> all;
  all.reserve(rows.size());
  if (weight == nullptr) {  // numbers alone are sorted faster
    std::vector<double> values;
    values.reserve(rows.size());
    for (const Index i : rows) {
      if (!std::isnan(x[i])) values.push_back(x[i] + 0.0);  // -0 becomes 0
    }
    std::sort(values.begin(), values.end());
    for (const double value : values) all.push_back({value, 1.0});
  } else {
    for (const Index i : rows) {
      if (weight[i] > 0.0 && !std::isnan(x[i])) all.push_back({x[i] + 0.0, weight[i]});
    }
    std::sort(all.begin(), all.end(), [](const Value& a, const Value& b) { return a.x < b.x; });
  }
  std::size_t last = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].x == all[last].x) {
      all[last].weight += all[i].weight;
    } else {
      all[++last] = all[i];
    }
  }
  if (!all.empty()) all.resize(last + 1);
  return all;
}

/// A number t with a <= t < b.
double between(double a, double b) {
  const double middle = 0.5 * a + 0.5 * b;
  return middle >= a && middle < b ? middle : a;
}

std::vector<double> thresholds(const std::vector<Value>& values, Index max_bins) {
  std::vector<double> result;
  const bool all = static_cast<Index>(values.size()) <= max_bins;
  double total = 0.0;
  for (const Value& v : values) total += v.weight;
  double below = 0.0, next = total / static_cast<double>(max_bins);
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    below += values[i].weight;
    if (!all && below < next) continue;
    result.push_back(between(values[i].x, values[i + 1].x));
    while (next <= below) next += total / static_cast<double>(max_bins);
    if (static_cast<Index>(result.size()) == max_bins - 1) break;
  }
  return result;
}

std::vector<double> levels(const std::vector<Value>& values, Index feature) {
  if (static_cast<Index>(values.size()) > max_levels) {
    throw std::invalid_argument("Feature " + std::to_string(feature) +
                                " is in categorical_features and has " +
                                std::to_string(values.size()) +
                                " categories; at most 254 fit. Merge rare ones, or leave it out of "
                                "categorical_features, which treats it as a number.");
  }
  std::vector<double> result;
  for (const Value& v : values) result.push_back(v.x);
  return result;
}

template <class Values>
std::vector<double> bins_of(const Values& x, const double* weight, const std::vector<Index>& rows,
                            bool categorical, Index max_bins, Index feature) {
  const std::vector<Value> values = distinct(x, weight, rows);
  return categorical ? levels(values, feature) : thresholds(values, max_bins);
}

/// one(i) for i in [0, count) in parallel, in groups of some milliseconds between which Ctrl-C is
/// heard.
template <class One>
void in_groups(Index count, Index group, double work_of_one, One one) {
  for (Index start = 0; start < count; start += group) {
    const Index size = std::min(group, count - start);
    parallel::for_each(size, work_of_one * static_cast<double>(size),
                       [&](Index i) { one(start + i); });
    interrupt::poll();
  }
}

/// Features in parallel: each one is a sort of its own.
template <class OneFeature>
Bins collect(Index features, Index rows, const std::uint8_t* categorical, OneFeature one) {
  std::vector<std::vector<double>> parts(static_cast<std::size_t>(features));
  const Index group = std::max<Index>(parallel::threads(), 400000 / std::max<Index>(rows, 1));
  in_groups(features, group, 20.0 * static_cast<double>(rows),
            [&](Index j) { parts[static_cast<std::size_t>(j)] = one(j); });
  Bins bins;
  bins.starts.push_back(0);
  for (const auto& part : parts) {
    bins.values.insert(bins.values.end(), part.begin(), part.end());
    bins.starts.push_back(static_cast<std::int64_t>(bins.values.size()));
  }
  bins.categorical.assign(categorical, categorical + features);
  return bins;
}

/// Finds codes. The thresholds are filled up to 2^k - 1 with infinity, so that every search takes k
/// steps of the same form, and those of several numbers go side by side: one waits for the other's
/// load, not for its own.
class Coder {
 public:
  static constexpr Index lanes = 16;

  Coder(const BinsView& bins, Index f)
      : values_(bins.values + bins.starts[f]),
        count_(bins.count(f)),
        missing_(bins.missing_code(f)),
        categorical_(bins.categorical[f] != 0) {
    while (half_ <= count_) half_ *= 2;
    half_ /= 2;  // the first comparison is with the threshold in the middle
    table_.assign(static_cast<std::size_t>(std::max<Index>(2 * half_ - 1, 0)), HUGE_VAL);
    std::copy(values_, values_ + count_, table_.begin());
  }

  std::uint8_t operator()(double x) const {
    std::uint8_t code = 0;
    find<1>([x](Index) { return x; }, &code);
    return code;
  }

  /// Codes of x(0) ... x(count - 1).
  template <class Values>
  void encode(Values x, Index count, std::uint8_t* codes) const {
    Index i = 0;
    for (; i + lanes <= count; i += lanes) {
      find<lanes>([&](Index lane) { return x(i + lane); }, codes + i);
    }
    for (; i < count; ++i) codes[i] = (*this)(x(i));
  }

 private:
  template <Index Lanes, class Values>
  void find(Values x, std::uint8_t* codes) const {
    double value[Lanes];
    Index place[Lanes];  // thresholds below the value
    for (Index lane = 0; lane < Lanes; ++lane) {
      value[lane] = x(lane);
      place[lane] = 0;
    }
    for (Index half = half_; half > 0; half /= 2) {
      const double* middle = table_.data() + half - 1;
      for (Index lane = 0; lane < Lanes; ++lane) {  // NaN lies below nothing
        place[lane] += half * static_cast<Index>(middle[place[lane]] < value[lane]);
      }
    }
    for (Index lane = 0; lane < Lanes; ++lane) {
      const bool known = categorical_ ? place[lane] < count_ && values_[place[lane]] == value[lane]
                                      : value[lane] == value[lane];
      codes[lane] = static_cast<std::uint8_t>(known ? place[lane] : missing_);
    }
  }

  const double* values_;
  Index count_;
  int missing_;
  bool categorical_;
  Index half_ = 1;
  std::vector<double> table_;
};

template <class Scalar>
void encode_table(const TableView& X, const BinsView& bins, const std::uint8_t* needed,
                  std::uint8_t* codes) {
  std::vector<Coder> coders;
  for (Index j = 0; j < X.cols; ++j) coders.emplace_back(bins, j);
  const Index blocks = (X.rows + block_rows - 1) / block_rows;
  const double work = 10.0 * static_cast<double>(block_rows * X.cols);
  in_groups(blocks, blocks_of_a_group(X.cols), work, [&](Index block) {
    const Index begin = block * block_rows;
    const Index count = std::min(X.rows - begin, block_rows);
    for (Index j = 0; j < X.cols; ++j) {
      if (needed != nullptr && needed[j] == 0) continue;
      with_column<Scalar>(X, j, [&](const auto& x) {
        coders[static_cast<std::size_t>(j)].encode([&](Index i) { return x[begin + i]; }, count,
                                                   codes + j * X.rows + begin);
      });
    }
  });
}

template <class Scalar>
Index first_infinity(const TableView& X) {
  // A row-major walk, so that the first one in the order of rows is found.
  for (Index i = 0; i < X.rows; ++i) {
    if (i % block_rows == 0) interrupt::poll();
    for (Index j = 0; j < X.cols; ++j) {
      const char* at = X.base + i * X.row_step + j * X.col_step;
      if (std::isinf(*reinterpret_cast<const Scalar*>(at))) return i * X.cols + j;
    }
  }
  return -1;
}

template <class Scalar>
Bins bins_of_table(const TableView& X, const double* weight, const std::uint8_t* categorical,
                   Index max_bins) {
  const std::vector<Index> rows = rows_to_look_at(X.rows);
  return collect(X.cols, static_cast<Index>(rows.size()), categorical, [&](Index j) {
    return with_column<Scalar>(
        X, j, [&](const auto& x) { return bins_of(x, weight, rows, categorical[j], max_bins, j); });
  });
}

}  // namespace

BinsView Bins::view() const {
  return {static_cast<Index>(categorical.size()), starts.data(), values.data(), categorical.data()};
}

void BinsView::check(Index n_starts, Index n_values, Index n_categorical) const {
  if (n_starts != n_categorical + 1 || n_categorical != features) damaged("lengths disagree");
  if (starts[0] != 0 || starts[features] != n_values) damaged("starts do not span the values");
  for (Index f = 0; f < features; ++f) {
    const Index limit = categorical[f] != 0 ? max_levels : max_value_bins - 1;
    if (starts[f + 1] < starts[f] || starts[f + 1] > n_values || count(f) > limit) {
      damaged("feature " + std::to_string(f) + " has an impossible number of bins");
    }
    for (Index k = starts[f]; k + 1 < starts[f + 1]; ++k) {
      if (!(values[k] < values[k + 1])) {
        damaged("the values of feature " + std::to_string(f) + " do not increase");
      }
    }
  }
}

Bins find_bins(const TableView& X, const double* weight, const std::uint8_t* categorical,
               Index max_bins) {
  return X.single ? bins_of_table<float>(X, weight, categorical, max_bins)
                  : bins_of_table<double>(X, weight, categorical, max_bins);
}

Bins find_bins(const ColumnsView& X, const double* weight, const std::uint8_t* categorical,
               Index max_bins) {
  const std::vector<Index> rows = rows_to_look_at(X.rows);
  return collect(X.cols, static_cast<Index>(rows.size()), categorical, [&](Index j) {
    std::vector<double> x;
    expand(X, j, x);
    return bins_of(x, weight, rows, categorical[j], max_bins, j);
  });
}

void encode(const TableView& X, const BinsView& bins, const std::uint8_t* needed,
            std::uint8_t* codes) {
  if (X.single) {
    encode_table<float>(X, bins, needed, codes);
  } else {
    encode_table<double>(X, bins, needed, codes);
  }
}

void encode(const ColumnsView& X, const BinsView& bins, const std::uint8_t* needed,
            std::uint8_t* codes) {
  const Index group = std::max<Index>(1, 10000000 / std::max<Index>(X.rows, 1));
  in_groups(X.cols, group, static_cast<double>(X.rows), [&](Index j) {
    if (needed != nullptr && needed[j] == 0) return;
    const Coder coder(bins, j);
    std::uint8_t* out = codes + j * X.rows;
    std::memset(out, coder(0.0), static_cast<std::size_t>(X.rows));
    for (Index k = X.starts[j]; k < X.starts[j + 1]; ++k) out[X.indices[k]] = coder(X.values[k]);
  });
}

Index find_infinity(const TableView& X) {
  return X.single ? first_infinity<float>(X) : first_infinity<double>(X);
}

}  // namespace optlite::trees
