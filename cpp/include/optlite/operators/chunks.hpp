// How a pass over blocks of rows is cut for threads, so that sums do not depend on their number.
#pragma once

#include <algorithm>

#include "optlite/core/parallel.hpp"
#include "optlite/operators/design.hpp"

namespace optlite::chunks {

/// Chunks for a pass: a function of the problem alone. Each chunk's partial sum has to be added
/// to the total, which must stay cheap beside the chunk's own work.
inline Index count(const Design& design) {
  const Index by_rows = std::max<Index>(1, design.rows() / 64);
  const Index by_work =
      std::max<Index>(1, design.entries() / (8 * std::max<Index>(1, design.cols())));
  return std::min<Index>({design.blocks(), by_rows, by_work, 64});
}

/// Chunks for a Gram matrix of `size` columns: more of them where one would keep Ctrl-C waiting
/// for longer than about fifty milliseconds, but each with enough rows to pay for its partial sum.
inline Index gram_count(const Design& design, Index size) {
  const double work = static_cast<double>(design.entries()) * static_cast<double>(size);
  const Index by_time = static_cast<Index>(std::min(work / 1e9, 1e9));
  const Index by_rows = std::max<Index>(1, design.rows() / (4 * std::max<Index>(1, size)));
  return std::min(design.blocks(), std::max(count(design), std::min(by_time, by_rows)));
}

/// Scratch buffers that each() needs.
inline int slots(Index chunk_count, double work) {
  return work < parallel::serial_work ? 1 : parallel::team(chunk_count);
}

/// body(first_block, last_block, slot) for each chunk, combine(slot) in the order of the chunks.
template <class Body, class Combine>
void each(const Design& design, Index chunk_count, double work, Body&& body, Combine&& combine) {
  const Index blocks = design.blocks();
  const auto run = [&](Index chunk, int slot) {
    body(blocks * chunk / chunk_count, blocks * (chunk + 1) / chunk_count, slot);
  };
  if (slots(chunk_count, work) == 1) {
    for (Index chunk = 0; chunk < chunk_count; ++chunk) {
      run(chunk, 0);
      combine(0);
      interrupt::poll();
    }
    return;
  }
  parallel::ordered(chunk_count, run, [&](Index, int slot) { combine(slot); });
}

}  // namespace optlite::chunks
