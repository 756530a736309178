// What a file in this folder declares: an iteration that brings the column sums of the plan to b.
//
//     static constexpr auto doc, formula, reference;
//     std::unique_ptr<TransportMethod> make() const;
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "optlite/core/registry.hpp"
#include "optlite/transport/problem.hpp"

namespace optlite {

class TransportMethod {
 public:
  virtual ~TransportMethod() = default;

  /// Told before the first start of a run, and of stages after a try without them: the scale of the
  /// costs in units of the last regularization.
  virtual void expect(double /*largest_exponent*/) {}

  /// Whether it may be worth a try to start at the last regularization, without stages.
  virtual bool tries_without_stages() const { return false; }

  /// Evaluates `at`, whose reg and g are set: the start of a run, or of its next stage.
  virtual void start(transport::Problem& problem, transport::Point& at) = 0;

  /// One iteration towards at.error <= goal; false if rounding leaves nothing to gain.
  virtual bool advance(transport::Problem& problem, transport::Point& at, double goal) = 0;

  /// Where the error of the last iteration is not that of an evaluation in double at at.g, makes it
  /// so, and returns true: results are not said to be converged before.
  virtual bool confirm(transport::Problem&, transport::Point&) { return false; }

  /// Length of the last step, as a share of the one that was computed.
  double step() const { return step_; }
  /// Whether the last iteration was one of Newton's.
  bool was_newton() const { return was_newton_; }

 protected:
  double step_ = 1.0;
  bool was_newton_ = false;
};

/// A number that may be larger than any Index, as a count.
inline Index as_count(double number) { return static_cast<Index>(std::min(number, 1e15)); }

struct TransportMethodRow {
  Record record;
  std::unique_ptr<TransportMethod> (*make)(const std::vector<double>& fields);
};

const std::vector<TransportMethodRow>& transport_method_table();

template <class Part>
TransportMethodRow make_transport_method_row(const Entry<Part>& entry) {
  return {describe("transport_methods", entry),
          [](const std::vector<double>& fields) { return make_part<Part>(fields).make(); }};
}

}  // namespace optlite
