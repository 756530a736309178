#include <pybind11/stl.h>

#include <optional>

#include "conditioning_dict.hpp"
#include "holders.hpp"
#include "optlite/drivers/fit.hpp"
#include "optlite/problems/generalized_linear.hpp"
#include "python_objective.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

struct ModelHolder {
  std::shared_ptr<DesignHolder> design;
  Doubles y;
  std::optional<Doubles> weight;
  std::unique_ptr<GeneralizedLinear> model;
};

std::shared_ptr<ModelHolder> make_model(std::shared_ptr<DesignHolder> design,
                                        const std::string& loss, const Doubles& y,
                                        std::optional<Doubles> weight, std::vector<double> fields,
                                        Index outputs, bool intercept, double alpha,
                                        const std::string& penalty) {
  auto holder = std::make_shared<ModelHolder>();
  const Index rows = design->design->rows();
  if (y.size() != rows || (weight && weight->size() != rows)) {
    throw py::value_error("X, y and sample_weight differ in length.");
  }
  const ObjectiveRow& row = row_named(objective_table(), loss);
  if (row.target == Target::label) {
    for (Index i = 0; i < rows; ++i) {
      if (!(y.data()[i] >= 0.0 && y.data()[i] < static_cast<double>(outputs))) {
        throw py::value_error("Labels must lie in [0, number of classes).");
      }
    }
  }
  ModelOptions options;
  options.fields = std::move(fields);
  options.outputs = outputs;
  options.intercept = intercept;
  options.alpha = alpha;
  options.penalty = &row_named(penalty_table(), penalty);
  holder->design = std::move(design);
  holder->y = y;
  holder->weight = std::move(weight);
  holder->model = std::make_unique<GeneralizedLinear>(
      *holder->design->design, row, holder->y.data(),
      holder->weight ? holder->weight->data() : nullptr, std::move(options));
  return holder;
}

Point evaluated(ModelHolder& self, const Doubles& x) {
  Point p;
  p.x = vector_of(x, self.model->dimension());
  const py::gil_scoped_release nogil;
  self.model->evaluate(p);
  return p;
}

std::shared_ptr<LinearizationHolder> linearization(std::shared_ptr<ModelHolder> self,
                                                   const Doubles& x) {
  auto holder = std::make_shared<LinearizationHolder>();
  const Vector at = vector_of(x, self->model->dimension());
  {
    const py::gil_scoped_release nogil;
    holder->at = linearize(*self->model, at);
  }
  holder->owner = std::move(self);
  return holder;
}

py::array_t<double> hessian_product(ModelHolder& self, const Doubles& x, const Doubles& V) {
  // V: one vector a row, so that each is contiguous.
  const Index size = self.model->dimension();
  const Index vectors = size > 0 ? V.size() / size : 0;
  if (vectors * size != V.size()) throw py::value_error("V has the wrong size.");
  const Vector at = vector_of(x, size);
  Matrix out;
  {
    const py::gil_scoped_release nogil;
    Point p;
    p.x = at;  // no cached margins: one pass computes state and products together
    self.model->hessian_product(p, ConstMatrixMap(V.data(), size, vectors), out, nullptr);
  }
  return Doubles({vectors, size}, out.data());
}

py::array_t<double> hessian(ModelHolder& self, const Doubles& x) {
  Matrix H;
  Point p;
  p.x = vector_of(x, self.model->dimension());
  {
    const py::gil_scoped_release nogil;
    self.model->hessian(p, H);
    H.triangularView<Eigen::StrictlyUpper>() = Matrix(H.transpose());
  }
  return Doubles({H.rows(), H.cols()}, H.data());
}

py::dict to_dict(const TraceRecord& record) {
  py::dict result;
  result["iteration"] = record.iteration;
  result["objective"] = record.objective;
  result["gradient_norm"] = record.gradient_norm;
  result["certificate"] = record.certificate;
  result["step_size"] = record.step_size;
  result["regularization"] = record.regularization;
  result["curvature"] = record.curvature;
  result["curvature_bound"] = record.curvature_bound;
  result["n_passes"] = record.n_passes;
  result["n_inner"] = record.n_inner;
  result["seconds"] = record.seconds;
  return result;
}

py::dict fit_model(ModelHolder& self, const std::optional<Doubles>& start,
                   const std::string& solver, double tolerance, Index max_iterations, bool record) {
  FitOptions options;
  if (solver == "newton-cholesky") options.solver = Solver::newton;
  else if (solver == "newton-cg") options.solver = Solver::newton_cg;
  else if (solver == "lbfgs") options.solver = Solver::lbfgs;
  else if (solver != "auto") throw py::value_error("Unknown solver '" + solver + "'.");
  options.tolerance = tolerance;
  options.max_iterations = max_iterations;
  options.record = record;
  const Vector begin = start ? vector_of(*start, self.model->dimension()) : Vector();
  FitResult fitted;
  {
    const py::gil_scoped_release nogil;
    fitted = fit(*self.model, begin, options);
  }
  py::list trace;
  for (const TraceRecord& entry : fitted.trace) trace.append(to_dict(entry));
  py::dict result;
  result["coefficients"] = array_of(fitted.coefficients);
  result["value"] = fitted.value;
  result["certificate"] = fitted.certificate;
  result["n_iter"] = fitted.n_iter;
  result["n_passes"] = fitted.n_passes;
  result["status"] = name(fitted.status);
  result["message"] = sentence(fitted.status);
  result["method"] = fitted.method;
  result["trace"] = trace;
  add_conditioning(result, fitted.conditioning);
  return result;
}

/// A run that Python steps through.
struct DescentHolder {
  std::shared_ptr<void> owner;  // of the objective
  std::unique_ptr<Direction> direction;
  std::unique_ptr<StepSize> step_size;
  std::unique_ptr<Descent> run;
};

std::shared_ptr<DescentHolder> make_descent(Objective& objective, std::shared_ptr<void> owner,
                                            const std::string& direction,
                                            const std::vector<double>& direction_fields,
                                            const std::string& step_size,
                                            const std::vector<double>& step_size_fields,
                                            const Doubles& x0, double tolerance,
                                            Index max_iterations) {
  auto holder = std::make_shared<DescentHolder>();
  holder->direction = row_named(direction_table(), direction).make(direction_fields);
  holder->step_size = row_named(step_size_table(), step_size).make(step_size_fields);
  holder->owner = std::move(owner);
  DescentOptions options;
  options.tolerance = tolerance;
  options.max_iterations = max_iterations;
  const Vector begin = vector_of(x0, objective.dimension());
  const py::gil_scoped_release nogil;
  holder->run =
      std::make_unique<Descent>(objective, *holder->direction, *holder->step_size, begin, options);
  return holder;
}

/// The run on a model of the core, or on an objective that Python computes.
template <class... Rest>
std::shared_ptr<DescentHolder> descent_of_model(std::shared_ptr<ModelHolder> model, Rest... rest) {
  Objective& objective = *model->model;
  return make_descent(objective, std::move(model), rest...);
}
template <class... Rest>
std::shared_ptr<DescentHolder> descent_of_python(py::object problem, Rest... rest) {
  auto objective = std::make_shared<PythonObjective>(std::move(problem));
  return make_descent(*objective, objective, rest...);
}
using Numbers = std::vector<double>;

}  // namespace

void bind_models(py::module_& m) {
  py::class_<ModelHolder, std::shared_ptr<ModelHolder>>(m, "Model", py::module_local(),
                                                        "A loss, a data matrix and a penalty.")
      .def(py::init(&make_model), py::arg("design"), py::arg("loss"), py::arg("y").noconvert(),
           py::arg("sample_weight").noconvert().none(true), py::arg("fields"), py::arg("outputs"),
           py::arg("intercept"), py::arg("alpha"), py::arg("penalty"))
      .def_property_readonly("dimension", [](const ModelHolder& s) { return s.model->dimension(); })
      .def_property_readonly("n_passes", [](const ModelHolder& s) { return s.model->passes(); })
      .def("value_and_gradient",
           [](ModelHolder& self, const Doubles& x) {
             const Point p = evaluated(self, x);
             return py::make_tuple(p.value, array_of(p.gradient));
           })
      .def("duality_gap",
           [](ModelHolder& self, const Doubles& x) {
             const Point p = evaluated(self, x);
             const py::gil_scoped_release nogil;
             return self.model->duality_gap(p);
           })
      .def("hessian_product", &hessian_product, py::arg("x"), py::arg("V"))
      .def("hessian", &hessian, py::arg("x"))
      .def("at", &linearization, py::arg("x"))
      .def("lipschitz",
           [](ModelHolder& self) {
             const py::gil_scoped_release nogil;
             return self.model->lipschitz();
           })
      .def("fit", &fit_model, py::arg("start").none(true), py::arg("solver"), py::arg("tolerance"),
           py::arg("max_iterations"), py::arg("record"));

  py::class_<DescentHolder, std::shared_ptr<DescentHolder>>(
      m, "Descent", py::module_local(), "A descent run, one iteration at a time.")
      .def(py::init(&descent_of_model<std::string, Numbers, std::string, Numbers, Doubles, double,
                                      Index>),
           py::arg("model"), py::arg("direction"), py::arg("direction_fields"),
           py::arg("step_size"), py::arg("step_size_fields"), py::arg("x0"), py::arg("tolerance"),
           py::arg("max_iterations"))
      .def(py::init(&descent_of_python<std::string, Numbers, std::string, Numbers, Doubles, double,
                                       Index>),
           py::arg("problem"), py::arg("direction"), py::arg("direction_fields"),
           py::arg("step_size"), py::arg("step_size_fields"), py::arg("x0"), py::arg("tolerance"),
           py::arg("max_iterations"))
      .def("step",
           [](DescentHolder& self) {
             const py::gil_scoped_release nogil;
             return self.run->step();
           })
      .def("choose",
           [](DescentHolder& self) {
             const py::gil_scoped_release nogil;
             return self.run->choose();
           })
      .def("advance",
           [](DescentHolder& self) {
             const py::gil_scoped_release nogil;
             return self.run->advance();
           })
      .def_property_readonly("status", [](const DescentHolder& s) { return name(s.run->status()); })
      .def_property_readonly("message",
                             [](const DescentHolder& s) { return sentence(s.run->status()); })
      .def_property_readonly("record",
                             [](const DescentHolder& s) { return to_dict(s.run->last()); })
      .def_property_readonly("x",
                             [](const DescentHolder& s) { return array_of(s.run->current().x); })
      .def_property_readonly(
          "gradient", [](const DescentHolder& s) { return array_of(s.run->current().gradient); })
      .def_property_readonly("direction",
                             [](const DescentHolder& s) { return array_of(s.run->direction()); });
}

}  // namespace optlite::bindings
