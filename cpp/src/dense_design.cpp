#include <Eigen/Core>
#include <cmath>
#include <utility>

#include "optlite/linalg/gram.hpp"
#include "optlite/linalg/kernels.hpp"
#include "optlite/operators/chunks.hpp"
#include "optlite/operators/design.hpp"

namespace optlite {

namespace {

/// A block of rows, and the vector of its results, should stay in a quarter of a megabyte.
Index rows_per_block(Index cols) {
  const Index fitting = 32768 / std::max<Index>(1, cols);
  return std::clamp<Index>(fitting / 8 * 8, 8, 256);
}

template <class Scalar, bool row_major>
class DenseDesign final : public Design {
 public:
  DenseDesign(const Scalar* data, Index rows, Index cols, Index stride)
      : Design(rows, cols, rows_per_block(cols)), data_(data), stride_(stride) {}

  Index entries() const override { return rows_ * cols_; }

  void pass(const double* W, Index m, Index r, Middle middle, double* G) const override {
    const Index parts = chunks::count(*this);
    const Index width = std::max(m, r);
    const double work = static_cast<double>(entries()) * static_cast<double>(width);
    const int slots = chunks::slots(parts, work);
    std::vector<Scratch> scratch(static_cast<std::size_t>(slots));
    RowMatrix wide;  // W by rows, padded, for the narrow products
    if (m > 1 && row_major) {
      wide = RowMatrix::Zero(cols_, narrow_width(m));
      wide.leftCols(m) = ConstMatrixMap(W, cols_, m);
      W = wide.data();
    }
    if (r > 0) std::fill(G, G + cols_ * r, 0.0);
    chunks::each(
        *this, parts, work,
        [&](Index begin, Index end, int slot) {
          Scratch& own = scratch[static_cast<std::size_t>(slot)];
          own.block.resize(static_cast<std::size_t>(block_rows_ * width));
          own.sum.assign(static_cast<std::size_t>(cols_ * narrow_width(r)), 0.0);
          for (Index b = begin; b < end; ++b) {
            const Index first = b * block_rows_;
            const Index count = std::min(block_rows_, rows_ - first);
            if (m > 0) margins(first, count, W, m, own);
            middle(first, count, own.block.data());
            if (r > 0) accumulate(first, count, r, own);
          }
        },
        [&](int slot) {
          const double* sum = scratch[static_cast<std::size_t>(slot)].sum.data();
          if (r > 0) VectorMap(G, cols_ * r) += ConstVectorMap(sum, cols_ * r);
        });
  }

  void weighted_gram(const double* q, const double* shift, const double* scale, bool border,
                     Matrix& H, const Targets* targets) const override {
    const Index size = cols_ + (border ? 1 : 0);
    const Index padded = gram_stride(size);
    const Index wanted = targets == nullptr ? 0 : targets->count;
    const Index parts = chunks::gram_count(*this, size);
    const double work = static_cast<double>(entries()) * static_cast<double>(size);
    const int slots = chunks::slots(parts, work);
    std::vector<Matrix> partial(static_cast<std::size_t>(slots));
    std::vector<Matrix> products(static_cast<std::size_t>(slots));
    H.setZero(size, size);
    if (wanted > 0) targets->products->setZero(cols_, wanted);
    chunks::each(
        *this, parts, work,
        [&](Index begin, Index end, int slot) {
          Matrix& sum = partial[static_cast<std::size_t>(slot)];
          Matrix& product = products[static_cast<std::size_t>(slot)];
          sum.setZero(padded, padded);
          product.setZero(cols_, wanted);
          const GramTask task{q, shift, scale, border, targets};
          gram_rows(begin * block_rows_, std::min(end * block_rows_, rows_), task, sum, product);
        },
        [&](int slot) {
          const Matrix& sum = partial[static_cast<std::size_t>(slot)];
          for (Index j = 0; j < size; ++j) {
            H.col(j).tail(size - j) += sum.col(j).segment(j, size - j);
          }
          if (wanted > 0) *targets->products += products[static_cast<std::size_t>(slot)];
        });
  }

  void moments(const double* q, Vector& sums, Vector& squares, Vector& center) const override {
    center.resize(cols_);
    for (Index j = 0; j < cols_; ++j) center[j] = static_cast<double>(at(0, j));
    const Index parts = chunks::count(*this);
    const double work = static_cast<double>(entries());
    const int slots = chunks::slots(parts, work);
    Matrix first(cols_, slots);
    Matrix second(cols_, slots);
    sums.setZero(cols_);
    squares.setZero(cols_);
    chunks::each(
        *this, parts, work,
        [&](Index begin, Index end, int slot) {
          first.col(slot).setZero();
          second.col(slot).setZero();
          moment_rows(begin * block_rows_, std::min(end * block_rows_, rows_), q, center.data(),
                      first.col(slot).data(), second.col(slot).data());
        },
        [&](int slot) {
          sums += first.col(slot);
          squares += second.col(slot);
        });
    // So far sum q (x - center): move the center to the mean without a second read of X.
    double weight = static_cast<double>(rows_);
    if (q != nullptr) weight = Vector(ConstVectorMap(q, rows_)).sum();  // same bits at any address
    if (weight > 0.0) {
      squares -= sums.cwiseAbs2() / weight;
      squares = squares.cwiseMax(0.0);
      const Vector moved = sums / weight;
      sums += weight * center;
      center += moved;
    }
  }

  std::unique_ptr<Design> gather(const std::vector<Index>& rows) const override;

 private:
  Scalar at(Index i, Index j) const {
    return row_major ? data_[i * stride_ + j] : data_[i + j * stride_];
  }

  /// What one running chunk needs for itself.
  struct Scratch {
    std::vector<double> block;  // margins, then residuals: column-major
    std::vector<double> sum;  // partial X^T R
    std::vector<double> narrow;  // margins or residuals by rows
    std::vector<double> converted;  // the rows in double
  };

  void margins(Index first, Index count, const double* W, Index m, Scratch& own) const {
    double* z = own.block.data();
    if (m == 1 && row_major) {
      kernels::dot_rows(data_ + first * stride_, stride_, count, cols_, W, z);
    } else if (m == 1) {
      std::fill(z, z + count, 0.0);
      kernels::add_rows(data_ + first, stride_, cols_, count, W, z);
    } else if constexpr (row_major) {
      const auto [rows, stride] = doubles(first, count, own);
      const Index padded = narrow_width(m);
      own.narrow.resize(static_cast<std::size_t>(block_rows_ * padded));
      narrow_multiply(count, cols_, m, rows, stride, W, own.narrow.data());
      MatrixMap(z, count, m) =
          Eigen::Map<const RowMatrix>(own.narrow.data(), count, padded).leftCols(m);
    } else {
      with_columns(first, count, own, [&](const auto& block) {
        MatrixMap(z, count, m).noalias() = block * ConstMatrixMap(W, cols_, m);
      });
    }
  }

  void accumulate(Index first, Index count, Index r, Scratch& own) const {
    const double* z = own.block.data();
    double* g = own.sum.data();
    if (r == 1 && row_major) {
      kernels::add_rows(data_ + first * stride_, stride_, count, cols_, z, g);
    } else if (r == 1) {
      add_dots(first, count, z, g);
    } else if constexpr (row_major) {
      const auto [rows, stride] = doubles(first, count, own);
      const Index padded = narrow_width(r);
      own.narrow.assign(static_cast<std::size_t>(block_rows_ * padded), 0.0);
      Eigen::Map<RowMatrix>(own.narrow.data(), count, padded).leftCols(r) =
          ConstMatrixMap(z, count, r);
      narrow_accumulate(count, cols_, r, rows, stride, own.narrow.data(), g);
    } else {
      with_columns(first, count, own, [&](const auto& block) {
        MatrixMap(g, cols_, r).noalias() += block.transpose() * ConstMatrixMap(z, count, r);
      });
    }
  }

  void add_dots(Index first, Index count, const double* z, double* g) const {
    double out[64];
    for (Index j = 0; j < cols_; j += 64) {
      const Index width = std::min<Index>(64, cols_ - j);
      kernels::dot_rows(data_ + first + j * stride_, stride_, width, count, z, out);
      for (Index k = 0; k < width; ++k) g[j + k] += out[k];
    }
  }

  /// The rows of a block as doubles with their stride: in place, or converted into the scratch.
  std::pair<const double*, Index> doubles(Index first, Index count, Scratch& own) const {
    if constexpr (std::is_same_v<Scalar, double>) {
      return {data_ + first * stride_, stride_};
    } else {
      own.converted.resize(static_cast<std::size_t>(block_rows_ * cols_));
      for (Index i = 0; i < count; ++i) {
        load_line(data_ + (first + i) * stride_, cols_, own.converted.data() + i * cols_, 1);
      }
      return {own.converted.data(), cols_};
    }
  }

  /// Calls body with a block of column-major data as a matrix of doubles.
  template <class Body>
  void with_columns(Index first, Index count, Scratch& own, Body&& body) const {
    using Block = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
    const Eigen::Map<const Block, 0, Eigen::OuterStride<>> view(data_ + first, count, cols_,
                                                                Eigen::OuterStride<>(stride_));
    if constexpr (std::is_same_v<Scalar, double>) {
      body(view);
    } else {
      own.converted.resize(static_cast<std::size_t>(block_rows_ * cols_));
      MatrixMap converted(own.converted.data(), count, cols_);
      converted = view.template cast<double>();
      body(converted);
    }
  }

  /// The operands of one Gram matrix.
  struct GramTask {
    const double* q;
    const double* shift;
    const double* scale;
    bool border;
    const Targets* targets;
  };

  /// sum += lower triangle of the centred, scaled, bordered Gram matrix of these rows, and the
  /// products with the targets. Rows are copied into a buffer a few at a time, even where they
  /// could be read in place: the copy streams, the tiles of the product would jump.
  void gram_rows(Index begin, Index end, const GramTask& task, Matrix& sum, Matrix& product) const {
    const Index size = cols_ + (task.border ? 1 : 0);
    const Index depth = gram_depth(size);
    const Index stride = gram_stride(size);
    RowMatrix z = RowMatrix::Zero(depth, stride);
    RowMatrix qz = RowMatrix::Zero(task.q == nullptr ? 0 : depth, stride);
    for (Index first = begin; first < end; first += depth) {
      const Index count = std::min(depth, end - first);
      load(first, count, task, z);
      for (Index i = 0; task.q != nullptr && i < count; ++i)
        qz.row(i) = task.q[first + i] * z.row(i);
      const RowMatrix& weighted = task.q == nullptr ? z : qz;
      const Index following = row_major ? std::min(depth, end - first - count) : 0;
      gram_update(count, size, z.data(), weighted.data(), stride, sum,
                  data_ + (following > 0 ? (first + count) * stride_ : 0),
                  following * stride_ * static_cast<Index>(sizeof(Scalar)));
      for (Index t = 0; t < product.cols(); ++t) {
        kernels::add_rows(weighted.data(), stride, count, cols_,
                          task.targets->y + first + t * rows_, product.col(t).data());
      }
    }
  }

  void load(Index first, Index count, const GramTask& task, RowMatrix& z) const {
    for (Index i = 0; row_major && i < count; ++i) {
      load_line(data_ + (first + i) * stride_, cols_, z.row(i).data(), 1);
    }
    for (Index j = 0; !row_major && j < cols_; ++j) {
      load_line(data_ + first + j * stride_, count, z.data() + j, z.outerStride());
    }
    for (Index i = 0; i < count; ++i) {
      double* row = z.row(i).data();
      if (task.shift != nullptr && task.scale != nullptr) {
        for (Index j = 0; j < cols_; ++j) row[j] = (row[j] - task.shift[j]) * task.scale[j];
      } else if (task.shift != nullptr) {
        for (Index j = 0; j < cols_; ++j) row[j] -= task.shift[j];
      } else if (task.scale != nullptr) {
        for (Index j = 0; j < cols_; ++j) row[j] *= task.scale[j];
      }
      if (task.border) row[cols_] = 1.0;
    }
  }

  static void load_line(const Scalar* from, Index count, double* to, Index to_step) {
    for (Index k = 0; k < count; ++k) to[k * to_step] = static_cast<double>(from[k]);
  }

  void moment_rows(Index begin, Index end, const double* q, const double* center, double* first,
                   double* second) const {
    if constexpr (row_major) {
      for (Index i = begin; i < end; ++i) {
        const double weight = q == nullptr ? 1.0 : q[i];
        const Scalar* row = data_ + i * stride_;
#pragma omp simd
        for (Index j = 0; j < cols_; ++j) {
          const double moved = static_cast<double>(row[j]) - center[j];
          first[j] += weight * moved;
          second[j] += weight * moved * moved;
        }
      }
    } else {
      for (Index j = 0; j < cols_; ++j) {
        const Scalar* column = data_ + j * stride_;
        double s = 0.0;
        double s2 = 0.0;
#pragma omp simd reduction(+ : s, s2)
        for (Index i = begin; i < end; ++i) {
          const double weight = q == nullptr ? 1.0 : q[i];
          const double moved = static_cast<double>(column[i]) - center[j];
          s += weight * moved;
          s2 += weight * moved * moved;
        }
        first[j] += s;
        second[j] += s2;
      }
    }
  }

  const Scalar* data_;
  Index stride_;
};

/// A dense design that owns its data.
class OwnedDense final : public Design {
 public:
  explicit OwnedDense(RowMatrix data)
      : Design(data.rows(), data.cols(), rows_per_block(data.cols())),
        data_(std::move(data)),
        view_(data_.data(), data_.rows(), data_.cols(), data_.cols()) {}

  Index entries() const override { return view_.entries(); }
  void pass(const double* W, Index m, Index r, Middle middle, double* G) const override {
    view_.pass(W, m, r, middle, G);
  }
  void weighted_gram(const double* q, const double* shift, const double* scale, bool border,
                     Matrix& H, const Targets* targets) const override {
    view_.weighted_gram(q, shift, scale, border, H, targets);
  }
  void moments(const double* q, Vector& sums, Vector& squares, Vector& center) const override {
    view_.moments(q, sums, squares, center);
  }
  std::unique_ptr<Design> gather(const std::vector<Index>& rows) const override {
    return view_.gather(rows);
  }

 private:
  RowMatrix data_;
  DenseDesign<double, true> view_;
};

template <class Scalar, bool row_major>
std::unique_ptr<Design> DenseDesign<Scalar, row_major>::gather(
    const std::vector<Index>& rows) const {
  RowMatrix copy(static_cast<Index>(rows.size()), cols_);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (Index j = 0; j < cols_; ++j) {
      copy(static_cast<Index>(i), j) = static_cast<double>(at(rows[i], j));
    }
  }
  return std::make_unique<OwnedDense>(std::move(copy));
}

}  // namespace

template <class Scalar>
std::unique_ptr<Design> make_dense(const Scalar* data, Index rows, Index cols, Index stride,
                                   bool row_major) {
  if (row_major) return std::make_unique<DenseDesign<Scalar, true>>(data, rows, cols, stride);
  return std::make_unique<DenseDesign<Scalar, false>>(data, rows, cols, stride);
}

template std::unique_ptr<Design> make_dense(const double*, Index, Index, Index, bool);
template std::unique_ptr<Design> make_dense(const float*, Index, Index, Index, bool);

}  // namespace optlite
