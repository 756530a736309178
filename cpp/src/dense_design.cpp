#include <Eigen/Core>
#include <cmath>
#include <utility>

#include "optlite/linalg/gram.hpp"
#include "optlite/linalg/kernels.hpp"
#include "optlite/linalg/moments.hpp"
#include "optlite/linalg/narrow.hpp"
#include "optlite/linalg/streams.hpp"
#include "optlite/operators/chunks.hpp"
#include "optlite/operators/design.hpp"
#include "optlite/operators/origin.hpp"
#include "row_stream.hpp"

namespace optlite {

namespace {

/// A block of rows, and the vector of its results, should stay in a quarter of a megabyte.
Index rows_per_block(Index cols) {
  const Index fitting = 8192 / std::max<Index>(1, cols);
  return std::clamp<Index>(fitting / 8 * 8, 8, 256);
}

/// Whether rows come from memory, and have a shape that kernels::dot_and_add_rows() reads faster
/// than its two halves.
template <class Scalar>
bool streams(Index rows, Index cols, Index stride) {
  constexpr Index cache = 1 << 24;  // bytes
  const Index bytes = rows * cols * static_cast<Index>(sizeof(Scalar));
  return stride == cols && bytes > cache && kernels::streams_rows<Scalar>(cols);
}

template <class Scalar, bool row_major>
class DenseDesign final : public Design {
 public:
  DenseDesign(const Scalar* data, Index rows, Index cols, Index stride)
      : Design(rows, cols, rows_of_blocks(rows, cols, stride)),
        data_(data),
        stride_(stride),
        streams_(row_major && streams<Scalar>(rows, cols, stride)) {}

  Index entries() const override { return rows_ * cols_; }

  void pass(const double* W, Index m, Index r, Middle middle, double* G) const override {
    if (m == 1 && r == 1 && streams_) {
      stream(W, middle, G);
      return;
    }
    const Index parts = chunks::count(*this);
    const Index width = std::max(m, r);
    const double work = static_cast<double>(entries()) * static_cast<double>(width);
    const int slots = chunks::slots(parts, work);
    std::vector<Scratch> scratch(static_cast<std::size_t>(slots));
    RowMatrix wide;
    if (m > 1 && row_major) {
      wide = narrow_rows(W, cols_, m);
      W = wide.data();
    }
    if (r > 0) std::fill(G, G + cols_ * r, 0.0);
    chunks::each(
        *this, parts, work,
        [&](Index begin, Index end, int slot) {
          Scratch& own = scratch[static_cast<std::size_t>(slot)];
          own.reset(block_rows_, cols_, m, r);
          const Index last = std::min(end * block_rows_, rows_);
          const Index at_once = r > 1 ? summed_rows() : block_rows_;
          for (Index first = begin * block_rows_; first < last; first += at_once) {
            const Index count = std::min(at_once, last - first);
            if (at_once > block_rows_) {
              pass_blocks(first, count, W, m, r, middle, own);
              continue;
            }
            if (m > 0) margins(first, count, W, m, own);
            middle(first, count, own.block.data());
            if (r > 0) accumulate(first, count, r, own.block.data(), own);
          }
        },
        [&](int slot) {
          const double* sum = scratch[static_cast<std::size_t>(slot)].sum.data();
          if (r > 0) VectorMap(G, cols_ * r) += ConstVectorMap(sum, cols_ * r);
        });
  }

  void weighted_gram(const Gram& gram, Matrix& H) const override {
    if (gram.single) {
      sum_gram<float>({}, gram, H);
    } else {
      sum_gram<double>({}, gram, H);
    }
  }

  bool reads_once(const Gram& gram) const override {
    return row_major && gram_is_tiled(cols_ + (gram.border ? 1 : 0));
  }

  void pass_and_gram(const double* W, Index m, Index r, Middle middle, double* G, const Gram& gram,
                     Matrix& H) const override {
    if (!reads_once(gram) || m > 1) {
      Design::pass_and_gram(W, m, r, middle, G, gram, H);
    } else if (gram.single) {
      sum_gram<float>({W, m, r, &middle, G}, gram, H);
    } else {
      sum_gram<double>({W, m, r, &middle, G}, gram, H);
    }
  }

  void moments(const double* q, Vector& sums, Vector& squares, Vector& center,
               const Targets* targets) const override {
    center.resize(cols_);
    const Index origin = origin_of_moments(q, rows_);
    for (Index j = 0; j < cols_; ++j) center[j] = static_cast<double>(at(origin, j));
    const Index parts = chunks::count(*this);
    const double work = static_cast<double>(entries());
    const Index wanted = targets == nullptr ? 0 : targets->count;
    std::vector<Matrix> scratch(static_cast<std::size_t>(chunks::slots(parts, work)));
    Matrix total = Matrix::Zero(cols_, 2 + wanted);  // sums, squares, products
    chunks::each(
        *this, parts, work,
        [&](Index begin, Index end, int slot) {
          Matrix& own = scratch[static_cast<std::size_t>(slot)];
          own.setZero(cols_, 2 + wanted);
          moment_rows(begin * block_rows_, std::min(end * block_rows_, rows_), q, center, targets,
                      own);
        },
        [&](int slot) { total += scratch[static_cast<std::size_t>(slot)]; });
    sums = total.col(0);
    squares = total.col(1);
    if (targets != nullptr) *targets->products = total.rightCols(wanted);
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

  /// Long rows that stream are read and summed a few at a time.
  static Index rows_of_blocks(Index rows, Index cols, Index stride) {
    const bool few = row_major && cols >= kernels::LongStream<Scalar>::least &&
                     streams<Scalar>(rows, cols, stride);
    return few ? kernels::long_rows : rows_per_block(cols);
  }

  /// What one running chunk needs for itself.
  struct Scratch {
    std::vector<double> block;  // margins, then residuals: column-major
    std::vector<double> sum;  // partial X^T R
    std::vector<double> converted;  // the rows in double
    Index converted_from = -1;  // which they are
    kernels::Ahead ahead;  // the next block
    bool fetches = true;  // false where somebody else fetches it

    void reset(Index rows, Index cols, Index m, Index r) {
      block.resize(static_cast<std::size_t>(rows * std::max(m, r)));
      sum.assign(static_cast<std::size_t>(cols * r), 0.0);
    }
  };

  /// The rows from `next` on, to be fetched in so many pieces. Rows of many columns are streams
  /// that the hardware follows by itself; gaps between rows are not worth fetching. Of columns it
  /// sees too little at a time to follow them.
  kernels::Ahead rows_ahead(Index next, Index count, Index pieces) const {
    if (cols_ > 1024 || count <= 0) return {};
    const Index size = static_cast<Index>(sizeof(Scalar));
    if (!row_major) {
      return kernels::Ahead::of_runs(data_ + next, count * size, stride_ * size, cols_, pieces);
    }
    if (stride_ > 2 * cols_) return {};
    return {data_ + next * stride_, count * stride_ * size, pieces};
  }

  /// The block after the one that starts at row `first`.
  kernels::Ahead block_ahead(Index first, Index pieces) const {
    const Index next = first + block_rows_;
    return rows_ahead(next, std::min(rows_ - next, block_rows_), pieces);
  }

  /// A pass with one vector each way. A single thread reads on from chunk to chunk: what is left of
  /// one, it does while it reads the next.
  void stream(const double* W, Middle middle, double* G) const {
    const Index parts = chunks::count(*this);
    const double work = static_cast<double>(entries());
    const int slots = chunks::slots(parts, work);
    const bool alone = slots == 1;
    std::vector<RowStream<Scalar>> own(static_cast<std::size_t>(slots),
                                       RowStream<Scalar>(data_, cols_, block_rows_, W));
    std::fill(G, G + cols_, 0.0);
    chunks::each(
        *this, parts, work,
        [&](Index begin, Index end, int slot) {
          RowStream<Scalar>& rows = own[static_cast<std::size_t>(slot)];
          rows.read(begin * block_rows_, std::min(end * block_rows_, rows_), middle,
                    alone ? G : nullptr);
          if (!alone) rows.finish();
        },
        [&](int slot) {
          if (!alone) own[static_cast<std::size_t>(slot)].hand_over(G);
        });
    if (alone) {
      own[0].finish();
      own[0].hand_over(G);
    }
  }

  /// Rows whose sums are made together where there are several of each column: with few rows in a
  /// block, the sums of long rows would come and go between the caches too often.
  Index summed_rows() const { return std::max(block_rows_, rows_per_block(cols_)); }

  /// A pass over several blocks, of which the sums are made at the end.
  void pass_blocks(Index first, Index count, const double* W, Index m, Index r, Middle middle,
                   Scratch& own) const {
    Matrix residuals(count, r);
    for (Index row = 0; row < count; row += block_rows_) {
      const Index part = std::min(block_rows_, count - row);
      if (m > 0) margins(first + row, part, W, m, own);
      middle(first + row, part, own.block.data());
      residuals.middleRows(row, part) = ConstMatrixMap(own.block.data(), part, r);
    }
    own.converted_from = -1;  // has the last block only
    accumulate(first, count, r, residuals.data(), own);
  }

  void margins(Index first, Index count, const double* W, Index m, Scratch& own) const {
    double* z = own.block.data();
    if (m == 1 && row_major) {
      if (own.fetches) own.ahead = block_ahead(first, 2 * kernels::fetches(block_rows_, cols_));
      kernels::dot_rows(data_ + first * stride_, stride_, count, cols_, W, z, &own.ahead);
    } else if (m == 1) {
      std::fill(z, z + count, 0.0);
      kernels::add_rows(data_ + first, stride_, cols_, count, W, z);
    } else if constexpr (row_major) {
      const auto [rows, stride] = doubles(first, count, own);
      own.ahead = block_ahead(first, narrow_fetches(block_rows_, cols_, m));
      narrow_multiply(count, cols_, m, rows, stride, W, z, own.ahead);
    } else {
      with_columns(first, count, own, [&](const auto& block) {
        MatrixMap(z, count, m).noalias() = block * ConstMatrixMap(W, cols_, m);
      });
    }
  }

  void accumulate(Index first, Index count, Index r, const double* z, Scratch& own) const {
    double* g = own.sum.data();
    if (r == 1 && row_major) {
      kernels::add_rows(data_ + first * stride_, stride_, count, cols_, z, g, &own.ahead);
    } else if (r == 1) {
      add_dots(first, count, z, g);
    } else if constexpr (row_major) {
      const auto [rows, stride] = doubles(first, count, own);
      narrow_accumulate(count, cols_, r, rows, stride, z, g, own.ahead);
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
      own.converted.resize(static_cast<std::size_t>(std::max(block_rows_, count) * cols_));
      for (Index i = 0; i < count && own.converted_from != first; ++i) {
        const Scalar* x = data_ + (first + i) * stride_;
        std::copy(x, x + cols_, own.converted.data() + i * cols_);
      }
      own.converted_from = first;
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

  /// What one running chunk of a Gram matrix needs for itself.
  template <class Number>
  struct GramScratch {
    GramRows<Number> z;  // rows of Z
    GramRows<Number> qz;  // rows of diag(q) Z
    Matrix sum;
    Matrix products;  // with the targets
    Scratch pass;

    void reset(Index size, Index cols, Index targets, bool weighted) {
      z.reset(gram_depth(size), size);
      if (weighted) qz.reset(gram_depth(size), size);
      sum.setZero(z.padded(), z.padded());
      products.setZero(cols, targets);
    }
  };

  /// The arguments of a pass that shares its read of X with a Gram matrix.
  struct Beside {
    const double* W = nullptr;
    Index m = 0;
    Index r = 0;
    const Middle* middle = nullptr;
    double* G = nullptr;
  };

  /// A Gram matrix and, if there is a `middle`, a pass with m <= 1, both from one read of X.
  template <class Number>
  void sum_gram(const Beside& beside, const Gram& gram, Matrix& H) const {
    const Index size = cols_ + (gram.border ? 1 : 0);
    const Index wanted = gram.targets == nullptr ? 0 : gram.targets->count;
    const Index parts = chunks::gram_count(*this, size);
    const double work = static_cast<double>(entries()) * static_cast<double>(size);
    std::vector<GramScratch<Number>> scratch(static_cast<std::size_t>(chunks::slots(parts, work)));
    H.setZero(size, size);
    if (wanted > 0) gram.targets->products->setZero(cols_, wanted);
    if (beside.middle != nullptr) std::fill(beside.G, beside.G + cols_ * beside.r, 0.0);
    chunks::each(
        *this, parts, work,
        [&](Index begin, Index end, int slot) {
          GramScratch<Number>& own = scratch[static_cast<std::size_t>(slot)];
          own.reset(size, cols_, wanted, gram.q != nullptr);
          const Index last = std::min(end * block_rows_, rows_);
          if (beside.middle == nullptr) {
            gram_rows(begin * block_rows_, last, last, own.z.rows(), gram, own);
            return;
          }
          own.pass.reset(block_rows_, cols_, beside.m, beside.r);
          own.pass.fetches = false;
          for (Index first = begin * block_rows_; first < last; first += block_rows_) {
            const Index count = std::min(block_rows_, last - first);
            if (beside.m > 0) margins(first, count, beside.W, beside.m, own.pass);
            (*beside.middle)(first, count, own.pass.block.data());
            accumulate(first, count, beside.r, own.pass.block.data(), own.pass);
            gram_rows(first, first + count, last, block_rows_, gram, own);
          }
        },
        [&](int slot) {
          const GramScratch<Number>& own = scratch[static_cast<std::size_t>(slot)];
          for (Index j = 0; j < size; ++j) {
            H.col(j).tail(size - j) += own.sum.col(j).segment(j, size - j) / gram.q_unit;
          }
          if (wanted > 0) *gram.targets->products += own.products;
          if (beside.middle != nullptr) {
            VectorMap(beside.G, cols_ * beside.r) +=
                ConstVectorMap(own.pass.sum.data(), cols_ * beside.r);
          }
        });
  }

  /// Adds the rows from `begin` to `end`. They are copied into a buffer a few at a time, even where
  /// they could be read in place: the copy streams, the tiles of the product would jump. Meanwhile
  /// the rows `ahead` of them, up to `limit`, are brought into cache.
  template <class Number>
  void gram_rows(Index begin, Index end, Index limit, Index ahead, const Gram& gram,
                 GramScratch<Number>& own) const {
    for (Index first = begin; first < end; first += own.z.rows()) {
      const Index count = std::min(own.z.rows(), end - first);
      load(first, count, gram, own);
      const auto& weighted = gram.q == nullptr ? own.z : own.qz;
      const Index next = first + ahead;
      kernels::Ahead rows =
          rows_ahead(next, std::min(limit - next, own.z.rows()), gram_fetches(own.z));
      gram_update(count, own.z, weighted, own.sum, rows);
      for (Index t = 0; t < own.products.cols(); ++t) {
        const double* y = gram.targets->y + first + t * rows_;
        each_panel(weighted, [&](Index p, Index column, Index width) {
          kernels::add_rows(weighted.row(p, 0), weighted.width(), count, width, y,
                            own.products.col(t).data() + column);
        });
      }
    }
  }

  /// body(panel, its first column of X, how many of them it has).
  template <class Number, class Body>
  void each_panel(const GramRows<Number>& rows, Body&& body) const {
    for (Index p = 0; p < rows.panels(); ++p) {
      const Index column = p * rows.width();
      if (column < cols_) body(p, column, std::min(rows.width(), cols_ - column));
    }
  }

  /// The rows of Z, and times q, in the buffers.
  template <class Number>
  void load(Index first, Index count, const Gram& gram, GramScratch<Number>& own) const {
    if constexpr (row_major) {
      for (Index i = 0; i < count; ++i) {
        each_panel(own.z, [&](Index p, Index column, Index width) {
          load_row(data_ + (first + i) * stride_, column, width, gram, own.z.row(p, i));
        });
      }
    } else {
      each_panel(own.z, [&](Index p, Index column, Index width) {
        Index j = 0;
        for (; j + 4 <= width; j += 4) load_columns<4>(first, count, column + j, gram, own.z, p, j);
        for (; j < width; ++j) load_columns<1>(first, count, column + j, gram, own.z, p, j);
      });
    }
    for (Index i = 0; gram.border && i < count; ++i) own.z.at(i, cols_) = Number(1);
    if (gram.q == nullptr) return;
    for (Index p = 0; p < own.z.panels(); ++p) {
      for (Index i = 0; i < count; ++i) {
        const Number q = static_cast<Number>(gram.q[first + i] * gram.q_unit);
        const Number* z = own.z.row(p, i);
        Number* qz = own.qz.row(p, i);
        const Index width = own.z.width();
#pragma omp simd
        for (Index j = 0; j < width; ++j) qz[j] = q * z[j];
      }
    }
  }

  /// A few columns of Z from `column` on, to place `j` of a panel: so many streams are read, and
  /// the rows of the panel written in vectors.
  template <Index few, class Number>
  void load_columns(Index first, Index count, Index column, const Gram& gram, GramRows<Number>& to,
                    Index panel, Index j) const {
    const Scalar* x[few];
    double shift[few];
    double scale[few];
    for (Index k = 0; k < few; ++k) {
      x[k] = data_ + first + (column + k) * stride_;
      shift[k] = gram.shift == nullptr ? 0.0 : gram.shift[column + k];
      scale[k] = gram.scale == nullptr ? 1.0 : gram.scale[column + k];
    }
    Number* z = to.row(panel, 0) + j;
    const Index width = to.width();
    for (Index i = 0; i < count; ++i) {
      for (Index k = 0; k < few; ++k) {
        z[i * width + k] =
            static_cast<Number>((static_cast<double>(x[k][i]) - shift[k]) * scale[k]);
      }
    }
  }

  /// `width` numbers of a row of Z from column `first` on.
  template <class Number>
  void load_row(const Scalar* row, Index first, Index width, const Gram& gram, Number* z) const {
    const Scalar* x = row + first;
    const double* shift = gram.shift == nullptr ? nullptr : gram.shift + first;
    const double* scale = gram.scale == nullptr ? nullptr : gram.scale + first;
    if (shift != nullptr && scale != nullptr) {
#pragma omp simd
      for (Index j = 0; j < width; ++j) {
        z[j] = static_cast<Number>((static_cast<double>(x[j]) - shift[j]) * scale[j]);
      }
    } else if (shift != nullptr) {
#pragma omp simd
      for (Index j = 0; j < width; ++j) {
        z[j] = static_cast<Number>(static_cast<double>(x[j]) - shift[j]);
      }
    } else if (scale != nullptr) {
#pragma omp simd
      for (Index j = 0; j < width; ++j) {
        z[j] = static_cast<Number>(static_cast<double>(x[j]) * scale[j]);
      }
    } else {
#pragma omp simd
      for (Index j = 0; j < width; ++j) z[j] = static_cast<Number>(x[j]);
    }
  }

  /// The moments of rows [begin, end), and their products with targets, in the columns of `out`.
  void moment_rows(Index begin, Index end, const double* q, const Vector& center,
                   const Targets* targets, Matrix& out) const {
    const Index wanted = targets == nullptr ? 0 : targets->count;
    // A few rows at a time, so that products with further targets find them in cache.
    const Index at_once = row_major ? kernels::long_rows : end - begin;
    std::vector<double> weighted(static_cast<std::size_t>(at_once * wanted));
    for (Index first = begin; first < end; first += at_once) {
      const Index count = std::min(at_once, end - first);
      const double* weight = q == nullptr ? nullptr : q + first;
      if (wanted > 0) targets->weigh(q, rows_, first, count, weighted.data());
      if constexpr (row_major) {
        const double* y = wanted > 0 ? weighted.data() : nullptr;
        const Scalar* x = data_ + first * stride_;
        const kernels::MomentTask<Scalar> task{x,      stride_, count,     cols_, center.data(),
                                               weight, y,       out.data()};
        kernels::add_moments(task, streams_);
      } else {
        column_moments(first, count, weight, center, out);
      }
      for (Index t = row_major ? 1 : 0; t < wanted; ++t) {
        add_products(first, count, weighted.data() + t * count, out.col(2 + t).data());
      }
    }
  }

  void column_moments(Index first, Index count, const double* weights, const Vector& center,
                      Matrix& out) const {
    for (Index j = 0; j < cols_; ++j) {
      const Scalar* column = data_ + first + j * stride_;
      double s = 0.0;
      double s2 = 0.0;
#pragma omp simd reduction(+ : s, s2)
      for (Index i = 0; i < count; ++i) {
        const double weight = weights == nullptr ? 1.0 : weights[i];
        const double moved = static_cast<double>(column[i]) - center[j];
        s += weight * moved;
        s2 += weight * moved * moved;
      }
      out(j, 0) += s;
      out(j, 1) += s2;
    }
  }

  /// g += X^T z for some rows that were read just before.
  void add_products(Index first, Index count, const double* z, double* g) const {
    if (row_major) {
      kernels::add_rows(data_ + first * stride_, stride_, count, cols_, z, g);
    } else {
      add_dots(first, count, z, g);
    }
  }

  const Scalar* data_;
  Index stride_;
  bool streams_;  // see streams()
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
  void weighted_gram(const Gram& gram, Matrix& H) const override { view_.weighted_gram(gram, H); }
  bool reads_once(const Gram& gram) const override { return view_.reads_once(gram); }
  void pass_and_gram(const double* W, Index m, Index r, Middle middle, double* G, const Gram& gram,
                     Matrix& H) const override {
    view_.pass_and_gram(W, m, r, middle, G, gram, H);
  }
  void moments(const double* q, Vector& sums, Vector& squares, Vector& center,
               const Targets* targets) const override {
    view_.moments(q, sums, squares, center, targets);
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
