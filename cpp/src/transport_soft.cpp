#include <cmath>

#include "optlite/transport/bounds.hpp"
#include "optlite/transport/cost_rows.hpp"
#include "optlite/transport/exponentials.hpp"
#include "optlite/transport/relaxed.hpp"

namespace optlite::transport {

namespace {

double log_sum_exp(const Vector& z) {
  const double largest = z.maxCoeff();
  return largest + std::log((z.array() - largest).exp().sum());
}

/// log of a exp(-u / rho); an infinite rho fixes the sums.
Vector log_response(const Vector& log_a, const Vector& u, double rho) {
  return rho == infinity ? log_a : (log_a - u / rho).eval();
}

/// sum a rho (1 - exp(-u / rho)), the dual value of one side; its limit is <a, u>.
double dual_term(const Vector& a, const Vector& u, double rho) {
  if (rho == infinity) return a.dot(u);
  double sum = 0.0;
  for (Index i = 0; i < a.size(); ++i) sum -= a[i] * std::expm1(-u[i] / rho);
  return rho * sum;
}

/// rho KL(p | a) = rho sum p log(p / a) - p + a; zero for fixed sums, which p has.
double penalty(const Vector& p, const Vector& a, double rho) {
  if (rho == infinity) return 0.0;
  double sum = 0.0;
  for (Index i = 0; i < a.size(); ++i) {
    sum += (p[i] > 0.0 ? p[i] * std::log(p[i] / a[i]) : 0.0) - p[i] + a[i];
  }
  return rho * sum;
}

double reciprocal(double rho) { return rho == infinity ? 0.0 : 1.0 / rho; }

/// The logarithms of the best sums of one side, whose soft minima are given, and the constant that
/// must be added to these, and taken from the potentials of the other side, whose masses have the
/// logarithm `other`.
struct Fit {
  Vector logs;
  double constant;
};

Fit fit(const Vector& soft_minima, const Vector& log_a, double rho, double reg, bool product,
        double other, double other_rho) {
  const double share = reciprocal(rho + reg);
  Fit result{log_a, 0.0};
  if (rho != infinity) {
    result.logs = share * ((product ? rho + reg : rho) * log_a - soft_minima);
  }
  result.constant = (log_sum_exp(result.logs) - other) / (share + reciprocal(other_rho));
  result.logs.array() -= share * result.constant;
  return result;
}

}  // namespace

SoftMarginals::SoftMarginals(Vector a, Vector b, double rho_a, double rho_b, bool product_reference)
    : a_(std::move(a)),
      b_(std::move(b)),
      log_a_(a_.array().log()),
      log_b_(b_.array().log()),
      rho_a_(rho_a),
      rho_b_(rho_b),
      product_(product_reference) {}

/// Less what R adds to the exponent.
Vector SoftMarginals::relative_f(const RelaxedPoint& at) const {
  return product_ ? (at.f - at.reg * log_a_).eval() : at.f;
}

Vector SoftMarginals::relative_g(const RelaxedPoint& at) const {
  return product_ ? (at.g - at.reg * log_b_).eval() : at.g;
}

double SoftMarginals::reference_mass() const {
  if (product_) return a_.sum() * b_.sum();
  return static_cast<double>(a_.size()) * static_cast<double>(b_.size());
}

void SoftMarginals::fit_rows(const Vector& soft_minima, RelaxedPoint& at) const {
  const double other = log_sum_exp(log_response(log_b_, relative_g(at), rho_b_));
  const Fit rows = fit(soft_minima, log_a_, rho_a_, at.reg, product_, other, rho_b_);
  at.multiplier = rows.constant;
  at.f = at.reg * rows.logs + soft_minima;
  at.row_sums = rows.logs.array().exp();
}

Vector SoftMarginals::fit_columns(const Vector& logs, const RelaxedPoint& at) const {
  const double other = log_sum_exp(log_response(log_a_, relative_f(at), rho_a_));
  const Fit columns = fit(-at.reg * logs, log_b_, rho_b_, at.reg, product_, other, rho_a_);
  return at.reg * (columns.logs - logs);
}

void SoftMarginals::judge(RelaxedPoint& at) const {
  const Vector f = relative_f(at).array() + at.multiplier;
  const Vector g = relative_g(at).array() - at.multiplier;
  at.gradient = log_response(log_b_, g, rho_b_).array().exp().matrix() - at.column_sums;
  at.value = dual_term(a_, f, rho_a_) + dual_term(b_, g, rho_b_) -
             at.reg * (at.row_sums.sum() - reference_mass());
  at.error = at.gradient.lpNorm<1>();
}

RelaxedCurvature SoftMarginals::curvature(ConditionalPlan&, const RelaxedPoint& at) const {
  const double share = reciprocal(rho_a_ + at.reg);
  const Vector own = at.reg * reciprocal(rho_b_) * (at.gradient + at.column_sums);
  RelaxedCurvature result;
  result.weights = rho_a_ == infinity ? at.row_sums : (rho_a_ * share * at.row_sums).eval();
  result.diagonal = at.column_sums + own;
  result.excess = at.reg * share * at.column_sums + own;
  result.held = Vector::Constant(at.g.size(), std::nan(""));
  return result;
}

RelaxedBounds relaxed_bounds(const Cost& cost, const SoftMarginals& marginals,
                             const RelaxedPoint& at) {
  const Vector& a = marginals.a();
  const Vector& b = marginals.b();
  const double rho_a = marginals.rho_a();
  const double rho_b = marginals.rho_b();
  RelaxedPoint allowed = at;
  if (rho_b == infinity) {
    allowed.g.array() += at.reg * (b.array() / at.column_sums.array().max(1e-300)).log();
  }
  Point point;
  point.reg = at.reg;
  point.g = allowed.g;
  point.f = at.f;
  allowed.row_sums.resize(cost.sources());
  Vector costs_of_rows(cost.sources());
  RowParts parts(cost);
  parts.sum(
      40.0,
      [&](Index, Index first, Index last, double* p, Vector& own) {
        CostRows rows(cost, last, p);
        Vector buffer(cost.targets());
        for (Index i = first; i < last; ++i) {
          const double* costs = rows.row(i, buffer.data());
          allowed.row_sums[i] = plan_row(costs, cost.targets(), point, i, p);
          costs_of_rows[i] = cost_of_row(cost.targets(), costs, p);
          own += ConstVectorMap(p, cost.targets());
        }
      },
      allowed.column_sums);
  const double penalties =
      penalty(allowed.row_sums, a, rho_a) + penalty(allowed.column_sums, b, rho_b);
  RelaxedBounds result;
  result.cost = costs_of_rows.sum();
  result.upper = result.cost + penalties;
  // <C, P> + reg KL(P | R) without another logarithm, as log P is a sum of potentials and costs.
  result.regularized = marginals.relative_f(at).dot(allowed.row_sums) +
                       marginals.relative_g(allowed).dot(allowed.column_sums) -
                       at.reg * (allowed.row_sums.sum() - marginals.reference_mass()) + penalties;
  Transforms best = transforms(cost, marginals.relative_g(at), infinity);
  const double log_a = log_sum_exp(log_response(a.array().log(), best.f, rho_a));
  const double log_b = log_sum_exp(log_response(b.array().log(), best.g, rho_b));
  const double constant = (log_a - log_b) / (reciprocal(rho_a) + reciprocal(rho_b));
  best.f.array() += constant;
  best.g.array() -= constant;
  result.lower = dual_term(a, best.f, rho_a) + dual_term(b, best.g, rho_b);
  if (std::isnan(result.lower)) result.lower = -infinity;
  if (std::isnan(result.upper)) result.upper = infinity;
  if (std::isnan(result.regularized)) result.regularized = infinity;
  return result;
}

}  // namespace optlite::transport
