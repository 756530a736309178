// What a driver may ask of a problem. A driver names the members it needs; everything that depends
// on data, threads or storage is behind this interface, called a few times per iteration.
#pragma once

#include <cmath>
#include <stdexcept>

#include "optlite/core/types.hpp"

namespace optlite {

/// A place in the search space and what is known there.
struct Point {
  Vector x;
  double value = infinity;
  Vector gradient;
  Matrix margins;  // linear models keep X W here when that is cheap; empty otherwise
  double precision = epsilon;  // of the numbers that the value was computed with
};

class Objective {
 public:
  virtual ~Objective() = default;

  virtual Index dimension() const = 0;

  /// Fills value, gradient (and margins) for p.x.
  virtual void evaluate(Point& p) = 0;

  /// Value at a.x + t (b.x - a.x), where both a and b have been evaluated.
  virtual double line_value(const Point& a, const Point& b, double t) {
    scratch_.x = a.x + t * (b.x - a.x);
    evaluate(scratch_);
    return scratch_.value;
  }

  /// b <- the point a.x + t (b.x - a.x), evaluated.
  virtual void move_on_line(const Point& a, Point& b, double t) {
    b.x = a.x + t * (b.x - a.x);
    evaluate(b);
  }

  /// b <- the point a.x + p, evaluated, where a has been; `margins` of p where they are known.
  virtual void evaluate_step(const Point& a, const Vector& p, const Matrix& /*margins*/, Point& b) {
    b.x = a.x + p;
    evaluate(b);
  }

  /// out = (Hessian at p) V for a block of vectors, in one read of the data. `margins`, if not
  /// null, receives those of a single vector where p keeps margins, and is left empty elsewhere.
  virtual void hessian_product(const Point& p, const Matrix& V, Matrix& out, Matrix* margins) = 0;

  /// The Hessian at p, lower triangle.
  virtual void hessian(const Point& p, Matrix& H) = 0;

  /// Adds curvature to H (lower triangle) along directions in which the value never changes, so
  /// that it can be factorised. H p = -g keeps its solution: g has no part along them.
  virtual void fill_null_space(Matrix& /*H*/) {}

  /// The diagonal of the Hessian at p, or an approximation that serves as a preconditioner.
  virtual void hessian_diagonal(const Point& p, Vector& diagonal) = 0;

  /// A bound on value(p) - minimum, or infinity where none is known (see duality gap).
  virtual double certificate(const Point&) { return infinity; }

  /// A certificate as it serves one who asks whether it is at most `enough`: infinity where less
  /// work tells that it is not, and more work where that may show that it is.
  virtual double certificate_below(const Point& p, double /*enough*/) { return certificate(p); }
  /// From a certificate that exceeds `enough` to one that more work has found.
  virtual double closer_certificate(const Point&, double known, double /*enough*/) { return known; }

  /// What the tolerance of the certificate is relative to.
  virtual double scale(const Point& p) { return std::fabs(p.value); }

  /// The gradient without its unit, zero at a stationary point; infinite where the certificate
  /// alone ends a run.
  virtual double stationarity(const Point&) { return infinity; }

  /// Whether it is convex and hessian_product() its own Hessian: the squared Newton decrement then
  /// bounds value - minimum near the solution, and a zero gradient is the minimum.
  virtual bool is_convex() const { return true; }

  /// Times the data has been read since the start.
  Index passes() const { return passes_; }

 protected:
  Index passes_ = 0;

 private:
  Point scratch_;
};

}  // namespace optlite
