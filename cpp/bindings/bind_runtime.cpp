#include <Eigen/Core>

#include "bindings.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/core/parallel.hpp"
#include "optlite/core/poll_count.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

/// True when Python has a pending KeyboardInterrupt; it stays set as the current exception.
bool python_signals() {
  const py::gil_scoped_acquire gil;
  return PyErr_CheckSignals() != 0;
}

std::string eigen_version() {
  return std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
         std::to_string(EIGEN_MINOR_VERSION);
}

}  // namespace

void bind_runtime(py::module_& m) {
  interrupt::install(&python_signals);
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const interrupt::Interrupted&) {
      // The KeyboardInterrupt that python_signals() saw is already the current exception.
    }
  });
  m.attr("eigen_version") = eigen_version();
  m.attr("openmp_runtime") = parallel::runtime();
  m.def("threads", &parallel::threads, "Threads that a kernel started now would use.");
  m.def("limit_threads", &parallel::limit_threads, py::arg("count"),
        "Set the number of threads of kernels started from this thread; return the number before.");
  m.def("poll_count", &interrupt::poll_count,
        "How often work of this thread has asked whether Ctrl-C was pressed.");
  m.def("after_fork_in_child", &parallel::after_fork_in_child,
        "Run serially from now on: the thread pool does not survive a fork.");
}

}  // namespace optlite::bindings
