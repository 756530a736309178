// Rows of a plan in memory, in single or double precision: all entries, or those that matter.
#pragma once

#include <cstdint>
#include <vector>

#include "optlite/linalg/kernels.hpp"
#include "optlite/linalg/single_kernels.hpp"
#include "optlite/transport/row_parts.hpp"

namespace optlite::transport {

enum class Form { none, dense, compressed };

namespace detail {

/// Of one compressed row: the product with y, in two chains of additions that hide each other's
/// delay.
template <class Kept, class Number>
double dot(Index count, const Kept* values, const std::int32_t* columns, const Number* y) {
  Number sum = 0, odd = 0;
  Index k = 0;
  for (; k + 2 <= count; k += 2) {
    sum += static_cast<Number>(values[k]) * y[columns[k]];
    odd += static_cast<Number>(values[k + 1]) * y[columns[k + 1]];
  }
  if (k < count) sum += static_cast<Number>(values[k]) * y[columns[k]];
  return static_cast<double>(sum + odd);
}

/// out += factor x, or factor x^2, for rows of a dense plan.
template <bool squared>
void add_dense(const float* rows, Index count, Index cols, const float* factors, double* out) {
  kernels::add_rows<squared>(rows, cols, count, cols, factors, out);
}
template <bool squared, class Kept>
void add_dense(const Kept* rows, Index count, Index cols, const double* factors, double* out) {
  if constexpr (!squared) return kernels::add_rows(rows, cols, count, cols, factors, out);
  for (Index k = 0; k < count; ++k) {
    const double factor = factors[k];
    const Kept* row = rows + k * cols;
#pragma omp simd
    for (Index j = 0; j < cols; ++j) {
      const double entry = static_cast<double>(row[j]);
      out[j] += factor * entry * entry;
    }
  }
}

}  // namespace detail

template <class Kept>
class StoredPlan {
 public:
  static constexpr Index block = 8;

  Form form() const { return form_; }

  /// Room for a plan in this form; what was there is lost.
  void begin(Form form, Index sources, Index targets, Index parts) {
    form_ = form;
    targets_ = targets;
    if (form == Form::dense) dense_.resize(sources, targets);
    else if (form == Form::compressed) compressed_.resize(static_cast<std::size_t>(parts));
  }

  /// Where row i of a dense plan lies, and the rows after it.
  Kept* row(Index i) { return dense_.row(i).data(); }

  void begin_part(Index part, Index first) {
    Part& own = compressed_[static_cast<std::size_t>(part)];
    own.first = first;
    own.starts.assign(1, 0);
  }

  /// Appends the entries of the next row of a part that are at least `threshold`; their number.
  template <class Number>
  Index compress(Index part, const Number* values, Number threshold) {
    Part& own = compressed_[static_cast<std::size_t>(part)];
    const auto used = static_cast<std::size_t>(own.starts.back());
    const auto room = used + static_cast<std::size_t>(targets_);
    if (own.values.size() < room) {
      own.values.resize(room + room / 2);
      own.columns.resize(room + room / 2);
    }
    Kept* value = own.values.data() + used;
    std::int32_t* column = own.columns.data() + used;
    Index kept = 0;  // every entry is written, those that matter are written over by none
    for (Index j = 0; j < targets_; ++j) {
      value[kept] = static_cast<Kept>(values[j]);
      column[kept] = static_cast<std::int32_t>(j);
      kept += values[j] >= threshold ? 1 : 0;
    }
    own.starts.push_back(own.starts.back() + kept);
    return kept;
  }

  /// sums += sum_i w_i K_i over rows of a part, w_i = weight(K_i . y, i). Arithmetic is that of y.
  template <class Number, class Weight>
  void multiply(Index part, Index first, Index last, const Number* y, double* sums,
                Weight&& weight) const {
    if (form_ == Form::dense) {
      for (Index i = first; i < last; i += block) {
        multiply_rows(dense_.row(i).data(), i, std::min(block, last - i), targets_, y, sums,
                      weight);
      }
      return;
    }
    const Part& own = compressed_[static_cast<std::size_t>(part)];
    for (Index i = first; i < last; ++i) {
      const auto k = static_cast<std::size_t>(i - own.first);
      const Index start = own.starts[k], count = own.starts[k + 1] - start;
      const Kept* values = own.values.data() + start;
      const std::int32_t* columns = own.columns.data() + start;
      const double factor = weight(detail::dot(count, values, columns, y), i);
      for (Index e = 0; e < count; ++e) sums[columns[e]] += factor * static_cast<double>(values[e]);
    }
  }

  /// The same for a few rows that lie together.
  template <class Number, class Weight>
  static void multiply_rows(const Kept* rows, Index first, Index count, Index targets,
                            const Number* y, double* sums, Weight&& weight) {
    double products[block];
    Number weights[block];
    kernels::dot_rows(rows, targets, count, targets, y, products);
    for (Index k = 0; k < count; ++k) {
      weights[k] = static_cast<Number>(weight(products[k], first + k));
    }
    detail::add_dense<false>(rows, count, targets, weights, sums);
  }

  /// sums += sum_i factors_i K_i^2, entry by entry, over rows of a part.
  template <class Factor>
  void add_squares(Index part, Index first, Index last, double* sums, Factor&& factor) const {
    if (form_ == Form::dense) {
      for (Index i = first; i < last; i += block) {
        squares_of_rows(dense_.row(i).data(), i, std::min(block, last - i), targets_, sums, factor);
      }
      return;
    }
    const Part& own = compressed_[static_cast<std::size_t>(part)];
    for (Index i = first; i < last; ++i) {
      const auto k = static_cast<std::size_t>(i - own.first);
      const double scale = factor(i);
      for (Index e = own.starts[k]; e < own.starts[k + 1]; ++e) {
        const double entry = static_cast<double>(own.values[static_cast<std::size_t>(e)]);
        sums[own.columns[static_cast<std::size_t>(e)]] += scale * entry * entry;
      }
    }
  }

  template <class Factor>
  static void squares_of_rows(const Kept* rows, Index first, Index count, Index targets,
                              double* sums, Factor&& factor) {
    Kept factors[block];
    for (Index k = 0; k < count; ++k) factors[k] = static_cast<Kept>(factor(first + k));
    detail::add_dense<true>(rows, count, targets, factors, sums);
  }

 private:
  struct Part {
    Index first = 0;
    std::vector<Kept> values;
    std::vector<std::int32_t> columns;
    std::vector<Index> starts;
  };

  Form form_ = Form::none;
  Index targets_ = 0;
  Eigen::Matrix<Kept, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> dense_;
  std::vector<Part> compressed_;
};

}  // namespace optlite::transport
