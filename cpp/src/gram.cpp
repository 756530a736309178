#include "optlite/linalg/gram.hpp"

#include <algorithm>

namespace optlite {

namespace {

Index round_up(Index size) { return (size + 3) / 4 * 4; }

/// Above this size packing pays: Eigen's product packs, the tiles below do not.
constexpr Index tiled_limit = 224;

using Rows = Eigen::Map<const RowMatrix, 0, Eigen::OuterStride<>>;

Rows rows_of(const double* data, Index count, Index cols, Index stride) {
  return Rows(data, count, cols, Eigen::OuterStride<>(stride));
}

#if defined(__GNUC__) || defined(__clang__)

typedef double Quad __attribute__((vector_size(32), aligned(8), may_alias));

/// sum[j] = sum_k a_k (4 * quads wide) times b(k, j), for four columns j. b(k, j) lies at
/// b[k * b_row + j * b_column]. The accumulators stay in registers, so that each element loaded
/// from cache feeds several multiply-adds; Eigen reaches half to two thirds of this speed for
/// operands of up to a hundred columns, where its packing does not pay.
template <int quads>
inline void tile(Index depth, const double* a, Index a_stride, const double* b, Index b_row,
                 Index b_column, Quad (&sum)[4][quads]) {
  const double* column[4] = {b, b + b_column, b + 2 * b_column, b + 3 * b_column};
  for (int j = 0; j < 4; ++j) {
    for (int v = 0; v < quads; ++v) sum[j][v] = Quad{0.0, 0.0, 0.0, 0.0};
  }
  for (Index k = 0; k < depth; ++k) {
    Quad x[quads];
    for (int v = 0; v < quads; ++v) x[v] = *reinterpret_cast<const Quad*>(a + 4 * v);
    // One broadcast at a time: with twelve sums and three loads, sixteen registers are full.
    for (int j = 0; j < 4; ++j) {
      const double value = *column[j];
      const Quad y = {value, value, value, value};
      for (int v = 0; v < quads; ++v) sum[j][v] += x[v] * y;
      column[j] += b_row;
    }
    a += a_stride;
  }
}

/// c (4 columns, `stride` apart) += the tile.
template <int quads>
inline void add_tile(const Quad (&sum)[4][quads], double* c, Index stride) {
  for (int j = 0; j < 4; ++j) {
    for (int v = 0; v < quads; ++v) *reinterpret_cast<Quad*>(c + j * stride + 4 * v) += sum[j][v];
  }
}

/// c[0 ... 4 quads) x 4 columns += A^T B over `depth` rows.
template <int quads>
void update(Index depth, const double* a, Index a_stride, const double* b, Index b_stride,
            double* c, Index c_stride) {
  Quad sum[4][quads];
  tile<quads>(depth, a, a_stride, b, b_stride, 1, sum);
  add_tile(sum, c, c_stride);
}

/// Memory that is asked for a few cache lines at a time between tiles, so that reading it overlaps
/// with arithmetic.
struct Ahead {
  const char* at = nullptr;
  const char* end = nullptr;

  void fetch() {
    for (int line = 0; line < 8 && at < end; ++line, at += 64) __builtin_prefetch(at, 0, 2);
  }
};

/// Four columns of C from row `first` to row `last` (multiples of four apart).
void update_column(Index depth, Index first, Index last, const double* A, Index a_stride,
                   const double* b, Index b_stride, double* c, Index c_stride, Ahead& ahead) {
  Index i = first;
  for (; i + 12 <= last; i += 12) {
    ahead.fetch();
    update<3>(depth, A + i, a_stride, b, b_stride, c + i, c_stride);
  }
  for (; i + 8 <= last; i += 8) update<2>(depth, A + i, a_stride, b, b_stride, c + i, c_stride);
  for (; i + 4 <= last; i += 4) update<1>(depth, A + i, a_stride, b, b_stride, c + i, c_stride);
}

/// Four rows of Z = X W, from column `first`, 4 * quads columns.
template <int quads>
void product(Index cols, const double* X, Index x_stride, const double* W, Index width, double* Z) {
  Quad sum[4][quads];
  tile<quads>(cols, W, width, X, 1, x_stride, sum);
  for (int j = 0; j < 4; ++j) {
    for (int v = 0; v < quads; ++v) *reinterpret_cast<Quad*>(Z + j * width + 4 * v) = sum[j][v];
  }
}

#endif

void packed_gram(Index depth, Index size, const double* A, const double* B, Index stride,
                 Matrix& C) {
  C.topLeftCorner(size, size).triangularView<Eigen::Lower>() +=
      rows_of(A, depth, size, stride).transpose() * rows_of(B, depth, size, stride);
}

}  // namespace

Index gram_stride(Index size) {
  const Index padded = round_up(size);
  return padded % 32 == 0 ? padded + 4 : padded;
}

Index gram_depth(Index size) {
  if (size > tiled_limit) return 128;
  return std::clamp<Index>(8000 / round_up(std::max<Index>(size, 1)), 32, 256);
}

void gram_update(Index depth, Index size, const double* A, const double* B, Index stride, Matrix& C,
                 const void* next, Index next_bytes) {
#if defined(__GNUC__) || defined(__clang__)
  if (size <= tiled_limit) {
    const Index padded = round_up(size);
    Ahead ahead{static_cast<const char*>(next), static_cast<const char*>(next) + next_bytes};
    for (Index j = 0; j < padded; j += 4) {
      update_column(depth, j, padded, A, stride, B + j, stride, C.data() + j * C.rows(), C.rows(),
                    ahead);
    }
    return;
  }
#endif
  (void)next;
  (void)next_bytes;
  packed_gram(depth, size, A, B, stride, C);
}

Index narrow_width(Index width) { return round_up(width); }

void narrow_multiply(Index count, Index cols, Index width, const double* X, Index x_stride,
                     const double* W, double* Z) {
  const Index padded = narrow_width(width);
  Index row = 0;
#if defined(__GNUC__) || defined(__clang__)
  for (; row + 4 <= count; row += 4) {
    const double* x = X + row * x_stride;
    double* z = Z + row * padded;
    Index j = 0;
    for (; j + 12 <= padded; j += 12) product<3>(cols, x, x_stride, W + j, padded, z + j);
    for (; j + 8 <= padded; j += 8) product<2>(cols, x, x_stride, W + j, padded, z + j);
    for (; j + 4 <= padded; j += 4) product<1>(cols, x, x_stride, W + j, padded, z + j);
  }
#endif
  // The last rows by hand: Eigen's sums over foreign memory depend on its alignment.
  for (; row < count; ++row) {
    const double* x = X + row * x_stride;
    double* z = Z + row * padded;
    std::fill(z, z + padded, 0.0);
    for (Index k = 0; k < cols; ++k) {
      for (Index j = 0; j < padded; ++j) z[j] += x[k] * W[k * padded + j];
    }
  }
}

void narrow_accumulate(Index count, Index cols, Index width, const double* X, Index x_stride,
                       const double* Z, double* G) {
  const Index padded = narrow_width(width);
  Index done = 0;
#if defined(__GNUC__) || defined(__clang__)
  // Whole groups of four columns only: a tile must not read past the end of the last row.
  done = cols / 4 * 4;
  // A few rows at a time, so that all of them stay in the first-level cache across the columns.
  const Index depth = std::max<Index>(8, 2048 / std::max<Index>(cols, 1));
  Ahead nothing;
  for (Index k = 0; k < count; k += depth) {
    const Index rows = std::min(depth, count - k);
    for (Index j = 0; j < padded; j += 4) {
      update_column(rows, 0, done, X + k * x_stride, x_stride, Z + k * padded + j, padded,
                    G + j * cols, cols, nothing);
    }
  }
#endif
  for (Index j = 0; j < width; ++j) {
    for (Index i = done; i < cols; ++i) {
      double sum = 0.0;
      for (Index k = 0; k < count; ++k) sum += X[k * x_stride + i] * Z[k * padded + j];
      G[i + j * cols] += sum;
    }
  }
}

}  // namespace optlite
