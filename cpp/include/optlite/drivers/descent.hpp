// The loop "direction, then step": steepest descent, L-BFGS, Newton's method and trust regions are
// all this driver with another Direction and StepSize. It can be run to the end or stepped through.
#pragma once

#include <memory>

#include "optlite/core/status.hpp"
#include "optlite/core/trace.hpp"
#include "optlite/directions/concept.hpp"
#include "optlite/step_sizes/concept.hpp"

namespace optlite {

struct DescentOptions {
  double tolerance = 1e-8;  // on certificate / |value|
  Index max_iterations = 100;
  bool record = false;  // keep a trace
  double diverging_below = -infinity;  // a value that proves that there is no minimiser
};

class Descent {
 public:
  /// Starts at x0; the objective, direction and step size must outlive the run.
  Descent(Objective& objective, Direction& direction, StepSize& step_size, const Vector& x0,
          DescentOptions options);

  /// Starts at a point that has been evaluated already.
  Descent(Objective& objective, Direction& direction, StepSize& step_size, Point start,
          DescentOptions options);

  /// One iteration; false once the run has ended.
  bool step() { return choose() && advance(); }

  /// The first half of an iteration: stops, or chooses a direction, which may improve the
  /// certificate of the current point. False once the run has ended.
  bool choose();

  /// The second half: moves along the chosen direction. False once the run has ended.
  bool advance();

  /// Steps until the run ends.
  Status run();

  Status status() const { return status_; }
  const Point& current() const { return current_; }
  const Vector& direction() const { return p_; }
  const TraceRecord& last() const { return last_; }
  const Trace& trace() const { return trace_; }

 private:
  bool stop_or_choose_direction();
  bool stop_at_zero_gradient();
  bool escape();
  void choose_direction(double target);
  void certify();
  void certify_exactly();
  void note_curvature();
  double promise() const;
  bool ends_here(double target);
  void record(double step_size, double regularization);
  double seconds() const;

  Objective& objective_;
  Direction& direction_;
  StepSize& step_size_;
  DescentOptions options_;
  Point current_;
  Point trial_;
  Vector p_;
  Status status_ = Status::running;
  int idle_steps_ = 0;
  bool leaving_ = false;  // p_ leads away from a stationary point
  bool unwatched_ = false;  // nobody sees the certificates before the last
  bool far_ = false;  // the certificate exceeds what is wanted, and is not known
  TraceRecord last_;
  Trace trace_;
  double started_;
};

}  // namespace optlite
