#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "optlite/directions/concept.hpp"

namespace optlite::directions {

/// Solves the Newton equations by preconditioned conjugate gradients, stopping early while far
/// from the solution. Each inner iteration is one Hessian-vector product, one read of the data.
struct NewtonCg {
  static constexpr auto doc = "An inexact Newton step by preconditioned conjugate gradients.";
  static constexpr auto formula =
      R"(\lVert H p + g \rVert_{M^{-1}} \le \eta_k \lVert g \rVert_{M^{-1}}, \quad
      \eta_k = \min(\eta, \sqrt{\lVert g_k \rVert / \lVert g_0 \rVert}))";
  static constexpr auto reference =
      "Nocedal and Wright, Numerical Optimization, 2006, section 7.1, algorithm 7.1";

  double forcing = 0.5;
  double max_inner = 200;
  static constexpr auto fields() {
    return std::array{field("forcing", &NewtonCg::forcing, unit_open,
                            "Largest relative residual at which the inner iteration stops."),
                      integer("max_inner", &NewtonCg::max_inner, 1.0,
                              "Limit of inner iterations for one direction.")};
  }

  class Run final : public Direction {
   public:
    Run(double forcing, double max_inner) : forcing_(forcing), max_inner_(max_inner) {}

    void set_goal(double ratio) override { goal_ = ratio; }
    void use_metric(const Metric* metric) override { metric_ = metric; }
    bool regularize(double lambda) override {
      lambda_ = lambda;
      return true;
    }

    bool certifies() const override { return lambda_ == 0.0; }
    double shortfall() const override { return shortfall_; }
    /// Of the longest solution so far: it says most.
    Spectrum spectrum() const override { return longest_.spectrum(); }
    /// With the diagonal D as preconditioner, no eigenvalue of D^-1 H exceeds the largest of
    /// penalty / D but by what else is in H (Weyl).
    Index rank_bound(const Vector& penalty) const override {
      if (longest_.empty() || diagonal_.size() != penalty.size()) return 0;
      const double due =
          (penalty.array() > 0.0).select(penalty.cwiseQuotient(diagonal_), 0.0).maxCoeff();
      const double rounding = epsilon * static_cast<double>(penalty.size());
      return longest_.count_above((1.0 + 1e-6) * due + rounding * longest_.spectrum().largest);
    }

    void compute(Objective& objective, const Point& at, Vector& p) override {
      Vector diagonal;
      if (metric_ == nullptr) {
        objective.hessian_diagonal(at, diagonal);
        own_metric_ = diagonal_metric(diagonal);
      }
      const Metric& metric = metric_ != nullptr ? *metric_ : *own_metric_;
      Vector residual = -at.gradient;
      Vector z;
      metric.solve(residual, z);
      double rho = residual.dot(z);
      double momentum = 0.0;
      RitzValues ritz;
      double unsolved = infinity;  // r . M^-1 r
      const double start = std::sqrt(std::max(rho, 0.0));
      if (first_norm_ < 0.0) first_norm_ = start;
      const double far = std::min(forcing_, std::sqrt(start / std::max(first_norm_, 1e-300)));
      // The certificate falls with the square of the residual: no need to go below the goal.
      const double enough = std::min(forcing_, 0.5 * std::sqrt(goal_));
      // Within a factor of five of the goal, going there is cheaper than another outer iteration.
      const auto close_enough = [&](double left) {
        return left <= enough * start || (left <= far * start && left > 5.0 * enough * start);
      };
      p.setZero(residual.size());
      Matrix direction = z;
      Matrix product;
      Matrix moves;  // margins of the direction
      forget_margins();
      for (Index k = 0; k < static_cast<Index>(max_inner_); ++k) {
        objective.hessian_product(at, direction, product, &moves);
        if (lambda_ > 0.0) product += lambda_ * direction;
        ++inner_;
        const double curvature = direction.col(0).dot(product.col(0));
        if (!(curvature > epsilon * direction.squaredNorm() * 1e-8)) {
          if (k == 0) {
            p = direction;
            margins_ = moves;
          }
          break;
        }
        const double step = rho / curvature;
        ritz.add(step, momentum);
        p += step * direction.col(0);
        if (k == 0) margins_ = step * moves;
        else margins_ += step * moves;
        residual -= step * product.col(0);
        metric.solve(residual, z);
        const double next = residual.dot(z);
        const double left = std::sqrt(std::max(next, 0.0));
        unsolved = next;
        if (!std::isfinite(left) || close_enough(left)) break;
        momentum = next / rho;
        direction.col(0) = z + momentum * direction.col(0);
        rho = next;
      }
      // -g . p is short of g . H^-1 g by r . H^-1 r, which is at most r . M^-1 r over the smallest
      // eigenvalue of M^-1 H (estimated by the Ritz values): that is large where M knows little of
      // a direction that r has a part in.
      shortfall_ = ritz.empty() ? infinity
                                : unsolved / std::min(ritz.spectrum().smallest,
                                                      longest_.spectrum().smallest);
      if (ritz.size() >= longest_.size()) {
        longest_ = std::move(ritz);
        diagonal_ = std::move(diagonal);
      }
    }

   private:
    double forcing_;
    double max_inner_;
    double lambda_ = 0.0;
    double goal_ = 0.0;
    double first_norm_ = -1.0;
    double shortfall_ = infinity;
    RitzValues longest_;
    Vector diagonal_;  // its preconditioner; empty if that was a metric
    const Metric* metric_ = nullptr;
    std::unique_ptr<Metric> own_metric_;
  };

  std::unique_ptr<Direction> make() const { return std::make_unique<Run>(forcing, max_inner); }
};

}  // namespace optlite::directions
