// The loop of transport problems whose sums are relaxed or shared: half steps, each exact on one
// side, while they converge fast, then Newton's; at one regularization or at a falling sequence.
#pragma once

#include "optlite/drivers/transport.hpp"
#include "optlite/transport/annealing.hpp"

namespace optlite {

class StagedRun {
 public:
  virtual ~StagedRun() = default;
  StagedRun(const StagedRun&) = delete;
  StagedRun& operator=(const StagedRun&) = delete;

  /// One iteration; false once the run has ended.
  bool advance();
  Status run();
  /// After an early end: goes to the last regularization with the potentials there are.
  void settle();

  Status status() const { return status_; }
  const TransportRecord& last() const { return last_; }

 protected:
  struct State {
    double reg, value, error;
    double mass;   // of the plan
    double range;  // of the potentials
    Index n_evaluations, n_products;
  };

  /// `options.tolerance` is a share of the mass. A derived class calls begin() once it can.
  StagedRun(double reg, double scale, bool newton, TransportOptions options);
  void begin();

  virtual State state() const = 0;
  /// Evaluates the point at hand anew, at this regularization.
  virtual void evaluate_at(double reg) = 0;
  virtual void sweep() = 0;
  /// A Newton step towards error <= goal; false if none is better than the point at hand.
  virtual bool newton_step(double goal) = 0;
  /// All potentials, and a place to go on from.
  virtual Matrix potentials_of_stage() const = 0;
  virtual void set_potentials(const Matrix& potentials) = 0;

  double step_ = 1.0;  // share of the last Newton step that was taken

 private:
  void start_stage(double reg);
  void next_stage();
  bool improve(double goal);
  bool progress(double share, int patience, double rounding);
  void record();

  TransportOptions options_;
  transport::Annealing stages_;
  TransportRecord last_;
  Status status_ = Status::running;
  bool newton_;
  bool was_newton_ = false;
  int sweeps_left_ = 0;
  int stalled_ = 0;
  int failures_ = 0;
  double best_ = infinity;
  double started_;
};

/// Goes to the first point on the way that is better; false if there is none. try_step(step, point)
/// evaluates a point and returns how much its value would rise if the model were linear. Where
/// parts of a plan hardly touch, Newton's matrix is nearly singular and the way long, but an
/// exponential is no parabola: then `first` < 1, and the step is doubled as long as the value
/// rises.
template <class Point, class Try>
bool climb(Point& at, double first, double rounding, double& step, Try&& try_step) {
  Point trial = at;
  for (step = first; step > 1e-8 * first; step *= 0.5) {
    const double slope = try_step(step, trial);
    const bool rises = slope > 0.0 && trial.value >= at.value + 1e-4 * slope;
    const bool level = trial.value >= at.value - rounding && trial.error < at.error;
    if (!rises && !level) continue;
    bool current = true;  // whether the plan in memory is that of the trial
    while (step < 1.0 && first < 1.0) {
      Point longer = at;
      const double far = std::min(1.0, 2.0 * step);
      try_step(far, longer);
      current = longer.value > trial.value;
      if (!current) break;
      std::swap(trial, longer);
      step = far;
    }
    if (!current) try_step(step, trial);
    std::swap(at, trial);
    return true;
  }
  return false;
}

}  // namespace optlite
