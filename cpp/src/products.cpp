#include "optlite/linalg/products.hpp"

#include <algorithm>

#include "optlite/core/parallel.hpp"
#include "optlite/core/types.hpp"

namespace optlite {

namespace {

/// Terms of a dot product that Eigen adds before it goes to the next columns of A.
constexpr Index depth_block = 256;

/// Multiplications between two polls for an interrupt.
constexpr double patience = 1e9;

Index pieces(Index extent, Index tile) { return (extent + tile - 1) / tile; }

/// Edge of a tile: larger tiles pack less, smaller ones leave something for every thread and, of a
/// symmetric product, save more. From 64 on all are within a tenth of each other on one thread.
Index tile_edge(Index rows, Index cols) {
  const auto tiles = [=](Index edge) { return pieces(rows, edge) * pieces(cols, edge); };
  if (tiles(256) >= 64) return 256;
  return tiles(128) >= 16 ? 128 : 64;
}

/// Buffers for what Eigen packs, which it would allocate in every product.
template <class T>
struct Packing : Eigen::internal::level3_blocking<T, T> {
  Packing(Index rows, Index cols, Index depth, T* memory) {
    this->m_mc = rows;
    this->m_nc = cols;
    this->m_kc = std::min(depth, depth_block);
    this->m_blockA = memory;
    this->m_blockB = memory + padded(rows) * this->m_kc;
  }
  static Index padded(Index extent) { return (extent + 31) / 32 * 32; }
  static Index needs(Index rows, Index cols, Index depth) {
    return (padded(rows) + padded(cols)) * std::min(depth, depth_block);
  }
};

/// C (rows of `stride`) += alpha A B for one tile, by Eigen's kernel. What is row-major here is the
/// transpose in columns there, so that the factors change places.
template <class T>
void add_product(const Factor<T>& A, const Factor<T>& B, Index rows, Index cols, T alpha, T* C,
                 Index stride, T* memory) {
  Packing<T> packing(cols, rows, A.cols, memory);
  const auto run = [&](auto left, auto right) {
    Eigen::internal::general_matrix_matrix_product<Index, T, decltype(left)::value, false, T,
                                                   decltype(right)::value, false, Eigen::ColMajor,
                                                   1>::run(cols, rows, A.cols, B.data, B.stride,
                                                           A.data, A.stride, C, 1, stride, alpha,
                                                           packing);
  };
  using Plain = std::integral_constant<int, Eigen::ColMajor>;
  using Turned = std::integral_constant<int, Eigen::RowMajor>;
  if (A.transposed) {
    B.transposed ? run(Turned(), Turned()) : run(Plain(), Turned());
  } else {
    B.transposed ? run(Turned(), Plain()) : run(Plain(), Plain());
  }
}

/// Rows [first, ...) of A, or columns of B.
template <class T>
Factor<T> from_row(const Factor<T>& A, Index first) {
  Factor<T> part = A;
  part.data += A.transposed ? first : first * A.stride;
  return part;
}

template <class T>
struct Product {
  Factor<T> A, B;
  T* C;
  T alpha, beta;
  const T* D;
  Index edge = tile_edge(A.rows, B.cols);

  void tile(Index i, Index j, T* memory) const {
    const Index row = i * edge, col = j * edge, stride = B.cols;
    const Index rows = std::min(edge, A.rows - row), cols = std::min(edge, B.cols - col);
    T* to = C + row * stride + col;
    for (Index k = 0; k < rows; ++k) {
      T* line = to + k * stride;
      if (D == nullptr) {
        std::fill(line, line + cols, T(0));
      } else {
        const T* from = D + (row + k) * stride + col;
        for (Index l = 0; l < cols; ++l) line[l] = beta * from[l];
      }
    }
    add_product(from_row(A, row), from_row(B.t(), col).t(), rows, cols, alpha, to, stride, memory);
  }

  /// Copies tile (i, j) to (j, i), or the part above the diagonal below it.
  void mirror(Index i, Index j) const {
    const Index n = A.rows;
    for (Index row = i * edge; row < std::min(n, (i + 1) * edge); ++row) {
      for (Index col = std::max(row + 1, j * edge); col < std::min(n, (j + 1) * edge); ++col) {
        C[col * n + row] = C[row * n + col];
      }
    }
  }
};

/// Tiles in groups between which an interrupt can come; `place` says where the k-th tile is.
template <class T, class Each>
void run_tiles(const Product<T>& product, Index count, Workspace& work, Each each) {
  const Workspace::Mark before = work.mark();
  const Index memory = Packing<T>::needs(product.edge, product.edge, product.A.cols);
  const int workers = parallel::team(count);
  T* buffers = work.take<T>(memory * workers);
  const double cost = static_cast<double>(product.A.cols) *
                      static_cast<double>(std::min(product.edge, product.A.rows)) *
                      static_cast<double>(std::min(product.edge, product.B.cols));
  const Index group = std::max<Index>(workers, static_cast<Index>(patience / (cost + 1.0)));
  for (Index begin = 0; begin < count; begin += group) {
    const Index size = std::min(group, count - begin);
    const int team = cost * static_cast<double>(size) < parallel::serial_work
                         ? 1
                         : static_cast<int>(std::min<Index>(workers, size));
    parallel::each_thread(team, [&](int thread) {
      for (Index k = size * thread / team; k < size * (thread + 1) / team; ++k) {
        each(begin + k, buffers + memory * thread);
      }
    });
    if (!parallel::inside()) interrupt::poll();
  }
  work.release(before);
}

}  // namespace

template <class T>
void multiply(const Factor<T>& A, const Factor<T>& B, T* C, Workspace& work, T alpha, T beta,
              const T* D) {
  const Product<T> product{A, B, C, alpha, beta, D};
  const Index across = pieces(B.cols, product.edge);
  run_tiles(product, pieces(A.rows, product.edge) * across, work,
            [&](Index k, T* memory) { product.tile(k / across, k % across, memory); });
}

template <class T>
void multiply_symmetric(const Factor<T>& A, const Factor<T>& B, T* C, Workspace& work, T alpha,
                        T beta, const T* D) {
  const Product<T> product{A, B, C, alpha, beta, D};
  const Index down = pieces(A.rows, product.edge);
  run_tiles(product, down * (down + 1) / 2, work, [&](Index k, T* memory) {
    Index i = 0, row = 0;  // the upper triangle, row by row
    while (k >= row + down - i) row += down - i++;
    const Index j = i + k - row;
    product.tile(i, j, memory);
    product.mirror(i, j);
  });
}

template void multiply(const Factor<double>&, const Factor<double>&, double*, Workspace&, double,
                       double, const double*);
template void multiply(const Factor<float>&, const Factor<float>&, float*, Workspace&, float, float,
                       const float*);
template void multiply_symmetric(const Factor<double>&, const Factor<double>&, double*, Workspace&,
                                 double, double, const double*);
template void multiply_symmetric(const Factor<float>&, const Factor<float>&, float*, Workspace&,
                                 float, float, const float*);

}  // namespace optlite
