// The loop of transport problems whose sums are relaxed or shared: half steps, each exact on one
// side, while they converge fast, then Newton's; at one regularization or at a falling sequence.
#pragma once

#include "optlite/drivers/transport.hpp"
#include "optlite/transport/annealing.hpp"
#include "optlite/transport/climb.hpp"

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

}  // namespace optlite
