#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/transport/scaling.hpp"
#include "optlite/transport_methods/concept.hpp"

namespace optlite::transport_methods {

/// Sinkhorn's iterations while they converge fast, then Newton's on the potentials of the columns,
/// the rows being fitted exactly. The equations are solved by conjugate gradients, only as well as
/// the distance to the solution deserves.
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
        : forcing_(forcing), slow_(slow), max_inner_(static_cast<Index>(max_inner)) {}

    void start(transport::Problem& problem, transport::Point& at) override {
      sweeps_left_ = least_sweeps;
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
      solve(problem, at, goal);
      if (search(problem, at)) {
        scaling_.rebase(at);
        return true;
      }
      // No step along the direction is better: rounding, or a plan too far from its sums.
      sweeps_left_ = 4 * least_sweeps;
      scaling_.start(problem, at);
      return at.error > 1e-13 * problem.b().sum() && ++failures_ < 10;
    }

   private:
    static constexpr int least_sweeps = 3;
    static constexpr double longest_move = 20.0;  // in units of reg

    /// direction_ <- about reg S^-1 (b - P^T 1). S is singular along the vector of ones, which the
    /// right side is orthogonal to and the plan does not depend on.
    void solve(transport::Problem& problem, const transport::Point& at, double goal) {
      residual_ = problem.b() - at.column_sums;
      right_side_ = residual_;
      const double start = residual_.lpNorm<1>();
      // Near the goal the step has to reach it; far away the quadratic model is not worth more.
      const double enough =
          std::max(std::min(forcing_, std::sqrt(start / problem.b().sum())), 0.3 * goal / start);
      const Vector diagonal =
          problem.schur_diagonal(at).cwiseMax(1e-12 * at.column_sums).cwiseMax(1e-300);
      Vector z = residual_.cwiseQuotient(diagonal);
      Vector p = z;
      Vector product;
      double rho = residual_.dot(z);
      direction_.setZero(residual_.size());
      for (Index k = 0; k < max_inner_; ++k) {
        problem.schur_product(at, p, product);
        const double curvature = p.dot(product);
        if (!(curvature > 0.0)) {
          if (k == 0) direction_ = p;
          break;
        }
        const double alpha = rho / curvature;
        direction_ += alpha * p;
        residual_ -= alpha * product;
        if (!(residual_.lpNorm<1>() > enough * start)) break;
        z = residual_.cwiseQuotient(diagonal);
        const double next = residual_.dot(z);
        p = z + (next / rho) * p;
        rho = next;
      }
      direction_ *= at.reg;
    }

    /// Halves the step until the dual value rises enough; near the solution, where rounding hides
    /// the rise, until the error falls.
    bool search(transport::Problem& problem, transport::Point& at) {
      const double slope = right_side_.dot(direction_);
      if (!(slope > 0.0) || !direction_.allFinite()) return false;
      const double rounding = 1e-13 * (std::fabs(at.value) + at.reg);
      // Where parts of the plan hardly touch, S is nearly singular and the direction long, but an
      // exponential is no parabola: potentials move by a few times reg at most.
      const double longest = direction_.maxCoeff() - direction_.minCoeff();
      const double first = std::min(1.0, longest_move * at.reg / longest);
      for (step_ = first; step_ > 1e-8 * first; step_ *= 0.5) {
        trial_.reg = at.reg;
        trial_.g = at.g + step_ * direction_;
        problem.evaluate(trial_, true);
        if (trial_.value >= at.value + 1e-4 * step_ * slope ||
            (trial_.value >= at.value - rounding && trial_.error < at.error)) {
          std::swap(at, trial_);
          return true;
        }
      }
      return false;
    }

    double forcing_, slow_;
    Index max_inner_;
    int sweeps_left_ = least_sweeps;
    int failures_ = 0;
    transport::Scaling scaling_;
    transport::Point trial_;
    Vector residual_, right_side_, direction_;
  };

  std::unique_ptr<TransportMethod> make() const {
    return std::make_unique<Run>(forcing, slow, max_inner);
  }
};

}  // namespace optlite::transport_methods
