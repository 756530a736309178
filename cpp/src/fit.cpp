#include "optlite/drivers/fit.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "optlite/core/random.hpp"
#include "optlite/problems/columns.hpp"
#include "optlite/problems/separation.hpp"

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
  const Index sample = std::max<Index>(50 * d, 2000);
  const bool tall = dense && d <= 2000 && n >= 10 * sample;
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
  // Twice as good a sample where it is a small part of the data, never more than a twentieth of the
  // rows: they are copied.
  if (plan.solver == Solver::lbfgs && tall)
    plan.sample_rows = n >= 40 * sample ? 2 * sample : std::min(sample, n / 20);
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

/// Scales (and with an intercept centres) the model's variables from the moments of `from`. False,
/// leaving the model alone, if these are not finite: NaN, infinity or overflow in the data.
bool standardize_from(GeneralizedLinear& model, const GeneralizedLinear& from) {
  Vector sums;
  Vector squares;
  Vector mean;
  from.design().moments(from.weight(), sums, squares, mean);
  const Vector variance = squares / from.total_weight();
  if (!variance.allFinite() || !mean.allFinite()) return false;
  Vector deviation = variance.cwiseSqrt();
  // Without an intercept the columns cannot be centred: their size, not their spread, counts.
  if (!model.intercept()) deviation = (variance + mean.cwiseAbs2()).cwiseSqrt();
  model.standardize(mean, deviation);
  if (&model == &from) model.set_moments(variance, mean);
  return true;
}

/// The result so far, and what it was found with.
struct Progress : FitResult {
  ColumnGram columns;  // if it was a by-product
  std::unique_ptr<Metric> metric;
  std::unique_ptr<Direction> direction;
};

/// The Hessian there as a metric. The model may hold a sample of the rows.
std::unique_ptr<Metric> hessian_metric(GeneralizedLinear& model, const Point& at, bool every_row,
                                       ColumnGram& columns) {
  if (model.outputs() == 1) {
    Matrix H;
    model.hessian(at, H);
    double used = 0.0;
    auto metric = cholesky_metric(H, 0.0, used);
    columns = ColumnGram::of_hessian(model, at.x, std::move(H), every_row, false);
    return metric;
  }
  // Several outputs: mean curvature of the classes times the Gram matrix of the columns.
  Matrix G;
  model.design().weighted_gram(model.gram_task(model.weight()), G);
  G /= model.total_weight();
  Vector penalty = Vector::Zero(G.rows());
  penalty.head(model.features()).setConstant(model.alpha());
  if (model.scale().size() > 0)
    penalty.head(model.features()).array() *= model.scale().array().square();
  auto metric = kronecker_metric(model.mean_curvature(at), G, penalty);
  columns = ColumnGram(model, std::move(G), every_row);
  return metric;
}

const char* direction_name(Solver solver) {
  switch (solver) {
    case Solver::newton: return "newton";
    case Solver::newton_cg: return "newton_cg";
    default: return "lbfgs";
  }
}

Point start_at(GeneralizedLinear& model, const Vector& theta) {
  Point p;
  p.x = theta;
  model.evaluate(p);
  return p;
}

/// Whether the Kronecker metric of classes and columns is small enough to factorise.
bool has_class_metric(const GeneralizedLinear& model) {
  return model.outputs() > 1 && model.features() <= 1000;
}

bool finite(const Point& p) { return std::isfinite(p.value) && p.gradient.allFinite(); }

/// Continues the trace of an earlier run, whose last record is this one's first.
void append_trace(const Trace& trace, Progress& result) {
  const double before = result.trace.empty() ? 0.0 : result.trace.back().seconds;
  for (std::size_t i = result.trace.empty() ? 0 : 1; i < trace.size(); ++i) {
    TraceRecord record = trace[i];
    record.iteration += result.n_iter;
    record.seconds += before;
    result.trace.push_back(record);
  }
}

/// Whether Newton's equations can be factorised, should conjugate gradients not get there: columns
/// such as the products of others leave curvatures that no diagonal scales away.
bool can_factorise(const GeneralizedLinear& model, const FitOptions& options) {
  const Index entries = model.design().rows() * model.features();
  return options.solver == Solver::automatic && model.alpha() > 0.0 && model.dimension() <= 3000 &&
         model.design().entries() == entries;
}

/// Runs one method from an evaluated point; adds its iterations to the result.
Vector descend(GeneralizedLinear& model, Solver solver, const Metric* metric, Point start,
               const FitOptions& options, Progress& result) {
  auto direction = find_by_name(direction_table(), direction_name(solver))->make({});
  const auto step_size = find_by_name(step_size_table(), "armijo")->make({});
  if (metric != nullptr) direction->use_metric(metric);
  DescentOptions descent_options;
  descent_options.tolerance = options.tolerance;
  descent_options.max_iterations = options.max_iterations - result.n_iter;
  if (solver == Solver::lbfgs) {
    // What has not converged by then needs better curvature: finish() goes on with Newton-CG.
    const Index share =
        options.solver == Solver::automatic ? 25 : std::max<Index>(50, options.max_iterations / 2);
    descent_options.max_iterations = std::min(descent_options.max_iterations, share);
  }
  if (solver == Solver::newton_cg && can_factorise(model, options)) {
    descent_options.max_iterations = std::min<Index>(descent_options.max_iterations, 25);
  }
  descent_options.diverging_below = separation_level(model);
  descent_options.record = options.record;
  Descent run(model, *direction, *step_size, std::move(start), descent_options);
  result.status = run.run();
  append_trace(run.trace(), result);
  result.n_iter += run.last().iteration;
  result.value = run.current().value;
  result.certificate = run.last().certificate;
  result.direction = std::move(direction);
  return run.current().x;
}

/// A run may end on an estimate, without a certificate (a singular Hessian has none), on a spoiled
/// matrix or out of its budget: inexact Newton steps, with the metric of where it ended, tell
/// whether that was the optimum and go on if not.
Vector finish(GeneralizedLinear& model, Solver solver, const Vector& theta,
              const FitOptions& options, Progress& result) {
  const bool doubtful =
      result.status == Status::estimated || result.status == Status::line_search_failed ||
      (result.status == Status::precision_limit &&
       (solver == Solver::lbfgs || !std::isfinite(result.certificate))) ||
      (result.status == Status::iteration_limit && result.n_iter < options.max_iterations);
  if (!doubtful) return theta;
  Vector end = theta;
  const auto has_more = [&] {
    return result.status == Status::iteration_limit && result.n_iter < options.max_iterations;
  };
  if (solver != Solver::newton_cg || !has_more()) {
    Point at = start_at(model, theta);
    result.method += ", then newton_cg";
    if (has_class_metric(model)) result.metric = hessian_metric(model, at, true, result.columns);
    end = descend(model, Solver::newton_cg, result.metric.get(), std::move(at), options, result);
  }
  if (!has_more()) return end;
  result.method += ", then newton";
  return descend(model, Solver::newton, nullptr, start_at(model, end), options, result);
}

/// Whether the columns depend on each other, so that some directions have no curvature at all.
bool is_singular(GeneralizedLinear& model, const Point& at) {
  Matrix H;
  model.hessian(at, H);
  model.fill_null_space(H);
  double used = 0.0;
  cholesky_metric(H, 0.0, used);
  return used > 0.0;
}

Vector refuse(const Vector& start, Progress& result) {
  result.status = Status::not_finite;
  return start;
}

/// Every row from the start.
Vector fit_directly(GeneralizedLinear& model, const Vector& external, Solver solver,
                    const FitOptions& options, Progress& result) {
  if (!standardize_from(model, model)) return refuse(external, result);
  Point at = start_at(model, model.to_internal(external));
  if (!finite(at)) {
    // NaN or overflow in the data: the driver reports it, no metric is worth computing.
  } else if (solver == Solver::newton && model.alpha() == 0.0 && is_singular(model, at)) {
    // A factorised singular matrix fills the directions without curvature with rounding errors.
    // Conjugate gradients never enter them: equal columns get equal coefficients.
    solver = Solver::newton_cg;
    result.method = "newton_cg (columns of X depend on each other)";
  } else if (solver == Solver::lbfgs && has_class_metric(model)) {
    result.metric = hessian_metric(model, at, true, result.columns);
  } else if (solver == Solver::lbfgs) {
    Vector diagonal;
    model.hessian_diagonal(at, diagonal);
    result.metric = diagonal_metric(std::move(diagonal));
  }
  const Vector theta = descend(model, solver, result.metric.get(), std::move(at), options, result);
  return finish(model, solver, theta, options, result);
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
    model = std::make_unique<GeneralizedLinear>(
        *design, full.loss(), y.data(), weight.empty() ? nullptr : weight.data(), full.options());
  }

  bool usable() const { return model->total_weight() > 0.0; }
};

/// Minimises a sample's objective as far as the sample is worth, through a smaller sample of it.
Vector solve_sample(GeneralizedLinear& model, const Vector& theta, const FitOptions& options) {
  const Index n = model.design().rows();
  Vector start = theta;
  if (n >= 50 * model.dimension() && n >= 4000) {
    RowSample smaller(model, n / 5);
    smaller.model->share_scaling(model);
    if (smaller.usable()) start = solve_sample(*smaller.model, theta, options);
  }
  FitOptions rough = options;
  rough.record = false;
  rough.max_iterations = 20;
  // The sample's optimum differs from the full one by about dimension / (2 n) in value: a tenth
  // of that is close enough.
  rough.tolerance = 0.05 * static_cast<double>(model.dimension()) / static_cast<double>(n);
  Progress ignored;
  if (model.outputs() == 1) {
    return descend(model, Solver::newton, nullptr, start_at(model, start), rough, ignored);
  }
  Point at = start_at(model, start);
  ignored.metric = hessian_metric(model, at, false, ignored.columns);
  return descend(model, Solver::lbfgs, ignored.metric.get(), std::move(at), rough, ignored);
}

/// The intercepts at which, without coefficients, classes are as probable as they are frequent:
/// their gradient at equal probabilities is 1 / K less the frequency.
void to_class_shares(GeneralizedLinear& model, Vector& theta) {
  const Point even = start_at(model, theta);
  const Index stride = model.features() + 1;
  const double equal = 1.0 / static_cast<double>(model.outputs());
  for (Index k = 0; k < model.outputs(); ++k) {
    const Index at = k * stride + model.features();
    theta[at] = std::log(std::max(1.0 - even.gradient[at] / equal, 1e-3));
  }
}

/// Several classes: intercepts and coefficients share curvature at the optimum, of which a metric
/// of classes times columns knows nothing. The intercepts get their columns of the Hessian at
/// theta.
std::unique_ptr<Metric> with_intercepts(GeneralizedLinear& sample, std::unique_ptr<Metric> metric,
                                        const Vector& theta) {
  std::vector<Index> intercepts;
  Matrix unit = Matrix::Zero(sample.dimension(), sample.outputs());
  for (Index k = 0; k < sample.outputs(); ++k) {
    intercepts.push_back(k * (sample.features() + 1) + sample.features());
    unit(intercepts.back(), k) = 1.0;
  }
  Matrix columns;
  sample.hessian_product(start_at(sample, theta), unit, columns, nullptr);
  return bordered_metric(std::move(metric), std::move(columns), std::move(intercepts));
}

/// The columns of more intercepts, each a product for each class, would cost more than they save.
constexpr Index most_intercepts = 32;

/// The metric of several classes from a sample. A first fit leaves theta where two steps on the
/// sample lead: the sample's optimum itself is too far from the full one for so many parameters.
std::unique_ptr<Metric> class_metric(GeneralizedLinear& sample, Vector& theta, bool cold,
                                     const FitOptions& options, ColumnGram& columns) {
  if (cold && sample.intercept()) to_class_shares(sample, theta);
  auto metric = hessian_metric(sample, start_at(sample, theta), false, columns);
  if (!sample.intercept() || sample.outputs() > most_intercepts) return metric;
  if (cold) {
    FitOptions rough = options;
    rough.record = false;
    rough.max_iterations = 2;
    Progress ignored;
    theta = descend(sample, Solver::lbfgs, metric.get(), start_at(sample, theta), rough, ignored);
  }
  return with_intercepts(sample, std::move(metric), theta);
}

/// Whether a Hessian in single precision would be close to the exact one: the smallest eigenvalue
/// must exceed what the lower bound takes away. A few rows tell.
bool single_precision_serves(const GeneralizedLinear& model, const Vector& theta) {
  RowSample few(model, std::min<Index>(model.design().rows(), 20 * model.dimension()));
  few.model->share_scaling(model);
  if (!few.usable()) return false;
  Matrix H;
  few.model->hessian(start_at(*few.model, theta), H);
  H.diagonal() *= 1.0 - 10.0 * Design::single_precision_loss(H.rows());
  return is_positive_definite(H);
}

/// Evaluates the model, and makes the Hessian there, from the same read of X, its metric and,
/// unless something had to be added to it, the reference of its certificates. Null if the data are
/// not finite.
std::unique_ptr<Metric> evaluate_with_metric(GeneralizedLinear& model, Point& at, bool single,
                                             ColumnGram& columns) {
  Matrix H;
  model.evaluate_with_hessian(at, single, H);
  if (!finite(at)) return nullptr;
  // Rows that no sample saw may be beyond single precision.
  if (single && !(H.allFinite() && is_positive_definite(H))) {
    model.hessian(at, H);
    single = false;
  }
  double used = 0.0;
  auto metric = cholesky_metric(H, 0.0, used);
  if (used == 0.0) model.set_reference(at, metric.get());
  columns = ColumnGram::of_hessian(model, at.x, std::move(H), true, single);
  return metric;
}

/// Tall data: a sample gives the starting point and, unless the Hessian of all rows is cheap or
/// needed for the certificate, the metric.
Vector fit_tall(GeneralizedLinear& model, const Vector& external, bool cold, Index sample_rows,
                const FitOptions& options, Progress& result) {
  Vector theta;
  const bool exact = model.outputs() == 1 && (model.alpha() == 0.0 || model.features() <= 128);
  bool single = false;
  double promised = infinity;  // value at the sample's optimum
  {
    RowSample sample(model, sample_rows);
    if (!sample.usable()) return fit_directly(model, external, Solver::lbfgs, options, result);
    if (!standardize_from(*sample.model, *sample.model)) return refuse(external, result);
    model.share_scaling(*sample.model);
    theta = model.to_internal(external);
    if (model.outputs() > 1) {
      result.metric = class_metric(*sample.model, theta, cold, options, result.columns);
    } else if (cold) {
      theta = solve_sample(*sample.model, theta, options);
    }
    if (cold) promised = start_at(*sample.model, theta).value;
    if (exact) {
      single = single_precision_serves(*sample.model, theta);
    } else if (model.outputs() == 1) {
      result.metric =
          hessian_metric(*sample.model, start_at(*sample.model, theta), false, result.columns);
    }
  }
  Point at;
  at.x = theta;
  if (exact) {
    result.metric = evaluate_with_metric(model, at, single, result.columns);
  } else {
    model.evaluate(at);
  }
  if (!(at.value <= promised + std::max(1.0, std::fabs(promised)))) {
    // Rows that the sample missed make nonsense of its scaling and its optimum.
    model.reset_scaling();
    result.metric.reset();
    result.columns = {};
    const Solver solver = model.dimension() <= 500 ? Solver::newton : Solver::newton_cg;
    result.method = direction_name(solver);
    return fit_directly(model, external, solver, options, result);
  }
  result.method += exact ? " from the optimum of a sample, with the Hessian there"
                         : " with the Hessian of a sample";
  theta = descend(model, Solver::lbfgs, result.metric.get(), std::move(at), options, result);
  return finish(model, Solver::lbfgs, theta, options, result);
}

// --- what is said about the system, and done where it is singular --------------------------------

/// The Gram matrix of the columns: a by-product, or read for a small part of the work done so far,
/// or that of a sample. Without a penalty the answer is worth more: coefficients depend on it.
void find_columns(GeneralizedLinear& model, Progress& result) {
  const bool free = model.alpha() == 0.0;
  if (const Matrix* H = result.direction->hessian(); H != nullptr && model.outputs() == 1) {
    result.columns =
        ColumnGram::of_hessian(model, model.to_internal(result.coefficients), *H, true, false);
  }
  if (result.columns.known() && (result.columns.final() || !free)) return;
  const double entries = static_cast<double>(model.design().entries() * model.outputs());
  // A read is bound by memory: it lasts as long as some 24 multiplications an entry.
  const double spent = 24.0 * entries * static_cast<double>(model.passes());
  const double budget = std::max(4.5e6, spent / (free ? 4.0 : 20.0));
  const Index rows = model.design().rows();
  const Index count = 4 * (model.features() + 1);
  // A Hessian of several classes took many such matrices.
  if (gram_work(model) <= budget || result.direction->hessian() != nullptr) {
    result.columns = read_column_gram(model, true);
  } else if (count < rows &&
             gram_work(model) * static_cast<double>(count) <= budget * static_cast<double>(rows)) {
    RowSample sample(model, count);
    sample.model->share_scaling(model);
    if (sample.usable()) result.columns = read_column_gram(*sample.model, false);
  }
}

/// Condition number of the system that gave the last direction.
void describe_system(const CholeskyFactor& columns, Progress& result) {
  const Metric* metric = result.metric.get();
  Spectrum spectrum = metric != nullptr ? metric->spectrum() : Spectrum{};
  Trust trust = Trust::estimate;
  if (!spectrum.known() && (metric == nullptr || !metric->factorised())) {
    spectrum = result.direction->spectrum();
    trust = Trust::lower_bound;
  } else if (!spectrum.known()) {
    spectrum = columns.spectrum();
  }
  result.conditioning.set_condition(spectrum.condition_number(), trust);
}

/// Rank of the columns, from their Gram matrix or from the Ritz values of conjugate gradients.
void describe_columns(const GeneralizedLinear& model, const CholeskyFactor& columns,
                      Progress& result) {
  const Index constant = model.intercept() ? 1 : 0;
  const Index stride = model.features() + constant;
  if (columns.ok()) {
    const bool certain = columns.rank() == stride || result.columns.final();
    result.conditioning.set_rank(columns.rank() - constant,
                                 certain ? Trust::exact : Trust::lower_bound);
    return;
  }
  Vector penalty = Vector::Zero(model.dimension());
  MatrixMap(penalty.data(), stride, model.outputs()).topRows(model.features()) =
      model.penalty_curvature(model.to_internal(result.coefficients));
  // The Hessian of K classes has K - 1 independent copies of the columns.
  const Index copies = std::max<Index>(model.outputs() - 1, 1);
  const Index bound = (result.direction->rank_bound(penalty) + copies - 1) / copies - constant;
  if (bound > 0) result.conditioning.set_rank(bound, Trust::lower_bound);
}

/// Without a penalty, columns that depend on each other share their effects: of all coefficients
/// that fit alike, those of least norm. A direction that the data do see, if barely, stays alone.
void share(GeneralizedLinear& model, const CholeskyFactor& columns, const FitOptions& options,
           Progress& result) {
  Vector shared = result.coefficients;
  share_effects(model, columns, shared);
  const double value = start_at(model, model.to_internal(shared)).value;
  const double slack = std::max(64.0 * epsilon, 0.01 * options.tolerance);
  if (!(value <= result.value + slack * std::fabs(result.value))) return;
  result.coefficients = shared;
  result.value = value;
}

void conclude(GeneralizedLinear& model, const FitOptions& options, Progress& result) {
  if (result.status == Status::not_finite || result.direction == nullptr) return;
  if (!result.coefficients.allFinite()) return;
  find_columns(model, result);
  const CholeskyFactor columns =
      result.columns.known() ? result.columns.factor() : CholeskyFactor();
  describe_system(columns, result);
  describe_columns(model, columns, result);
  const Index stride = model.dimension() / model.outputs();
  if (model.alpha() == 0.0 && columns.ok() && columns.rank() < stride && result.columns.final() &&
      result.status != Status::diverging) {
    share(model, columns, options, result);
  }
}

}  // namespace

FitResult fit(GeneralizedLinear& model, const Vector& start, const FitOptions& options) {
  const Plan plan = make_plan(model, options.solver);
  Progress result;
  result.method = direction_name(plan.solver);
  const bool cold = start.size() == 0;
  const Vector external = cold ? Vector(Vector::Zero(model.dimension())) : start;
  const Vector theta = plan.sample_rows > 0
                           ? fit_tall(model, external, cold, plan.sample_rows, options, result)
                           : fit_directly(model, external, plan.solver, options, result);
  result.coefficients = model.to_external(theta);
  conclude(model, options, result);
  result.n_passes = model.passes();
  model.reset_scaling();
  return std::move(result);
}

}  // namespace optlite
