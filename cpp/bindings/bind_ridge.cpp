#include <pybind11/stl.h>

#include <optional>
#include <type_traits>

#include "conditioning_dict.hpp"
#include "holders.hpp"
#include "optlite/drivers/ridge.hpp"
#include "optlite/operators/outer_gram.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

// Matrices cross the border with one vector a row: a C-ordered (m, size) array is the column-major
// size x m matrix that the core works with.

struct RidgeHolder {
  std::shared_ptr<DesignHolder> design;
  std::optional<Doubles> weight;
  std::unique_ptr<RidgeProblem> problem;
};

ConstMatrixMap matrix_of(const Doubles& array, Index size, const char* name) {
  if (array.ndim() != 2 || array.shape(1) != size) {
    throw py::value_error(std::string(name) + " must have rows of " + std::to_string(size) +
                          " numbers.");
  }
  return ConstMatrixMap(array.data(), size, array.shape(0));
}

std::shared_ptr<RidgeHolder> make_problem(std::shared_ptr<DesignHolder> design, const Doubles& Y,
                                          std::optional<Doubles> weight, bool intercept) {
  auto holder = std::make_shared<RidgeHolder>();
  const Index rows = design->design->rows();
  const ConstMatrixMap y = matrix_of(Y, rows, "Y");
  if (weight && weight->size() != rows) throw py::value_error("sample_weight differs in length.");
  holder->design = std::move(design);
  holder->weight = std::move(weight);
  const double* s = holder->weight ? holder->weight->data() : nullptr;
  const py::gil_scoped_release nogil;
  holder->problem =
      std::make_unique<RidgeProblem>(*holder->design->design, y.data(), y.cols(), s, intercept);
  return holder;
}

template <class Scalar>
bool outer_gram_of(const py::object& owner, const double* scale, const double* shift, Matrix& K) {
  if (!py::isinstance<py::array_t<Scalar>>(owner)) return false;
  const auto X = py::reinterpret_borrow<py::array_t<Scalar>>(owner);
  const auto item = static_cast<py::ssize_t>(sizeof(Scalar));
  DenseView<Scalar> view{X.data(), X.shape(0), X.shape(1), 0, true};
  view.row_major = X.shape(1) == 1 || X.strides(1) == item;
  view.stride = (view.row_major ? X.strides(0) : X.strides(1)) / item;
  const py::gil_scoped_release nogil;
  outer_gram(view, scale, shift, K);
  return true;
}

/// S^(1/2) Z Z^T S^(1/2), read from the array itself when X is dense.
Matrix kernel(RidgeHolder& self) {
  Vector root;
  const RidgeProblem& problem = *self.problem;
  if (problem.weight() != nullptr) {
    root = ConstVectorMap(problem.weight(), problem.rows()).cwiseSqrt();
  }
  const double* scale = root.size() > 0 ? root.data() : nullptr;
  const double* shift = nullptr;
  if (problem.intercept()) {
    const py::gil_scoped_release nogil;
    shift = self.problem->mean().data();
  }
  Matrix K;
  const py::object& owner = self.design->owner;
  if (outer_gram_of<double>(owner, scale, shift, K) ||
      outer_gram_of<float>(owner, scale, shift, K)) {
    return K;
  }
  const py::gil_scoped_release nogil;
  outer_gram(problem.design(), scale, shift, K);
  return K;
}

RidgeResult solve(RidgeHolder& self, const std::string& method, const Doubles& alphas,
                  const RidgeOptions& options) {
  RidgeProblem& problem = *self.problem;
  const Vector alpha = vector_of(alphas, problem.targets(), "alphas");
  if (method == "dual") {
    const Matrix K = kernel(self);
    const py::gil_scoped_release nogil;
    return ridge_dual(problem, K, alpha, options);
  }
  const py::gil_scoped_release nogil;
  if (method == "cholesky") return ridge_cholesky(problem, alpha, options);
  if (method == "cg") return ridge_conjugate_gradients(problem, alpha, options);
  if (method == "non_negative") return ridge_non_negative(problem, alpha, options);
  throw py::value_error("Unknown method '" + method + "'.");
}

py::dict solve_to_dict(RidgeHolder& self, const std::string& method, const Doubles& alphas,
                       double tolerance, double gradient_tolerance, Index max_iterations) {
  RidgeOptions options;
  options.tolerance = tolerance;
  options.gradient_tolerance = gradient_tolerance;
  options.max_iterations = max_iterations;
  const RidgeResult solved = solve(self, method, alphas, options);
  py::dict result;
  result["coefficients"] = rows_of(solved.coefficients);
  result["value"] = array_of(solved.value);
  result["certificate"] = array_of(solved.certificate);
  result["n_iter"] = solved.n_iter;
  result["n_passes"] = solved.n_passes;
  result["status"] = name(solved.status);
  result["message"] = sentence(solved.status);
  add_conditioning(result, solved.conditioning);
  return result;
}

py::tuple residual_moments(RidgeHolder& self, const Doubles& W) {
  const Matrix coefficients = matrix_of(W, self.problem->features(), "W");
  if (coefficients.cols() != self.problem->targets()) {
    throw py::value_error("W must have one row for each target.");
  }
  Matrix G;
  Vector loss;
  {
    const py::gil_scoped_release nogil;
    self.problem->residual_moments(coefficients, G, loss);
  }
  return py::make_tuple(rows_of(G), array_of(loss));
}

Doubles from_dual(RidgeHolder& self, const Doubles& C) {
  const Matrix dual = matrix_of(C, self.problem->rows(), "C");
  Matrix W;
  {
    const py::gil_scoped_release nogil;
    self.problem->from_dual(dual, W);
  }
  return rows_of(W);
}

/// basis: one eigenvector a row. Returns a dict; "errors" only if asked for.
py::dict leave_one_out(RidgeHolder& self, bool dual, const Doubles& basis, const Doubles& e,
                       const Doubles& alphas, bool keep_errors) {
  RidgeProblem& problem = *self.problem;
  const Index size = dual ? problem.rows() : problem.features();
  const Matrix vectors = matrix_of(basis, size, "basis");
  const Vector values = vector_of(e, vectors.cols(), "eigenvalues");
  const Vector alpha = vector_of(alphas, alphas.size(), "alphas");
  Doubles errors;
  if (keep_errors) {
    errors = Doubles(std::vector<py::ssize_t>{problem.rows(), problem.targets(), alpha.size()});
  }
  double* out = keep_errors ? errors.mutable_data() : nullptr;
  LeaveOneOut loo;
  {
    const py::gil_scoped_release nogil;
    loo = dual ? leave_one_out_dual(problem, vectors, values, alpha, out)
               : leave_one_out_primal(problem, vectors, values, alpha, out);
  }
  py::dict result;
  result["squared_errors"] = rows_of(Matrix(loo.squared_errors.transpose()));
  result["squared_residuals"] = rows_of(Matrix(loo.squared_residuals.transpose()));
  result["degrees_of_freedom"] = array_of(loo.degrees_of_freedom);
  result["clipped"] = loo.clipped;
  if (keep_errors) result["errors"] = errors;
  return result;
}

template <class Get>
auto without_gil(Get get) {
  return [get](RidgeHolder& self) {
    using Value = typename std::decay<decltype(get(self))>::type;
    Value value;
    {
      const py::gil_scoped_release nogil;
      value = get(self);
    }
    if constexpr (std::is_same_v<Value, Matrix>) return rows_of(value);
    else return array_of(value);
  };
}

}  // namespace

void bind_ridge(py::module_& m) {
  py::class_<RidgeHolder, std::shared_ptr<RidgeHolder>>(
      m, "RidgeProblem", py::module_local(), "Centred, weighted least squares with an L2 penalty.")
      .def(py::init(&make_problem), py::arg("design"), py::arg("Y").noconvert(),
           py::arg("sample_weight").noconvert().none(true), py::arg("intercept"))
      .def("mean", without_gil([](RidgeHolder& s) -> Vector { return s.problem->mean(); }))
      .def("squares", without_gil([](RidgeHolder& s) -> Vector { return s.problem->squares(); }))
      .def("target_mean", [](const RidgeHolder& s) { return array_of(s.problem->target_mean()); })
      .def("target_squares",
           [](const RidgeHolder& s) { return array_of(s.problem->target_squares()); })
      .def_property_readonly("n_passes", [](const RidgeHolder& s) { return s.problem->passes(); })
      .def("gram", without_gil([](RidgeHolder& s) -> Matrix { return s.problem->gram(); }),
           "Upper triangle of Z^T S Z; the rest is not meaningful.")
      .def("target_moments",
           without_gil([](RidgeHolder& s) -> Matrix { return s.problem->target_moments(); }))
      .def("kernel", [](RidgeHolder& self) { return rows_of(kernel(self)); })
      .def("residual_moments", &residual_moments, py::arg("W").noconvert())
      .def("from_dual", &from_dual, py::arg("C").noconvert())
      .def("solve", &solve_to_dict, py::arg("method"), py::arg("alphas").noconvert(),
           py::arg("tolerance"), py::arg("gradient_tolerance"), py::arg("max_iterations"))
      .def("leave_one_out", &leave_one_out, py::arg("dual"), py::arg("basis").noconvert(),
           py::arg("eigenvalues").noconvert(), py::arg("alphas").noconvert(),
           py::arg("keep_errors"));
}

}  // namespace optlite::bindings
