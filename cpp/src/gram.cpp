#include "optlite/linalg/gram.hpp"

#include <algorithm>
#include <type_traits>

#include "optlite/linalg/kernels.hpp"
#include "register_tile.hpp"

namespace optlite {

namespace {

Index round_up(Index size, Index step) { return (size + step - 1) / step * step; }

/// Above this size packing pays: Eigen's product packs, the tiles below do not.
constexpr Index tiled_limit = 224;

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

#endif

template <class Number>
using Rows =
    Eigen::Map<const Eigen::Matrix<Number, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>, 0,
               Eigen::OuterStride<>>;

template <class Number>
void packed_gram(Index depth, Index size, const Number* A, const Number* B, Index stride,
                 Matrix& C) {
  const Rows<Number> a(A, depth, size, Eigen::OuterStride<>(stride));
  const Rows<Number> b(B, depth, size, Eigen::OuterStride<>(stride));
  C.topLeftCorner(size, size).triangularView<Eigen::Lower>() +=
      (a.transpose() * b).template cast<double>();
}

}  // namespace

bool gram_is_tiled(Index size) { return size <= tiled_limit; }

Index gram_stride(Index size) {
  const Index padded = round_up(size, 8);
  return padded % 32 == 0 ? padded + 8 : padded;
}

Index gram_depth(Index size) {
  if (!gram_is_tiled(size)) return 128;
  return std::clamp<Index>(8000 / round_up(std::max<Index>(size, 1), 4), 32, gram_depth_limit);
}

// About three vectors of four doubles a tile; half as many calls for floats ask for half of it.
Index gram_fetches(Index size) { return std::max<Index>(1, size * size / 200); }

template <class Number>
void gram_update(Index depth, Index size, const Number* A, const Number* B, Index stride, Matrix& C,
                 kernels::Ahead& ahead) {
#ifdef OPTLITE_HAS_VECTORS
  if (gram_is_tiled(size)) {
    tiled_gram(depth, size, A, B, stride, C, ahead);
    return;
  }
#endif
  (void)ahead;
  packed_gram(depth, size, A, B, stride, C);
}

template void gram_update(Index, Index, const double*, const double*, Index, Matrix&,
                          kernels::Ahead&);
template void gram_update(Index, Index, const float*, const float*, Index, Matrix&,
                          kernels::Ahead&);

void columns_multiply(Index rows, Index depth, Index width, const double* A, const double* W,
                      double* Z) {
  Index i = 0;
  Index paired = 0;
#ifdef OPTLITE_HAS_VECTORS
  // Rows outside: a few rows of all columns stay in the first-level cache for all of W.
  paired = width / 4 * 4;
  const auto rows_of_product = [&](auto count) {
    for (Index j = 0; j < paired; j += 4) {
      Doubles sum[4][count()];
      tile(depth, A + i, rows, W + j * depth, 1, depth, sum);
      for (Index c = 0; c < 4; ++c) {
        for (int v = 0; v < count(); ++v) store(sum[c][v], Z + i + (j + c) * rows + 4 * v);
      }
    }
    i += 4 * count();
  };
  while (i + 12 <= rows) rows_of_product(std::integral_constant<int, 3>());
  while (i + 4 <= rows) rows_of_product(std::integral_constant<int, 1>());
#endif
  for (Index j = 0; j < width; ++j) {
    const Index first = j < paired ? i : 0;
    std::fill(Z + first + j * rows, Z + (j + 1) * rows, 0.0);
    for (Index k = 0; k < depth; ++k) {
      const double factor = W[k + j * depth];
      for (Index row = first; row < rows; ++row) Z[row + j * rows] += A[row + k * rows] * factor;
    }
  }
}

}  // namespace optlite
