#include "optlite/drivers/barycenter.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/conjugate_gradients.hpp"
#include "optlite/transport/bounds.hpp"
#include "optlite/transport/selected.hpp"

namespace optlite {

namespace {

constexpr double forcing = 0.01;
constexpr Index most_products = 1000;
constexpr double longest_move = 20.0;  // in units of reg

double range(const Matrix& m) { return m.maxCoeff() - m.minCoeff(); }

/// Points with little mass, which the error hardly shows, matter at the next stage.
TransportOptions careful(TransportOptions options) {
  options.stage_tolerance = 1e-5;
  return options;
}

}  // namespace

/// One histogram and its plan.
struct BarycenterRun::Block {
  transport::SelectedRows cost;
  Vector a, log_a;
  transport::ConditionalPlan plan;

  Block(const transport::Cost& whole, const Vector& masses, double memory)
      : cost(whole, transport::positive_entries(masses)),
        a(transport::selected(masses, transport::positive_entries(masses))),
        log_a(a.array().log()),
        plan(cost, memory) {}

  Vector f(double reg) const { return reg * log_a + plan.soft_minima(); }
};

BarycenterRun::BarycenterRun(const transport::Cost& cost, const Matrix& histograms, Vector weights,
                             double reg, double scale, bool newton, bool debiased, double memory,
                             TransportOptions options)
    : StagedRun(reg, scale, newton && !debiased, careful(options)),
      histograms_(histograms),
      weights_(std::move(weights)) {
  const double share = memory / static_cast<double>(histograms.cols() + (debiased ? 1 : 0));
  for (Index k = 0; k < histograms.cols(); ++k) {
    blocks_.push_back(std::make_unique<Block>(cost, histograms.col(k), share));
  }
  if (debiased) self_ = std::make_unique<transport::ConditionalPlan>(cost, share);
  // Newton's steps multiply with each plan: they need its shares.
  const double entries = static_cast<double>(cost.sources()) * static_cast<double>(cost.targets());
  if ((debiased || !newton) && entries <= share) {
    kernel_ = std::make_unique<transport::SharedKernel>(cost);
  }
  at_.g = Matrix::Zero(cost.targets(), histograms.cols());
  at_.own = Vector::Zero(cost.targets());
  begin();
}

BarycenterRun::~BarycenterRun() = default;

StagedRun::State BarycenterRun::state() const {
  const transport::ConditionalPlan& plan = blocks_.front()->plan;
  const Index evaluations = plan.n_evaluations() + (kernel_ ? kernel_->n_evaluations() : 0);
  return {at_.reg, at_.value, at_.error, 1.0, range(at_.g), evaluations, plan.n_products()};
}

Matrix BarycenterRun::potentials_of_stage() const {
  Matrix both(at_.g.rows(), at_.g.cols() + 1);
  both << at_.g, at_.own;
  return both;
}

void BarycenterRun::set_potentials(const Matrix& potentials) {
  at_.own = potentials.rightCols(1);
  at_.g = potentials.leftCols(at_.g.cols());
}

void BarycenterRun::evaluate_at(double reg) {
  at_.reg = reg;
  evaluate(at_);
}

void BarycenterRun::evaluate(Point& at) {
  if (kernel_ && evaluate_together(at)) return;
  at.value = 0.0;
  at.sums.resize(at.g.rows(), at.g.cols());
  for (Index k = 0; k < at.g.cols(); ++k) {
    Block& block = *blocks_[static_cast<std::size_t>(k)];
    block.plan.evaluate(at.g.col(k), at.reg);
    at.sums.col(k) = block.plan.column_sums(block.a);
    at.value += weights_[k] * block.a.dot(block.f(at.reg));
  }
  judge(at);
}

/// All histograms through one kernel, where that does not underflow.
bool BarycenterRun::evaluate_together(Point& at) {
  Matrix minima;
  if (!kernel_->evaluate(at.g, histograms_, at.reg, minima, at.sums)) return false;
  const auto& a = histograms_.array();
  const Matrix f = (a > 0.0).select(at.reg * a.max(1e-320).log() + minima.array(), 0.0);
  at.value = (a * f.array()).matrix().colwise().sum().dot(weights_);
  judge(at);
  return true;
}

/// What follows from the column sums.
void BarycenterRun::judge(Point& at) {
  at.mean = at.sums * weights_;
  at.error = (at.sums.colwise() - at.mean).colwise().lpNorm<1>().dot(weights_);
  if (!self_) return;
  // Half of the transport from x to itself, <x, h>, cancels against <x, sum_k w_k g_k>.
  const Vector own_sums = ((at.own - own_minima(at)) / at.reg).array().exp();
  at.error += (own_sums - at.mean).lpNorm<1>();
}

/// Soft minima at h.
const Vector& BarycenterRun::own_minima(const Point& at) {
  if (kernel_ && kernel_->soft_minima(at.own, at.reg, own_minima_)) return own_minima_;
  self_->evaluate(at.own, at.reg);
  return self_->soft_minima();
}

/// Column sums of all plans become their geometric mean, times exp(h / reg).
void BarycenterRun::sweep() {
  Matrix logs(at_.g.rows(), at_.g.cols());  // log sum_i exp((f_i - C_ij) / reg)
  for (Index k = 0; k < at_.g.cols(); ++k) {
    Block& block = *blocks_[static_cast<std::size_t>(k)];
    if (at_.sums.col(k).minCoeff() > 1e-290) {
      logs.col(k) = at_.sums.col(k).array().log().matrix() - at_.g.col(k) / at_.reg;
    } else {
      logs.col(k) = block.plan.log_column_sums(block.f(at_.reg), at_.reg);
    }
  }
  const Vector log_mean = at_.own / at_.reg + logs * weights_;
  at_.g = -at_.reg * (logs.colwise() - log_mean);
  if (self_) fit_own(log_mean);
  evaluate(at_);
}

/// h for which exp((h_i + h_j - C_ij) / reg) has these sums: averaged updates, some of which do.
void BarycenterRun::fit_own(const Vector& log_mean) {
  for (int k = 0; k < 10; ++k) {
    at_.own = 0.5 * (at_.own + at_.reg * log_mean + own_minima(at_)).eval();
  }
}

/// D_k^-1 (r_k - mu), with the mu for which sum_k w_k of these is zero: the preconditioner that the
/// constraint leaves. Where one D_k is very small, mu is nearly r_k: that sum gives the difference.
Matrix BarycenterRun::constrained(const Matrix& residual, const Matrix& diagonal) const {
  const Vector mu = residual.cwiseQuotient(diagonal) * weights_;
  const Vector sum = diagonal.cwiseInverse() * weights_;
  Matrix z = (residual.colwise() - mu.cwiseQuotient(sum)).cwiseQuotient(diagonal);
  for (Index i = 0; i < z.rows(); ++i) {
    Index k = 0;
    diagonal.row(i).minCoeff(&k);
    z(i, k) -= z.row(i).dot(weights_) / weights_[k];
  }
  return z;
}

/// The Newton direction, whose weighted sum over the histograms is zero.
Matrix BarycenterRun::direction(double goal) {
  const Index count = at_.g.cols();
  Matrix residual = -(at_.sums.colwise() - at_.mean);
  Matrix diagonal(at_.g.rows(), count);
  for (Index k = 0; k < count; ++k) {
    Block& block = *blocks_[static_cast<std::size_t>(k)];
    const Vector sums = at_.sums.col(k);
    diagonal.col(k) = (sums - block.plan.squares(block.a)).cwiseMax(1e-12 * sums).cwiseMax(1e-300);
  }
  const auto size = [&](const Matrix& r) {  // without the part that the constraint takes up
    return (r.colwise() - r * weights_).colwise().lpNorm<1>().dot(weights_);
  };
  const auto dot = [&](const Matrix& x, const Matrix& y) {
    return x.cwiseProduct(y).colwise().sum().dot(weights_);
  };
  const double start = size(residual);
  const double enough = std::max(std::min(forcing, std::sqrt(start)), 0.3 * goal / start) * start;
  Matrix d = Matrix::Zero(at_.g.rows(), count);
  Index limit = most_products;
  conjugate_gradients(
      d, residual, limit,
      [&](const Matrix& p, Matrix& product) {
        product.resize(p.rows(), count);
        for (Index k = 0; k < count; ++k) {
          Block& block = *blocks_[static_cast<std::size_t>(k)];
          product.col(k) =
              at_.sums.col(k).cwiseProduct(p.col(k)) - block.plan.product(block.a, p.col(k));
        }
        interrupt::poll();
      },
      [&](const Matrix& r) { return constrained(r, diagonal); }, dot,
      [&](const Matrix&, const Matrix& r) { return !(size(r) > enough); });
  return at_.reg * d;
}

/// Points that hardly get any mass ask for very long moves, which matter to nobody else: each is
/// shortened alone. Constants that plans do not show, and whose weighted sum is zero, are removed
/// first.
Matrix BarycenterRun::shortened(Matrix d) const {
  const Eigen::RowVectorXd means = at_.sums.cwiseProduct(d).colwise().sum();
  d.rowwise() -= (means.array() - means.dot(weights_)).matrix();
  const Vector largest = d.cwiseAbs().rowwise().maxCoeff();
  const Vector factors = (longest_move * at_.reg / largest.array()).min(1.0);
  return d.array().colwise() * factors.array();
}

bool BarycenterRun::newton_step(double goal) {
  const Matrix d = shortened(direction(goal));
  if (!d.allFinite()) return false;
  const Point from = at_;
  const double slope = -(at_.sums.cwiseProduct(d).colwise().sum().dot(weights_));
  const double rounding = 1e-13 * (std::fabs(at_.value) + at_.reg);
  return transport::climb(at_, 1.0, rounding, step_, [&](double step, Point& point) {
    point.g = from.g + step * d;
    evaluate(point);
    return step * slope;
  });
}

BarycenterBounds barycenter_bounds(const transport::Cost& cost, const Matrix& histograms,
                                   const Vector& weights, double reg, const Matrix& g,
                                   const Vector& x) {
  BarycenterBounds result;
  for (Index k = 0; k < g.cols(); ++k) {
    const auto rows = transport::positive_entries(histograms.col(k));
    const transport::SelectedRows own_cost(cost, rows);
    const Vector a = transport::selected(histograms.col(k), rows);
    transport::ConditionalPlan plan(own_cost, 0.0);
    plan.evaluate(g.col(k), reg);
    transport::Point point;
    point.reg = reg;
    point.g = g.col(k);
    point.f = reg * a.array().log().matrix() + plan.soft_minima();
    const transport::Bounds own = transport::bounds(own_cost, a, x, point);
    // Potentials of the barycenter must not be improved: their weighted sum would not stay zero.
    const double lower = a.dot(transport::transforms(own_cost, point.g, infinity).f);
    result.lower += weights[k] * lower;
    result.upper += weights[k] * own.upper;
    result.regularized += weights[k] * own.regularized;
  }
  if (std::isnan(result.lower)) result.lower = -infinity;
  if (!x.allFinite()) result.upper = result.regularized = infinity;
  return result;
}

}  // namespace optlite
