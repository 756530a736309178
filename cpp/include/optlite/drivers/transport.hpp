// The loop of entropic transport: a method, run at one regularization or at a falling sequence of
// them, each stage starting from the potentials of the ones before.
#pragma once

#include <vector>

#include "optlite/core/status.hpp"
#include "optlite/transport_methods/concept.hpp"

namespace optlite {

struct TransportOptions {
  double tolerance = 1e-9;  // on |P^T 1 - b|_1
  Index max_iterations = 1000;
  double annealing = 4.0;   // regularization of a stage over that of the next; 1: one stage
  double stage_tolerance = 1e-3;  // of all stages but the last, as a share of the mass
};

/// One iteration. Counts and seconds are totals since the start.
struct TransportRecord {
  Index iteration = 0;
  double reg = 0.0;
  double value = 0.0;
  double error = infinity;
  double step_size = 0.0;
  Index n_newton = 0;
  Index n_evaluations = 0;  // times that all exponentials were taken
  Index n_products = 0;     // conjugate-gradient iterations
  double work = 0.0;        // Problem::work
  double seconds = 0.0;
};

class TransportRun {
 public:
  /// Starts at the target potentials g. The problem and the method must outlive the run.
  TransportRun(transport::Problem& problem, TransportMethod& method, double reg, double scale,
               const Vector& g, TransportOptions options);

  /// One iteration; false once the run has ended.
  bool advance();
  /// Iterates until the run ends.
  Status run();
  /// After a run that ended early, or is left early: goes to the last regularization with the
  /// potentials there are, so that what it found is about the problem that was posed.
  void settle();

  Status status() const { return status_; }
  const transport::Point& current() const { return at_; }
  const TransportRecord& last() const { return last_; }

 private:
  struct Stage {
    double reg;
    Vector g;
  };
  double stage_reg(Index stage) const;
  bool is_last() const { return trying_ || stage_ == last_stage_; }
  bool promises(double goal);
  void begin_stages();
  void next_stage();
  void confirm();
  void record();

  transport::Problem& problem_;
  TransportMethod& method_;
  TransportOptions options_;
  double reg_;
  double first_reg_;
  double largest_exponent_;
  Index last_stage_ = 0;
  Index stage_ = 0;
  bool trying_ = false;  // whether it goes without stages
  TransportRecord before_[2];  // the last two iterations, the older one first
  double granted_ = 0.0;  // work up to which Newton's steps go on before stages are tried
  Vector start_;              // potentials that stages begin with
  int refuted_ = 0;  // times that the goal was not reached after all
  std::vector<Stage> solved_;  // the last two
  transport::Point at_;
  TransportRecord last_;
  Status status_ = Status::running;
  double started_;
};

}  // namespace optlite
