#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/transport/scaling.hpp"
#include "optlite/transport_methods/concept.hpp"

namespace optlite::transport_methods {

/// Sinkhorn's iterations while they converge fast, then Newton's on the potentials of the columns,
/// the rows being fitted exactly. The equations are solved by conjugate gradients, only as well as
/// the distance to the solution deserves; where they take long and the matrix is small, by
/// elimination.
struct Newton {
  static constexpr auto doc = "Truncated Newton steps on the semi-dual, after a few scalings.";
  static constexpr auto formula =
      R"(S\, d = \varepsilon\,(b - P^T 1), \quad
      S = \mathrm{diag}(P^T 1) - P^T \mathrm{diag}(a)^{-1} P, \quad g \leftarrow g + t\, d)";
  static constexpr auto reference =
      "Brauer, Clason, Lorenz and Wirth, A Sinkhorn-Newton method for entropic optimal transport, "
      "2017, section 3; "
      "Cuturi and Peyre, Semidual regularized optimal transport, 2018, section 3; "
      "Kemertas, Farahmand and Jepson, A truncated Newton method for optimal transport, 2025";

  double forcing = 0.1;
  double slow = 0.3;
  double max_inner = 500;
  static constexpr auto fields() {
    return std::array{field("forcing", &Newton::forcing, unit_open,
                            "Largest relative residual at which conjugate gradients stop."),
                      field("slow", &Newton::slow, unit_open,
                            "Scalings that leave more than this share of the error are slow."),
                      integer("max_inner", &Newton::max_inner, 1.0,
                              "Limit of conjugate-gradient iterations for one step.")};
  }

  class Run final : public TransportMethod {
   public:
    Run(double forcing, double slow, double max_inner)
        : forcing_(forcing), slow_(slow), max_inner_(as_count(max_inner)) {}

    void start(transport::Problem& problem, transport::Point& at) override {
      sweeps_left_ = least_sweeps;
      stalled_ = 0;
      best_ = infinity;
      scaling_.start(problem, at);
    }

    bool advance(transport::Problem& problem, transport::Point& at, double goal) override {
      was_newton_ = sweeps_left_ == 0;
      if (!was_newton_) {
        const double before = at.error;
        scaling_.sweep(problem, at, 1.0, false);
        step_ = 1.0;
        if (sweeps_left_ > 1) --sweeps_left_;
        else if (!(at.error <= slow_ * before)) sweeps_left_ = 0;
        return true;
      }
      if (scaling_.moved()) scaling_.start(problem, at);
      const double before = at.error;
      solve(problem, at, goal);
      if (search(problem, at)) {
        // A column whose sum underflowed is out of Newton's sight: a scaling finds it.
        if (at.error > 0.9 * before) sweeps_left_ = 1;
        scaling_.rebase(at);
        stalled_ = at.error < 0.5 * best_ ? 0 : stalled_ + 1;
        best_ = std::min(best_, at.error);
        return stalled_ < 8 || at.error > 100.0 * rounding(problem, at);
      }
      // No step along the direction is better: rounding, or a plan too far from its sums.
      sweeps_left_ = 4 * least_sweeps;
      scaling_.start(problem, at);
      return at.error > 1e-13 * problem.b().sum() && ++failures_ < 10;
    }

   private:
    static constexpr int least_sweeps = 3;
    static constexpr Index direct_limit = 1024;
    static constexpr double longest_move = 20.0;  // in units of reg

    /// Error of the sums by that of the exponents, which are large numbers where reg is small.
    static double rounding(const transport::Problem& problem, const transport::Point& at) {
      const double range = at.g.maxCoeff() - at.g.minCoeff();
      return epsilon * (1.0 + range / at.reg) * problem.b().sum();
    }

    /// direction_ <- about reg S^-1 (b - P^T 1). S is singular along the vector of ones, which the
    /// right side is orthogonal to and the plan does not depend on.
    void solve(transport::Problem& problem, const transport::Point& at, double goal) {
      right_side_ = problem.b() - at.column_sums;
      const double start = right_side_.lpNorm<1>();
      // Near the goal the step has to reach it; far away the quadratic model is not worth more.
      const double enough =
          std::max(std::min(forcing_, std::sqrt(start / problem.b().sum())), 0.3 * goal / start);
      // Where they take long, elimination is cheaper, and good for any condition.
      const bool small = right_side_.size() <= direct_limit;
      const Index limit =
          small ? std::min(max_inner_, std::max<Index>(50, right_side_.size() / 8)) : max_inner_;
      if (!conjugate_gradients(problem, at, enough * start, limit) && small) {
        const Vector exact = problem.solve_schur(at, right_side_);
        if (exact.allFinite()) direction_ = exact;
      }
      direction_ *= at.reg;
    }

    /// Whether the residual came down to `enough`.
    bool conjugate_gradients(transport::Problem& problem, const transport::Point& at, double enough,
                             Index limit) {
      const Vector diagonal =
          problem.schur_diagonal(at).cwiseMax(1e-12 * at.column_sums).cwiseMax(1e-300);
      residual_ = right_side_;
      Vector z = residual_.cwiseQuotient(diagonal);
      Vector p = z;
      Vector product;
      double rho = residual_.dot(z);
      direction_.setZero(residual_.size());
      for (Index k = 0; k < limit; ++k) {
        problem.schur_product(at, p, product);
        const double curvature = p.dot(product);
        if (!(curvature > 0.0)) {
          if (k == 0) direction_ = p;
          return false;
        }
        const double alpha = rho / curvature;
        direction_ += alpha * p;
        residual_ -= alpha * product;
        if (!(residual_.lpNorm<1>() > enough)) return true;
        z = residual_.cwiseQuotient(diagonal);
        const double next = residual_.dot(z);
        p = z + (next / rho) * p;
        rho = next;
      }
      return false;
    }

    /// Tries the full step and halves of it until the dual value rises enough; near the solution,
    /// where rounding hides the rise, until the error falls.
    ///
    /// Where parts of the plan hardly touch, S is nearly singular and the direction long between
    /// them, but an exponential is no parabola. Then the first step moves potentials by a few times
    /// reg, and is doubled as long as the value keeps rising as its slope says.
    bool search(transport::Problem& problem, transport::Point& at) {
      const double slope = right_side_.dot(direction_);
      if (!(slope > 0.0) || !direction_.allFinite()) return false;
      const double longest = direction_.maxCoeff() - direction_.minCoeff();
      const double first = std::min(1.0, longest_move * at.reg / longest);
      const double hidden = 1e-13 * (std::fabs(at.value) + at.reg);
      for (step_ = first; step_ > 1e-8 * first; step_ *= 0.5) {
        evaluate_step(problem, at, step_, trial_);
        if (trial_.value >= at.value + 1e-4 * step_ * slope ||
            (trial_.value >= at.value - hidden && trial_.error < at.error)) {
          if (first < 1.0) lengthen(problem, at, slope);
          std::swap(at, trial_);
          return true;
        }
      }
      return false;
    }

    void evaluate_step(transport::Problem& problem, const transport::Point& at, double step,
                       transport::Point& trial) {
      trial.reg = at.reg;
      trial.g = at.g + step * direction_;
      problem.evaluate(trial, true);
    }

    void lengthen(transport::Problem& problem, const transport::Point& at, double slope) {
      while (step_ < 1.0 && trial_.value >= at.value + 0.5 * step_ * slope) {
        const double longer = std::min(1.0, 2.0 * step_);
        evaluate_step(problem, at, longer, longer_);
        // The plan in memory is the one evaluated last: it must be that of the point kept.
        if (!(longer_.value > trial_.value)) return problem.evaluate(trial_, true);
        std::swap(trial_, longer_);
        step_ = longer;
      }
    }

    double forcing_, slow_;
    Index max_inner_;
    int sweeps_left_ = least_sweeps;
    int failures_ = 0;
    int stalled_ = 0;
    double best_ = infinity;
    transport::Scaling scaling_;
    transport::Point trial_, longer_;
    Vector residual_, right_side_, direction_;
  };

  std::unique_ptr<TransportMethod> make() const {
    return std::make_unique<Run>(forcing, slow, max_inner);
  }
};

}  // namespace optlite::transport_methods
