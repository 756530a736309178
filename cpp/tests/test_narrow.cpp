// Products of a block of rows with a narrow matrix against plain loops.
#include <cmath>
#include <limits>

#include "check.hpp"
#include "data.hpp"
#include "optlite/linalg/narrow.hpp"

using optlite::Index;
using optlite::Matrix;

namespace {

/// Rows with a gap behind each, full of NaN: what must not be read spoils the result.
struct Rows {
  Matrix X;  // the rows as columns, gaps left out
  Matrix stored;
  Index stride() const { return stored.rows(); }

  Rows(Index count, Index cols) : X(data::random_matrix(cols, count, 7)) {
    stored.setConstant(cols + 3, count, std::numeric_limits<double>::quiet_NaN());
    stored.topRows(cols) = X;
  }
};

bool are_near(const Matrix& a, const Matrix& b, double size) {
  return data::difference(a, b) <= 1e-14 * size;
}

}  // namespace

TEST("narrow products: any number of rows, columns and vectors") {
  for (const Index count : {1, 2, 3, 8, 12, 17, 40}) {
    for (const Index cols : {1, 3, 4, 7, 12, 100, 513}) {
      const Rows rows(count, cols);
      const double size = static_cast<double>(cols + count);
      for (const Index width : {1, 2, 3, 4, 5, 6, 7, 10, 13, 22}) {
        optlite::kernels::Ahead ahead(rows.stored.data(), 64, 3);
        const Matrix W = data::random_matrix(cols, width, 8);
        Matrix Z = Matrix::Constant(count, width, 5.0);  // overwritten
        optlite::narrow_multiply(count, cols, width, rows.stored.data(), rows.stride(),
                                 optlite::narrow_rows(W.data(), cols, width).data(), Z.data(),
                                 ahead);
        CHECK(are_near(Z, data::product(rows.X.transpose(), W), size));

        const Matrix before = data::random_matrix(cols, width, 9);
        Matrix G = before;  // added to
        optlite::narrow_accumulate(count, cols, width, rows.stored.data(), rows.stride(), Z.data(),
                                   G.data(), ahead);
        CHECK(are_near(G, before + data::product(rows.X, Z), size * size));
      }
    }
  }
}
