// Threads. Together with the element-wise driver this is the only place that names OpenMP.
//
// Sums are independent of the number of threads: work is cut into chunks whose number depends on
// the problem alone, and results are combined in the order of the chunks.
#pragma once

#include <algorithm>
#include <exception>
#include <string>
#include <type_traits>

#include "optlite/core/interrupt.hpp"
#include "optlite/core/numbers.hpp"

namespace optlite::parallel {

/// Threads that a region started now would use: 1 inside a region, or in a forked child.
int threads();

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

namespace detail {

/// Runs body(context, 0) ... body(context, count - 1), one call a thread.
void run(int count, void (*body)(void* context, int index), void* context);

}  // namespace detail

/// body(i) for i in [0, count), one thread each. The first exception is rethrown here.
template <class Body>
void each_thread(int count, Body&& body) {
  if (count == 1) {
    body(0);
    return;
  }
  std::exception_ptr errors[64];
  struct Shared {
    std::remove_reference_t<Body>* body;
    std::exception_ptr* errors;
  } shared{&body, errors};
  detail::run(
      count,
      [](void* context, int i) {
        auto* s = static_cast<Shared*>(context);
        try {
          (*s->body)(i);
        } catch (...) {
          s->errors[i] = std::current_exception();
        }
      },
      &shared);
  for (int i = 0; i < count; ++i) {
    if (errors[i]) std::rethrow_exception(errors[i]);
  }
}

/// Below this many multiplications (some fifty microseconds) a second thread brings little, and on
/// a machine busy with other work waiting for it costs a lot.
inline constexpr double serial_work = 200000.0;

/// Threads worth starting for `chunks` chunks.
inline int team(Index chunks) {
  return static_cast<int>(std::max<Index>(1, std::min<Index>({threads(), chunks, 64})));
}

/// work(chunk, slot) in parallel, then combine(chunk, slot) serially in the order of the chunks.
/// `slot` < team(chunks) names a scratch buffer that no other running chunk uses.
template <class Work, class Combine>
void ordered(Index chunks, Work&& work, Combine&& combine) {
  const int slots = team(chunks);
  for (Index begin = 0; begin < chunks; begin += slots) {
    const int count = static_cast<int>(std::min<Index>(slots, chunks - begin));
    each_thread(count, [&](int slot) { work(begin + slot, slot); });
    for (int slot = 0; slot < count; ++slot) combine(begin + slot, slot);
    interrupt::poll();
  }
}

/// body(i) for i in [0, count), contiguous ranges to threads; results must go to places that
/// depend on i alone. `work` (about the number of multiplications) decides whether to use threads.
template <class Body>
void for_each(Index count, double work, Body&& body) {
  const int workers = work < serial_work ? 1 : team(count);
  each_thread(workers, [&](int t) {
    for (Index i = count * t / workers; i < count * (t + 1) / workers; ++i) body(i);
  });
}

}  // namespace optlite::parallel
