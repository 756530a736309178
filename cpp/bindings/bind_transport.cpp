#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cmath>
#include <limits>

#include "optlite/transport/bounds.hpp"
#include "transport_holders.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

using transport::Cost;

/// Rows of a matrix whose numbers lie side by side; Python has made sure of its type.
template <class Scalar>
std::shared_ptr<CostHolder> matrix_cost(const py::array_t<Scalar>& M) {
  const auto size = static_cast<py::ssize_t>(sizeof(Scalar));
  if (M.ndim() != 2 || (M.shape(1) > 1 && M.strides(1) != size) || M.strides(0) % size != 0) {
    throw py::value_error("M must have two dimensions and contiguous rows.");
  }
  auto holder = std::make_shared<CostHolder>();
  holder->owner = M;
  holder->cost = transport::matrix_cost(M.data(), M.shape(0), M.shape(1), M.strides(0) / size);
  return holder;
}

/// read(data, rows, columns, stride) of a matrix with contiguous rows or columns.
template <class Scalar, class Read>
auto read_lines(const py::array_t<Scalar>& M, Read&& read) {
  const auto size = static_cast<py::ssize_t>(sizeof(Scalar));
  if (M.ndim() != 2) throw py::value_error("M must have two dimensions.");
  const auto along = [&](int axis) { return M.shape(axis) < 2 || M.strides(axis) == size; };
  const int columns = along(1) ? 1 : 0;
  if (!along(columns) || M.strides(1 - columns) % size != 0) {
    throw py::value_error("M must have contiguous rows or columns.");
  }
  const Scalar* data = M.data();
  const py::gil_scoped_release nogil;
  return read(data, M.shape(1 - columns), M.shape(columns), M.strides(1 - columns) / size);
}

template <class Scalar>
py::dict survey_of(const py::array_t<Scalar>& M) {
  const transport::Survey found = read_lines(M, transport::survey<Scalar>);
  py::dict result;
  result["has_nan"] = found.has_nan;
  result["smallest"] = found.smallest;
  result["largest"] = found.largest;
  result["mean"] = found.mean;
  result["bits"] = found.bits;
  return result;
}

template <class Scalar>
std::uint64_t bits_of(const py::array_t<Scalar>& M) {
  return read_lines(M, transport::bits_of_costs<Scalar>);
}

std::shared_ptr<CostHolder> points_cost(const Doubles& X, const Doubles& Y,
                                        const std::string& metric) {
  if (X.ndim() != 2 || Y.ndim() != 2 || X.shape(1) != Y.shape(1)) {
    throw py::value_error("X and Y must have two dimensions and the same number of columns.");
  }
  auto kind = transport::Metric::sqeuclidean;
  if (metric == "euclidean") kind = transport::Metric::euclidean;
  else if (metric == "cityblock") kind = transport::Metric::cityblock;
  else if (metric != "sqeuclidean") throw py::value_error("Unknown metric '" + metric + "'.");
  auto holder = std::make_shared<CostHolder>();
  holder->cost =
      transport::points_cost(X.data(), Y.data(), X.shape(0), Y.shape(0), X.shape(1), kind);
  return holder;
}

/// A run that Python steps through, or lets run.
struct RunHolder {
  std::shared_ptr<CostHolder> cost;
  std::unique_ptr<transport::Problem> problem;
  std::unique_ptr<TransportMethod> method;
  std::unique_ptr<TransportRun> run;
};

std::shared_ptr<RunHolder> make_run(std::shared_ptr<CostHolder> cost, const Doubles& a,
                                    const Doubles& b, double reg, const std::string& method,
                                    const std::vector<double>& fields, const Doubles& start,
                                    double tolerance, Index max_iterations, double annealing,
                                    double drop, double memory, double scale) {
  auto holder = std::make_shared<RunHolder>();
  holder->cost = std::move(cost);
  holder->method = row_named(transport_method_table(), method).make(fields);
  const Cost& costs = *holder->cost->cost;
  Vector source = vector_of(a, costs.sources());
  Vector target = vector_of(b, costs.targets());
  const Vector g = vector_of(start, costs.targets());
  TransportOptions options;
  options.tolerance = tolerance;
  options.max_iterations = max_iterations;
  options.annealing = annealing;
  const py::gil_scoped_release nogil;
  holder->problem = std::make_unique<transport::Problem>(costs, std::move(source),
                                                         std::move(target), drop, memory);
  if (std::isnan(scale)) scale = transport::cost_scale(costs);
  holder->run =
      std::make_unique<TransportRun>(*holder->problem, *holder->method, reg, scale, g, options);
  return holder;
}

transport::Point point_of(const CostHolder& self, const Doubles& f, const Doubles& g, double reg) {
  transport::Point point;
  point.reg = reg;
  point.f = vector_of(f, self.cost->sources(), "f");
  point.g = vector_of(g, self.cost->targets(), "g");
  return point;
}

py::dict bounds_of(const CostHolder& self, const Doubles& a, const Doubles& b, const Doubles& f,
                   const Doubles& g, double reg) {
  const Vector source = vector_of(a, self.cost->sources(), "a");
  const Vector target = vector_of(b, self.cost->targets(), "b");
  const transport::Point point = point_of(self, f, g, reg);
  transport::Bounds bounds;
  {
    const py::gil_scoped_release nogil;
    bounds = transport::bounds(*self.cost, source, target, point);
  }
  py::dict result;
  result["cost"] = bounds.cost;
  result["lower"] = bounds.lower;
  result["upper"] = bounds.upper;
  result["regularized"] = bounds.regularized;
  return result;
}

template <class Scalar>
py::array_t<Scalar> plan_of(const CostHolder& self, const Doubles& a, const Doubles& f,
                            const Doubles& g, double reg) {
  const Vector row_sums = vector_of(a, self.cost->sources(), "a");
  const transport::Point point = point_of(self, f, g, reg);
  py::array_t<Scalar> plan({self.cost->sources(), self.cost->targets()});
  Scalar* out = plan.mutable_data();
  {
    const py::gil_scoped_release nogil;
    transport::write_plan(*self.cost, point, out, &row_sums);
  }
  return plan;
}

}  // namespace

void bind_transport(py::module_& m) {
  m.def("survey_costs", &survey_of<double>, py::arg("M").noconvert(),
        "What one read of a matrix of costs tells.");
  m.def("survey_costs", &survey_of<float>, py::arg("M").noconvert());
  m.def("bits_of_costs", &bits_of<double>, py::arg("M").noconvert(),
        "The sum of all bit patterns of a matrix of costs, as a survey has it.");
  m.def("bits_of_costs", &bits_of<float>, py::arg("M").noconvert());

  py::class_<CostHolder, std::shared_ptr<CostHolder>>(m, "TransportCost", py::module_local(),
                                                      "Costs of transport, one source at a time.")
      .def(py::init(&matrix_cost<double>), py::arg("M").noconvert())
      .def(py::init(&matrix_cost<float>), py::arg("M").noconvert())
      .def(py::init(&points_cost), py::arg("X").noconvert(), py::arg("Y").noconvert(),
           py::arg("metric"))
      .def_property_readonly(
          "shape",
          [](const CostHolder& s) { return py::make_tuple(s.cost->sources(), s.cost->targets()); })
      .def("bounds", &bounds_of, py::arg("a"), py::arg("b"), py::arg("f"), py::arg("g"),
           py::arg("reg"))
      .def("plan", &plan_of<double>, py::arg("a"), py::arg("f"), py::arg("g"), py::arg("reg"))
      .def("plan_float32", &plan_of<float>, py::arg("a"), py::arg("f"), py::arg("g"),
           py::arg("reg"));

  py::class_<RunHolder, std::shared_ptr<RunHolder>>(m, "TransportRun", py::module_local(),
                                                    "Entropic transport, one iteration at a time.")
      .def(py::init(&make_run), py::arg("cost"), py::arg("a"), py::arg("b"), py::arg("reg"),
           py::arg("method"), py::arg("fields"), py::arg("start"), py::arg("tolerance"),
           py::arg("max_iterations"), py::arg("annealing"), py::arg("drop"), py::arg("memory"),
           py::arg("scale") = std::numeric_limits<double>::quiet_NaN())
      .def("advance",
           [](RunHolder& self) {
             const py::gil_scoped_release nogil;
             return self.run->advance();
           })
      .def("run",
           [](RunHolder& self) {
             const py::gil_scoped_release nogil;
             self.run->run();
           })
      .def("settle",
           [](RunHolder& self) {
             const py::gil_scoped_release nogil;
             self.run->settle();
           })
      .def_property_readonly("status", [](const RunHolder& s) { return name(s.run->status()); })
      .def_property_readonly("record", [](const RunHolder& s) { return dict_of(s.run->last()); })
      .def_property_readonly("f", [](const RunHolder& s) { return array_of(s.run->current().f); })
      .def_property_readonly("g", [](const RunHolder& s) { return array_of(s.run->current().g); })
      .def_property_readonly(
          "column_sums", [](const RunHolder& s) { return array_of(s.run->current().column_sums); });
}

}  // namespace optlite::bindings
