#pragma once

#include <algorithm>
#include <array>

#include "optlite/core/interrupt.hpp"
#include "optlite/directions/concept.hpp"

namespace optlite::directions {

/// The Newton step from an inverse that Newton's method for 1 / a finds: two products of matrices
/// an iteration, no division. The residual I - H X is squared each time. The last inverse is a
/// start for the next one, where it is near.
struct Schulz {
  static constexpr auto doc = "The Newton step from an inverse by Schulz's iteration.";
  static constexpr auto formula =
      R"(X_0 = \frac{H}{\lVert H \rVert_1^2}, \quad X_{t+1} = X_t (2 I - H X_t), \quad
      I - H X_{t+1} = (I - H X_t)^2, \quad p = -X g)";
  static constexpr auto reference =
      "Schulz, Iterative Berechnung der reziproken Matrix, 1933; Ben-Israel and Cohen, On "
      "iterative computation of generalized inverses and associated projections, 1966";

  double schulz_tolerance = 1e-10;
  double schulz_limit = 80;
  static constexpr auto fields() {
    return std::array{field("schulz_tolerance", &Schulz::schulz_tolerance, positive,
                            "Frobenius norm of the residual at which the iteration stops."),
                      integer("schulz_limit", &Schulz::schulz_limit, 1.0,
                              "Limit of iterations for one inverse; without one, the step is -g.")};
  }

  class Run final : public Direction {
   public:
    Run(double tolerance, double limit)
        : tolerance_(tolerance), limit_(static_cast<Index>(limit)) {}

    void compute(Objective& objective, const Point& at, Vector& p) override {
      if (at.x.size() != seen_.size() || at.x != seen_) {
        objective.hessian(at, hessian_);
        objective.fill_null_space(hessian_);
        hessian_ = Matrix(hessian_.selfadjointView<Eigen::Lower>());
        seen_ = at.x;
      }
      Matrix shifted = hessian_;
      shifted.diagonal().array() += lambda_;
      invert(shifted);
      p = residual_ < 0.1 ? Vector(-inverse_ * at.gradient) : Vector(-at.gradient);
      // Of a matrix that is not definite the Newton step may lead upwards.
      if (!(at.gradient.dot(p) < 0.0)) p = -at.gradient;
    }
    bool regularize(double lambda) override {
      lambda_ = lambda;
      return true;
    }
    bool certifies() const override { return lambda_ == 0.0 && residual_ <= 0.01; }

   private:
    Matrix residual(const Matrix& A) const {
      return Matrix::Identity(A.rows(), A.cols()) - A * inverse_;
    }

    void invert(const Matrix& A) {
      Matrix R;
      residual_ = infinity;
      if (inverse_.rows() == A.rows()) {
        R = residual(A);
        residual_ = R.norm();
      }
      if (!(residual_ < 0.5)) {
        const double norm = A.cwiseAbs().colwise().sum().maxCoeff();
        inverse_ = norm > 0.0 ? Matrix(A / norm / norm) : A;
        R = residual(A);
        residual_ = R.norm();
      }
      for (Index t = 0; t < limit_ && residual_ > tolerance_; ++t) {
        interrupt::poll();
        const Matrix next = inverse_ + inverse_ * R;
        inverse_ = 0.5 * (next + next.transpose());  // rounding grows from what is not symmetric
        R = residual(A);
        const double before = residual_;
        residual_ = R.norm();
        ++inner_;
        if (before < 0.5 && !(residual_ < 0.5 * before)) break;  // rounding
      }
    }

    double tolerance_;
    Index limit_;
    Matrix hessian_;
    Vector seen_;
    Matrix inverse_;
    double residual_ = infinity;
    double lambda_ = 0.0;
  };

  std::unique_ptr<Direction> make() const {
    return std::make_unique<Run>(schulz_tolerance, schulz_limit);
  }
};

}  // namespace optlite::directions
