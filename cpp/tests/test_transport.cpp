// Entropic transport: sums of the plan, bounds, storage that changes no result, threads.
#include <vector>

#include "check.hpp"
#include "optlite/drivers/transport.hpp"
#include "optlite/transport/bounds.hpp"
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
