#include "optlite/linalg/gram.hpp"

#include <algorithm>

namespace optlite {

namespace {

Index round_up(Index size) { return (size + 3) / 4 * 4; }

/// Above this size packing pays: Eigen's product packs, the tiles below do not.
constexpr Index tiled_limit = 224;

#if defined(__GNUC__) || defined(__clang__)

typedef double Quad __attribute__((vector_size(32), aligned(8), may_alias));

/// C[4 quads x 4] += A^T B for one tile: twelve accumulators stay in registers, so that each
/// element of A and B loaded from cache feeds several multiply-adds. Eigen reaches half to two
/// thirds of this speed for matrices of up to a hundred columns, where packing does not pay.
template <int quads>
inline void tile(Index depth, const double* a, const double* b, Index stride, double* c,
                 Index c_stride) {
  Quad sum[4][quads];
  for (int j = 0; j < 4; ++j) {
    for (int v = 0; v < quads; ++v) sum[j][v] = Quad{0.0, 0.0, 0.0, 0.0};
  }
  for (Index k = 0; k < depth; ++k) {
    Quad x[quads];
    for (int v = 0; v < quads; ++v) x[v] = *reinterpret_cast<const Quad*>(a + 4 * v);
    for (int j = 0; j < 4; ++j) {
      const Quad y = {b[j], b[j], b[j], b[j]};
      for (int v = 0; v < quads; ++v) sum[j][v] += x[v] * y;
    }
    a += stride;
    b += stride;
  }
  for (int j = 0; j < 4; ++j) {
    for (int v = 0; v < quads; ++v) {
      *reinterpret_cast<Quad*>(c + j * c_stride + 4 * v) += sum[j][v];
    }
  }
}

void tiled(Index depth, Index size, const double* A, const double* B, Index stride, Matrix& C) {
  const Index padded = round_up(size);
  const Index c_stride = C.rows();
  for (Index j = 0; j < padded; j += 4) {
    Index i = j;
    for (; i + 12 <= padded; i += 12) {
      tile<3>(depth, A + i, B + j, stride, C.data() + i + j * c_stride, c_stride);
    }
    for (; i + 8 <= padded; i += 8) {
      tile<2>(depth, A + i, B + j, stride, C.data() + i + j * c_stride, c_stride);
    }
    for (; i + 4 <= padded; i += 4) {
      tile<1>(depth, A + i, B + j, stride, C.data() + i + j * c_stride, c_stride);
    }
  }
}

#endif

void packed(Index depth, Index size, const double* A, const double* B, Index stride, Matrix& C) {
  using Rows = Eigen::Map<const RowMatrix, 0, Eigen::OuterStride<>>;
  const Rows a(A, depth, size, Eigen::OuterStride<>(stride));
  const Rows b(B, depth, size, Eigen::OuterStride<>(stride));
  C.topLeftCorner(size, size).triangularView<Eigen::Lower>() += a.transpose() * b;
}

}  // namespace

Index gram_stride(Index size) {
  const Index padded = round_up(size);
  return padded % 32 == 0 ? padded + 4 : padded;
}

Index gram_depth(Index size) {
  return size <= tiled_limit ? std::clamp<Index>(12800 / round_up(std::max<Index>(size, 1)), 32, 256)
                             : 128;
}

void gram_update(Index depth, Index size, const double* A, const double* B, Index stride,
                 Matrix& C) {
#if defined(__GNUC__) || defined(__clang__)
  if (size <= tiled_limit) {
    tiled(depth, size, A, B, stride, C);
    return;
  }
#endif
  packed(depth, size, A, B, stride, C);
}

}  // namespace optlite
