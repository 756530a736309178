#include "optlite/linalg/narrow.hpp"

#include <algorithm>
#include <type_traits>

#include "register_tile.hpp"

namespace optlite {

namespace {

Index padded(Index width) { return (width + 3) / 4 * 4; }

/// Columns of G that a tile takes at most: ten sums and what they are made of fit into sixteen
/// registers, and no column is there for nothing, as four at a time would have it.
constexpr Index widest = 5;

Index groups_of(Index width) { return (width + widest - 1) / widest; }

/// Rows that narrow_accumulate sums before it adds to G: as many as the first-level cache holds,
/// but not so few that adding to G costs as much as the sums.
Index accumulated_rows(Index cols) { return std::max<Index>(16, 4096 / std::max<Index>(cols, 1)); }

/// Rows that narrow_multiply() takes through all of W: a wide W comes from the second-level cache
/// for each of them.
Index rows_at_once(Index left, Index width) {
  const Index most = width > 24 ? 24 : 8;
  return left >= most ? most : left >= 8 ? 8 : 4;
}

#ifdef OPTLITE_HAS_VECTORS

using namespace vectors;

/// A number that the compiler knows.
template <int value>
using Number = std::integral_constant<int, value>;

/// A few rows of Z = X W for 4 * count columns, of which the first `wanted` are kept.
template <int rows, int count>
void product(Index cols, const double* X, Index x_stride, const double* W, Index w_stride,
             Index wanted, double* Z, Index z_stride, kernels::Ahead& ahead) {
  Doubles sum[rows][count];
  tile(cols, W, w_stride, X, 1, x_stride, sum, &ahead);
  for (Index c = 0; c < std::min<Index>(wanted, 4 * count); ++c) {
    for (int r = 0; r < rows; ++r) Z[r + c * z_stride] = sum[r][c / 4][c % 4];
  }
}

#ifdef __AVX__

/// product<4, 3> for ten columns, with ten multiply-adds in place of twelve: of the last two
/// columns, which W holds twice, a vector of sums is for two rows.
void product_of_ten(Index cols, const double* X, Index x_stride, const double* W, Index w_stride,
                    double* Z, Index z_stride, kernels::Ahead& ahead) {
  Doubles sum[4][2], both[2];
  for (int r = 0; r < 4; ++r) sum[r][0] = sum[r][1] = both[r / 2] = all(0.0);
  const double* row[4];
  for (int r = 0; r < 4; ++r) row[r] = X + r * x_stride;
  const auto add_terms = [&](Index first, Index last) {
    for (Index k = first; k < last; ++k, W += w_stride) {
      const Doubles w[3] = {load(W), load(W + 4), load(W + 8)};
      for (int r = 0; r < 4; r += 2) {
        Doubles x = all(row[r][k]), y = all(row[r + 1][k]);
        // GCC would join the numbers and then spread them, which takes longer than twelve products.
        asm("" : "+x"(x), "+x"(y));
        for (int v = 0; v < 2; ++v) {
          sum[r][v] += w[v] * x;
          sum[r + 1][v] += w[v] * y;
        }
        both[r / 2] += w[2] * Doubles{x[0], x[1], y[2], y[3]};
      }
    }
  };
  for (Index k = 0; k < cols; k += terms_between_fetches) {
    ahead.fetch();
    add_terms(k, std::min(cols, k + terms_between_fetches));
  }
  for (int r = 0; r < 4; ++r) {
    for (int c = 0; c < 8; ++c) Z[r + c * z_stride] = sum[r][c / 4][c % 4];
    for (int c = 0; c < 2; ++c) Z[r + (8 + c) * z_stride] = both[r / 2][2 * (r % 2) + c];
  }
}

#endif

/// G += X^T Z for a few columns of G and `count` vectors of its rows. Z: z_stride apart, or its
/// rows one behind the other if it is `turned`, which takes one pointer instead of one a column.
template <int columns, int count, bool turned>
void add_product(Index rows, const double* X, Index x_stride, const double* Z, Index z_stride,
                 double* G, Index g_stride) {
  Doubles sum[columns][count];
  if constexpr (turned) {
    tile(rows, X, x_stride, Z, columns, 1, sum);
  } else {
    tile(rows, X, x_stride, Z, 1, z_stride, sum);
  }
  for (int c = 0; c < columns; ++c) {
    for (int v = 0; v < count; ++v) {
      double* to = G + c * g_stride + 4 * v;
      store(load(to) + sum[c][v], to);
    }
  }
}

/// Columns from which turning a block of Z pays, and rows of the largest block then.
constexpr Index turned_from = 256, turned_rows = 4096 / turned_from;

/// body(first, columns) for groups of columns as equal as can be, their sizes known to the
/// compiler.
template <class Body>
void each_group(Index width, Body&& body) {
  const Index groups = groups_of(width);
  for (Index g = 0; g < groups; ++g) {
    const Index first = width * g / groups;
    switch (width * (g + 1) / groups - first) {
      case 1: body(first, Number<1>()); break;
      case 2: body(first, Number<2>()); break;
      case 3: body(first, Number<3>()); break;
      case 4: body(first, Number<4>()); break;
      default: body(first, Number<5>()); break;
    }
  }
}

#endif

}  // namespace

RowMatrix narrow_rows(const double* W, Index cols, Index width) {
  RowMatrix rows = RowMatrix::Zero(cols, padded(width));
  rows.leftCols(width) = ConstMatrixMap(W, cols, width);
  if (width % 12 == 10) rows.rightCols(2) = rows.middleCols(width - 2, 2);  // for product_of_ten
  return rows;
}

Index narrow_fetches(Index count, Index cols, Index width) {
  const Index tiles = (count / 4) * ((padded(width) + 11) / 12);
  const Index times = (cols + terms_between_fetches - 1) / terms_between_fetches;
  const Index depth = accumulated_rows(cols);
  return tiles * times + (count + depth - 1) / depth * groups_of(width) * (cols / 8);
}

void narrow_multiply(Index count, Index cols, Index width, const double* X, Index x_stride,
                     const double* W, double* Z, kernels::Ahead& ahead) {
  const Index stride = padded(width);
  Index row = 0;
#ifdef OPTLITE_HAS_VECTORS
  while (row + 4 <= count) {
    const Index step = rows_at_once(count - row, stride);
    const auto tile_at = [&](Index r, Index j, auto rows, auto vectors) {
      product<rows(), vectors()>(cols, X + r * x_stride, x_stride, W + j, stride, width - j,
                                 Z + r + j * count, count, ahead);
    };
    Index j = 0;
    for (; j + 12 <= stride; j += 12) {
      for (Index r = row; r < row + step; r += 4) {
#ifdef __AVX__
        if (width - j == 10) {
          product_of_ten(cols, X + r * x_stride, x_stride, W + j, stride, Z + r + j * count, count,
                         ahead);
          continue;
        }
#endif
        tile_at(r, j, Number<4>(), Number<3>());
      }
    }
    if (j + 8 == stride) {
      for (Index r = row; r < row + step; r += 4) tile_at(r, j, Number<4>(), Number<2>());
    } else if (j + 4 == stride) {
      Index r = row;
      for (; r + 8 <= row + step; r += 8) tile_at(r, j, Number<8>(), Number<1>());
      if (r < row + step) tile_at(r, j, Number<4>(), Number<1>());
    }
    row += step;
  }
#else
  (void)ahead;
#endif
  // The last rows by hand: Eigen's sums over foreign memory depend on its alignment.
  for (; row < count; ++row) {
    for (Index j = 0; j < width; ++j) {
      double sum = 0.0;
      for (Index k = 0; k < cols; ++k) sum += X[row * x_stride + k] * W[k * stride + j];
      Z[row + j * count] = sum;
    }
  }
}

void narrow_accumulate(Index count, Index cols, Index width, const double* X, Index x_stride,
                       const double* Z, double* G, kernels::Ahead& ahead) {
  Index done = 0;
#ifdef OPTLITE_HAS_VECTORS
  // Whole vectors only: a tile must not read past the end of the last row.
  done = cols / 4 * 4;
  // A few rows at a time, so that they stay in the first-level cache across the columns.
  const Index depth = accumulated_rows(cols);
  for (Index k = 0; k < count; k += depth) {
    const Index rows = std::min(depth, count - k);
    each_group(width, [&](Index first, auto columns) {
      const double* x = X + k * x_stride;
      const double* z = Z + k + first * count;
      double* g = G + first * cols;
      const auto add = [&](const double* block, auto turned) {
        Index j = 0;
        for (; j + 8 <= done; j += 8) {
          ahead.fetch();
          add_product<columns(), 2, turned()>(rows, x + j, x_stride, block, count, g + j, cols);
        }
        if (j < done) {
          add_product<columns(), 1, turned()>(rows, x + j, x_stride, block, count, g + j, cols);
        }
      };
      if (cols < turned_from) {
        add(z, std::false_type());
        return;
      }
      double block[turned_rows * columns()];
      for (Index i = 0; i < rows; ++i) {
        for (Index c = 0; c < columns(); ++c) block[i * columns() + c] = z[i + c * count];
      }
      add(block, std::true_type());
    });
  }
#else
  (void)ahead;
#endif
  for (Index c = 0; c < width; ++c) {
    for (Index j = done; j < cols; ++j) {
      double sum = 0.0;
      for (Index i = 0; i < count; ++i) sum += X[i * x_stride + j] * Z[i + c * count];
      G[j + c * cols] += sum;
    }
  }
}

}  // namespace optlite
