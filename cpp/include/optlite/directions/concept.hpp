// What a file in this folder declares: a way to choose a descent direction.
//
//     static constexpr auto doc, formula, reference;
//     std::unique_ptr<Direction> make() const;       a fresh run, hyper-parameters from the fields
//
// The run keeps its own memory (past gradients, a factorisation) and never steps by itself.
#pragma once

#include <memory>
#include <vector>

#include "optlite/core/registry.hpp"
#include "optlite/linalg/metric.hpp"
#include "optlite/problems/objective.hpp"

namespace optlite {

class Direction {
 public:
  virtual ~Direction() = default;

  /// p <- a direction with g . p < 0 at the evaluated point.
  virtual void compute(Objective& objective, const Point& at, Vector& p) = 0;

  /// Told after each step, so that curvature can be learned from the two gradients.
  virtual void moved(const Point& /*from*/, const Point& /*to*/) {}

  /// Asks for the direction of H + lambda I from now on; false if the method has no such shift.
  virtual bool regularize(double /*lambda*/) { return false; }

  /// Told how far the run is from its end: tolerance / certificate, both in value. An inexact
  /// method need not solve more closely than that.
  virtual void set_goal(double /*ratio*/) {}

  /// An approximation of the Hessian to start from. Kept by reference.
  virtual void use_metric(const Metric*) {}

  /// Whether the last p solves H p = -g closely enough for -g . p to bound value - minimum near
  /// the solution (the squared Newton decrement).
  virtual bool certifies() const { return false; }

  /// Whether -g . p at least estimates that quantity (quasi-Newton), where no bound is known.
  virtual bool estimates() const { return false; }

  /// Bounds on the extreme eigenvalues of the system that gave the last p, as preconditioned or
  /// scaled for that; unknown if none was solved.
  virtual Spectrum spectrum() const { return {}; }

  /// A lower bound on the number of eigenvalues of H that are not all due to `penalty`, a diagonal
  /// part of H; zero if nothing is known.
  virtual Index rank_bound(const Vector& /*penalty*/) const { return 0; }

  /// The last Hessian that was written out (lower triangle), or null.
  virtual const Matrix* hessian() const { return nullptr; }

  /// Margins of the last p where computing it gave them; empty otherwise.
  const Matrix& margins() const { return margins_; }
  void forget_margins() { margins_.resize(0, 0); }

  Index inner_iterations() const { return inner_; }

 protected:
  Index inner_ = 0;
  Matrix margins_;
};

struct DirectionRow {
  Record record;
  std::unique_ptr<Direction> (*make)(const std::vector<double>& fields);
};

const std::vector<DirectionRow>& direction_table();

template <class Part>
DirectionRow make_direction_row(const Entry<Part>& entry) {
  return {describe("directions", entry),
          [](const std::vector<double>& fields) { return make_part<Part>(fields).make(); }};
}

}  // namespace optlite
