// The smooth part f of a problem, whose gradient is kept up to date while blocks of variables move.
#pragma once

#include "optlite/bcd/curvature.hpp"

namespace optlite::bcd {

class Smooth {
 public:
  explicit Smooth(const Curvature& H, Vector x) : H_(H), x_(std::move(x)) {}
  virtual ~Smooth() = default;

  /// The Hessian is at most this matrix everywhere; of a quadratic it is the matrix.
  const Curvature& curvature() const { return H_; }
  const Vector& x() const { return x_; }
  const Vector& gradient() const { return gradient_; }
  double value() const { return value_; }
  /// Euclidean norm of the gradient at zero, beside which others are small.
  virtual double scale() const = 0;

  /// x_b += d.
  virtual void move(const Block& block, const Vector& d) = 0;
  /// Computes gradient and value from x alone, free of the rounding of earlier moves.
  virtual void refresh() = 0;
  void jump(const Vector& x) {
    x_ = x;
    refresh();
  }
  /// Whether f is a quadratic, whose gradient at a combination of points is that of the gradients.
  virtual bool quadratic() const { return false; }
  /// To a point of known gradient, if f is a quadratic and less there; false if it is not.
  virtual bool jump_if_less(const Vector&, const Vector&) { return false; }
  /// Sets a variable that rounding left beside a bound.
  void place(Index i, double value) { x_[i] = value; }
  /// The variables whose gradient the last move may have changed; null: any of them.
  virtual const std::vector<Index>* touched() const { return nullptr; }

  /// From here on f is seen along the variables of the block: as a function of d, at x_b + d.
  virtual void restrict(const Block& block) = 0;
  /// f(x_b + d) - f(x_b).
  virtual double change(const Vector& d) = 0;
  virtual void slopes(const Vector& d, Vector& g) = 0;
  virtual void hessian(const Vector& d, Matrix& H) = 0;
  /// By how much a change may be wrong through rounding.
  virtual double rounding() const = 0;

 protected:
  const Curvature& H_;
  Vector x_;
  Vector gradient_;
  double value_ = 0.0;
};

}  // namespace optlite::bcd
