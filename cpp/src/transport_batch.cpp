#include "optlite/drivers/transport_batch.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "optlite/core/interrupt.hpp"
#include "optlite/core/parallel.hpp"

namespace optlite {

namespace {

/// From this size on, all threads work at one problem: an iteration takes some 50 milliseconds.
constexpr double large_entries = 512.0 * 512.0;
constexpr Index many_targets = 640;

/// A problem on its way, which can be left and taken up again between iterations.
class Solving {
 public:
  Solving(const TransportTask& task, const TransportMethodRow& method,
          const std::vector<double>& fields, double drop, double memory, TransportOptions options)
      : problem_(*task.cost, task.a, task.b, drop, memory), method_(method.make(fields)) {
    options.tolerance = task.tolerance;
    const double scale = std::isnan(task.scale) ? transport::cost_scale(*task.cost) : task.scale;
    run_ = std::make_unique<TransportRun>(problem_, *method_, task.reg, scale,
                                          Vector::Zero(task.b.size()), options);
  }

  bool advance() { return run_->advance(); }

  TransportAnswer answer() {
    run_->settle();
    return {run_->current().f, run_->current().g, run_->last(), run_->status()};
  }

 private:
  transport::Problem problem_;
  std::unique_ptr<TransportMethod> method_;
  std::unique_ptr<TransportRun> run_;
};

bool is_large(const transport::Cost& cost) {
  const double entries = static_cast<double>(cost.sources()) * static_cast<double>(cost.targets());
  return entries >= large_entries || cost.targets() > many_targets;
}

}  // namespace

std::vector<TransportAnswer> solve_transport_batch(const std::vector<TransportTask>& tasks,
                                                   const TransportMethodRow& method,
                                                   const std::vector<double>& fields, double drop,
                                                   double memory, TransportOptions options) {
  std::vector<TransportAnswer> answers(tasks.size());
  std::vector<std::size_t> small;
  for (std::size_t k = 0; k < tasks.size(); ++k) {
    if (!is_large(*tasks[k].cost)) {
      small.push_back(k);
      continue;
    }
    Solving solving(tasks[k], method, fields, drop, memory, options);
    while (solving.advance()) {
    }
    answers[k] = solving.answer();
  }
  // Each thread solves every slots-th problem. It comes back after a few milliseconds, with the
  // problem it is at half done, since only here may Ctrl-C be heard.
  const int slots = parallel::team(static_cast<Index>(small.size()));
  struct Slot {
    std::size_t next;
    std::unique_ptr<Solving> solving;
  };
  std::vector<Slot> state(static_cast<std::size_t>(slots));
  for (std::size_t s = 0; s < state.size(); ++s) state[s].next = s;
  const auto work = [&](Slot& slot) {
    const interrupt::Deferred deferred;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
    while (slot.next < small.size() && std::chrono::steady_clock::now() < end) {
      const std::size_t k = small[slot.next];
      if (!slot.solving) {
        slot.solving = std::make_unique<Solving>(tasks[k], method, fields, drop, memory, options);
      }
      if (slot.solving->advance()) continue;
      answers[k] = slot.solving->answer();
      slot.solving.reset();
      slot.next += state.size();
    }
  };
  const auto busy = [&](const Slot& slot) { return slot.next < small.size(); };
  while (std::any_of(state.begin(), state.end(), busy)) {
    parallel::each_thread(slots, [&](int s) { work(state[static_cast<std::size_t>(s)]); });
    interrupt::poll();
  }
  return answers;
}

}  // namespace optlite
