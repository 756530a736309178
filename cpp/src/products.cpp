#include "optlite/linalg/products.hpp"

#include <algorithm>

#include "optlite/core/parallel.hpp"
#include "optlite/core/types.hpp"

namespace optlite {

namespace {

/// Terms of a dot product that are added before C is touched again: rows of both factors so long
/// fit into the first cache.
constexpr Index depth_block = 256;

/// Edge of a tile of C: whole registers of the kernel, which holds 24 x 4 floats or 12 x 4 doubles.
/// Smaller tiles waste less on the diagonal of a symmetric product; they cost no packing.
constexpr Index edge = 96;

/// Multiplications between two polls for an interrupt.
constexpr double patience = 1e9;

Index pieces(Index extent) { return (extent + edge - 1) / edge; }

/// Eigen's kernel for factors that it has packed. What is row-major here is the transpose in
/// columns there, so that the factors change places: B is on the left.
template <class T>
struct Kernel {
  using Traits = Eigen::internal::gebp_traits<T, T>;
  using Target = Eigen::internal::blas_data_mapper<T, Index, Eigen::ColMajor, Eigen::Unaligned, 1>;
  template <int Order>
  using Source = Eigen::internal::const_blas_data_mapper<T, Index, Order>;

  template <int Order>
  static void pack_left(const T* from, Index stride, Index depth, Index count, T* to) {
    Eigen::internal::gemm_pack_lhs<T, Index, Source<Order>, Traits::mr, Traits::LhsProgress,
                                   typename Traits::LhsPacket4Packing, Order>
        pack;
    pack(to, Source<Order>(from, stride), depth, count);
  }
  template <int Order>
  static void pack_right(const T* from, Index stride, Index depth, Index count, T* to) {
    Eigen::internal::gemm_pack_rhs<T, Index, Source<Order>, Traits::nr, Order> pack;
    pack(to, Source<Order>(from, stride), depth, count);
  }
  static void multiply(const T* left, const T* right, Index count_left, Index count_right,
                       Index depth, T alpha, T* C, Index stride) {
    Eigen::internal::gebp_kernel<T, T, Index, Target, Traits::mr, Traits::nr, false, false> add;
    add(Target(C, stride), left, right, count_left, depth, count_right, alpha);
  }
};

/// One block of terms of a product: both factors are packed once, strip by strip, for all tiles.
template <class T>
struct Product {
  Factor<T> A, B;
  T* C;
  T alpha, beta;
  const T* D;
  Index stride;  // of C and D
  T *left, *right;
  Index from = 0, depth = 0;  // the terms

  Index down() const { return pieces(A.rows); }
  Index across() const { return pieces(B.cols); }

  /// The k-th strip: columns of B first, rows of A then.
  void pack(Index k) const {
    const bool of_b = k < across();
    const Index first = (of_b ? k : k - across()) * edge;
    const Index count = std::min(edge, (of_b ? B.cols : A.rows) - first);
    const Factor<T> factor = of_b ? B.t() : A;
    T* to = (of_b ? left : right) + first * depth;
    if (factor.transposed) {
      const T* source = factor.data + from * factor.stride + first;
      of_b ? Kernel<T>::template pack_left<Eigen::ColMajor>(source, factor.stride, depth, count, to)
           : Kernel<T>::template pack_right<Eigen::RowMajor>(source, factor.stride, depth, count,
                                                             to);
    } else {
      const T* source = factor.data + first * factor.stride + from;
      of_b ? Kernel<T>::template pack_left<Eigen::RowMajor>(source, factor.stride, depth, count, to)
           : Kernel<T>::template pack_right<Eigen::ColMajor>(source, factor.stride, depth, count,
                                                             to);
    }
  }

  void tile(Index i, Index j) const {
    const Index row = i * edge, col = j * edge;
    const Index rows = std::min(edge, A.rows - row), cols = std::min(edge, B.cols - col);
    T* to = C + row * stride + col;
    if (from == 0) start(row, col, rows, cols);
    if (depth == 0) return;
    Kernel<T>::multiply(left + col * depth, right + row * depth, cols, rows, depth, alpha, to,
                        stride);
  }

  /// beta D, or zero.
  void start(Index row, Index col, Index rows, Index cols) const {
    for (Index k = row; k < row + rows; ++k) {
      T* to = C + k * stride + col;
      if (D == nullptr) {
        std::fill(to, to + cols, T(0));
      } else {
        const T* source = D + k * stride + col;
        for (Index l = 0; l < cols; ++l) to[l] = beta * source[l];
      }
    }
  }

  /// Copies tile (i, j) to (j, i), or the part above the diagonal below it; a few columns at a
  /// time, because rows that are a power of two apart share a place in the cache.
  void mirror(Index i, Index j) const {
    constexpr Index few = 8;
    const Index bottom = std::min(A.rows, (i + 1) * edge), end = std::min(B.cols, (j + 1) * edge);
    for (Index first = j * edge; first < end; first += few) {
      for (Index row = i * edge; row < bottom; ++row) {
        for (Index col = std::max(row + 1, first); col < std::min(end, first + few); ++col) {
          C[col * stride + row] = C[row * stride + col];
        }
      }
    }
  }
};

/// body(k) for k in [0, count), each about `cost` multiplications, in groups between which an
/// interrupt can come.
template <class Body>
void in_groups(Index count, double cost, Body body) {
  const Index group = std::max<Index>(64, static_cast<Index>(patience / (cost + 1.0)));
  for (Index begin = 0; begin < count; begin += group) {
    const Index size = std::min(group, count - begin);
    parallel::for_each(size, cost * static_cast<double>(size), [&](Index k) { body(begin + k); });
    parallel::poll_outside();
  }
}

/// tile(product, k) for each of `count` tiles, once for every block of terms.
template <class T, class Tile>
void run(Product<T> product, Index count, Workspace& work, Tile tile) {
  const Workspace::Mark before = work.mark();
  const Index terms = product.A.cols, most = std::min(terms, depth_block);
  product.left = work.take<T>(product.across() * edge * most);
  product.right = work.take<T>(product.down() * edge * most);
  do {
    product.depth = std::min(depth_block, terms - product.from);
    const double strip = static_cast<double>(edge * product.depth);
    const double cost = static_cast<double>(product.depth) *
                        static_cast<double>(std::min(edge, product.A.rows)) *
                        static_cast<double>(std::min(edge, product.B.cols));
    const Index strips = product.depth > 0 ? product.across() + product.down() : 0;
    in_groups(strips, 4.0 * strip, [&](Index k) { product.pack(k); });
    in_groups(count, cost, [&](Index k) { tile(product, k); });
    product.from += depth_block;
  } while (product.from < terms);
  work.release(before);
}

}  // namespace

template <class T>
void multiply(const Factor<T>& A, const Factor<T>& B, T* C, Workspace& work, T alpha, T beta,
              const T* D, Index apart) {
  const Product<T> product{A, B, C, alpha, beta, D, apart == 0 ? B.cols : apart, nullptr, nullptr};
  run(product, product.down() * product.across(), work,
      [](const Product<T>& part, Index k) { part.tile(k / part.across(), k % part.across()); });
}

template <class T>
void multiply_symmetric(const Factor<T>& A, const Factor<T>& B, T* C, Workspace& work, T alpha,
                        T beta, const T* D, Index apart) {
  const Product<T> product{A, B, C, alpha, beta, D, apart == 0 ? B.cols : apart, nullptr, nullptr};
  const Index all = product.down();
  run(product, all * (all + 1) / 2, work, [](const Product<T>& part, Index k) {
    const Index down = part.down();
    Index i = 0, row = 0;  // the upper triangle, row by row
    while (k >= row + down - i) row += down - i++;
    const Index j = i + k - row;
    part.tile(i, j);
    if (part.from + part.depth == part.A.cols) part.mirror(i, j);
  });
}

template <class T>
PackedFactor<T>::PackedFactor(const Factor<T>& B)
    : depth_(B.rows), cols_(B.cols), packed_(B.rows * B.cols) {
  Product<T> product{{nullptr, 0, B.rows}, B, nullptr, T(1), T(0), nullptr, 0, nullptr, nullptr};
  for (; product.from < depth_; product.from += depth_block) {
    product.depth = std::min(depth_block, depth_ - product.from);
    product.left = packed_.data() + product.from * cols_;
    for (Index k = 0; k < product.across(); ++k) product.pack(k);
  }
}

template <class T>
void PackedFactor<T>::add_product(const T* A, Index rows, Index stride, T* C, Index apart,
                                  T alpha) const {
  Eigen::Matrix<T, Eigen::Dynamic, 1> right(rows * std::min(depth_block, depth_));
  for (Index from = 0; from < depth_; from += depth_block) {
    const Index depth = std::min(depth_block, depth_ - from);
    Kernel<T>::template pack_right<Eigen::ColMajor>(A + from, stride, depth, rows, right.data());
    for (Index col = 0; col < cols_; col += edge) {
      const T* left = packed_.data() + from * cols_ + col * depth;
      Kernel<T>::multiply(left, right.data(), std::min(edge, cols_ - col), rows, depth, alpha,
                          C + col, apart);
    }
  }
}

template class PackedFactor<double>;
template class PackedFactor<float>;

template void multiply(const Factor<double>&, const Factor<double>&, double*, Workspace&, double,
                       double, const double*, Index);
template void multiply(const Factor<float>&, const Factor<float>&, float*, Workspace&, float, float,
                       const float*, Index);
template void multiply_symmetric(const Factor<double>&, const Factor<double>&, double*, Workspace&,
                                 double, double, const double*, Index);
template void multiply_symmetric(const Factor<float>&, const Factor<float>&, float*, Workspace&,
                                 float, float, const float*, Index);

}  // namespace optlite
