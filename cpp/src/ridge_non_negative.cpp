#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "optlite/core/interrupt.hpp"
#include "optlite/penalties/non_negative.hpp"
#include "ridge_certificate.hpp"
#include "ridge_conditioning.hpp"
#include "ridge_factors.hpp"

namespace optlite {

namespace {

/// Projected Newton (Bertsekas, 1982) for one target: Newton's direction on the coordinates that
/// are free, a scaled gradient on those held at zero, and a search along the projected arc. Once
/// the set of zeros is right, one step ends at the exact solution.
class NonNegative {
 public:
  NonNegative(RidgeProblem& problem, Index target, double alpha, const RidgeOptions& options)
      : problem_(problem),
        alpha_(alpha),
        options_(options),
        at_zero_(problem.target_squares()[target]),
        small_(problem.features() <= 3000) {
    w = Vector::Zero(problem.features());
    gradient_ = -problem.target_moments().col(target);
    diagonal_ = problem.squares().array() + alpha;
    value = at_zero_;
  }

  Vector w;
  double value;
  double certificate = infinity;
  Index n_iter = 0;
  Status status = Status::running;

  void run() {
    while (true) {
      certify();
      if (certificate <= options_.tolerance) status = Status::converged;
      else if (n_iter >= options_.max_iterations) status = Status::iteration_limit;
      else if (!step()) status = Status::precision_limit;
      if (status != Status::running) return;
      ++n_iter;
      interrupt::poll();
    }
  }

  /// Of the last system in the free coordinates; unknown if it was not factorised.
  Spectrum spectrum() const { return factor_ ? factor_->of(0).spectrum() : Spectrum{}; }

  /// Takes over a gradient and value that were measured on X; true if they call for more steps.
  bool correct(const Vector& negative_gradient, double measured) {
    gradient_ = -negative_gradient;
    value = measured;
    const bool stuck = status != Status::converged;
    certify();
    status = certificate <= options_.tolerance ? Status::converged
             : stuck                           ? status
                                               : Status::running;
    return status == Status::running;
  }

 private:
  /// The smallest subgradient of F + indicator(w >= 0) takes the place of the gradient.
  void certify() {
    Vector distance(w.size());
    for (Index j = 0; j < w.size(); ++j) {
      distance[j] = penalty_.subdifferential_distance(w[j], gradient_[j]);
    }
    const double gap = gradient_gap(distance, alpha_, [&]() -> const Vector& { return diagonal_; });
    certificate = relative_certificate(gap, value, at_zero_);
  }

  Vector product(const Vector& v) {
    Matrix out;
    if (small_) out = problem_.gram().selfadjointView<Eigen::Lower>() * v;
    else problem_.normal_product(v, out);
    return out + alpha_ * v;
  }

  bool step() {
    const Vector scaled =
        gradient_.cwiseQuotient(diagonal_.cwiseMax(std::numeric_limits<double>::min()));
    std::vector<Index> free;
    double reach = 0.0;
    for (Index j = 0; j < w.size(); ++j) {
      reach += std::pow(w[j] - penalty_.prox(w[j] - scaled[j], 1.0), 2);
    }
    const double near = std::min(std::sqrt(reach), 1e-3 * w.cwiseAbs().maxCoeff());
    for (Index j = 0; j < w.size(); ++j) {
      const bool held = w[j] <= near && gradient_[j] > 0.0;
      if (!held && diagonal_[j] > 0.0) free.push_back(j);
    }
    Vector p = -scaled;
    for (Index j = 0; j < w.size(); ++j) {
      if (!(diagonal_[j] > 0.0)) p[j] = 0.0;
    }
    newton_direction(free, p);
    return search(free, p);
  }

  /// p on the free coordinates = -H_FF^-1 g_F.
  void newton_direction(const std::vector<Index>& free, Vector& p) {
    const Index size = static_cast<Index>(free.size());
    if (size == 0) return;
    if (small_) {
      const Matrix& H = problem_.gram();
      Matrix sub(size, size);
      Vector g(size);
      for (Index b = 0; b < size; ++b) {
        const Index column = free[static_cast<std::size_t>(b)];
        for (Index a = b; a < size; ++a) sub(a, b) = H(free[static_cast<std::size_t>(a)], column);
        sub(b, b) += alpha_;
        g[b] = -gradient_[column];
      }
      Factors factor(sub, Vector::Zero(1));
      if (factor.ok()) {
        const Vector solution = factor.solve(g);
        for (Index a = 0; a < size; ++a) p[free[static_cast<std::size_t>(a)]] = solution[a];
        factor_.emplace(std::move(factor));
        return;
      }
    }
    conjugate_gradients(free, p);
  }

  void conjugate_gradients(const std::vector<Index>& free, Vector& p) {
    Vector mask = Vector::Zero(w.size());
    for (const Index j : free) mask[j] = 1.0;
    Vector x = Vector::Zero(w.size());
    Vector r = -gradient_.cwiseProduct(mask);
    Vector inverse = mask;
    for (const Index j : free) inverse[j] = 1.0 / diagonal_[j];
    Vector q = inverse.cwiseProduct(r);
    double rz = r.dot(q);
    // Squared, relative: loose while the set of zeros still changes, tight near the end.
    const double target = rz * std::min(1e-4, 1e-2 * std::max(certificate, options_.tolerance));
    const Index limit = std::min<Index>(2 * static_cast<Index>(free.size()) + 10, 500);
    for (Index k = 0; k < limit && rz > target; ++k) {
      const Vector Hq = product(q).cwiseProduct(mask);
      const double curvature = q.dot(Hq);
      if (!(curvature > 0.0)) break;
      const double t = rz / curvature;
      x += t * q;
      r -= t * Hq;
      const Vector z = inverse.cwiseProduct(r);
      const double next = r.dot(z);
      q = z + (next / rz) * q;
      rz = next;
    }
    for (const Index j : free) p[j] = x[j];
  }

  bool search(const std::vector<Index>& free, const Vector& p) {
    Vector is_free = Vector::Zero(w.size());
    for (const Index j : free) is_free[j] = 1.0;
    double t = 1.0;
    for (int attempt = 0; attempt < 40; ++attempt, t *= 0.5) {
      Vector next(w.size());
      for (Index j = 0; j < w.size(); ++j) next[j] = penalty_.prox(w[j] + t * p[j], t);
      const Vector moved = next - w;
      if (moved.cwiseAbs().maxCoeff() == 0.0) return false;
      const Vector image = product(moved);
      const double change = 2.0 * gradient_.dot(moved) + moved.dot(image);
      const double promised = t * gradient_.cwiseProduct(is_free).dot(p) +
                              gradient_.cwiseProduct(Vector::Ones(w.size()) - is_free).dot(moved);
      if (change <= 2e-4 * promised && change < 0.0) {
        w = next;
        gradient_ += image;
        value = std::max(0.0, value + change);
        return true;
      }
    }
    return false;
  }

  RidgeProblem& problem_;
  double alpha_;
  const RidgeOptions& options_;
  double at_zero_;
  static constexpr penalties::NonNegative penalty_{};
  bool small_;        // the Gram matrix fits: factorise it instead of reading X
  Vector gradient_;   // half the gradient of F
  Vector diagonal_;
  std::optional<Factors> factor_;
};

}  // namespace

RidgeResult ridge_non_negative(RidgeProblem& problem, const Vector& alphas,
                               const RidgeOptions& options) {
  if (problem.features() <= 3000) problem.gram();
  std::vector<NonNegative> runs;
  for (Index t = 0; t < alphas.size(); ++t) runs.emplace_back(problem, t, alphas[t], options);
  RidgeResult result;
  result.coefficients.resize(problem.features(), alphas.size());
  bool more = true;
  for (int round = 0; more && round < 5; ++round) {
    for (Index t = 0; t < alphas.size(); ++t) {
      auto& run = runs[static_cast<std::size_t>(t)];
      if (round == 0 || run.status == Status::running) run.run();
      result.coefficients.col(t) = run.w;
    }
    Matrix G;
    measure(problem, alphas, result.coefficients, G, result);
    more = false;
    for (Index t = 0; t < alphas.size(); ++t) {
      more |= runs[static_cast<std::size_t>(t)].correct(G.col(t), result.value[t]);
    }
  }
  result.status = Status::converged;
  result.n_iter = 1;
  for (Index t = 0; t < alphas.size(); ++t) {
    const auto& run = runs[static_cast<std::size_t>(t)];
    result.certificate[t] = run.certificate;
    result.n_iter = std::max(result.n_iter, run.n_iter);
    if (run.certificate > options.tolerance) {
      result.status = run.status == Status::iteration_limit ? run.status : Status::precision_limit;
    }
  }
  Spectrum spectrum;
  for (const auto& run : runs) {
    if (run.spectrum().condition_number() > spectrum.condition_number() || !spectrum.known()) {
      spectrum = run.spectrum();
    }
  }
  result.conditioning.set_condition(spectrum.condition_number(), Trust::lower_bound);
  if (problem.features() <= 3000) {
    const Matrix& G = problem.gram();
    const Vector floor = column_floor(problem, G, rounding_floor(G.rows()));
    const CholeskyFactor independent(G, floor);
    result.conditioning.set_rank(independent.rank(), Trust::exact);
  }
  result.n_passes = problem.passes();
  return result;
}

}  // namespace optlite
