// Objectives against finite differences, fits against their own optimality conditions.
#include <cmath>

#include "check.hpp"
#include "data.hpp"
#include "optlite/drivers/fit.hpp"
#include "optlite/linalg/metric.hpp"
#include "optlite/linalg/small_matrices.hpp"
#include "optlite/problems/generalized_linear.hpp"
#include "with_threads.hpp"

using data::Stored;
using optlite::GeneralizedLinear;
using optlite::Index;
using optlite::Matrix;
using optlite::ObjectiveRow;
using optlite::Point;
using optlite::Vector;

namespace {

/// A model together with everything that it keeps by reference.
struct Problem {
  Stored stored;
  Index outputs;
  Vector y, weight;
  GeneralizedLinear model;

  Problem(const ObjectiveRow& loss, const std::string& storage, Index rows, Index cols,
          bool intercept, bool weighted, double alpha)
      : stored(storage, rows, cols, 17),
        outputs(loss.one_margin ? 1 : 3),
        y(data::targets(loss.target, stored.X, outputs)),
        weight(weighted ? data::weights(rows) : Vector()),
        model(*stored.design, loss, y.data(), weighted ? weight.data() : nullptr,
              options(outputs, intercept, alpha)) {}

  static optlite::ModelOptions options(Index outputs, bool intercept, double alpha) {
    optlite::ModelOptions result;
    result.outputs = outputs;
    result.intercept = intercept;
    result.alpha = alpha;
    return result;
  }
};

Point at(GeneralizedLinear& model, const Vector& x) {
  Point p;
  p.x = x;
  model.evaluate(p);
  return p;
}

/// Every loss, storage, with and without intercept and weights.
template <class Body>
void for_every_problem(Index rows, Index cols, Body body) {
  for (const ObjectiveRow& loss : optlite::objective_table()) {
    for (const std::string& storage : data::storages()) {
      for (const bool plain : {true, false}) {
        Problem problem(loss, storage, rows, cols, !plain, !plain, plain ? 0.1 : 0.03);
        const int before = check::failures();
        body(problem);
        if (check::failures() > before) {
          std::printf("  in: %s, %s, %s\n", loss.record.name.c_str(), storage.c_str(),
                      plain ? "plain" : "with intercept and weights");
        }
      }
    }
  }
}

Vector numerical_gradient(GeneralizedLinear& model, const Vector& x) {
  Vector gradient(x.size());
  const double h = 1e-5;
  for (Index j = 0; j < x.size(); ++j) {
    Vector up = x, down = x;
    up[j] += h;
    down[j] -= h;
    gradient[j] = (at(model, up).value - at(model, down).value) / (2.0 * h);
  }
  return gradient;
}

}  // namespace

TEST("models: value is the formula") {
  for (const ObjectiveRow& loss : optlite::objective_table()) {
    Problem problem(loss, "row-major double", 40, 4, true, true, 0.05);
    const Vector x = 0.2 * data::random_matrix(problem.model.dimension(), 1, 2);
    // The parameters of each output: the features, then the intercept.
    const Matrix W = Eigen::Map<const Matrix>(x.data(), 5, problem.outputs);
    Matrix Z = data::product(problem.stored.X, W.topRows(4));
    Z.rowwise() += W.row(4);
    double sum = 0.0;
    for (Index i = 0; i < 40; ++i) {
      const Vector z = Z.row(i);
      sum += loss.value({}, 1, problem.outputs, z.data(), &problem.y[i], &problem.weight[i]);
    }
    const double expected = sum / problem.weight.sum() + 0.05 * 0.5 * W.topRows(4).squaredNorm();
    CHECK_CLOSE(at(problem.model, x).value, expected, 1e-13);
  }
}

TEST("models: gradient is the derivative of the value") {
  for_every_problem(50, 4, [](Problem& problem) {
    const Vector x = 0.2 * data::random_matrix(problem.model.dimension(), 1, 3);
    const Vector gradient = at(problem.model, x).gradient;
    CHECK(data::difference(gradient, numerical_gradient(problem.model, x)) < 1e-8);
  });
}

TEST("models: Hessian products, Hessian and gradient agree") {
  for_every_problem(50, 4, [](Problem& problem) {
    GeneralizedLinear& model = problem.model;
    const Index p = model.dimension();
    const Vector x = 0.2 * data::random_matrix(p, 1, 4);
    const Matrix V = data::random_matrix(p, 3, 5);
    const Point here = at(model, x);
    Matrix product, H;
    model.hessian_product(here, V, product, nullptr);
    model.hessian(here, H);
    const Matrix full = H.selfadjointView<Eigen::Lower>();
    CHECK(data::difference(product, data::product(full, V)) < 1e-11);
    // The Hessian of Huber's loss jumps, so a difference of gradients may meet a jump.
    if (model.loss().record.name == "huber") return;
    const double h = 1e-5;
    const Vector v = V.col(0);
    const Vector difference =
        (at(model, x + h * v).gradient - at(model, x - h * v).gradient) / (2.0 * h);
    CHECK(data::difference(product.col(0), difference) < 1e-7);
  });
}

TEST("models: line searches on cached margins see the same function") {
  for_every_problem(60, 5, [](Problem& problem) {
    GeneralizedLinear& model = problem.model;
    const Point a = at(model, 0.1 * data::random_matrix(model.dimension(), 1, 6));
    Point b = at(model, 0.1 * data::random_matrix(model.dimension(), 1, 7));
    const double t = 0.3;
    const Point expected = at(model, a.x + t * (b.x - a.x));
    CHECK_CLOSE(model.line_value(a, b, t), expected.value, 1e-13);
    model.move_on_line(a, b, t);
    CHECK_CLOSE(b.value, expected.value, 1e-13);
    CHECK(data::difference(b.gradient, expected.gradient) < 1e-12);
  });
}

TEST("models: scaled and centred variables describe the same function") {
  for_every_problem(60, 5, [](Problem& problem) {
    GeneralizedLinear& model = problem.model;
    const Vector x = 0.2 * data::random_matrix(model.dimension(), 1, 8);
    const double expected = at(model, x).value;
    model.standardize(data::random_matrix(5, 1, 9), data::random_matrix(5, 1, 10).cwiseAbs());
    const Vector theta = model.to_internal(x);
    CHECK_CLOSE(at(model, theta).value, expected, 1e-11);
    CHECK(data::difference(model.to_external(theta), x) < 1e-11);
    const Vector gradient = at(model, theta).gradient;
    CHECK(data::difference(gradient, numerical_gradient(model, theta)) < 1e-7);
  });
}

TEST("fit: every solver reaches a stationary point that the others confirm") {
  for_every_problem(120, 5, [](Problem& problem) {
    double best = HUGE_VAL;
    for (const optlite::Solver solver : {optlite::Solver::automatic, optlite::Solver::newton,
                                         optlite::Solver::newton_cg, optlite::Solver::lbfgs}) {
      optlite::FitOptions options;
      options.solver = solver;
      options.tolerance = 1e-10;
      options.max_iterations = 500;
      options.record = true;
      const optlite::FitResult result = optlite::fit(problem.model, Vector(), options);
      CHECK(result.status == optlite::Status::converged ||
            result.status == optlite::Status::estimated);
      const Point found = at(problem.model, result.coefficients);
      CHECK_CLOSE(found.value, result.value, 1e-12);
      CHECK(found.gradient.norm() < 1e-4);
      if (best == HUGE_VAL) best = found.value;
      CHECK_CLOSE(found.value, best, 1e-8);
      CHECK(!result.trace.empty());
    }
  });
}

TEST("fit: the certificate bounds the distance to the minimum") {
  for_every_problem(120, 5, [](Problem& problem) {
    optlite::FitOptions exact;
    exact.tolerance = 1e-13;
    exact.max_iterations = 500;
    const double minimum = optlite::fit(problem.model, Vector(), exact).value;
    for (const double size : {0.01, 0.3}) {
      const Point p =
          at(problem.model, size * data::random_matrix(problem.model.dimension(), 1, 2));
      const double bound = problem.model.certificate(p);
      CHECK(bound >= (p.value - minimum) * (1.0 - 1e-9) - 1e-12);
    }
  });
}

TEST("fit: least squares solves the normal equations") {
  const ObjectiveRow& loss = *optlite::find_by_name(optlite::objective_table(), "least_squares");
  Problem problem(loss, "column-major double", 200, 6, false, false, 0.5);
  optlite::FitOptions options;
  options.tolerance = 1e-14;
  const Vector w = optlite::fit(problem.model, Vector(), options).coefficients;
  const Matrix& X = problem.stored.X;
  Matrix A = data::product(X.transpose(), X) / 200.0;
  A.diagonal().array() += 0.5;
  const Matrix right = data::product(X.transpose(), problem.y) / 200.0;
  CHECK(data::difference(data::product(A, w), right) < 1e-8);
}

TEST("fit: tall data take the route through a sample, with the same bits for any threads") {
  for (const char* name : {"logistic", "multinomial"}) {
    const ObjectiveRow& loss = *optlite::find_by_name(optlite::objective_table(), name);
    Problem problem(loss, "row-major double", 24000, 4, true, true, 0.01);
    const auto run = [&] { return optlite::fit(problem.model, Vector(), optlite::FitOptions()); };
    const optlite::FitResult one = with_threads(1, run);
    CHECK(one.status == optlite::Status::converged);
    CHECK(one.method.find("sample") != std::string::npos);
    CHECK(at(problem.model, one.coefficients).gradient.norm() < 1e-4);
    CHECK(with_threads(3, run).coefficients == one.coefficients);
  }
}

TEST("models: value, gradient and Hessian from one read; single precision stays below") {
  for_every_problem(300, 7, [](Problem& problem) {
    GeneralizedLinear& model = problem.model;
    if (model.outputs() > 1) return;
    const Vector x = 0.3 * data::random_matrix(model.dimension(), 1, 8);
    Point expected = at(model, x);
    Matrix exact;
    model.hessian(expected, exact);
    for (const bool single : {false, true}) {
      Point p;
      p.x = x;
      Matrix H;
      model.evaluate_with_hessian(p, single, H);
      CHECK_CLOSE(p.value, expected.value, 1e-13);
      CHECK((p.gradient - expected.gradient).norm() <= 1e-12 * expected.gradient.norm());
      const Matrix lost = Matrix((exact - H).selfadjointView<Eigen::Lower>());
      Vector values;
      Matrix vectors;
      optlite::symmetric_eigen(lost, values, vectors);
      const double size = exact.diagonal().cwiseAbs().maxCoeff();
      CHECK(values.minCoeff() >= -1e-13 * size);
      CHECK(values.maxCoeff() <=
            (single ? 2.0 * optlite::Design::single_precision_loss(H.rows()) : 1e-13) * size);
    }
  });
}

TEST("metrics: a border of known columns is solved exactly, and shortened where it must be") {
  const Index n = 9;
  const std::vector<Index> border = {2, 5, 8};
  const Matrix root = data::random_matrix(n, n, 3);
  const Matrix H = data::product(root, root.transpose()) + Matrix::Identity(n, n);
  Matrix inner = H;
  for (const Index b : border) {
    inner.row(b).setZero();
    inner.col(b).setZero();
    inner(b, b) = 1.0;
  }
  Matrix columns(n, 3);
  for (Index k = 0; k < 3; ++k) columns.col(k) = H.col(border[static_cast<std::size_t>(k)]);
  const Vector g = data::random_matrix(n, 1, 4);
  Vector out;
  double used = 0.0;
  optlite::bordered_metric(optlite::cholesky_metric(inner, 0.0, used), columns, border)
      ->solve(g, out);
  CHECK((data::product(H, out) - g).norm() <= 1e-12 * g.norm());
  // With a fiftieth of the inner matrix the whole has negative eigenvalues; the metric has none.
  optlite::bordered_metric(optlite::cholesky_metric(0.02 * inner, 0.0, used), columns, border)
      ->solve(g, out);
  CHECK(out.dot(g) > 0.0);
  Matrix inverse(n, n);
  const auto metric =
      optlite::bordered_metric(optlite::cholesky_metric(0.02 * inner, 0.0, used), columns, border);
  for (Index j = 0; j < n; ++j) {
    metric->solve(Matrix::Identity(n, n).col(j), out);
    inverse.col(j) = out;
  }
  CHECK((inverse - inverse.transpose()).norm() <= 1e-12 * inverse.norm());
  CHECK(optlite::symmetric_eigenvalues(inverse).minCoeff() > 0.0);
}

TEST("models: the gap through better intercepts is a bound, and closer than Cauchy's") {
  for (const bool weighted : {false, true}) {
    Problem problem(*optlite::find_by_name(optlite::objective_table(), "multinomial"),
                    "row-major double", 400, 4, true, weighted, 1e-2);
    GeneralizedLinear& model = problem.model;
    optlite::FitOptions options;
    options.tolerance = 1e-13;
    const optlite::FitResult best = optlite::fit(model, Vector(), options);
    Vector x = best.coefficients;
    for (Index k = 0; k < 3; ++k) x[k * 5 + 4] += 0.01 * static_cast<double>(k * k);
    const Point p = at(model, x);
    const double above = p.value - best.value;
    // As much as the gradient in the coefficients allows at least: Cauchy's inequality adds to it.
    const double norm = optlite::ConstMatrixMap(p.gradient.data(), 5, 3).topRows(4).norm();
    const double wide = model.certificate_below(p, 1e9);
    const double close = model.certificate_below(p, 1.0001 * norm * norm / (2.0 * 1e-2));
    CHECK(above > 0.0 && close >= above);
    CHECK(close < 0.5 * wide);
  }
}
