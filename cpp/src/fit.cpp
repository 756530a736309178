#include "optlite/drivers/fit.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "optlite/core/random.hpp"

namespace optlite {

namespace {

/// What the choice of method rests on: multiplications per read of X, and per Hessian.
struct Plan {
  Solver solver = Solver::newton;
  Index sample_rows = 0;  // > 0: start from, and take the metric of, a subsample of the rows
};

double hessian_work(const GeneralizedLinear& model) {
  const double d = static_cast<double>(model.features());
  const double K = static_cast<double>(model.outputs());
  const double p = d * K;
  return static_cast<double>(model.design().entries()) * d / 2.0 * K * (K + 1.0) / 2.0 +
         p * p * p / 3.0;
}

Plan make_plan(const GeneralizedLinear& model, Solver wanted) {
  const Index n = model.design().rows();
  const Index d = model.features();
  const Index p = model.dimension();
  const bool dense = model.design().entries() == n * d;
  const double pass = 2.0 * static_cast<double>(model.design().entries() * model.outputs());
  Plan plan;
  plan.solver = wanted;
  // A sample serves if it determines the metric well (its Hessian errs by about sqrt(d / rows)).
  const Index sample = std::max<Index>(40 * d, 2000);
  const bool tall = dense && d <= 2000 && n >= 5 * sample;
  if (wanted == Solver::automatic) {
    // About six Newton steps against some forty reads of X for the others.
    const bool cheap_hessian = p <= 3000 && 6.0 * hessian_work(model) <= 60.0 * pass + 2e8;
    if (tall) {
      plan.solver = Solver::lbfgs;
    } else if (model.outputs() > 1 && dense && d <= 1000) {
      plan.solver = cheap_hessian && p <= 100 ? Solver::newton : Solver::lbfgs;
    } else {
      plan.solver = cheap_hessian && dense ? Solver::newton : Solver::newton_cg;
    }
  }
  if (plan.solver == Solver::lbfgs && tall) plan.sample_rows = sample;
  return plan;
}

/// One row from each of `count` equal strata, so that sorted or periodic data are covered.
std::vector<Index> stratified_rows(Index n, Index count) {
  const Philox random(20, 11);
  std::vector<Index> rows(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    const Index begin = n * i / count;
    const Index end = n * (i + 1) / count;
    rows[static_cast<std::size_t>(i)] =
        begin + random.below(static_cast<std::uint64_t>(i), end - begin);
  }
  return rows;
}

/// Scales (and with an intercept centres) the model's variables from the moments of `from`.
void standardize_from(GeneralizedLinear& model, const GeneralizedLinear& from) {
  Vector sums;
  Vector squares;
  Vector mean;
  from.design().moments(from.weight(), sums, squares, mean);
  const Vector variance = squares / from.total_weight();
  Vector deviation = variance.cwiseSqrt();
  // Without an intercept the columns cannot be centred: their size, not their spread, counts.
  if (!model.intercept()) deviation = (variance + mean.cwiseAbs2()).cwiseSqrt();
  model.standardize(mean, deviation);
  if (&model == &from) model.set_second_moment(variance, mean);
}

std::unique_ptr<Metric> hessian_metric(GeneralizedLinear& model, const Point& at) {
  if (model.outputs() == 1) {
    Matrix H;
    model.hessian(at, H);
    double used = 0.0;
    return cholesky_metric(H, 0.0, used);
  }
  // Several outputs: mean curvature of the classes times the Gram matrix of the columns.
  Matrix G;
  model.design().weighted_gram(model.weight(), model.shift().size() > 0 ? model.shift().data() : nullptr,
                               model.scale().size() > 0 ? model.scale().data() : nullptr,
                               model.intercept(), G);
  G /= model.total_weight();
  Vector penalty = Vector::Zero(G.rows());
  penalty.head(model.features()).setConstant(model.alpha());
  if (model.scale().size() > 0) penalty.head(model.features()).array() *= model.scale().array().square();
  return kronecker_metric(model.mean_curvature(at), G, penalty);
}

const char* direction_name(Solver solver) {
  switch (solver) {
    case Solver::newton: return "newton";
    case Solver::newton_cg: return "newton_cg";
    default: return "lbfgs";
  }
}

/// Runs one method from theta; appends to the result.
Vector descend(GeneralizedLinear& model, Solver solver, const Metric* metric, const Vector& theta,
               const FitOptions& options, FitResult& result) {
  const auto direction = find_by_name(direction_table(), direction_name(solver))->make({});
  const auto step_size = find_by_name(step_size_table(), "armijo")->make({});
  if (metric != nullptr) direction->use_metric(metric);
  DescentOptions descent_options;
  descent_options.tolerance = options.tolerance;
  descent_options.max_iterations = options.max_iterations - result.n_iter;
  descent_options.record = options.record;
  Descent run(model, *direction, *step_size, theta, descent_options);
  result.status = run.run();
  for (TraceRecord record : run.trace()) {
    record.iteration += result.n_iter;
    result.trace.push_back(record);
  }
  result.n_iter += run.last().iteration;
  result.value = run.current().value;
  result.certificate = run.last().certificate;
  return run.current().x;
}

/// The same model on a sample of the rows.
struct RowSample {
  std::vector<double> y;
  std::vector<double> weight;
  std::unique_ptr<Design> design;
  std::unique_ptr<GeneralizedLinear> model;

  RowSample(const GeneralizedLinear& full, Index count) {
    const std::vector<Index> rows = stratified_rows(full.design().rows(), count);
    design = full.design().gather(rows);
    y.reserve(rows.size());
    for (const Index i : rows) {
      y.push_back(full.targets()[i]);
      if (full.weight() != nullptr) weight.push_back(full.weight()[i]);
    }
    model = std::make_unique<GeneralizedLinear>(*design, full.loss(), y.data(),
                                                weight.empty() ? nullptr : weight.data(),
                                                full.options());
  }
};

}  // namespace

FitResult fit(GeneralizedLinear& model, const Vector& start, const FitOptions& options) {
  const Plan plan = make_plan(model, options.solver);
  FitResult result;
  result.method = direction_name(plan.solver);
  Vector external = start.size() > 0 ? start : Vector(Vector::Zero(model.dimension()));
  std::unique_ptr<Metric> metric;
  Vector theta;
  if (plan.sample_rows > 0) {
    RowSample sample(model, plan.sample_rows);
    standardize_from(*sample.model, *sample.model);
    if (model.intercept()) {
      standardize_from(model, model);
    } else {
      model.share_scaling(*sample.model);
    }
    sample.model->share_scaling(model);
    theta = model.to_internal(external);
    if (start.size() == 0) {
      FitOptions rough = options;
      rough.solver = Solver::newton;
      rough.tolerance = 1e-3 * static_cast<double>(model.dimension()) /
                        static_cast<double>(plan.sample_rows);
      rough.record = false;
      FitResult ignored;
      theta = descend(*sample.model, model.outputs() == 1 ? Solver::newton : Solver::lbfgs, nullptr,
                      theta, rough, ignored);
    }
    Point at;
    at.x = theta;
    sample.model->evaluate(at);
    metric = hessian_metric(*sample.model, at);
    result.method += " with the Hessian of a sample of " + std::to_string(plan.sample_rows) + " rows";
  } else {
    standardize_from(model, model);
    theta = model.to_internal(external);
    if (plan.solver == Solver::lbfgs) {
      Point at;
      at.x = theta;
      model.evaluate(at);
      if (model.outputs() > 1 && model.features() <= 1000) {
        metric = hessian_metric(model, at);
      } else {
        Vector diagonal;
        model.hessian_diagonal(at, diagonal);
        metric = diagonal_metric(std::move(diagonal));
      }
    }
  }
  theta = descend(model, plan.solver, metric.get(), theta, options, result);
  if (result.status == Status::line_search_failed || result.status == Status::precision_limit) {
    // A fresh, exact direction tells a true end from a spoiled quasi-Newton matrix.
    theta = descend(model, Solver::newton_cg, metric.get(), theta, options, result);
  }
  result.coefficients = model.to_external(theta);
  result.n_passes = model.passes();
  model.reset_scaling();
  return result;
}

}  // namespace optlite
