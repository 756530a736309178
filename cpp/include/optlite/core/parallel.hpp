// Threads. Together with the element-wise driver this is the only place that names OpenMP.
//
// Sums are independent of the number of threads: work is cut into chunks whose number depends on
// the problem alone, and results are combined in the order of the chunks.
#pragma once

#include <algorithm>
#include <string>

#include "optlite/core/function_ref.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/core/numbers.hpp"

namespace optlite::parallel {

/// Threads that a region started now would use: 1 inside a region, or in a forked child.
int threads();

/// Sets the number of threads of regions that this thread starts; returns the number before.
int limit_threads(int count);

/// Whether this is a thread of a region, where nothing may poll for an interrupt.
bool inside();

/// Polls for an interrupt where that is allowed: for code that also runs inside a region.
inline void poll_outside() {
  if (!inside()) interrupt::poll();
}

/// Called in the child after fork: OpenMP's pool does not survive it, so the child runs serially.
void after_fork_in_child();

/// "libgomp 4.5 (201511)" style description, or "none".
std::string runtime();

/// body(i) for i in [0, count), one thread each. The first exception is rethrown here.
///
/// Here and below a body is compiled once, whatever it is run by: these functions are no templates.
void each_thread(int count, FunctionRef<void(int)> body);

/// Below this many multiplications (some fifty microseconds) a second thread brings little, and on
/// a machine busy with other work waiting for it costs a lot.
inline constexpr double serial_work = 200000.0;

/// Threads worth starting for `chunks` chunks.
inline int team(Index chunks) {
  return static_cast<int>(std::max<Index>(1, std::min<Index>({threads(), chunks, 64})));
}

/// work(chunk, slot) in parallel, then combine(chunk, slot) serially in the order of the chunks.
/// `slot` < team(chunks) names a scratch buffer that no other running chunk uses.
void ordered(Index chunks, FunctionRef<void(Index, int)> work,
             FunctionRef<void(Index, int)> combine);

/// body(begin, end) for contiguous ranges that make up [0, count), one a thread. `work` (about the
/// number of multiplications) decides whether to use threads.
void ranges(Index count, double work, FunctionRef<void(Index, Index)> body);

/// body(i) for i in [0, count), by ranges; results must go to places that depend on i alone.
template <class Body>
void for_each(Index count, double work, Body&& body) {
  ranges(count, work, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) body(i);
  });
}

}  // namespace optlite::parallel
