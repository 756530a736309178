#pragma once

#include <chrono>

namespace optlite {

/// Seconds on a clock that only goes forward; differences have a meaning, the value has none.
inline double clock_seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace optlite
