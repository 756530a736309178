// How reads of columns are cut for threads and for Ctrl-C.
#pragma once

#include <algorithm>

#include "optlite/core/parallel.hpp"

namespace optlite {

/// body(begin, end) for ranges of columns (or of places in a list of them), each at most `tile`
/// long; `entries` is the work of one column. Polls for an interrupt between larger parts.
template <class Body>
void each_range(Index count, Index tile, Index entries, Body&& body) {
  const Index part = std::max(tile, 40000000 / std::max<Index>(entries, 1) / tile * tile);
  for (Index first = 0; first < count; first += part) {
    const Index last = std::min(count, first + part);
    const double work = static_cast<double>(last - first) * static_cast<double>(entries);
    parallel::for_each((last - first + tile - 1) / tile, work, [&](Index t) {
      const Index begin = first + t * tile;
      body(begin, std::min(last, begin + tile));
    });
    parallel::poll_outside();
  }
}

}  // namespace optlite
