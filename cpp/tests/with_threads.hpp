// Runs a function under a limit on the number of threads.
#pragma once

#ifdef _OPENMP
#include <omp.h>
#endif

template <class Function>
auto with_threads([[maybe_unused]] int count, Function function) {
#ifdef _OPENMP
  const int before = omp_get_max_threads();
  omp_set_num_threads(count);
  const auto result = function();
  omp_set_num_threads(before);
  return result;
#else
  return function();
#endif
}
