// Ctrl-C. Drivers and long kernels call poll() between blocks of work, outside parallel regions.
#pragma once

namespace optlite::interrupt {

/// Returns true when the host asks the computation to stop. Installed by the bindings.
using Hook = bool (*)();
void install(Hook hook);

/// Thrown by poll(); the bindings leave the host's own exception (KeyboardInterrupt) in place.
struct Interrupted {};

/// While one lives, poll() in its thread asks nobody: for work that must be done whole.
class Deferred {
 public:
  Deferred();
  ~Deferred();
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;
};

/// Asks the hook at most every 50 ms, so that it may be called from inner loops.
void poll();

}  // namespace optlite::interrupt
