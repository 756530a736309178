#include <algorithm>
#include <vector>

#include "column_tiles.hpp"
#include "optlite/core/sparse.hpp"
#include "optlite/operators/column_design.hpp"

namespace optlite {

namespace {

constexpr Index tile = 64;

/// Entries that are not stored contribute through the shift alone. Several entries at one place
/// count as their sum wherever columns enter linearly; squares need them added up beforehand.
template <class Scalar, class IndexType>
class CscColumns final : public ColumnDesign {
 public:
  explicit CscColumns(const CscView<Scalar, IndexType>& view)
      : ColumnDesign(view.rows(), view.cols()), x_(view) {}

  Index entries() const override { return static_cast<Index>(x_.starts[cols_]); }
  bool is_sparse() const override { return true; }
  bool reads_single_columns() const override { return true; }

  Moments moments(const double* q, const double* v) const override {
    Moments m{Vector::Zero(cols_), Vector(cols_), Vector(cols_), Vector(cols_)};
    each_range(cols_, tile, per_column(), [&](Index begin, Index end) {
      for (Index j = begin; j < end; ++j) {
        double s = 0.0;
        double s2 = 0.0;
        double p = 0.0;
        each_entry(j, [&](Index i, double x) {
          const double weighted = q == nullptr ? x : q[i] * x;
          s += weighted;
          s2 += weighted * x;
          p += v[i] * x;
        });
        m.sums[j] = s;
        m.squares[j] = s2;
        m.products[j] = p;
      }
    });
    return m;
  }

  void dots(const double* v, double* out) const override {
    each_range(cols_, tile, per_column(), [&](Index begin, Index end) {
      for (Index j = begin; j < end; ++j) out[j] = dot(j, v);
    });
  }

  void dots(const Columns& list, const double* v, double* out) const override {
    each_range(static_cast<Index>(list.size()), tile, per_column(), [&](Index begin, Index end) {
      for (Index k = begin; k < end; ++k) out[k] = dot(list[static_cast<std::size_t>(k)], v);
    });
  }

  void add(const Columns& list, const double* coefficients, double* out) const override {
    for (std::size_t k = 0; k < list.size(); ++k) {
      const double coefficient = coefficients[k];
      each_entry(list[k], [&](Index i, double x) { out[i] += coefficient * x; });
    }
  }

  /// The shift is that of the weighted means, or zero: one term is left of the centring.
  void products(const Columns& all, const Columns& fresh, const double* root, const Vector& shift,
                Matrix& C) const override {
    const Index count = static_cast<Index>(all.size());
    C.resize(count, static_cast<Index>(fresh.size()));
    Vector spread = Vector::Zero(rows_);  // q x_j
    for (std::size_t f = 0; f < fresh.size(); ++f) {
      const Index j = fresh[f];
      double sum = 0.0;
      each_entry(j, [&](Index i, double x) {
        const double weighted = root == nullptr ? x : root[i] * root[i] * x;
        spread[i] += weighted;
        sum += weighted;
      });
      double* out = C.col(static_cast<Index>(f)).data();
      each_range(count, tile, per_column(), [&](Index begin, Index end) {
        for (Index k = begin; k < end; ++k) {
          const Index other = all[static_cast<std::size_t>(k)];
          out[k] = dot(other, spread.data()) - shift[other] * sum;
        }
      });
      each_entry(j, [&](Index i, double) { spread[i] = 0.0; });
    }
  }

  bool has_duplicates() const override {
    std::vector<Index> seen_in(static_cast<std::size_t>(rows_), -1);
    for (Index j = 0; j < cols_; ++j) {
      for (Index k = x_.starts[j]; k < static_cast<Index>(x_.starts[j + 1]); ++k) {
        Index& column = seen_in[static_cast<std::size_t>(x_.indices[k])];
        if (column == j) return true;
        column = j;
      }
      if (j % 4096 == 0) interrupt::poll();
    }
    return false;
  }

 private:
  Index per_column() const { return entries() / std::max<Index>(cols_, 1) + 1; }

  template <class Body>
  void each_entry(Index j, Body&& body) const {
    const Index end = static_cast<Index>(x_.starts[j + 1]);
    for (Index k = static_cast<Index>(x_.starts[j]); k < end; ++k) {
      body(static_cast<Index>(x_.indices[k]), static_cast<double>(x_.values[k]));
    }
  }

  /// Four sums, so that an addition need not wait for the one before it.
  double dot(Index j, const double* v) const {
    const Index end = static_cast<Index>(x_.starts[j + 1]);
    Index k = static_cast<Index>(x_.starts[j]);
    double sums[4] = {};
    for (; k + 4 <= end; k += 4) {
      for (Index l = 0; l < 4; ++l) {
        sums[l] += static_cast<double>(x_.values[k + l]) * v[x_.indices[k + l]];
      }
    }
    for (; k < end; ++k) sums[0] += static_cast<double>(x_.values[k]) * v[x_.indices[k]];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

  CscView<Scalar, IndexType> x_;
};

}  // namespace

template <class Scalar, class IndexType>
std::unique_ptr<ColumnDesign> make_csc(Index rows, Index cols, Index entries,
                                       const IndexType* starts, const IndexType* indices,
                                       const Scalar* values) {
  CscView<Scalar, IndexType> view;
  view.slices = cols;
  view.width = rows;
  view.entries = entries;
  view.starts = starts;
  view.indices = indices;
  view.values = values;
  view.check();
  return std::make_unique<CscColumns<Scalar, IndexType>>(view);
}

template std::unique_ptr<ColumnDesign> make_csc(Index, Index, Index, const std::int32_t*,
                                                const std::int32_t*, const double*);
template std::unique_ptr<ColumnDesign> make_csc(Index, Index, Index, const std::int64_t*,
                                                const std::int64_t*, const double*);
template std::unique_ptr<ColumnDesign> make_csc(Index, Index, Index, const std::int32_t*,
                                                const std::int32_t*, const float*);
template std::unique_ptr<ColumnDesign> make_csc(Index, Index, Index, const std::int64_t*,
                                                const std::int64_t*, const float*);

}  // namespace optlite
