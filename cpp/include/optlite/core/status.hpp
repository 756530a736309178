// How a run ended, in a word for code and a sentence for people.
#pragma once

namespace optlite {

enum class Status {
  running,
  converged,
  estimated,          // the method's own estimate reached the tolerance; no bound is known
  stationary,         // the gradient vanished to the tolerance; no bound is known
  iteration_limit,
  precision_limit,  // no step changes the objective any more: rounding, not the method, stops it
  line_search_failed,
  diverging,  // the iterates grow without bound: no minimiser exists (separable data)
  not_finite,
};

inline const char* name(Status status) {
  switch (status) {
    case Status::running: return "running";
    case Status::converged: return "converged";
    case Status::estimated: return "estimated";
    case Status::stationary: return "stationary";
    case Status::iteration_limit: return "iteration_limit";
    case Status::precision_limit: return "precision_limit";
    case Status::line_search_failed: return "line_search_failed";
    case Status::diverging: return "diverging";
    case Status::not_finite: return "not_finite";
  }
  return "unknown";
}

inline const char* sentence(Status status) {
  switch (status) {
    case Status::running: return "The run has not ended.";
    case Status::converged: return "The certificate reached the tolerance.";
    case Status::estimated: return "The method's own estimate of the error reached the tolerance.";
    case Status::stationary:
      return "The scaled gradient reached the tolerance: a stationary point.";
    case Status::iteration_limit: return "The iteration limit came before the tolerance.";
    case Status::precision_limit:
      return "No step decreases the objective any more: it is at the rounding error of the data.";
    case Status::line_search_failed: return "No step along the direction was acceptable.";
    case Status::diverging: return "The iterates grow without bound: there is no minimiser.";
    case Status::not_finite: return "The objective is not finite at the start.";
  }
  return "";
}

}  // namespace optlite
