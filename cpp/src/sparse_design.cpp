#include "optlite/core/sparse.hpp"

#include "optlite/operators/chunks.hpp"
#include "optlite/operators/design.hpp"

namespace optlite {

namespace {

template <class Scalar, class IndexType>
class CsrDesign : public Design {
 public:
  explicit CsrDesign(const CsrView<Scalar, IndexType>& view)
      : Design(view.rows(), view.cols(), 256), x_(view) {}

  Index entries() const override { return static_cast<Index>(x_.starts[rows_]); }

  void pass(const double* W, Index m, Index r, Middle middle, double* G) const override {
    const Index width = std::max(m, r);
    const Index parts = chunks::count(*this);
    const double work = static_cast<double>(entries()) * static_cast<double>(width);
    const int slots = chunks::slots(parts, work);
    // Row-major coefficients: the m numbers that one stored entry meets lie side by side.
    RowMatrix transposed;
    if (m > 1) {
      transposed = ConstMatrixMap(W, cols_, m);
      W = transposed.data();
    }
    Matrix block(block_rows_ * width, slots);
    // One column is laid out alike in both orders.
    RowMatrix sums(r > 1 ? cols_ : 0, r);
    Eigen::Map<RowMatrix> total(r > 1 ? sums.data() : G, r > 0 ? cols_ : 0, r);
    total.setZero();
    std::vector<RowMatrix> partial(static_cast<std::size_t>(slots));
    // One chunk at a time needs no partial sums of its own: the order of additions is fixed
    // by combining whole chunks, so the partial is used for any number of threads.
    chunks::each(
        *this, parts, work,
        [&](Index begin, Index end, int slot) {
          double* z = block.col(slot).data();
          RowMatrix& g = partial[static_cast<std::size_t>(slot)];
          if (r > 0) g.setZero(cols_, r);
          for (Index b = begin; b < end; ++b) {
            const Index first = b * block_rows_;
            const Index count = std::min(block_rows_, rows_ - first);
            if (m > 0) margins(first, count, W, m, z);
            middle(first, count, z);
            if (r > 0) accumulate(first, count, z, r, g.data());
          }
        },
        [&](int slot) {
          if (r > 0) total += partial[static_cast<std::size_t>(slot)];
        });
    if (r > 1) MatrixMap(G, cols_, r) = sums;
  }

  void weighted_gram(const Gram& gram, Matrix& H) const override {
    const double* q = gram.q;
    const double* shift = gram.shift;
    const double* scale = gram.scale;
    const bool border = gram.border;
    const Targets* targets = gram.targets;
    const Index size = cols_ + (border ? 1 : 0);
    H.setZero(size, size);
    if (targets != nullptr) target_products(q, shift, scale, *targets);
    Vector sums = Vector::Zero(cols_);
    double total = 0.0;
    for (Index i = 0; i < rows_; ++i) {
      const double weight = q == nullptr ? 1.0 : q[i];
      total += weight;
      for (Index k = x_.starts[i]; k < static_cast<Index>(x_.starts[i + 1]); ++k) {
        const Index column = x_.indices[k];
        const double value = weight * static_cast<double>(x_.values[k]);
        sums[column] += value;
        for (Index l = x_.starts[i]; l <= k; ++l) {
          const Index other = x_.indices[l];
          H(std::max(column, other), std::min(column, other)) +=
              value * static_cast<double>(x_.values[l]);
        }
      }
      if (i % 4096 == 0) interrupt::poll();
    }
    center_and_scale(sums, total, shift, scale, border, H);
  }

  /// Z^T diag(q) Y; entries that are not stored contribute through the shift alone.
  void target_products(const double* q, const double* shift, const double* scale,
                       const Targets& targets) const {
    Matrix& out = *targets.products;
    out.resize(cols_, targets.count);
    const auto weigh = [&](Index first, Index count, double* block) {
      targets.weigh(q, rows_, first, count, block);
    };
    pass(nullptr, 0, targets.count, weigh, out.data());
    if (shift != nullptr) {
      Matrix weighted(rows_, targets.count);
      targets.weigh(q, rows_, 0, rows_, weighted.data());
      out.noalias() -= ConstVectorMap(shift, cols_) * weighted.colwise().sum();
    }
    if (scale != nullptr) out = ConstVectorMap(scale, cols_).asDiagonal() * out;
  }

  void moments(const double* q, Vector& sums, Vector& squares, Vector& center,
               const Targets* targets) const override {
    sums.setZero(cols_);
    squares.setZero(cols_);
    double total = 0.0;
    for (Index i = 0; i < rows_; ++i) {
      const double weight = q == nullptr ? 1.0 : q[i];
      total += weight;
      for (Index k = x_.starts[i]; k < static_cast<Index>(x_.starts[i + 1]); ++k) {
        const double value = static_cast<double>(x_.values[k]);
        sums[x_.indices[k]] += weight * value;
        squares[x_.indices[k]] += weight * value * value;
      }
    }
    center = total > 0.0 ? Vector(sums / total) : Vector(Vector::Zero(cols_));
    if (total > 0.0) squares = (squares - sums.cwiseAbs2() / total).cwiseMax(0.0);
    if (targets != nullptr) target_products(q, nullptr, nullptr, *targets);
  }

  bool has_duplicates() const override {
    std::vector<Index> seen_in(static_cast<std::size_t>(cols_), -1);
    for (Index i = 0; i < rows_; ++i) {
      for (Index k = x_.starts[i]; k < static_cast<Index>(x_.starts[i + 1]); ++k) {
        Index& row = seen_in[static_cast<std::size_t>(x_.indices[k])];
        if (row == i) return true;
        row = i;
      }
      if (i % 4096 == 0) interrupt::poll();
    }
    return false;
  }

  std::unique_ptr<Design> gather(const std::vector<Index>& rows) const override;

 private:
  void margins(Index first, Index count, const double* W, Index m, double* z) const {
    if (m == 1) {
      for (Index i = 0; i < count; ++i) z[i] = row_times(first + i, W);
      return;
    }
    std::vector<double> sum(static_cast<std::size_t>(m));
    for (Index i = 0; i < count; ++i) {
      std::fill(sum.begin(), sum.end(), 0.0);
      const Index end = static_cast<Index>(x_.starts[first + i + 1]);
      for (Index k = x_.starts[first + i]; k < end; ++k) {
        const double value = static_cast<double>(x_.values[k]);
        const double* w = W + static_cast<Index>(x_.indices[k]) * m;
        for (Index j = 0; j < m; ++j) sum[static_cast<std::size_t>(j)] += value * w[j];
      }
      for (Index j = 0; j < m; ++j) z[i + j * count] = sum[static_cast<std::size_t>(j)];
    }
  }

  /// Four sums, so that an addition need not wait for the one before it.
  double row_times(Index row, const double* w) const {
    const Scalar* values = x_.values;
    const IndexType* columns = x_.indices;
    const Index end = static_cast<Index>(x_.starts[row + 1]);
    Index k = static_cast<Index>(x_.starts[row]);
    double sums[4] = {};
    for (; k + 4 <= end; k += 4) {
      for (Index j = 0; j < 4; ++j) {
        sums[j] += static_cast<double>(values[k + j]) * w[columns[k + j]];
      }
    }
    for (; k < end; ++k) sums[0] += static_cast<double>(values[k]) * w[columns[k]];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

  /// g += residual * row.
  void add_row(Index row, double residual, double* g) const {
    const Scalar* values = x_.values;
    const IndexType* columns = x_.indices;
    const Index end = static_cast<Index>(x_.starts[row + 1]);
    for (Index k = static_cast<Index>(x_.starts[row]); k < end; ++k) {
      g[columns[k]] += static_cast<double>(values[k]) * residual;
    }
  }

  void accumulate(Index first, Index count, const double* z, Index r, double* g) const {
    if (r == 1) {
      for (Index i = 0; i < count; ++i) add_row(first + i, z[i], g);
      return;
    }
    for (Index i = 0; i < count; ++i) {
      const Index end = static_cast<Index>(x_.starts[first + i + 1]);
      for (Index k = x_.starts[first + i]; k < end; ++k) {
        const double value = static_cast<double>(x_.values[k]);
        double* out = g + static_cast<Index>(x_.indices[k]) * r;
        for (Index j = 0; j < r; ++j) out[j] += value * z[i + j * count];
      }
    }
  }

  /// Turns sum q x x^T into the Gram matrix of the centred, scaled, bordered columns.
  void center_and_scale(const Vector& sums, double total, const double* shift, const double* scale,
                        bool border, Matrix& H) const {
    for (Index j = 0; j < cols_; ++j) {
      const double move_j = shift == nullptr ? 0.0 : shift[j];
      const double scale_j = scale == nullptr ? 1.0 : scale[j];
      for (Index i = j; i < cols_; ++i) {
        const double move_i = shift == nullptr ? 0.0 : shift[i];
        const double scale_i = scale == nullptr ? 1.0 : scale[i];
        H(i, j) = (H(i, j) - move_i * sums[j] - move_j * sums[i] + move_i * move_j * total) *
                  scale_i * scale_j;
      }
      if (border) H(cols_, j) = (sums[j] - move_j * total) * scale_j;
    }
    if (border) H(cols_, cols_) = total;
  }

  CsrView<Scalar, IndexType> x_;
};

/// Compressed rows that the design owns.
struct CsrArrays {
  std::vector<Index> starts;
  std::vector<Index> indices;
  std::vector<double> values;
};

CsrView<double, Index> view_of(const CsrArrays& arrays, Index cols) {
  CsrView<double, Index> view;
  view.slices = static_cast<Index>(arrays.starts.size()) - 1;
  view.width = cols;
  view.entries = static_cast<Index>(arrays.values.size());
  view.starts = arrays.starts.data();
  view.indices = arrays.indices.data();
  view.values = arrays.values.data();
  return view;
}

/// Base from member: the arrays must live before the view that the design keeps.
class OwnedCsr final : private CsrArrays, public CsrDesign<double, Index> {
 public:
  OwnedCsr(CsrArrays arrays, Index cols)
      : CsrArrays(std::move(arrays)),
        CsrDesign<double, Index>(view_of(static_cast<const CsrArrays&>(*this), cols)) {}
};

template <class Scalar, class IndexType>
std::unique_ptr<Design> CsrDesign<Scalar, IndexType>::gather(const std::vector<Index>& rows) const {
  CsrArrays arrays;
  arrays.starts.push_back(0);
  for (const Index i : rows) {
    for (Index k = x_.starts[i]; k < static_cast<Index>(x_.starts[i + 1]); ++k) {
      arrays.indices.push_back(static_cast<Index>(x_.indices[k]));
      arrays.values.push_back(static_cast<double>(x_.values[k]));
    }
    arrays.starts.push_back(static_cast<Index>(arrays.values.size()));
  }
  return std::make_unique<OwnedCsr>(std::move(arrays), cols_);
}

}  // namespace

template <class Scalar, class IndexType>
std::unique_ptr<Design> make_csr(Index rows, Index cols, Index entries, const IndexType* starts,
                                 const IndexType* indices, const Scalar* values) {
  CsrView<Scalar, IndexType> view;
  view.slices = rows;
  view.width = cols;
  view.entries = entries;
  view.starts = starts;
  view.indices = indices;
  view.values = values;
  view.check();
  return std::make_unique<CsrDesign<Scalar, IndexType>>(view);
}

template std::unique_ptr<Design> make_csr(Index, Index, Index, const std::int32_t*,
                                          const std::int32_t*, const double*);
template std::unique_ptr<Design> make_csr(Index, Index, Index, const std::int64_t*,
                                          const std::int64_t*, const double*);
template std::unique_ptr<Design> make_csr(Index, Index, Index, const std::int32_t*,
                                          const std::int32_t*, const float*);
template std::unique_ptr<Design> make_csr(Index, Index, Index, const std::int64_t*,
                                          const std::int64_t*, const float*);

}  // namespace optlite
