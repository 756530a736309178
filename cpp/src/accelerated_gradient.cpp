#include "optlite/drivers/accelerated_gradient.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "coefficient_blocks.hpp"
#include "intercepts.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/krylov.hpp"
#include "penalised_quadratic.hpp"

namespace optlite {

class AcceleratedGradient::Method {
 public:
  Method(ElasticNetData& data, MarginLoss& loss, SparsePenalty penalty, const Matrix& start,
         bool restart)
      : data_(data),
        loss_(loss),
        penalty_(*penalty.row, penalty.fields),
        blocks_(penalty, data.features(), loss.outputs()),
        restart_(restart) {
    data_.centre(loss_.weights());
    const bool moves = penalty.row->moves_with_strength;
    const double bend = penalty_.concavity() * (moves ? 1.0 : penalty.strengths.maxCoeff());
    lipschitz_ = std::max(loss_.curvature_bound() * largest_eigenvalue(), bend);
    if (!(lipschitz_ > 0.0)) lipschitz_ = 1.0;  // nothing depends on the coefficients
    state_.aggregate.setZero(data_.features(), loss_.outputs());
    shift_.setZero(loss_.outputs());
    scale_ = products(state_.aggregate).cwiseAbs().maxCoeff();
    if (!(scale_ > 0.0)) scale_ = 1.0;
    if (start.size() > 0) begin_at(start);
    state_.point = state_.middle = state_.aggregate;
  }

  void step(double tolerance) {
    interrupt::poll();
    State& at = state_;
    const bool fresh = at.n_iter == 0 || at.restarts;
    if (at.restarts) at.point = at.aggregate;
    at.damping = fresh ? 1.0 : 2.0 / (1.0 + std::sqrt(1.0 + 4.0 / (at.damping * at.damping)));
    at.middle = at.damping * at.point + (1.0 - at.damping) * at.aggregate;
    const Matrix C = descent(at.middle);
    if (!C.allFinite()) {
      at.status = Status::not_finite;
      return;
    }
    const Matrix before = at.aggregate;
    const Matrix point = prox(at.point + (beta() / at.damping) * C, beta() / at.damping);
    at.aggregate = prox(at.middle + beta() * C, beta());
    const bool still = point == at.point && at.aggregate == before && at.middle == before;
    at.point = point;
    ++at.n_iter;
    judge(tolerance);
    const double turn = (at.middle - at.aggregate).cwiseProduct(at.aggregate - before).sum();
    at.restarts = restart_ && turn > 0.0;
    if (still && at.status == Status::running) at.status = Status::precision_limit;
  }

  void run(double tolerance, Index most) {
    state_.status = Status::running;
    for (const Index end = state_.n_iter + most; state_.n_iter < end;) {
      step(tolerance);
      if (state_.status != Status::running) return;
    }
    look(tolerance);
    if (state_.status == Status::running) state_.status = Status::iteration_limit;
  }

  const State& state() const { return state_; }
  double lipschitz() const { return lipschitz_; }
  double beta() const { return 0.99 / lipschitz_; }

 private:
  // --- the loss ----------------------------------------------------------------------------------

  /// A number that is hardly above lambda_max(Z^T S Z): a Ritz value and the bound on its error.
  double largest_eigenvalue() const {
    const Index d = data_.features();
    const auto product = [this](const Matrix& V, Matrix& AV) {
      Matrix image = Matrix::Zero(data_.rows(), 1);
      add_columns(V, image);
      for (Index i = 0; i < image.rows(); ++i) image(i, 0) *= loss_.weight(i);
      AV = data_.products(nullptr, image.col(0));
    };
    Vector start(d);
    for (Index j = 0; j < d; ++j) start[j] = 1.0 + std::sin(2.4 * static_cast<double>(j + 1));
    KrylovSpace space(start, 60);
    double value = 0.0;
    while (space.extend(product)) {
      Vector values;
      Matrix vectors;
      space.ritz(values, vectors);
      if (!values.allFinite()) return infinity;
      const Index last = space.size() - 1;
      const double bound = space.beta() * std::fabs(vectors(last, last));
      value = values[last] + bound;
      if (bound <= 1e-3 * values[last] && last >= 9) break;
    }
    return value;
  }

  /// margins += Z W, column by column of W.
  void add_columns(const Matrix& W, Matrix& margins) const {
    for (Index k = 0; k < W.cols(); ++k) {
      Columns support;
      std::vector<double> w;
      double by = 0.0;
      for (Index j = 0; j < W.rows(); ++j) {
        if (W(j, k) == 0.0) continue;
        support.push_back(j);
        w.push_back(W(j, k));
        by -= W(j, k) * data_.mean()[j];
      }
      data_.columns().add(support, w.data(), margins.col(k).data());
      margins.col(k).array() += by;
    }
  }

  /// Minus the derivatives of the loss in the coefficients, at the best intercepts.
  Matrix products(const Matrix& W) {
    at_.margins = shift_.transpose().replicate(data_.rows(), 1);
    add_columns(W, at_.margins);
    at_.evaluate(loss_);
    if (data_.intercept()) settle_intercepts(loss_, at_, shift_);
    state_.intercepts = shift_;
    if (data_.intercept()) state_.intercepts -= W.transpose() * data_.mean();
    Matrix C(W.rows(), W.cols());
    for (Index k = 0; k < W.cols(); ++k) C.col(k) = data_.products(nullptr, at_.residual.col(k));
    return C;
  }

  void begin_at(const Matrix& start) {
    state_.aggregate = start.topRows(data_.features());
    if (!data_.intercept()) return;
    shift_ = start.row(data_.features()).transpose();
    shift_ += state_.aggregate.transpose() * data_.mean();
  }

  // --- the penalty -------------------------------------------------------------------------------

  /// A concave penalty is taken apart into its kink, whose prox is soft thresholding, and the rest.
  bool is_split() const { return penalty_.concavity() > 0.0; }

  /// Minus the gradient of f + q.
  Matrix descent(const Matrix& W) {
    Matrix C = products(W);
    if (!is_split()) return C;
    for (Index b = 0; b < blocks_.count(); ++b) {
      const double w = W.data()[b];
      if (w == 0.0) continue;
      C.data()[b] -= penalty_.slope(w, blocks_.strength(b)) - std::copysign(blocks_.strength(b), w);
    }
    return C;
  }

  /// The prox of g, a step long.
  Matrix prox(const Matrix& V, double step) const {
    Matrix W(V.rows(), V.cols());
    Vector room;
    for (Index b = 0; b < blocks_.count(); ++b) {
      const double strength = blocks_.strength(b);
      if (is_split()) {
        const double v = V.data()[b];
        W.data()[b] = v - std::clamp(v, -step * strength, step * strength);
        continue;
      }
      const double* v = blocks_.gather(b, V, room);
      Vector w(blocks_.size(b));
      penalty_.prox(v, w.size(), step, strength, w.data());
      blocks_.scatter(b, w.data(), W);
    }
    return W;
  }

  // --- the certificate ---------------------------------------------------------------------------

  void judge(double tolerance) {
    const Matrix mapping = (state_.middle - state_.aggregate) / beta();
    state_.mapping = mapping.norm();
    state_.violation = infinity;
    // The conditions need gradients of their own, at the aggregate.
    if (mapping.cwiseAbs().maxCoeff() <= tolerance * scale_) look(tolerance);
  }

  void look(double tolerance) {
    const Matrix C = products(state_.aggregate);
    double top = 0.0;
    Vector w_room, c_room;
    for (Index b = 0; b < blocks_.count(); ++b) {
      const double* w = blocks_.gather(b, state_.aggregate, w_room);
      const double* c = blocks_.gather(b, C, c_room);
      top = std::max(top, penalty_.distance(w, c, blocks_.size(b), blocks_.strength(b)));
    }
    state_.violation = top / scale_;
    if (state_.violation <= tolerance) state_.status = Status::converged;
  }

  ElasticNetData& data_;
  MarginLoss& loss_;
  PenaltyAt penalty_;
  CoefficientBlocks blocks_;
  bool restart_;
  double lipschitz_ = 1.0;
  double scale_ = 1.0;  // the largest derivative at W = 0
  Vector shift_;  // the intercepts of the centred columns
  State state_;
  LossAt at_;
};

AcceleratedGradient::AcceleratedGradient(ElasticNetData& data, MarginLoss& loss,
                                         SparsePenalty penalty, const Matrix& start, bool restart)
    : method_(std::make_unique<Method>(data, loss, std::move(penalty), start, restart)) {}

AcceleratedGradient::~AcceleratedGradient() = default;

void AcceleratedGradient::step(double tolerance) { method_->step(tolerance); }
void AcceleratedGradient::run(double tolerance, Index most) { method_->run(tolerance, most); }
const AcceleratedGradient::State& AcceleratedGradient::state() const { return method_->state(); }
double AcceleratedGradient::lipschitz() const { return method_->lipschitz(); }
double AcceleratedGradient::beta() const { return method_->beta(); }

}  // namespace optlite
