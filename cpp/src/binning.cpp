#include "optlite/trees/binning.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "optlite/core/parallel.hpp"
#include "optlite/core/random.hpp"

namespace optlite::trees {

namespace {

constexpr Index looked_at = 200000;  // rows of which bins are found
constexpr Index block_rows = 2048;   // of a row-major X: 2048 x 20 doubles stay in the cache

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

template <class Scalar>
Column<Scalar> column(const TableView& X, Index j) {
  return {X.base + j * X.col_step, X.row_step};
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
  for (const Index i : rows) {
    const double w = weight == nullptr ? 1.0 : weight[i];
    if (w > 0.0 && !std::isnan(x[i])) all.push_back({x[i] + 0.0, w});  // -0 becomes 0
  }
  std::sort(all.begin(), all.end(), [](const Value& a, const Value& b) { return a.x < b.x; });
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

/// Features in parallel: each one is a sort of its own.
template <class OneFeature>
Bins collect(Index features, Index rows, const std::uint8_t* categorical, OneFeature one) {
  std::vector<std::vector<double>> parts(static_cast<std::size_t>(features));
  parallel::for_each(features, 20.0 * static_cast<double>(rows * features),
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

/// Numbers of thresholds below x, without a branch that depends on x.
int thresholds_below(const double* t, Index count, double x) {
  const double* begin = t;
  while (count > 0) {
    const Index half = count / 2;
    const bool below = begin[half] < x;
    begin = below ? begin + half + 1 : begin;
    count = below ? count - half - 1 : half;
  }
  return static_cast<int>(begin - t);
}

class Coder {
 public:
  Coder(const BinsView& bins, Index f)
      : values_(bins.values + bins.starts[f]),
        count_(bins.count(f)),
        missing_(bins.missing_code(f)),
        categorical_(bins.categorical[f] != 0) {}

  std::uint8_t operator()(double x) const {
    const int place = thresholds_below(values_, count_, x);
    const bool known = categorical_ ? place < count_ && values_[place] == x : x == x;
    return static_cast<std::uint8_t>(known ? place : missing_);
  }

 private:
  const double* values_;
  Index count_;
  int missing_;
  bool categorical_;
};

template <class Scalar>
void encode_table(const TableView& X, const BinsView& bins, const std::uint8_t* needed,
                  std::uint8_t* codes) {
  const Index blocks = (X.rows + block_rows - 1) / block_rows;
  const double work = 10.0 * static_cast<double>(X.rows) * static_cast<double>(X.cols);
  parallel::for_each(blocks, work, [&](Index block) {
    const Index begin = block * block_rows;
    const Index end = std::min(X.rows, begin + block_rows);
    for (Index j = 0; j < X.cols; ++j) {
      if (needed != nullptr && needed[j] == 0) continue;
      const Column<Scalar> x = column<Scalar>(X, j);
      const Coder coder(bins, j);
      std::uint8_t* out = codes + j * X.rows;
      for (Index i = begin; i < end; ++i) out[i] = coder(x[i]);
    }
  });
}

template <class Scalar>
Index first_infinity(const TableView& X) {
  // A row-major walk, so that the first one in the order of rows is found.
  for (Index i = 0; i < X.rows; ++i) {
    for (Index j = 0; j < X.cols; ++j) {
      if (std::isinf(column<Scalar>(X, j)[i])) return i * X.cols + j;
    }
  }
  return -1;
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
  const std::vector<Index> rows = rows_to_look_at(X.rows);
  return collect(X.cols, static_cast<Index>(rows.size()), categorical, [&](Index j) {
    return X.single ? bins_of(column<float>(X, j), weight, rows, categorical[j], max_bins, j)
                    : bins_of(column<double>(X, j), weight, rows, categorical[j], max_bins, j);
  });
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
  const double work = static_cast<double>(X.rows) * static_cast<double>(X.cols);
  parallel::for_each(X.cols, work, [&](Index j) {
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
