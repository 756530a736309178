#include "optlite/operators/outer_gram.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "optlite/core/parallel.hpp"

namespace optlite {

namespace {

constexpr Index tile = 192;  // rows of K that one product computes: large enough for full speed

/// Columns [first, first + count) of Z, rows side by side.
template <class Scalar>
void load_columns(const DenseView<Scalar>& X, const double* row_scale, const double* shift,
                  Index first, Index count, RowMatrix& Z) {
  const auto load_row = [&](Index i) {
    double* z = Z.data() + i * Z.cols();
    const Index step = X.row_major ? 1 : X.stride;
    const Scalar* x = X.data + (X.row_major ? i * X.stride + first : i + first * X.stride);
    const double scale = row_scale == nullptr ? 1.0 : row_scale[i];
    for (Index j = 0; j < count; ++j) {
      const double moved =
          static_cast<double>(x[j * step]) - (shift == nullptr ? 0.0 : shift[first + j]);
      z[j] = scale * moved;
    }
  };
  parallel::for_each(X.rows, static_cast<double>(X.rows * count), load_row);
}

/// K(lower triangle, in tiles) += Z Z^T; each tile belongs to one thread.
void add_products(const RowMatrix& Z, Index count, Matrix& K) {
  const Index n = K.rows();
  const Index side = (n + tile - 1) / tile;
  std::vector<std::pair<Index, Index>> tiles;
  for (Index a = 0; a < side; ++a) {
    for (Index b = 0; b <= a; ++b) tiles.emplace_back(a * tile, b * tile);
  }
  const double work = static_cast<double>(n * n * count) / 2.0;
  parallel::for_each(static_cast<Index>(tiles.size()), work, [&](Index t) {
    const auto [row, col] = tiles[static_cast<std::size_t>(t)];
    const Index height = std::min(tile, n - row);
    const Index width = std::min(tile, n - col);
    K.block(row, col, height, width).noalias() +=
        Z.block(row, 0, height, count) * Z.block(col, 0, width, count).transpose();
  });
}

void mirror(Matrix& K) {
  for (Index j = 0; j < K.cols(); ++j) {
    for (Index i = 0; i < j; ++i) K(i, j) = K(j, i);
  }
}

}  // namespace

template <class Scalar>
void outer_gram(const DenseView<Scalar>& X, const double* row_scale, const double* shift,
                Matrix& K) {
  constexpr Index depth = 256;
  K.setZero(X.rows, X.rows);
  RowMatrix Z(X.rows, std::min(depth, std::max<Index>(1, X.cols)));
  for (Index first = 0; first < X.cols; first += depth) {
    const Index count = std::min(depth, X.cols - first);
    load_columns(X, row_scale, shift, first, count, Z);
    add_products(Z, count, K);
    interrupt::poll();
  }
  mirror(K);
}

template void outer_gram(const DenseView<double>&, const double*, const double*, Matrix&);
template void outer_gram(const DenseView<float>&, const double*, const double*, Matrix&);

void outer_gram(const Design& design, const double* row_scale, const double* shift, Matrix& K) {
  const Index n = design.rows();
  const Index d = design.cols();
  K.resize(n, n);
  // As many rows at a time as keep their dense copy to a few megabytes.
  const Index group = std::clamp<Index>(1000000 / std::max<Index>(1, d), 1, 64);
  Matrix panel;
  for (Index begin = 0; begin < n; begin += group) {
    const Index count = std::min(group, n - begin);
    std::vector<Index> rows(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), begin);
    panel.resize(d, count);
    design.gather(rows)->pass(
        nullptr, 0, count,
        [&](Index first, Index height, double* block) {
          MatrixMap unit(block, height, count);
          unit.setZero();
          for (Index i = 0; i < height; ++i) unit(i, first + i) = 1.0;
        },
        panel.data());
    design.pass(
        panel.data(), count, 0,
        [&](Index first, Index height, double* block) {
          K.block(first, begin, height, count) = ConstMatrixMap(block, height, count);
        },
        nullptr);
  }
  if (shift != nullptr) {
    const ConstVectorMap center(shift, d);
    Vector along(n);
    design.pass(
        shift, 1, 0,
        [&](Index first, Index height, double* block) {
          along.segment(first, height) = ConstVectorMap(block, height);
        },
        nullptr);
    along.array() -= 0.5 * center.squaredNorm();
    for (Index j = 0; j < n; ++j) K.col(j) -= along + Vector::Constant(n, along[j]);
  }
  if (row_scale != nullptr) {
    const ConstVectorMap scale(row_scale, n);
    for (Index j = 0; j < n; ++j) K.col(j) = scale.cwiseProduct(K.col(j)) * scale[j];
  }
  mirror(K);
}

}  // namespace optlite
