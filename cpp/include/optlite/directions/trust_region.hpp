#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/directions/concept.hpp"

namespace optlite::directions {

/// The quadratic model is minimised where it is trusted, in a ball, by conjugate gradients from its
/// centre: they stop at the boundary, or go there along the first direction of negative curvature.
/// At a stationary point Lanczos' method looks for such a direction.
struct TrustRegion {
  static constexpr auto doc =
      "Steihaug's conjugate gradients within a ball that learns how far the model holds.";
  static constexpr auto formula =
      R"(p_k \approx \arg\min_{\lVert p \rVert \le \Delta_k} g_k^T p + \tfrac12 p^T H_k p, \quad
      \rho_k = \frac{f(x_k) - f(x_k + p_k)}{-g_k^T p_k - \tfrac12 p_k^T H_k p_k}, \quad
      \Delta_{k+1} = \begin{cases} \lVert p_k \rVert / 4 & \rho_k < 1/4 \\
      2 \Delta_k & \rho_k > 3/4, \lVert p_k \rVert = \Delta_k \\ \Delta_k & \end{cases})";
  static constexpr auto reference =
      "Steihaug, The conjugate gradient method and trust regions in large scale optimization, "
      "1983; Nocedal and Wright, Numerical Optimization, 2006, algorithms 4.1 and 7.2";
  static constexpr auto step_size = "gain_ratio";

  double radius = 1.0;
  static constexpr auto fields() {
    return std::array{field("radius", &TrustRegion::radius, positive,
                            "First radius of the ball, in the unit of the variables.")};
  }

  class Run final : public RegionDirection {
   public:
    explicit Run(double radius) : radius_(radius) {}

    void trust(double ratio) override {
      if (!(ratio >= 0.25)) radius_ = 0.25 * length_;
      else if (ratio > 0.75 && at_boundary_) radius_ *= 2.0;
    }

    bool certifies() const override { return solved_; }

    void compute(Objective& objective, const Point& at, Vector& p) override {
      if (escaping_) {
        p = radius_ * way_;
        finish(p, at.gradient, radius_ * curvature_.value * way_, true);
        return;
      }
      curvature_ = {};
      solved_ = false;
      const double start = at.gradient.norm();
      if (first_norm_ < 0.0) first_norm_ = start;
      const double enough = std::min(0.5, std::sqrt(start / std::max(first_norm_, 1e-300))) * start;
      Vector r = at.gradient;
      Matrix d = -r;
      Matrix Hd;
      double rho = r.squaredNorm();
      p.setZero(r.size());
      for (Index k = 0; k < 2 * r.size() + 10; ++k) {
        objective.hessian_product(at, d, Hd, nullptr);
        ++inner_;
        const double bend = d.col(0).dot(Hd.col(0));
        const double step = rho / bend;
        const bool is_flat = !(bend > epsilon * d.norm() * Hd.norm());
        if (is_flat || (p + step * d.col(0)).norm() >= radius_) {
          if (is_flat) see(d.col(0), Hd.col(0), bend);
          const double t = to_boundary(p, d.col(0));
          p += t * d.col(0);
          finish(p, at.gradient, r - at.gradient + t * Hd.col(0), true);
          return;
        }
        p += step * d.col(0);
        r += step * Hd.col(0);
        const double next = r.squaredNorm();
        if (!(std::sqrt(next) > enough)) break;
        d = -r + (next / rho) * d;
        rho = next;
      }
      finish(p, at.gradient, r - at.gradient, false);
      // A relative residual r leaves g . p short of its limit by a factor of about 1 - r^2.
      solved_ = r.norm() <= 0.1 * start;
    }

   private:
    void finish(const Vector& p, const Vector& g, const Vector& Hp, bool at_boundary) {
      predicted_ = -(g.dot(p) + 0.5 * p.dot(Hp));
      length_ = p.norm();
      at_boundary_ = at_boundary;
    }

    /// The t >= 0 with |p + t d| = radius.
    double to_boundary(const Vector& p, const Vector& d) const {
      const double a = d.squaredNorm();
      const double b = p.dot(d);
      const double c = radius_ * radius_ - p.squaredNorm();
      const double root = std::sqrt(std::max(b * b + a * c, 0.0));
      return b > 0.0 ? c / (b + root) : (root - b) / a;
    }

    /// The Rayleigh quotient of d, and how far d is from an eigenvector.
    void see(const Vector& d, const Vector& Hd, double bend) {
      const double value = bend / d.squaredNorm();
      curvature_ = {value, (Hd - value * d).norm() / d.norm()};
    }

    double radius_;
    double length_ = 0.0;
    double first_norm_ = -1.0;
    bool at_boundary_ = false;
    bool solved_ = false;
  };

  std::unique_ptr<Direction> make() const { return std::make_unique<Run>(radius); }
};

}  // namespace optlite::directions
