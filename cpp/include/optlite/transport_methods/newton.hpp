#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/linalg/conjugate_gradients.hpp"
#include "optlite/transport/scaling.hpp"
#include "optlite/transport_methods/concept.hpp"

namespace optlite::transport_methods {

/// Sinkhorn's iterations while they are the cheapest way to the goal, then Newton's on the
/// potentials of the columns, the rows being fitted exactly. The equations are solved by conjugate
/// gradients, only as well as the distance to the solution deserves; where they take long and the
/// matrix is small, by elimination.
///
/// Down to an error of a millionth of the mass, single precision tells as much as double does: the
/// plan is kept in it, and a trial of a step scales that plan instead of taking exponentials. From
/// there on exponentials and sums are taken in double; single precision is left in the plan that
/// equations are solved with, which need not be solved well, and that tells what a step as small as
/// the last ones changes in the sums. Where a step disappoints, all is done in double from there
/// on.
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
  double max_inner = 10000;
  double precision = 0.0;
  static constexpr auto fields() {
    return std::array{field("forcing", &Newton::forcing, unit_open,
                            "Largest relative residual at which conjugate gradients stop."),
                      integer("max_inner", &Newton::max_inner, 1.0,
                              "Limit of conjugate-gradient iterations for one step. Fewer, 500 at "
                              "first, end one that is worth no more."),
                      choice("precision", &Newton::precision, "mixed double",
                             "Single precision as long as it can tell, or double from the start.")};
  }

  using Precision = transport::Precision;
  using Problem = transport::Problem;
  using Point = transport::Point;

  class Run final : public TransportMethod {
   public:
    Run(double forcing, double max_inner, bool mixed)
        : forcing_(forcing), max_inner_(as_count(max_inner)), may_mix_(mixed), mixed_(mixed) {}

    void expect(double largest_exponent) override {
      // Where costs are so large, single precision loses in early stages what late ones build on.
      mixed_ = may_mix_ && !(largest_exponent > 1e5);
    }

    bool tries_without_stages() const override { return true; }

    void start(Problem& problem, Point& at) override {
      precision_ = mixed_ ? Precision::single : Precision::full;
      scales_ = hard_ = false;
      patience_ = first_patience;
      sweeps_left_ = least_sweeps;
      forget();
      evaluate(problem, at);
      // Exponents so large leave single precision nothing to gain, and their rounding much to lose.
      const double range = at.f.maxCoeff() - at.f.minCoeff() + at.g.maxCoeff() - at.g.minCoeff();
      if (mixed_ && range > 1e4 * at.reg) {
        mixed_ = false;
        precision_ = Precision::full;
        evaluate(problem, at);
      }
      // A start that may be the solution.
      if (single_has_ended(problem, at)) refine(problem, at, Precision::mixed);
    }

    bool advance(Problem& problem, Point& at, double goal) override {
      was_newton_ = false;
      step_ = 1.0;
      if (single_has_ended(problem, at)) {
        // Sweeps scale a plan in double; Newton's products can do with one in single precision.
        scales_ = sweeps_left_ > 0 && !newton_pays(problem, at, goal);
        refine(problem, at, scales_ ? Precision::full : Precision::mixed);
        return true;
      }
      if (refined_ && sweeps_left_ == 1 && newton_pays(problem, at, goal)) sweeps_left_ = 0;
      refined_ = false;
      if (sweeps_left_ > 0) {
        sweep(problem, at, goal);
        return true;
      }
      was_newton_ = true;
      return newton_step(problem, at, goal);
    }

    bool confirm(Problem& problem, Point& at) override {
      if (!moved_ && precision_ != Precision::single) return false;
      if (precision_ == Precision::single) refine(problem, at, Precision::mixed);
      else evaluate(problem, at);
      return true;
    }

   private:
    static constexpr int least_sweeps = 3;
    static constexpr Index direct_limit = 3000;
    static constexpr Index first_patience = 500;
    static constexpr double longest_move = 20.0;  // in units of reg
    static constexpr double single_error = 1e-6;  // at which single precision ends
    static constexpr double single_noise = 2e-7;  // of its products, relative to their terms

    bool single_has_ended(const Problem& problem, const Point& at) const {
      return precision_ == Precision::single && at.error <= single_error * problem.b().sum();
    }

    /// What the iterations in this precision aim at.
    double within_reach(const Problem& problem, double goal) const {
      return precision_ == Precision::single ? std::max(goal, single_error * problem.b().sum())
                                             : goal;
    }

    void forget() {
      stalled_ = 0;
      best_ = infinity;
    }

    void evaluate(Problem& problem, Point& at) {
      problem.evaluate(at, precision_, true);
      moved_ = false;
    }

    /// A tenth of the error that is the goal may be noise.
    void move(Problem& problem, Point& at) {
      if (precision_ == Precision::mixed && problem.nudge(at, 0.1 * goal_)) return;
      problem.move(at, precision_);
      moved_ = precision_ != Precision::mixed;
    }

    /// From here on in double.
    void refine(Problem& problem, Point& at, Precision precision) {
      precision_ = precision;
      refined_ = true;
      forget();
      evaluate(problem, at);
    }

    void sweep(Problem& problem, Point& at, double goal) {
      const double before = at.error;
      transport::sweep(problem, at, precision_);
      moved_ = precision_ != Precision::mixed;
      rate_ = at.error / before;
      if (sweeps_left_ > 1) --sweeps_left_;
      else if (newton_pays(problem, at, goal)) sweeps_left_ = 0;
    }

    /// Whether Newton's iterations from here to the goal cost less than more sweeps, each of which
    /// leaves the share rate_ of the error. That is the second largest eigenvalue of the normalized
    /// P^T diag(a)^-1 P, so that the condition number of S is 1 / (1 - rate), of which conjugate
    /// gradients feel the root.
    bool newton_pays(const Problem& problem, const Point& at, double goal) const {
      const double target = single_has_ended(problem, at) ? goal : within_reach(problem, goal);
      if (!(at.error > target)) return false;
      if (precision_ == Precision::full && !scales_) return !(rate_ <= slow);
      if (!(rate_ < 1.0)) return true;
      const bool single = precision_ == Precision::single && !single_has_ended(problem, at);
      const double digits = std::log(at.error / target);
      const double scaling = problem.move_work(single ? Precision::single : Precision::full);
      const double move = problem.move_work(single ? Precision::single : Precision::mixed);
      const double product = problem.product_work(false);
      const double sweeps = digits / -std::log(rate_) * scaling;
      const double products = 0.5 * digits / std::sqrt(1.0 - rate_) * product;
      return sweeps > products + newton_steps * (move + product);
    }
    static constexpr double slow = 0.3;  // in double, where problems are hard: rates above this
    static constexpr double newton_steps = 3.0;  // about as many, whatever the problem

    bool newton_step(Problem& problem, Point& at, double goal) {
      goal_ = goal;
      const double before = at.error;
      solve(problem, at, goal);
      const bool found = search(problem, at);
      if (cut_off_ && at.error > 0.5 * before) patience_ = std::min(2 * patience_, max_inner_);
      // What holds parts that hardly touch together may be lost in single precision; directions
      // are no good then.
      const double share = precision_ == Precision::mixed ? 0.3 : 0.9;
      const bool doubtful = !found || step_ < 0.1 || at.error > share * before;
      if (precision_ != Precision::full && doubtful) {
        mixed_ = false;
        precision_ = Precision::full;
        forget();
        evaluate(problem, at);
        return true;
      }
      if (found) {
        // A column whose sum underflowed is out of Newton's sight: a scaling finds it.
        if (at.error > 0.9 * before) sweeps_left_ = 1;
        stalled_ = at.error < 0.5 * best_ ? 0 : stalled_ + 1;
        best_ = std::min(best_, at.error);
        return stalled_ < 8 || at.error > 10.0 * rounding(problem, at);
      }
      // No step along the direction is better: rounding, or a plan too far from its sums.
      sweeps_left_ = 4 * least_sweeps;
      evaluate(problem, at);
      return at.error > 1e-13 * problem.b().sum() && ++failures_ < 10;
    }

    /// Error of the sums by that of the exponents, which are large numbers where reg is small.
    static double rounding(const Problem& problem, const Point& at) {
      const double range = at.g.maxCoeff() - at.g.minCoeff();
      return epsilon * (1.0 + range / at.reg) * problem.b().sum();
    }

    /// direction_ <- about reg S^-1 (b - P^T 1). S is singular along the vector of ones, which the
    /// right side is orthogonal to and the plan does not depend on.
    void solve(Problem& problem, const Point& at, double goal) {
      right_side_ = problem.b() - at.column_sums;
      const double start = right_side_.lpNorm<1>();
      // Near the goal the step has to reach it; far away the quadratic model is not worth more.
      const double near = 0.3 * within_reach(problem, goal) / start;
      const double enough =
          std::max(std::min(forcing_, std::sqrt(start / problem.b().sum())), near);
      // Where they take long, elimination is cheaper, and good for any condition.
      const bool small = right_side_.size() <= direct_limit;
      const Index half = std::max<Index>(50, right_side_.size() / 2);
      const Index limit = std::min(max_inner_, small ? std::min(first_patience, half) : patience_);
      const Descent end =
          hard_ ? Descent::limit : conjugate_gradients(problem, at, enough * start, limit);
      cut_off_ = !small && end == Descent::limit;
      if (small && end != Descent::enough) {
        const Vector exact = problem.solve_schur(at, right_side_);
        if (exact.allFinite()) direction_ = exact;
        else if (hard_) conjugate_gradients(problem, at, enough * start, limit);
        hard_ = end == Descent::limit;  // and so will be the next systems, solved better than this
      }
      direction_ *= at.reg;
    }

    /// Where the noise of products in single precision is as large as `enough`, they are taken in
    /// double from there on.
    Descent conjugate_gradients(Problem& problem, const Point& at, double enough, Index limit) {
      const Vector inverse = problem.schur_diagonal(at)
                                 .cwiseMax(1e-12 * at.column_sums)
                                 .cwiseMax(1e-300)
                                 .cwiseInverse();
      bool exactly = precision_ == Precision::full;
      const auto is_noise = [&] {
        return !exactly && single_noise * at.column_sums.dot(direction_.cwiseAbs()) > 0.3 * enough;
      };
      const auto is_small = [&] { return !(residual_.lpNorm<1>() > enough); };
      const auto descend = [&] {
        return optlite::conjugate_gradients(
            direction_, residual_, limit,
            [&](const Vector& p, Vector& out) { problem.schur_product(at, p, out, exactly); },
            [&](const Vector& r) -> Vector { return r.cwiseProduct(inverse); },
            [](const Vector& p, const Vector& q) { return p.dot(q); },
            [&](const Vector&, const Vector&) { return is_noise() || is_small(); });
      };
      direction_.setZero(right_side_.size());
      residual_ = right_side_;
      Descent end = descend();
      if (!exactly && (end == Descent::flat || is_noise())) {
        exactly = true;
        if (end == Descent::flat) direction_.setZero();
        Vector product;
        problem.schur_product(at, direction_, product, true);
        residual_ = right_side_ - product;
        end = is_small() ? Descent::enough : descend();
      }
      return end;
    }

    /// Tries the full step and halves of it until the dual value rises enough; near the solution,
    /// where rounding hides the rise, until the error falls.
    ///
    /// Where parts of the plan hardly touch, S is nearly singular and the direction long between
    /// them, but an exponential is no parabola. Then the first step moves potentials by a few times
    /// reg, and is doubled as long as the value keeps rising as its slope says.
    bool search(Problem& problem, Point& at) {
      const double slope = right_side_.dot(direction_);
      if (!(slope > 0.0) || !direction_.allFinite()) return false;
      const double longest = direction_.maxCoeff() - direction_.minCoeff();
      const double first = std::min(1.0, longest_move * at.reg / longest);
      const double noise =
          precision_ == Precision::single ? 1e-6 * problem.b().sum() * at.reg : 0.0;
      const double hidden = 1e-13 * (std::fabs(at.value) + at.reg) + noise;
      for (step_ = first; step_ > 1e-8 * first; step_ *= 0.5) {
        try_step(problem, at, step_, trial_);
        if (trial_.value >= at.value + 1e-4 * step_ * slope ||
            (trial_.value >= at.value - hidden && trial_.error < at.error)) {
          if (first < 1.0) lengthen(problem, at, slope);
          std::swap(at, trial_);
          return true;
        }
      }
      return false;
    }

    void try_step(Problem& problem, const Point& at, double step, Point& trial) {
      trial.reg = at.reg;
      trial.g = at.g + step * direction_;
      move(problem, trial);
    }

    void lengthen(Problem& problem, const Point& at, double slope) {
      while (step_ < 1.0 && trial_.value >= at.value + 0.5 * step_ * slope) {
        const double longer = std::min(1.0, 2.0 * step_);
        try_step(problem, at, longer, longer_);
        // The plan in memory may be one evaluated for the longer step: it must fit the point kept.
        if (!(longer_.value > trial_.value)) return move(problem, trial_);
        std::swap(trial_, longer_);
        step_ = longer;
      }
    }

    double forcing_;
    Index max_inner_;
    bool may_mix_;
    bool mixed_;
    Precision precision_ = Precision::full;
    bool moved_ = false;
    bool refined_ = false;
    bool scales_ = false;  // sweeps go on in double, as they are cheap
    bool cut_off_ = false;  // the last system was not solved as well as it should be
    Index patience_ = first_patience;  // products that a step is worth
    bool hard_ = false;  // conjugate gradients took too long at this stage
    double rate_ = 1.0;
    int sweeps_left_ = least_sweeps;
    int failures_ = 0;
    int stalled_ = 0;
    double best_ = infinity;
    double goal_ = 0.0;  // of the error, at this step
    Point trial_, longer_;
    Vector residual_, right_side_, direction_;
  };

  std::unique_ptr<TransportMethod> make() const {
    return std::make_unique<Run>(forcing, max_inner, precision == 0.0);
  }
};

}  // namespace optlite::transport_methods
