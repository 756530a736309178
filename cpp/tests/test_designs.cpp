// Every storage against naive loops over the same numbers.
#include <algorithm>
#include <cmath>

#include "check.hpp"
#include "data.hpp"
#include "with_threads.hpp"

using data::Stored;
using optlite::Index;
using optlite::Matrix;
using optlite::Vector;

namespace {

struct Shape {
  Index rows, cols;
};

/// Below, at and above the sizes at which blocks, chunks of eight rows, panels of columns and
/// threads begin.
const Shape shapes[] = {{1, 1},   {1, 5},    {7, 1},     {8, 3},    {9, 17},
                        {300, 6}, {40, 700}, {300, 230}, {3000, 11}};

double distance(const Matrix& a, const Matrix& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return HUGE_VAL;
  if (a.size() == 0) return 0.0;
  return data::difference(a, b) / std::max(1.0, b.cwiseAbs().maxCoeff());
}

template <class Body>
void for_every_design(Body body) {
  for (const std::string& storage : data::storages()) {
    for (const Shape shape : shapes) {
      const Stored stored(storage, shape.rows, shape.cols, 42);
      const int before = check::failures();
      body(stored);
      if (check::failures() > before) {
        std::printf("  in: %s, %td x %td\n", storage.c_str(), shape.rows, shape.cols);
      }
    }
  }
}

/// Moments that share their read of X with targets: the same, and the products.
void check_targets(const Stored& stored, const Vector* q, const Vector& sums, const Vector& squares,
                   const Vector& center) {
  const Index n = stored.X.rows();
  for (const Index count : {1, 3}) {
    const Matrix Y = data::random_matrix(n, count, 9);
    const Matrix weighted = q == nullptr ? Y : Matrix(q->asDiagonal() * Y);
    const auto found = [&] {
      Vector s, s2, c;
      Matrix products;
      const optlite::Design::Targets targets{Y.data(), count, &products};
      stored.design->moments(q == nullptr ? nullptr : q->data(), s, s2, c, &targets);
      CHECK(s == sums && s2 == squares && c == center);
      return products;
    };
    const Matrix one = with_threads(1, found);
    CHECK(distance(one, data::product(stored.X.transpose(), weighted)) < 1e-12);
    CHECK(with_threads(3, found) == one);
  }
}

Matrix pass(const Stored& stored, const Matrix& W, Index r) {
  const Index n = stored.X.rows();
  const Index m = W.cols();
  Matrix seen = Matrix::Zero(n, m);
  Matrix G(stored.X.cols(), r);
  // R = 2 Z + 1 where Z has a column, i + k elsewhere: different for each row and column.
  const auto middle = [&](Index first, Index count, double* block) {
    for (Index k = 0; k < std::max(m, r); ++k) {
      for (Index i = 0; i < count; ++i) {
        double& entry = block[i + k * count];
        if (k < m) seen(first + i, k) = entry;
        entry = k < m ? 2.0 * entry + 1.0 : 0.01 * static_cast<double>(first + i + k);
      }
    }
  };
  stored.design->pass(W.data(), m, r, middle, G.data());
  CHECK(distance(seen, data::product(stored.X, W)) < 1e-12);
  return G;
}

Matrix expected_pass(const Stored& stored, const Matrix& W, Index r) {
  Matrix R(stored.X.rows(), r);
  const Matrix Z = data::product(stored.X, W);
  for (Index k = 0; k < r; ++k) {
    for (Index i = 0; i < R.rows(); ++i) {
      R(i, k) = k < W.cols() ? 2.0 * Z(i, k) + 1.0 : 0.01 * static_cast<double>(i + k);
    }
  }
  return data::product(stored.X.transpose(), R);
}

Matrix expected_gram(const Matrix& X, const Vector& q, const Vector& shift, const Vector& scale,
                     bool border) {
  Matrix Z(X.rows(), X.cols() + (border ? 1 : 0));
  Z.leftCols(X.cols()) = (X.rowwise() - shift.transpose()) * scale.asDiagonal();
  if (border) Z.col(X.cols()).setOnes();
  Matrix H = data::product(Z.transpose() * q.asDiagonal(), Z);
  H.triangularView<Eigen::StrictlyUpper>().setZero();
  return H;
}

}  // namespace

TEST("designs: one pass gives X W and X^T R") {
  for_every_design([](const Stored& stored) {
    for (const Index m : {Index{0}, Index{1}, Index{3}}) {
      for (const Index r : {Index{0}, Index{1}, Index{2}}) {
        if (m == 0 && r == 0) continue;
        const Matrix W = data::random_matrix(stored.X.cols(), m, 3);
        CHECK(distance(pass(stored, W, r), expected_pass(stored, W, r)) < 1e-12);
      }
    }
  });
}

TEST("designs: the same bits for any number of threads") {
  for_every_design([](const Stored& stored) {
    for (const Index m : {Index{1}, Index{3}}) {
      const Matrix W = data::random_matrix(stored.X.cols(), m, 4);
      const Vector q = data::weights(stored.X.rows());
      const auto both = [&] {
        Matrix H;
        stored.design->weighted_gram({q.data(), nullptr, nullptr, true}, H);
        return std::make_pair(pass(stored, W, m), Matrix(H.triangularView<Eigen::Lower>()));
      };
      const auto one = with_threads(1, both);
      for (const int threads : {2, 5}) {
        const auto several = with_threads(threads, both);
        CHECK(several.first == one.first);
        CHECK(several.second == one.second);
      }
    }
  });
}

TEST("designs: weighted Gram matrix, centred, scaled, bordered") {
  for_every_design([](const Stored& stored) {
    const Index n = stored.X.rows(), d = stored.X.cols();
    const Vector ones = Vector::Ones(n);
    const Vector q = data::weights(n);
    const Vector shift = data::random_matrix(d, 1, 5);
    const Vector scale = data::random_matrix(d, 1, 6).cwiseAbs();
    const auto lower = [&](const double* weight, bool move, bool border) {
      Matrix H;
      stored.design->weighted_gram(
          {weight, move ? shift.data() : nullptr, move ? scale.data() : nullptr, border}, H);
      return Matrix(H.triangularView<Eigen::Lower>());
    };
    for (const bool border : {false, true}) {
      const Vector zeros = Vector::Zero(d), unit = Vector::Ones(d);
      CHECK(distance(lower(nullptr, false, border),
                     expected_gram(stored.X, ones, zeros, unit, border)) < 1e-12);
      CHECK(distance(lower(q.data(), true, border),
                     expected_gram(stored.X, q, shift, scale, border)) < 1e-11);
    }
  });
}

TEST("designs: moments, also with a large common shift") {
  for_every_design([](const Stored& stored) {
    const Index n = stored.X.rows(), d = stored.X.cols();
    for (const bool weighted : {false, true}) {
      const Vector q = weighted ? data::weights(n) : Vector(Vector::Ones(n));
      Vector sums, squares, center;
      stored.design->moments(weighted ? q.data() : nullptr, sums, squares, center);
      CHECK(distance(sums, data::product(stored.X.transpose(), q)) < 1e-12);
      const Matrix moved = stored.X.rowwise() - center.transpose();
      CHECK(distance(squares, data::product(moved.cwiseAbs2().transpose(), q)) < 1e-11);
      CHECK_EQUAL(center.size(), d);
      check_targets(stored, weighted ? &q : nullptr, sums, squares, center);
    }
  });
  // Variance 1 around 1e8: the squares of the entries have no digit left for it.
  const Index n = 4000;
  Vector column(n);
  for (Index i = 0; i < n; ++i) column[i] = 1e8 + (i % 2 == 0 ? 1.0 : -1.0);
  Vector sums, squares, center;
  optlite::make_dense(column.data(), n, Index{1}, n, false)
      ->moments(nullptr, sums, squares, center);
  CHECK_CLOSE(squares[0] / static_cast<double>(n), 1.0, 1e-9);
  CHECK_CLOSE(center[0], 1e8, 1e-15);
}

TEST("designs: gather copies the rows asked for, in order, repeats included") {
  for_every_design([](const Stored& stored) {
    const Index n = stored.X.rows(), d = stored.X.cols();
    const std::vector<Index> rows = {n - 1, 0, n / 2, n / 2};
    const auto copy = stored.design->gather(rows);
    CHECK_EQUAL(copy->rows(), Index{4});
    CHECK_EQUAL(copy->cols(), d);
    Matrix Z(4, 1);
    const Vector w = data::random_matrix(d, 1, 8);
    const auto read = [&](Index first, Index count, double* block) {
      for (Index i = 0; i < count; ++i) Z(first + i, 0) = block[i];
    };
    copy->pass(w.data(), 1, 0, read, nullptr);
    for (Index i = 0; i < 4; ++i) {
      CHECK_CLOSE(Z(i, 0), stored.X.row(rows[static_cast<std::size_t>(i)]).dot(w), 1e-12);
    }
  });
}

TEST("designs: Gram matrix in single precision errs within its stated bound") {
  for_every_design([](const Stored& stored) {
    const Index n = stored.X.rows(), d = stored.X.cols();
    const Vector q = data::weights(n);
    const Vector shift = data::random_matrix(d, 1, 5);
    const Vector scale = data::random_matrix(d, 1, 6).cwiseAbs();
    Matrix H;
    stored.design->weighted_gram({q.data(), shift.data(), scale.data(), true, true}, H);
    const Matrix expected = expected_gram(stored.X, q, shift, scale, true);
    const Vector root = expected.diagonal().cwiseSqrt();
    for (Index j = 0; j <= d; ++j) {
      for (Index i = j; i <= d; ++i) {
        const double allowed =
            (optlite::Design::single_precision_error + 1e-12) * root[i] * root[j];
        CHECK(std::fabs(H(i, j) - expected(i, j)) <= allowed);
      }
    }
  });
}

TEST("designs: pass and Gram matrix together are what they are apart") {
  for_every_design([](const Stored& stored) {
    const Index n = stored.X.rows(), d = stored.X.cols();
    const Matrix W = data::random_matrix(d, 1, 4);
    const auto together = [&](Matrix& H) {
      Vector q(n);
      Matrix G(d, 1);
      const auto middle = [&](Index first, Index count, double* block) {
        for (Index i = 0; i < count; ++i) {
          q[first + i] = 1.0 / (1.0 + block[i] * block[i]);
          block[i] = 2.0 * block[i] + 1.0;
        }
      };
      optlite::Design::Gram gram;
      gram.q = q.data();
      gram.border = true;
      stored.design->pass_and_gram(W.data(), 1, 1, middle, G.data(), gram, H);
      H.triangularView<Eigen::StrictlyUpper>().setZero();
      return G;
    };
    Matrix H;
    const Matrix G = together(H);
    CHECK(distance(G, expected_pass(stored, W, 1)) < 1e-12);
    const Vector q = (1.0 + data::product(stored.X, W).col(0).array().square()).inverse();
    CHECK(distance(H, expected_gram(stored.X, q, Vector::Zero(d), Vector::Ones(d), true)) < 1e-12);
    for (const int threads : {1, 3}) {
      Matrix again;
      const Matrix same = with_threads(threads, [&] { return together(again); });
      CHECK(same == G);
      CHECK(again == H);
    }
  });
}
