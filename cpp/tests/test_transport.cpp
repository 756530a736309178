// Entropic transport: sums of the plan, bounds, storage that changes no result, threads.
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

#include "check.hpp"
#include "data.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/drivers/transport.hpp"
#include "optlite/transport/bounds.hpp"
#include "optlite/transport/shared_kernel.hpp"
#include "with_threads.hpp"

namespace {

using namespace optlite;

Matrix points(Index count, unsigned seed) {
  Matrix X(2, count);
  for (Index i = 0; i < X.size(); ++i) {
    seed = seed * 1664525u + 1013904223u;
    X.data()[i] = static_cast<double>(seed >> 8) / 16777216.0;
  }
  return X;
}

/// Two clouds of points, seen as points or through their matrix.
struct Clouds {
  Matrix X, Y;  // a column is a point
  RowMatrix M;
  Clouds(Index n, Index m) : X(points(n, 1)), Y(points(m, 2)), M(n, m) {
    for (Index i = 0; i < n; ++i) M.row(i) = (Y.colwise() - X.col(i)).colwise().squaredNorm();
  }
  std::unique_ptr<transport::Cost> matrix() const {
    return transport::matrix_cost(M.data(), M.rows(), M.cols(), M.cols());
  }
  std::unique_ptr<transport::Cost> computed() const {
    return transport::points_cost(X.data(), Y.data(), X.cols(), Y.cols(), 2,
                                  transport::Metric::sqeuclidean);
  }
};

Vector uniform(Index count) { return Vector::Constant(count, 1.0 / static_cast<double>(count)); }

RowMatrix plan_of(const transport::Cost& cost, const transport::Point& point) {
  RowMatrix plan(cost.sources(), cost.targets());
  transport::write_plan(cost, point, plan.data());
  return plan;
}

/// Where a run with the method of this name ends.
transport::Point solved(const transport::Cost& cost, const char* name, double reg, double memory) {
  transport::Problem problem(cost, uniform(cost.sources()), uniform(cost.targets()), 1e-9, memory);
  const auto method = find_by_name(transport_method_table(), name)->make({});
  TransportRun run(problem, *method, reg, transport::cost_scale(cost), Vector::Zero(cost.targets()),
                   {});
  CHECK(run.run() == Status::converged);
  CHECK(run.last().error <= 1e-9);
  const auto bounds = transport::bounds(cost, problem.a(), problem.b(), run.current());
  CHECK(bounds.lower <= bounds.upper);
  CHECK(bounds.regularized >= run.last().value - 1e-12);
  CHECK(bounds.cost >= bounds.lower - 1e-9);
  const RowMatrix plan = plan_of(cost, run.current());
  CHECK((plan.rowwise().sum() - problem.a()).lpNorm<1>() <= 1e-12);
  CHECK((plan.colwise().sum().transpose() - problem.b()).lpNorm<1>() <= 1.001e-9);
  return run.current();
}

}  // namespace

TEST("transport: every method and every storage of the plan gives the same potentials") {
  const Clouds clouds(60, 70);
  const Vector expected = solved(*clouds.matrix(), "newton", 0.02, 1e9).g;
  for (const auto& row : transport_method_table()) {
    for (const double memory : {1e9, 0.0}) {
      Vector found = solved(*clouds.computed(), row.record.name.c_str(), 0.02, memory).g - expected;
      found.array() -= found.mean();
      CHECK(found.lpNorm<Eigen::Infinity>() <= 1e-8);
    }
  }
}

TEST("transport: where most entries do not matter, those that do are kept") {
  const Clouds clouds(80, 80);
  const auto cost = clouds.matrix();
  const RowMatrix whole = plan_of(*cost, solved(*cost, "newton", 2e-4, 0.0));
  const RowMatrix sparse = plan_of(*cost, solved(*cost, "newton", 2e-4, 1e9));
  CHECK((whole - sparse).lpNorm<1>() <= 1e-8);
}

TEST("transport: the bits do not depend on the number of threads") {
  const Clouds clouds(600, 500);
  const auto run = [&] { return solved(*clouds.matrix(), "newton", 0.02, 1e9).g; };
  const Vector one = with_threads(1, run);
  const Vector two = with_threads(2, run);
  CHECK((one.array() == two.array()).all());
}

TEST("transport: a plan in memory that is scaled is the plan evaluated there") {
  const Clouds clouds(90, 77);
  const auto cost = clouds.matrix();
  for (const double reg : {0.1, 0.01, 1e-3}) {
    for (const auto precision : {transport::Precision::single, transport::Precision::full}) {
      const double good = precision == transport::Precision::full ? 1e-12 : 3e-6;
      transport::Problem problem(*cost, uniform(90), uniform(77), 1e-9, 1e9);
      transport::Point at;
      at.reg = reg;
      at.g = Vector::Zero(77);
      problem.evaluate(at, precision, true);
      problem.evaluate(at, precision, true);  // now it knows which entries matter
      for (Index j = 0; j < 77; ++j) at.g[j] += reg * std::sin(static_cast<double>(j));
      const Index before = problem.n_evaluations();
      problem.move(at, precision);
      CHECK(problem.n_evaluations() == before || problem.density() < 0.1);
      transport::Point anew;
      anew.reg = reg;
      anew.g = at.g;
      transport::Problem other(*cost, uniform(90), uniform(77), 1e-9, 0.0);
      other.evaluate(anew, transport::Precision::full, false);
      CHECK((at.column_sums - anew.column_sums).lpNorm<1>() <= good);
      CHECK((at.f - anew.f).lpNorm<Eigen::Infinity>() <= good * reg);
      // Far away, factors would be too large: the plan is evaluated there.
      at.g[3] += 60.0 * reg;
      problem.move(at, precision);
      CHECK(problem.n_evaluations() > before);
    }
  }
}

/// A point at these potentials, evaluated in double and with all entries.
transport::Point evaluated(const transport::Cost& cost, double reg, const Vector& g) {
  transport::Problem problem(cost, uniform(cost.sources()), uniform(cost.targets()), 0.0, 0.0);
  transport::Point point;
  point.reg = reg;
  point.g = g;
  problem.evaluate(point, transport::Precision::full, false);
  return point;
}

TEST("transport: a plan in memory is scaled no further than what it left out allows") {
  Clouds clouds(64, 50);
  for (const double reg : {0.1, 1e-3}) {
    for (const double far : {0.0, 40.0, 80.0, 95.0}) {
      RowMatrix M = clouds.M;
      M.col(7).array() += far * reg;  // in single precision, exp(-95) has hardly a digit
      const auto cost = transport::matrix_cost(M.data(), 64, 50, 50);
      for (const auto precision : {transport::Precision::single, transport::Precision::full}) {
        const bool single = precision == transport::Precision::single;
        for (const double move : {1.0, 1.9, 2.1, 5.0, 24.0, 26.0, 45.0, 49.0, 51.0, 80.0}) {
          transport::Problem problem(*cost, uniform(64), uniform(50), 1e-9, 1e9);
          transport::Point at;
          at.reg = reg;
          at.g = Vector::LinSpaced(50, 0.0, reg);
          problem.evaluate(at, precision, true);
          problem.evaluate(at, precision, true);  // now it knows which entries matter
          const bool compressed = problem.density() < 0.1;
          CHECK(compressed == (single && reg < 0.01));
          const Index before = problem.n_evaluations();
          at.g[7] += move * reg;
          problem.move(at, precision);
          const double limit = compressed ? (single ? 2.0 : 0.0) : (single ? 25.0 : 50.0);
          CHECK((problem.n_evaluations() == before) == (move < limit));
          const transport::Point anew = evaluated(*cost, reg, at.g);
          const double good = single ? 3e-6 : 1e-12;
          CHECK((at.column_sums - anew.column_sums).lpNorm<1>() <= good);
          // What little mass there is in column 7 is right, too, or known to be lost.
          if (compressed) continue;
          const transport::Problem other(*cost, uniform(64), uniform(50), 0.0, 0.0);
          const Vector next = problem.column_step(at), expected = other.column_step(anew);
          CHECK(std::fabs(next[7] - expected[7]) <= (single ? 1e-5 : 1e-11) * (1.0 + far) * reg);
        }
      }
    }
  }
}

TEST("transport: what single precision leaves out says nothing about double") {
  const Clouds clouds(64, 50);
  const auto cost = clouds.matrix();
  transport::Problem problem(*cost, uniform(64), uniform(50), 1e-9, 1e9);
  transport::Point at;
  at.reg = 1.2e-3;  // exponents down to some hundreds: small entries, but few that are zero
  at.g = Vector::Zero(50);
  problem.evaluate(at, transport::Precision::single, true);
  problem.evaluate(at, transport::Precision::single, true);
  CHECK(problem.density() < 0.1);
  problem.evaluate(at, transport::Precision::full, true);
  CHECK(problem.density() > 0.8);
  CHECK(problem.product_work(true) <= 3.0);  // a whole plan, not a list of all its entries
}

TEST("transport: products are those of the Schur complement written out") {
  const Clouds clouds(66, 50);
  const auto cost = clouds.matrix();
  for (const double reg : {0.1, 1e-3}) {
    for (const auto precision :
         {transport::Precision::single, transport::Precision::mixed, transport::Precision::full}) {
      for (const double memory : {1e9, 0.0}) {
        transport::Problem problem(*cost, uniform(66), uniform(50), 1e-9, memory);
        transport::Point at;
        at.reg = reg;
        at.g = Vector::LinSpaced(50, 0.0, reg);
        problem.evaluate(at, precision, true);
        problem.evaluate(at, precision, true);
        for (Index j = 0; j < 50; ++j) at.g[j] += 0.3 * reg * std::cos(static_cast<double>(j));
        problem.move(at, precision);
        RowMatrix plan(66, 50);
        transport::write_plan(*cost, at, plan.data(), &problem.a());
        Matrix schur = -66.0 * data::product(plan.transpose(), plan);
        schur.diagonal() += plan.colwise().sum();
        const Vector y = Vector::LinSpaced(50, -1.0, 2.0);
        const Vector expected = data::product(schur, y);
        Vector found;
        problem.schur_product(at, y, found, false);
        const double good = precision == transport::Precision::full ? 1e-9 : 1e-6;
        CHECK((found - expected).lpNorm<1>() <= good);
        problem.schur_product(at, y, found, true);
        CHECK((found - expected).lpNorm<1>() <= good);
        CHECK((problem.schur_diagonal(at) - schur.diagonal()).lpNorm<1>() <= good);
        if (memory > 0.0) {
          problem.schur_product(at, Vector::Ones(50), found, true);
          CHECK(found.lpNorm<1>() <= 1e-9);
        }
      }
    }
  }
}

TEST("transport: small masses are as good as large ones in single precision") {
  const Clouds clouds(40, 30);
  const auto cost = clouds.matrix();
  Vector found[2];
  for (int k = 0; k < 2; ++k) {
    const double mass = k == 0 ? 1.0 : 1e-200;
    transport::Problem problem(*cost, mass * uniform(40), mass * uniform(30), 1e-9, 1e9);
    const auto method = find_by_name(transport_method_table(), "newton")->make({});
    TransportOptions options;
    options.tolerance = 1e-9 * mass;
    TransportRun run(problem, *method, 0.01, transport::cost_scale(*cost), Vector::Zero(30),
                     options);
    CHECK(run.run() == Status::converged);
    found[k] = run.current().g;
    found[k].array() -= found[k].mean();
  }
  CHECK((found[0] - found[1]).lpNorm<Eigen::Infinity>() <= 1e-8);
}

namespace {
std::atomic<bool> stop{false};
}

TEST("transport: a kernel that was interrupted is computed anew") {
  const Clouds clouds(300, 250);
  const auto cost = clouds.matrix();
  const Matrix g = Matrix::Zero(250, 1);
  const Matrix masses = uniform(300);
  Matrix minima, sums, expected, expected_sums;
  transport::SharedKernel fresh(*cost);
  CHECK(fresh.evaluate(g, masses, 0.1, expected, expected_sums));
  transport::SharedKernel kernel(*cost);
  stop = true;
  interrupt::install([] { return stop.load(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  CHECK_THROWS(interrupt::Interrupted, kernel.evaluate(g, masses, 0.1, minima, sums));
  stop = false;
  interrupt::install(nullptr);
  CHECK(kernel.evaluate(g, masses, 0.1, minima, sums));
  CHECK((minima.array() == expected.array()).all());
  CHECK((sums.array() == expected_sums.array()).all());
}
