#include "optlite/core/parallel.hpp"

#include <atomic>

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

bool inside() { return omp_in_parallel() != 0; }

std::string runtime() { return "OpenMP " + std::to_string(_OPENMP); }

void detail::run(int count, void (*body)(void*, int), void* context) {
  // A thread limit may start fewer threads than asked: the loop still covers every index.
#pragma omp parallel for schedule(static, 1) num_threads(count)
  for (int i = 0; i < count; ++i) body(context, i);
}

#else

int threads() { return 1; }

bool inside() { return false; }

std::string runtime() { return "none"; }

void detail::run(int count, void (*body)(void*, int), void* context) {
  for (int i = 0; i < count; ++i) body(context, i);
}

#endif

}  // namespace optlite::parallel
