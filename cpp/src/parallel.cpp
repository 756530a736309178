#include "optlite/core/parallel.hpp"

#include <array>
#include <atomic>
#include <exception>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace optlite::parallel {

namespace {

std::atomic<bool> forked{false};

}  // namespace

void after_fork_in_child() { forked.store(true); }

#ifdef _OPENMP

int threads() {
  if (forked.load() || omp_in_parallel()) return 1;
  return omp_get_max_threads();
}

int limit_threads(int count) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(count);
  return before;
}

bool inside() { return omp_in_parallel() != 0; }

std::string runtime() { return "OpenMP " + std::to_string(_OPENMP); }

namespace {

void run(int count, FunctionRef<void(int)> body) {
  // A thread limit may start fewer threads than asked: the loop still covers every index.
#pragma omp parallel for schedule(static, 1) num_threads(count)
  for (int i = 0; i < count; ++i) body(i);
}

}  // namespace

#else

int threads() { return 1; }

int limit_threads(int) { return 1; }

bool inside() { return false; }

std::string runtime() { return "none"; }

namespace {

void run(int count, FunctionRef<void(int)> body) {
  for (int i = 0; i < count; ++i) body(i);
}

}  // namespace

#endif

void each_thread(int count, FunctionRef<void(int)> body) {
  if (count == 1) {
    body(0);
    return;
  }
  std::array<std::exception_ptr, 64> errors;  // more threads than this, team() does not ask for
  run(count, [&](int i) {
    try {
      body(i);
    } catch (...) {
      errors[static_cast<std::size_t>(i)] = std::current_exception();
    }
  });
  for (int i = 0; i < count; ++i) {
    if (errors[static_cast<std::size_t>(i)]) {
      std::rethrow_exception(errors[static_cast<std::size_t>(i)]);
    }
  }
}

void ordered(Index chunks, FunctionRef<void(Index, int)> work,
             FunctionRef<void(Index, int)> combine) {
  const int slots = team(chunks);
  for (Index begin = 0; begin < chunks; begin += slots) {
    const int count = static_cast<int>(std::min<Index>(slots, chunks - begin));
    each_thread(count, [&](int slot) { work(begin + slot, slot); });
    for (int slot = 0; slot < count; ++slot) combine(begin + slot, slot);
    interrupt::poll();
  }
}

void ranges(Index count, double work, FunctionRef<void(Index, Index)> body) {
  const Index workers = work < serial_work ? 1 : team(count);
  each_thread(static_cast<int>(workers),
              [&](int t) { body(count * t / workers, count * (t + 1) / workers); });
}

}  // namespace optlite::parallel
