// Transport with relaxed sums, barycenters and batches: storage changes nothing, gaps close.
#include <cmath>
#include <memory>
#include <vector>

#include "check.hpp"
#include "optlite/drivers/barycenter.hpp"
#include "optlite/drivers/relaxed_transport.hpp"
#include "optlite/drivers/transport_batch.hpp"
#include "optlite/transport/pooling.hpp"
#include "with_threads.hpp"

namespace {

using namespace optlite;

RowMatrix costs(Index n, Index m) {
  RowMatrix M(n, m);
  unsigned seed = 7;
  for (Index i = 0; i < M.size(); ++i) {
    seed = seed * 1664525u + 1013904223u;
    M.data()[i] = static_cast<double>(seed >> 8) / 16777216.0;
  }
  return M;
}

std::unique_ptr<transport::Cost> view(const RowMatrix& M) {
  return transport::matrix_cost(M.data(), M.rows(), M.cols(), M.cols());
}

Vector masses(Index count, double total) {
  Vector a = Vector::LinSpaced(count, 1.0, 2.0);
  return total / a.sum() * a;
}

/// Where a run ends, after its bounds have been checked.
template <class Marginals>
transport::RelaxedPoint solved(const RowMatrix& M, const Marginals& marginals, double reg,
                               double memory) {
  const auto cost = view(M);
  transport::ConditionalPlan plan(*cost, memory);
  RelaxedTransportRun run(plan, marginals, reg, transport::cost_scale(*cost), true, {});
  CHECK(run.run() == Status::converged);
  const auto bounds = transport::relaxed_bounds(*cost, marginals, run.current());
  CHECK(bounds.lower <= bounds.upper + 1e-12);
  CHECK(bounds.regularized >= run.last().value - 1e-12);
  CHECK(bounds.regularized <= run.last().value + 1e-7);
  return run.current();
}

template <class Marginals>
void compare_storages(const Marginals& marginals, double reg) {
  const RowMatrix M = costs(30, 40);
  const transport::RelaxedPoint kept = solved(M, marginals, reg, 1e9);
  const transport::RelaxedPoint computed = solved(M, marginals, reg, 0.0);
  CHECK((kept.row_sums - computed.row_sums).lpNorm<1>() <= 1e-8);
  CHECK((kept.column_sums - computed.column_sums).lpNorm<1>() <= 1e-8);
}

}  // namespace

TEST("transport variants: shares that are kept and shares computed anew give the same sums") {
  for (const double reg : {0.3, 0.003}) {
    compare_storages(transport::SoftMarginals(masses(30, 1.0), masses(40, 2.0), 0.5, 2.0, true),
                     reg);
    compare_storages(
        transport::SoftMarginals(masses(30, 1.0), masses(40, 2.0), infinity, 2.0, false), reg);
    compare_storages(transport::CappedMarginals(masses(30, 1.0), masses(40, 2.0), 0.7), reg);
  }
}

TEST("transport variants: the level of capped masses makes their sum") {
  Vector T(3);
  T << 0.0, 1.0, -2.0;
  const Vector caps = Vector::Constant(3, 0.5);
  for (const double mass : {1e-9, 0.4, 0.9, 1.3, 1.5}) {
    const double t = transport::capped_level(T, caps.array().log(), mass, 0.1);
    const double sum = ((t - T.array()) / 0.1).exp().min(caps.array()).sum();
    CHECK(std::fabs(sum - mass) <= 1e-12);
  }
}

TEST("transport variants: pooled masses sum to what was asked for") {
  const Vector T = Vector::LinSpaced(50, -3.0, 3.0);
  const Vector a = masses(50, 1.0);
  for (const double mass : {1e-12, 0.3, 1.0 - 1e-12}) {
    for (const double reg : {1e-6, 1.0}) {
      const transport::Pooled pooled = transport::pool(T, a, mass, reg);
      CHECK(std::fabs(pooled.sent.sum() - mass) <= 1e-14);
      CHECK((pooled.sent + pooled.kept - a).lpNorm<1>() <= 1e-14);
    }
  }
}

TEST("transport variants: the barycenter of one histogram twice is that of it once") {
  const RowMatrix M = costs(20, 25);
  const auto cost = view(M);
  Matrix twice(20, 2);
  twice << masses(20, 1.0), masses(20, 1.0);
  BarycenterRun one(*cost, twice.leftCols(1), Vector::Ones(1), 0.05, 1.0, true, false, 1e9, {});
  BarycenterRun two(*cost, twice, Vector::Constant(2, 0.5), 0.05, 1.0, true, false, 0.0, {});
  CHECK(one.run() == Status::converged);
  CHECK(two.run() == Status::converged);
  CHECK((one.barycenter() - two.barycenter()).lpNorm<1>() <= 1e-9);
  const auto bounds = barycenter_bounds(*cost, twice, Vector::Constant(2, 0.5), 0.05,
                                        two.potentials(), two.barycenter());
  CHECK(bounds.lower <= bounds.upper);
  CHECK(std::fabs(bounds.regularized - two.last().value) <= 1e-8);
}

TEST("transport variants: a batch has the bits of its problems, for any number of threads") {
  std::vector<RowMatrix> all;
  for (Index k = 0; k < 5; ++k) all.push_back(costs(20 + k, 30));
  all.push_back(costs(4, 700));  // large by its columns
  const auto& method = *find_by_name(transport_method_table(), "newton");
  const auto solve = [&] {
    std::vector<TransportTask> tasks;
    for (const RowMatrix& M : all) {
      tasks.push_back({view(M), masses(M.rows(), 1.0), masses(M.cols(), 1.0), 0.02, 1.0, 1e-9});
    }
    return solve_transport_batch(tasks, method, {}, 1e-9, 1e9, {});
  };
  const auto one = with_threads(1, solve);
  const auto two = with_threads(2, solve);
  for (std::size_t k = 0; k < all.size(); ++k) {
    CHECK(one[k].status == Status::converged);
    CHECK((one[k].g.array() == two[k].g.array()).all());
    const auto cost = view(all[k]);
    transport::Problem problem(*cost, masses(all[k].rows(), 1.0), masses(all[k].cols(), 1.0), 1e-9,
                               1e9);
    const auto own = method.make({});
    TransportOptions options;
    options.tolerance = 1e-9;
    TransportRun run(problem, *own, 0.02, 1.0, Vector::Zero(all[k].cols()), options);
    run.run();
    CHECK((one[k].g.array() == run.current().g.array()).all());
  }
}
