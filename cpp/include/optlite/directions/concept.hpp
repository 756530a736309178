// What a file in this folder declares: a way to choose a descent direction.
//
//     static constexpr auto doc, formula, reference;
//     static constexpr auto step_size = "wolfe";     only if no other step size suits
//     static constexpr bool uses_hessian = false;    only if gradients are all that it asks for
//     std::unique_ptr<Direction> make() const;       a fresh run, hyper-parameters from the fields
//
// The run keeps its own memory (past gradients, a factorisation) and never steps by itself.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "optlite/core/registry.hpp"
#include "optlite/linalg/krylov.hpp"
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

  /// Whether the length of p means something: a full step is worth a trial.
  virtual bool has_length() const { return true; }

  /// Whether p minimises a model within a region, or with a weight, that learns from each step.
  virtual bool has_region() const { return false; }
  /// The decrease of the value that this model predicts for the last p.
  virtual double predicted() const { return 0.0; }
  /// Told actual / predicted decrease for the last p: the region widens or shrinks.
  virtual void trust(double /*ratio*/) {}

  /// p <- a way down from a stationary point, along negative curvature; false if none was found.
  virtual bool escape(Objective&, const Point&, Vector& /*p*/) { return false; }
  /// The smallest curvature that was seen while the last p was computed.
  const Curvature& curvature() const { return curvature_; }

  /// Whether the last p solves H p = -g closely enough for -g . p to bound value - minimum near
  /// the solution (the squared Newton decrement).
  virtual bool certifies() const { return false; }
  /// About how much -g . p is short of it, where the equations are not solved to the end.
  virtual double shortfall() const { return 0.0; }

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
  Curvature curvature_;
};

/// A direction that minimises a model in a region, and that looks for a way down from a stationary
/// point: the eigenvector of a negative eigenvalue, by Lanczos' method.
class RegionDirection : public Direction {
 protected:
  static constexpr Index most_steps = 60;  // of Lanczos' method at a stationary point

  /// Products with the Hessian there, counted.
  auto counted(Objective& objective, const Point& at) {
    return [this, &objective, &at](const Matrix& V, Matrix& out) {
      objective.hessian_product(at, V, out, nullptr);
      ++inner_;
    };
  }

  double predicted_ = 0.0;
  bool escaping_ = false;
  Vector way_;  // down from a stationary point, of length one, while it escapes

 public:
  bool has_region() const override { return true; }
  double predicted() const override { return predicted_; }

  bool escape(Objective& objective, const Point& at, Vector& p) override {
    escaping_ =
        negative_curvature(at.x.size(), most_steps, counted(objective, at), curvature_, way_);
    if (!escaping_) return false;
    if (at.gradient.dot(way_) > 0.0) way_ = -way_;
    compute(objective, at, p);
    return true;
  }
  void moved(const Point&, const Point&) override { escaping_ = false; }
};

struct DirectionRow {
  Record record;
  std::string step_size;  // the only one that suits, or empty
  bool uses_hessian;
  std::unique_ptr<Direction> (*make)(const std::vector<double>& fields);
};

const std::vector<DirectionRow>& direction_table();

namespace detail {

template <class Part, class = void>
struct own_step_size {
  static constexpr auto value = "";
};
template <class Part>
struct own_step_size<Part, std::void_t<decltype(Part::step_size)>> {
  static constexpr auto value = Part::step_size;
};

template <class Part, class = void>
struct uses_hessian : std::true_type {};
template <class Part>
struct uses_hessian<Part, std::void_t<decltype(Part::uses_hessian)>>
    : std::bool_constant<Part::uses_hessian> {};

}  // namespace detail

template <class Part>
DirectionRow make_direction_row(const Entry<Part>& entry) {
  return {describe("directions", entry), detail::own_step_size<Part>::value,
          detail::uses_hessian<Part>::value,
          [](const std::vector<double>& fields) { return make_part<Part>(fields).make(); }};
}

}  // namespace optlite
