#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <tuple>

#include "holders.hpp"
#include "optlite/bcd/linear_model.hpp"
#include "optlite/bcd/quadratic.hpp"
#include "optlite/drivers/block_descent.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

using Integers = py::array_t<std::int64_t, py::array::c_style>;

/// The smooth part of a problem at a point, with the memory that it reads.
struct BlockFunctionHolder {
  py::object owner;
  std::vector<double> targets;
  std::unique_ptr<bcd::Curvature> H;
  std::unique_ptr<bcd::Smooth> f;
};

struct BlockRunHolder {
  std::shared_ptr<BlockFunctionHolder> function;
  bcd::Terms terms;
  std::unique_ptr<bcd::Blocks> blocks;
  std::unique_ptr<BlockSelection> selection;
  std::unique_ptr<BlockUpdate> update;
  std::unique_ptr<BlockDescentRun> run;
};

std::vector<Index> indices_of(const Integers& array) {
  return {array.data(), array.data() + array.size()};
}

Vector numbers_of(const Doubles& array) { return ConstVectorMap(array.data(), array.size()); }

/// H is a symmetric array, or (indptr, indices, data) of its columns. `owner` becomes what is read:
/// copies, if the memory is not contiguous.
std::unique_ptr<bcd::Curvature> curvature_of(const py::object& H, Index n, py::object& owner) {
  if (!py::isinstance<py::tuple>(H)) {
    const auto dense = H.cast<Doubles>();
    if (dense.size() != n * n) throw py::value_error("H and c do not fit together.");
    owner = dense;
    return bcd::dense_curvature(dense.data(), n);
  }
  const auto [indptr, indices, data] = H.cast<std::tuple<Integers, Integers, Doubles>>();
  if (indptr.size() != n + 1) throw py::value_error("H and c do not fit together.");
  owner = py::make_tuple(indptr, indices, data);
  bcd::SparseColumns view;
  view.slices = view.width = n;
  view.entries = data.size();
  view.starts = indptr.data();
  view.indices = indices.data();
  view.values = data.data();
  return bcd::sparse_curvature(view);
}

std::shared_ptr<BlockFunctionHolder> quadratic(const py::object& H, const Doubles& c,
                                               double constant, const Doubles& x) {
  auto holder = std::make_shared<BlockFunctionHolder>();
  const Index n = c.size();
  holder->H = curvature_of(H, n, holder->owner);
  Vector slopes = vector_of(c, n, "c");
  Vector start = vector_of(x, n, "x0");
  const py::gil_scoped_release nogil;
  holder->f =
      std::make_unique<bcd::Quadratic>(*holder->H, std::move(slopes), constant, std::move(start));
  return holder;
}

/// C: n_outputs x n_outputs, no less than the second derivatives of the loss of a row.
std::shared_ptr<BlockFunctionHolder> linear_model(const std::shared_ptr<ColumnsHolder>& X,
                                                  const Doubles& y, const std::string& loss,
                                                  const Doubles& C, double alpha,
                                                  const Doubles& diagonal, const Doubles& row_sums,
                                                  const Doubles& x) {
  auto holder = std::make_shared<BlockFunctionHolder>();
  holder->owner = py::cast(X);
  const ColumnDesign& design = *X->columns;
  const Index outputs = C.shape(0), p = design.cols();
  const Matrix bound = ConstMatrixMap(C.data(), outputs, outputs);
  holder->targets.assign(y.data(), y.data() + y.size());
  holder->H = std::make_unique<bcd::LinearModelCurvature>(
      design, bound, alpha, vector_of(diagonal, p, "diagonal"), vector_of(row_sums, p, "row_sums"));
  Vector start = vector_of(x, p * outputs, "x0");
  OutputLoss losses(row_named(objective_table(), loss), {}, outputs, design.rows(),
                    holder->targets.data(), nullptr);
  const py::gil_scoped_release nogil;
  holder->f =
      std::make_unique<bcd::LinearModel>(*holder->H, design, losses, alpha, std::move(start));
  return holder;
}

/// () for none, (l1, lower, upper), or (group_of, weights).
bcd::Terms terms_of(const py::tuple& terms) {
  if (terms.size() == 3) {
    return {numbers_of(terms[0].cast<Doubles>()), numbers_of(terms[1].cast<Doubles>()),
            numbers_of(terms[2].cast<Doubles>())};
  }
  if (terms.size() == 2) {
    return {indices_of(terms[0].cast<Integers>()), numbers_of(terms[1].cast<Doubles>())};
  }
  return {};
}

std::shared_ptr<BlockRunHolder> make_run(
    const std::shared_ptr<BlockFunctionHolder>& function, const py::tuple& terms, Index block_size,
    const Integers& members, const Integers& starts, bool forest, const std::string& selection,
    const std::vector<double>& selection_fields, const std::string& update,
    const std::vector<double>& update_fields, std::uint64_t seed, double tolerance,
    double strong_convexity, Index max_iterations, Index stride, Index anderson, bool final_phase,
    double reference) {
  auto holder = std::make_shared<BlockRunHolder>();
  holder->function = function;
  holder->terms = terms_of(terms);
  holder->blocks = std::make_unique<bcd::Blocks>(*function->H, block_size, indices_of(members),
                                                 indices_of(starts), forest);
  holder->selection = row_named(block_selection_table(), selection).make(selection_fields);
  holder->update = row_named(block_update_table(), update).make(update_fields);
  const BlockDescentOptions options{tolerance, strong_convexity, max_iterations, stride,
                                    anderson,  final_phase,      reference};
  const py::gil_scoped_release nogil;
  holder->run =
      std::make_unique<BlockDescentRun>(*function->f, holder->terms, *holder->blocks,
                                        *holder->selection, *holder->update, seed, options);
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
  result["identified"] = last.identified;
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
  py::class_<BlockFunctionHolder, std::shared_ptr<BlockFunctionHolder>>(
      m, "BlockFunction", py::module_local(), "The smooth part of a problem, at a point.");
  m.def("block_quadratic", &quadratic, py::arg("H"), py::arg("c"), py::arg("constant"),
        py::arg("x"));
  m.def("block_linear_model", &linear_model, py::arg("X"), py::arg("y"), py::arg("loss"),
        py::arg("C"), py::arg("alpha"), py::arg("diagonal"), py::arg("row_sums"), py::arg("x"));
  py::class_<BlockRunHolder, std::shared_ptr<BlockRunHolder>>(
      m, "BlockDescentRun", py::module_local(), "Block coordinate descent, one block at a time.")
      .def(py::init(&make_run), py::arg("function"), py::arg("terms"), py::arg("block_size"),
           py::arg("members"), py::arg("starts"), py::arg("forest"), py::arg("selection"),
           py::arg("selection_fields"), py::arg("update"), py::arg("update_fields"),
           py::arg("seed"), py::arg("tolerance"), py::arg("strong_convexity"),
           py::arg("max_iterations"), py::arg("stride"), py::arg("anderson"),
           py::arg("final_phase"), py::arg("reference"))
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
      .def_property_readonly("x",
                             [](const BlockRunHolder& s) { return array_of(s.function->f->x()); });
}

}  // namespace optlite::bindings
