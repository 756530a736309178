// Many transport problems in one call: small ones side by side, one a thread; large ones one after
// the other, each by all threads. The iterations are those of single problems, to the bit.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "optlite/drivers/transport.hpp"

namespace optlite {

struct TransportTask {
  std::unique_ptr<transport::Cost> cost;  // between sources and targets that have mass
  Vector a, b;
  double reg = 0.0;
  double scale = 0.0;      // of the costs; NaN: to be found
  double tolerance = 0.0;  // in mass
};

struct TransportAnswer {
  Vector f, g;
  TransportRecord record;
  Status status = Status::running;
};

/// `options.tolerance` is replaced by that of each task.
std::vector<TransportAnswer> solve_transport_batch(const std::vector<TransportTask>& tasks,
                                                   const TransportMethodRow& method,
                                                   const std::vector<double>& fields, double drop,
                                                   double memory, TransportOptions options);

}  // namespace optlite
