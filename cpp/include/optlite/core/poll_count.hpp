// For tests: work that may take long polls in proportion to its size.
#pragma once

#include <cstdint>

namespace optlite::interrupt {

/// How often this thread has called poll() where that may ask.
std::int64_t poll_count();

}  // namespace optlite::interrupt
