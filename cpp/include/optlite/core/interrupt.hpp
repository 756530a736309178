// Ctrl-C. Drivers and long kernels call poll() between blocks of work, outside parallel regions.
#pragma once

namespace optlite::interrupt {

/// Returns true when the host asks the computation to stop. Installed by the bindings.
using Hook = bool (*)();
void install(Hook hook);

/// Thrown by poll(); the bindings leave the host's own exception (KeyboardInterrupt) in place.
struct Interrupted {};

/// Asks the hook at most every 50 ms, so that it may be called from inner loops.
void poll();

}  // namespace optlite::interrupt
