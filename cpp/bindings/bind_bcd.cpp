#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <tuple>

#include "holders.hpp"
#include "optlite/drivers/block_descent.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

using Integers = py::array_t<std::int64_t, py::array::c_style>;

struct BlockRunHolder {
  py::object owner;  // keeps the memory of H alive
  std::unique_ptr<bcd::Curvature> H;
  std::unique_ptr<bcd::Quadratic> f;
  std::unique_ptr<bcd::Blocks> blocks;
  std::unique_ptr<BlockSelection> selection;
  std::unique_ptr<BlockUpdate> update;
  std::unique_ptr<BlockDescentRun> run;
};

std::vector<Index> indices_of(const Integers& array) {
  return {array.data(), array.data() + array.size()};
}

/// H is a symmetric array, or (indptr, indices, data) of its columns.
std::unique_ptr<bcd::Curvature> curvature_of(const py::object& H, Index n) {
  if (!py::isinstance<py::tuple>(H)) {
    return bcd::dense_curvature(H.cast<Doubles>().data(), n);
  }
  const auto [indptr, indices, data] = H.cast<std::tuple<Integers, Integers, Doubles>>();
  CscView<double, std::int64_t> view;
  view.slices = view.width = n;
  view.entries = data.size();
  view.starts = indptr.data();
  view.indices = indices.data();
  view.values = data.data();
  return bcd::sparse_curvature(view);
}

std::shared_ptr<BlockRunHolder> make_run(
    const py::object& H, const Doubles& c, double constant, const Doubles& x, Index block_size,
    const Integers& members, const Integers& starts, const std::string& selection,
    const std::vector<double>& selection_fields, const std::string& update,
    const std::vector<double>& update_fields, std::uint64_t seed, double tolerance,
    double strong_convexity, Index max_iterations) {
  auto holder = std::make_shared<BlockRunHolder>();
  holder->owner = H;
  const Index n = c.size();
  holder->H = curvature_of(H, n);
  holder->blocks = std::make_unique<bcd::Blocks>(*holder->H, block_size, indices_of(members),
                                                 indices_of(starts));
  holder->selection = row_named(block_selection_table(), selection).make(selection_fields);
  holder->update = row_named(block_update_table(), update).make(update_fields);
  Vector slopes = vector_of(c, n, "c");
  Vector start = vector_of(x, n, "x0");
  const BlockDescentOptions options{tolerance, strong_convexity, max_iterations};
  const py::gil_scoped_release nogil;
  holder->f =
      std::make_unique<bcd::Quadratic>(*holder->H, std::move(slopes), constant, std::move(start));
  holder->run = std::make_unique<BlockDescentRun>(*holder->f, *holder->blocks, *holder->selection,
                                                  *holder->update, seed, options);
  return holder;
}

py::dict record_of(const BlockRunHolder& self) {
  const BlockDescentRecord& last = self.run->last();
  py::dict result;
  result["iteration"] = last.iteration;
  result["score"] = last.score;
  result["step_norm"] = last.step_norm;
  result["objective"] = last.value;
  result["gradient_norm"] = last.gradient_norm;
  result["certificate"] = last.certificate;
  return result;
}

Integers block_of(const BlockRunHolder& self) {
  const bcd::Block& block = self.run->block();
  Integers result(static_cast<py::ssize_t>(block.size()));
  std::copy(block.begin(), block.end(), result.mutable_data());
  return result;
}

}  // namespace

void bind_bcd(py::module_& m) {
  py::class_<BlockRunHolder, std::shared_ptr<BlockRunHolder>>(
      m, "BlockDescentRun", py::module_local(), "Block coordinate descent, one block at a time.")
      .def(py::init(&make_run), py::arg("H"), py::arg("c"), py::arg("constant"), py::arg("x"),
           py::arg("block_size"), py::arg("members"), py::arg("starts"), py::arg("selection"),
           py::arg("selection_fields"), py::arg("update"), py::arg("update_fields"),
           py::arg("seed"), py::arg("tolerance"), py::arg("strong_convexity"),
           py::arg("max_iterations"))
      .def("advance",
           [](BlockRunHolder& self) {
             const py::gil_scoped_release nogil;
             return self.run->advance();
           })
      .def("run",
           [](BlockRunHolder& self) {
             const py::gil_scoped_release nogil;
             self.run->run();
           })
      .def_property_readonly("status",
                             [](const BlockRunHolder& s) { return name(s.run->status()); })
      .def_property_readonly("record", &record_of)
      .def_property_readonly("block", &block_of)
      .def_property_readonly("x", [](const BlockRunHolder& s) { return array_of(s.f->x()); });
}

}  // namespace optlite::bindings
