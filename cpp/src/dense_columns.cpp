#include <algorithm>
#include <array>
#include <type_traits>

#include "column_tiles.hpp"
#include "optlite/linalg/kernels.hpp"
#include "optlite/operators/column_design.hpp"
#include "optlite/operators/design.hpp"
#include "optlite/operators/origin.hpp"

namespace optlite {

namespace {

constexpr Index tile = 64;

/// out[k] = x_k . v for eight columns, so that eight streams are read at once.
template <class Scalar>
void dot_eight(const std::array<const Scalar*, 8>& x, Index n, const double* v, double* out) {
  const Scalar *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];
  const Scalar *x4 = x[4], *x5 = x[5], *x6 = x[6], *x7 = x[7];
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
#pragma omp simd reduction(+ : s0, s1, s2, s3, s4, s5, s6, s7)
  for (Index i = 0; i < n; ++i) {
    s0 += v[i] * static_cast<double>(x0[i]);
    s1 += v[i] * static_cast<double>(x1[i]);
    s2 += v[i] * static_cast<double>(x2[i]);
    s3 += v[i] * static_cast<double>(x3[i]);
    s4 += v[i] * static_cast<double>(x4[i]);
    s5 += v[i] * static_cast<double>(x5[i]);
    s6 += v[i] * static_cast<double>(x6[i]);
    s7 += v[i] * static_cast<double>(x7[i]);
  }
  const double sums[8] = {s0, s1, s2, s3, s4, s5, s6, s7};
  std::copy(sums, sums + 8, out);
}

template <class Scalar>
double dot_one(const Scalar* x, Index n, const double* v) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (Index i = 0; i < n; ++i) sum += v[i] * static_cast<double>(x[i]);
  return sum;
}

template <class Scalar>
void add_one(double coefficient, const Scalar* x, Index n, double* out) {
#pragma omp simd
  for (Index i = 0; i < n; ++i) out[i] += coefficient * static_cast<double>(x[i]);
}

/// Of four columns, so that `out` is read and written once for them.
template <class Scalar>
void add_four(const double* coefficients, const std::array<const Scalar*, 4>& x, Index n,
              double* out) {
  const double c0 = coefficients[0], c1 = coefficients[1];
  const double c2 = coefficients[2], c3 = coefficients[3];
  const Scalar *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];
#pragma omp simd
  for (Index i = 0; i < n; ++i) {
    out[i] += (c0 * static_cast<double>(x0[i]) + c1 * static_cast<double>(x1[i])) +
              (c2 * static_cast<double>(x2[i]) + c3 * static_cast<double>(x3[i]));
  }
}

/// Sums for one column about its first value.
struct Sums {
  double first = 0.0, second = 0.0, product = 0.0;
};

template <class Scalar>
Sums sums_of(const Scalar* x, Index n, double center, const double* q, const double* v) {
  double s = 0.0;
  double s2 = 0.0;
  double p = 0.0;
  if (q == nullptr) {
#pragma omp simd reduction(+ : s, s2, p)
    for (Index i = 0; i < n; ++i) {
      const double moved = static_cast<double>(x[i]) - center;
      s += moved;
      s2 += moved * moved;
      p += v[i] * moved;
    }
  } else {
#pragma omp simd reduction(+ : s, s2, p)
    for (Index i = 0; i < n; ++i) {
      const double moved = static_cast<double>(x[i]) - center;
      s += q[i] * moved;
      s2 += q[i] * moved * moved;
      p += v[i] * moved;
    }
  }
  return {s, s2, p};
}

template <class Scalar, bool row_major>
class DenseColumns final : public ColumnDesign {
 public:
  DenseColumns(const Scalar* data, Index rows, Index cols, Index stride)
      : ColumnDesign(rows, cols), data_(data), stride_(stride) {}

  Index entries() const override { return rows_ * cols_; }
  bool is_sparse() const override { return false; }
  bool reads_single_columns() const override { return !row_major; }

  Moments moments(const double* q, const double* v) const override {
    Moments m{Vector(cols_), Vector::Zero(cols_), Vector::Zero(cols_), Vector::Zero(cols_)};
    const Index origin = origin_of_moments(q, rows_);
    for (Index j = 0; j < cols_; ++j) m.center[j] = static_cast<double>(at(origin, j));
    each_range(cols_, tile, rows_, [&](Index begin, Index end) {
      if constexpr (row_major) {
        row_moments(begin, end, q, v, m);
      } else {
        for (Index j = begin; j < end; ++j) {
          const Sums sums = sums_of(column(j), rows_, m.center[j], q, v);
          m.sums[j] = sums.first;
          m.squares[j] = sums.second;
          m.products[j] = sums.product;
        }
      }
    });
    return m;
  }

  void dots(const double* v, double* out) const override {
    each_range(cols_, tile, rows_, [&](Index begin, Index end) {
      if constexpr (row_major) {
        std::fill(out + begin, out + end, 0.0);
        kernels::add_rows(data_ + begin, stride_, rows_, end - begin, v, out + begin);
      } else {
        dot_range(begin, end, v, out + begin, [](Index j) { return j; });
      }
    });
  }

  void dots(const Columns& list, const double* v, double* out) const override {
    const Index count = static_cast<Index>(list.size());
    const Index* places = list.data();
    each_range(count, tile, rows_, [&](Index begin, Index end) {
      if constexpr (row_major) {
        std::fill(out + begin, out + end, 0.0);
        for (Index i = 0; i < rows_; ++i) {
          const Scalar* row = data_ + i * stride_;
          for (Index k = begin; k < end; ++k) out[k] += v[i] * static_cast<double>(row[places[k]]);
        }
      } else {
        dot_range(begin, end, v, out + begin, [=](Index k) { return places[k]; });
      }
    });
  }

  void add(const Columns& list, const double* coefficients, double* out) const override {
    const Index count = static_cast<Index>(list.size());
    // By rows, so that each result belongs to one thread.
    each_range(rows_, 2048, count, [&](Index begin, Index end) {
      if constexpr (row_major) {
        for (Index i = begin; i < end; ++i) {
          const Scalar* row = data_ + i * stride_;
          double sum = 0.0;
          for (Index k = 0; k < count; ++k) {
            sum += coefficients[k] * static_cast<double>(row[list[static_cast<std::size_t>(k)]]);
          }
          out[i] += sum;
        }
      } else {
        const auto from = [&](Index k) {
          return column(list[static_cast<std::size_t>(k)]) + begin;
        };
        Index k = 0;
        for (; k + 4 <= count; k += 4) {
          add_four<Scalar>(coefficients + k, {from(k), from(k + 1), from(k + 2), from(k + 3)},
                           end - begin, out + begin);
        }
        for (; k < count; ++k) add_one(coefficients[k], from(k), end - begin, out + begin);
      }
    });
  }

  /// Blocks of rows are copied, centred and weighted, so that products can be matrix products.
  void products(const Columns& all, const Columns& fresh, const double* root, const Vector& shift,
                Matrix& C) const override {
    const Index count = static_cast<Index>(all.size());
    const Index width = static_cast<Index>(fresh.size());
    C.setZero(count, width);
    constexpr Index depth = 256;
    constexpr Index strip = 128;
    const Index most = std::max<Index>(8, 6000000 / std::max<Index>(rows_, 1));
    // Where the fresh columns are the last of all, what they have with each other is symmetric.
    const bool tail = width <= count && std::equal(fresh.begin(), fresh.end(), all.end() - width);
    const Index before = tail ? count - width : count;
    for (Index first = 0; first < width; first += most) {
      const Index some = std::min(most, width - first);
      Matrix right(rows_, some);
      each_range(some, 1, rows_, [&](Index begin, Index end) {
        for (Index k = begin; k < end; ++k) {
          copy(fresh[static_cast<std::size_t>(first + k)], 0, rows_, root, shift,
               right.col(k).data());
        }
      });
      each_range(count, strip, rows_ * some, [&](Index begin, Index end) {
        Matrix left(std::min(depth, rows_), end - begin);
        const Index known = std::clamp<Index>(begin - before - first, 0, some);
        if (known == some) return;
        for (Index row = 0; row < rows_; row += depth) {
          const Index height = std::min(depth, rows_ - row);
          for (Index k = begin; k < end; ++k) {
            copy(all[static_cast<std::size_t>(k)], row, height, root, shift,
                 left.col(k - begin).data());
          }
          C.block(begin, first + known, end - begin, some - known).noalias() +=
              left.topRows(height).transpose() * right.block(row, known, height, some - known);
        }
      });
    }
    for (Index k = 0; k < width && tail; ++k) {
      const Index below = width - k - 1;
      C.col(k).tail(below) = C.row(before + k).tail(below).transpose();
    }
  }

  void rough_gram(const Columns& list, Index first, const double* root, const Vector& shift,
                  Matrix& G) const override {
    const Index count = static_cast<Index>(list.size());
    constexpr Index depth = gram_depth_limit;
    constexpr Index strip = 128;
    G.setZero(count, count - first);
    Eigen::MatrixXf block(std::min(depth, rows_), count);
    for (Index row = 0; row < rows_; row += depth) {
      const Index height = std::min(depth, rows_ - row);
      each_range(count, 16, height, [&](Index begin, Index end) {
        Vector buffer(height);
        for (Index k = begin; k < end; ++k) {
          copy(list[static_cast<std::size_t>(k)], row, height, root, shift, buffer.data());
          block.col(k).head(height) = buffer.cast<float>();
        }
      });
      const auto rows = block.topRows(height);
      each_range(count - first, strip, height * count, [&](Index begin, Index end) {
        const Index last = first + end;  // what is below is symmetric
        const Eigen::MatrixXf part =
            rows.leftCols(last).transpose() * rows.middleCols(first + begin, end - begin);
        G.block(0, begin, last, end - begin) += part.cast<double>();
      });
    }
    G.bottomRows(count - first).diagonal() *= 1.0 + Design::single_precision_loss(count);
    for (Index k = first; k < count; ++k) {
      const Index below = count - k - 1;
      G.col(k - first).tail(below) = G.row(k).tail(below).transpose();
    }
  }

 private:
  Scalar at(Index i, Index j) const {
    return row_major ? data_[i * stride_ + j] : data_[i + j * stride_];
  }
  const Scalar* column(Index j) const { return data_ + j * stride_; }

  template <class Place>
  void dot_range(Index begin, Index end, const double* v, double* out, Place place) const {
    Index k = begin;
    for (; k + 8 <= end; k += 8) {
      std::array<const Scalar*, 8> x;
      for (Index l = 0; l < 8; ++l) x[static_cast<std::size_t>(l)] = column(place(k + l));
      dot_eight(x, rows_, v, out + k - begin);
    }
    for (; k < end; ++k) out[k - begin] = dot_one(column(place(k)), rows_, v);
  }

  void row_moments(Index begin, Index end, const double* q, const double* v, Moments& m) const {
    for (Index i = 0; i < rows_; ++i) {
      const Scalar* row = data_ + i * stride_;
      const double weight = q == nullptr ? 1.0 : q[i];
      const double product = v[i];
      double* center = m.center.data();
      double* sums = m.sums.data();
      double* squares = m.squares.data();
      double* products = m.products.data();
#pragma omp simd
      for (Index j = begin; j < end; ++j) {
        const double moved = static_cast<double>(row[j]) - center[j];
        sums[j] += weight * moved;
        squares[j] += weight * moved * moved;
        products[j] += product * moved;
      }
    }
  }

  /// root * (x_j - shift_j) for some rows.
  void copy(Index j, Index first, Index count, const double* root, const Vector& shift,
            double* out) const {
    const double moved = shift[j];
    if constexpr (row_major) {
      for (Index i = 0; i < count; ++i) {
        out[i] = static_cast<double>(data_[(first + i) * stride_ + j]) - moved;
      }
    } else {
      const Scalar* x = column(j) + first;
#pragma omp simd
      for (Index i = 0; i < count; ++i) out[i] = static_cast<double>(x[i]) - moved;
    }
    if (root == nullptr) return;
    const double* scale = root + first;
#pragma omp simd
    for (Index i = 0; i < count; ++i) out[i] *= scale[i];
  }

  const Scalar* data_;
  Index stride_;
};

}  // namespace

template <class Scalar>
std::unique_ptr<ColumnDesign> make_dense_columns(const Scalar* data, Index rows, Index cols,
                                                 Index stride, bool row_major) {
  if (row_major) return std::make_unique<DenseColumns<Scalar, true>>(data, rows, cols, stride);
  return std::make_unique<DenseColumns<Scalar, false>>(data, rows, cols, stride);
}

template std::unique_ptr<ColumnDesign> make_dense_columns(const double*, Index, Index, Index, bool);
template std::unique_ptr<ColumnDesign> make_dense_columns(const float*, Index, Index, Index, bool);

}  // namespace optlite
