#include "optlite/linalg/gram.hpp"

#include <algorithm>
#include <type_traits>

#include "optlite/linalg/kernels.hpp"
#include "register_tile.hpp"

namespace optlite {

namespace {

Index round_up(Index size, Index step) { return (size + step - 1) / step * step; }

/// Above this size rows are too long for tiles to jump from one to the next: panels pay.
constexpr Index tiled_limit = 224;

/// Leading dimension, in numbers, of a buffer of one panel: whole vectors of float or double, and
/// one that does not send successive rows to the same cache sets.
Index one_panel(Index size) {
  const Index padded = round_up(size, 8);
  return padded % 32 == 0 ? padded + 8 : padded;
}

#ifdef OPTLITE_HAS_VECTORS

using namespace vectors;

/// c (4 columns, `stride` apart) += the tile, in double.
template <int count>
inline void add_tile(const Doubles (&sum)[4][count], double* c, Index stride) {
  for (int j = 0; j < 4; ++j) {
    for (int v = 0; v < count; ++v) {
      *reinterpret_cast<Doubles*>(c + j * stride + 4 * v) += sum[j][v];
    }
  }
}

template <int count>
inline void add_tile(const Floats (&sum)[4][count], double* c, Index stride) {
  for (int j = 0; j < 4; ++j) {
    for (int v = 0; v < count; ++v) {
      double* to = c + j * stride + 8 * v;
      for (int l = 0; l < 8; ++l) to[l] += static_cast<double>(sum[j][v][l]);
    }
  }
}

/// c[0 ... `count` vectors) x 4 columns += A^T B over `depth` rows.
template <int count, class Number>
void update(Index depth, const Number* a, Index a_stride, const Number* b, Index b_stride,
            double* c, Index c_stride) {
  Vec<Number> sum[4][count];
  tile(depth, a, a_stride, b, b_stride, 1, sum);
  add_tile(sum, c, c_stride);
}

/// Four columns of C from row `first` to row `last` (whole vectors apart).
template <class Number>
void update_column(Index depth, Index first, Index last, const Number* A, Index a_stride,
                   const Number* b, Index b_stride, double* c, Index c_stride,
                   kernels::Ahead& ahead) {
  constexpr Index w = width<Number>;
  Index i = first;
  // Two pairs rather than three and one: a single vector's sums would wait for each other.
  for (; i + 3 * w <= last && last - i != 4 * w; i += 3 * w) {
    ahead.fetch();
    update<3>(depth, A + i, a_stride, b, b_stride, c + i, c_stride);
  }
  for (; i + 2 * w <= last; i += 2 * w) {
    ahead.fetch();
    update<2>(depth, A + i, a_stride, b, b_stride, c + i, c_stride);
  }
  if (i + w <= last) {
    ahead.fetch();
    update<1>(depth, A + i, a_stride, b, b_stride, c + i, c_stride);
  }
}

/// The lower triangle of C += A^T B, four columns at a time.
template <class Number>
void tiled_gram(Index depth, Index size, const Number* A, const Number* B, Index stride, Matrix& C,
                kernels::Ahead& ahead) {
  constexpr Index w = width<Number>;
  const Index padded = round_up(size, w);
  const auto top = [](Index j) { return j / w * w; };
  for (Index j = 0; j < size; j += 4) {
    update_column(depth, top(j), padded, A, stride, B + j, stride, C.data() + j * C.rows(),
                  C.rows(), ahead);
  }
}

/// Columns of a panel: as many as a tile of twelve sums, four columns of three vectors, is high.
template <class Number>
constexpr Index panel_width = 3 * width<Number>;

/// Rows over which floats are summed: the fewer, the smaller the error, and the more often a sum
/// is turned into double.
template <class Number>
constexpr Index summed_rows = std::is_same_v<Number, float> ? 64 : gram_depth_limit;

/// Where sums over rows stand: the first few of them, more, the last of several, or all at once.
enum class Turn { first, next, last, only };

/// A tile goes to `sums` (`side` apart), added up; with the last one everything is added to c.
template <Turn turn, class Number, int count>
inline void finish_tile(const Vec<Number> (&sum)[4][count], double* sums, Index side, double* c,
                        Index stride) {
  constexpr Index w = width<Number>;
  constexpr bool to_c = turn == Turn::last || turn == Turn::only;
  for (int j = 0; j < 4; ++j) {
    for (int v = 0; v < count; ++v) {
      double wide[w];
      for (int l = 0; l < w; ++l) wide[l] = static_cast<double>(sum[j][v][l]);
      for (Index l = 0; l < w; l += 4) {
        const Index from = j * side + w * v + l;
        double* to = to_c ? c + j * stride + w * v + l : sums + from;
        Doubles total = load(wide + l);
        if constexpr (turn == Turn::next || turn == Turn::last) total += load(sums + from);
        if constexpr (to_c) total += load(to);
        store(total, to);
      }
    }
  }
}

/// One block of C, panel against panel; with `triangle` its part on and below the diagonal.
template <bool triangle, class Number>
struct PanelProduct {
  static constexpr Index side = panel_width<Number>, few = summed_rows<Number>;
  const Number* a;
  const Number* b;
  double* c;
  Index c_stride;
  double* sums;  // of a block, in the first-level cache, until the last rows

  template <Turn turn, int count>
  void one_tile(Index k, Index rows, Index i, Index j) {
    Vec<Number> sum[4][count];
    tile(rows, a + k * side + i, side, b + k * side + j, side, 1, sum);
    finish_tile<turn, Number>(sum, sums + j * side + i, side, c + j * c_stride + i, c_stride);
  }

  template <Turn turn>
  void add_rows(Index k, Index rows) {
    constexpr Index w = width<Number>;
    // Above the diagonal nobody asks; but a single vector's sums would wait for each other.
    constexpr Index whole = triangle ? w : side;
    Index j = 0;
    for (; j < whole; j += 4) one_tile<turn, 3>(k, rows, 0, j);
    for (; j < side; j += 4) one_tile<turn, 2>(k, rows, w, j);
  }

  void run(Index depth) {
    // C is larger than the second-level cache: it is asked for before it is needed.
    for (Index j = 0; j < side; ++j) {
      for (Index i = 0; i < side; i += 8) __builtin_prefetch(c + j * c_stride + i, 1, 3);
    }
    if (depth <= few) {
      add_rows<Turn::only>(0, depth);
      return;
    }
    add_rows<Turn::first>(0, few);
    Index k = few;
    for (; k + few < depth; k += few) add_rows<Turn::next>(k, few);
    add_rows<Turn::last>(k, depth - k);
  }
};

template <class Number>
void panel_gram(Index depth, const GramRows<Number>& A, const GramRows<Number>& B, Matrix& C,
                kernels::Ahead& ahead) {
  const Index side = A.width();
  double sums[panel_width<Number> * panel_width<Number>];
  for (Index p = 0; p < A.panels(); ++p) {
    for (Index q = 0; q <= p; ++q) {
      ahead.fetch();
      double* c = C.data() + p * side + q * side * C.rows();
      if (p == q) {
        PanelProduct<true, Number>{A.row(p, 0), B.row(q, 0), c, C.rows(), sums}.run(depth);
      } else {
        PanelProduct<false, Number>{A.row(p, 0), B.row(q, 0), c, C.rows(), sums}.run(depth);
      }
    }
  }
}

#else

template <class Number>
void plain_gram(Index depth, const GramRows<Number>& A, const GramRows<Number>& B, Matrix& C) {
  using Rows =
      Eigen::Map<const Eigen::Matrix<Number, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> >;
  const Rows a(A.row(0, 0), depth, A.width());
  const Rows b(B.row(0, 0), depth, B.width());
  C.topLeftCorner(A.width(), A.width()) += (a.transpose() * b).template cast<double>();
}

#endif

}  // namespace

bool gram_is_tiled(Index size) { return size <= tiled_limit; }

Index gram_depth(Index size) {
  if (!gram_is_tiled(size)) return 128;
  return std::clamp<Index>(8000 / round_up(std::max<Index>(size, 1), 4), 32, gram_depth_limit);
}

template <class Number>
void GramRows<Number>::reset(Index depth, Index size) {
  depth_ = depth;
  size_ = size;
  width_ = one_panel(size);
  panels_ = 1;
#ifdef OPTLITE_HAS_VECTORS
  if (!gram_is_tiled(size)) {
    width_ = panel_width<Number>;
    panels_ = (size + width_ - 1) / width_;
  }
#endif
  // A row that is written goes to all panels: they must not share cache sets.
  apart_ = depth_ * width_ + 64 / static_cast<Index>(sizeof(Number));
  data_.assign(static_cast<std::size_t>(panels_ * apart_), Number(0));
}

template class GramRows<double>;
template class GramRows<float>;

// Of one panel about three vectors of four doubles a tile; half as many calls for floats ask for
// half of it.
template <class Number>
Index gram_fetches(const GramRows<Number>& A) {
  if (A.panels() > 1) return A.panels() * (A.panels() + 1) / 2;
  return std::max<Index>(1, A.cols() * A.cols() / 200);
}

template Index gram_fetches(const GramRows<double>&);
template Index gram_fetches(const GramRows<float>&);

template <class Number>
void gram_update(Index depth, const GramRows<Number>& A, const GramRows<Number>& B, Matrix& C,
                 kernels::Ahead& ahead) {
#ifdef OPTLITE_HAS_VECTORS
  if (A.panels() == 1) {
    tiled_gram(depth, A.cols(), A.row(0, 0), B.row(0, 0), A.width(), C, ahead);
  } else {
    panel_gram(depth, A, B, C, ahead);
  }
#else
  (void)ahead;
  plain_gram(depth, A, B, C);
#endif
}

template void gram_update(Index, const GramRows<double>&, const GramRows<double>&, Matrix&,
                          kernels::Ahead&);
template void gram_update(Index, const GramRows<float>&, const GramRows<float>&, Matrix&,
                          kernels::Ahead&);

#ifdef OPTLITE_HAS_VECTORS

namespace {

/// `count` vectors of rows of columns_multiply(), for all columns.
template <int count>
void multiply_rows(Index rows, Index depth, Index width, const double* A, const double* W,
                   double* Z) {
  const auto some = [&](Index j, auto columns) {
    Doubles sum[columns()][count];
    tile(depth, A, rows, W + j * depth, 1, depth, sum);
    for (int c = 0; c < columns(); ++c) {
      for (int v = 0; v < count; ++v) store(sum[c][v], Z + (j + c) * rows + 4 * v);
    }
  };
  Index j = 0;
  for (; j + 4 <= width; j += 4) some(j, std::integral_constant<int, 4>());
  for (; j + 2 <= width; j += 2) some(j, std::integral_constant<int, 2>());
  if (j < width) some(j, std::integral_constant<int, 1>());
}

}  // namespace

#endif

void columns_multiply(Index rows, Index depth, Index width, const double* A, const double* W,
                      double* Z) {
  Index i = 0;
#ifdef OPTLITE_HAS_VECTORS
  // Rows outside: a few rows of all columns stay in the first-level cache for all of W.
  for (; i + 12 <= rows; i += 12) multiply_rows<3>(rows, depth, width, A + i, W, Z + i);
  for (; i + 8 <= rows; i += 8) multiply_rows<2>(rows, depth, width, A + i, W, Z + i);
  for (; i + 4 <= rows; i += 4) multiply_rows<1>(rows, depth, width, A + i, W, Z + i);
#endif
  for (Index j = 0; j < width && i < rows; ++j) {
    std::fill(Z + i + j * rows, Z + (j + 1) * rows, 0.0);
    for (Index k = 0; k < depth; ++k) {
      const double factor = W[k + j * depth];
      for (Index row = i; row < rows; ++row) Z[row + j * rows] += A[row + k * rows] * factor;
    }
  }
}

}  // namespace optlite
