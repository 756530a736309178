// Compiled for the baseline of the platform: says which x86-64 level this processor runs.
#include <pybind11/pybind11.h>

namespace {

int x86_level() {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) {
    return 3;
  }
  return 2;
#elif defined(_M_X64)
  return 2;  // MSVC has no portable probe; OPTLITE_SIMD_LEVEL=v3 selects the faster module.
#else
  return 0;  // Not x86-64: a single level exists.
#endif
}

}  // namespace

PYBIND11_MODULE(_cpu, m, pybind11::mod_gil_not_used()) {
  m.doc() = "Probe of the processor, compiled for the platform's baseline.";
  m.def("x86_level", &x86_level, "Highest supported x86-64 level (2 or 3); 0 elsewhere.");
}
