#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "elastic_net_holder.hpp"
#include "optlite/drivers/sparse_logistic.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

using DataHolder = ElasticNetHolder;

struct TargetHolder {
  std::shared_ptr<DataHolder> data;
  std::unique_ptr<ElasticNetTarget> target;
};

std::shared_ptr<DataHolder> make_data(std::shared_ptr<ColumnsHolder> columns,
                                      std::shared_ptr<DesignHolder> design,
                                      const std::optional<Doubles>& weight, bool intercept) {
  auto holder = std::make_shared<DataHolder>();
  holder->columns = std::move(columns);
  holder->design = std::move(design);
  const ColumnDesign& X = *holder->columns->columns;
  if (weight) holder->weight = vector_of(*weight, X.rows(), "sample_weight");
  holder->data =
      std::make_unique<ElasticNetData>(X, holder->design ? holder->design->design.get() : nullptr,
                                       weight ? holder->weight.data() : nullptr, intercept);
  return holder;
}

void use_gram(DataHolder& self, const Doubles& gram) {
  const Index d = self.data->features();
  if (gram.ndim() != 2 || gram.shape(0) != d || gram.shape(1) != d) {
    throw py::value_error("The Gram matrix must have one row and column for each feature.");
  }
  self.data->use_gram(ConstMatrixMap(gram.data(), d, d));
}

std::shared_ptr<TargetHolder> make_target(std::shared_ptr<DataHolder> data, const Doubles& y,
                                          bool whole) {
  if (y.size() != data->data->rows()) throw py::value_error("y must have one number for each row.");
  auto holder = std::make_shared<TargetHolder>();
  holder->data = std::move(data);
  const double* values = y.data();
  const py::gil_scoped_release nogil;
  holder->target = std::make_unique<ElasticNetTarget>(*holder->data->data, values, whole);
  return holder;
}

py::dict path(TargetHolder& self, const std::vector<double>& strengths, double l1_ratio,
              bool positive, double tolerance, Index max_iterations,
              const std::optional<Doubles>& start) {
  ElasticNetOptions options;
  options.l1_ratio = l1_ratio;
  options.positive = positive;
  options.tolerance = tolerance;
  options.max_iterations = max_iterations;
  const Index d = self.data->data->features();
  const Vector from = start ? vector_of(*start, d, "start") : Vector();
  ElasticNetPath found;
  {
    const py::gil_scoped_release nogil;
    found = self.target->path(strengths, from, options);
  }
  // One row a strength.
  Doubles coefficients({static_cast<py::ssize_t>(strengths.size()), static_cast<py::ssize_t>(d)},
                       found.coefficients.data());
  py::list fits;
  for (const ElasticNetFit& fit : found.fits) fits.append(dict_of(fit));
  py::dict result;
  result["coefficients"] = coefficients;
  result["fits"] = fits;
  return result;
}

py::dict logistic(DataHolder& self, const Doubles& y, const std::optional<Doubles>& weight,
                  double l1, double l2, double tolerance, Index max_iterations,
                  const std::optional<Doubles>& start) {
  SparseLogisticOptions options;
  options.l1 = l1;
  options.l2 = l2;
  options.tolerance = tolerance;
  options.max_iterations = max_iterations;
  const ElasticNetData& data = *self.data;
  const Vector labels = vector_of(y, data.rows(), "y");
  const Vector weights = weight ? vector_of(*weight, data.rows(), "sample_weight") : Vector();
  const Index size = data.features() + (data.intercept() ? 1 : 0);
  const Vector from = start ? vector_of(*start, size, "start") : Vector();
  SparseLogisticFit fit;
  {
    const py::gil_scoped_release nogil;
    fit = sparse_logistic(*self.data, labels.data(), weight ? weights.data() : nullptr, from,
                          options);
  }
  py::dict result = dict_of(fit);
  result["coefficients"] = array_of(fit.coefficients);
  result["intercept"] = fit.intercept;
  return result;
}

}  // namespace

void bind_elastic_net(py::module_& m) {
  py::class_<DataHolder, std::shared_ptr<DataHolder>>(
      m, "ElasticNetData", py::module_local(), "A data matrix with weights, means and products.")
      .def(py::init(&make_data), py::arg("columns"), py::arg("design").none(true),
           py::arg("sample_weight").noconvert().none(true), py::arg("intercept"))
      .def("use_gram", &use_gram, py::arg("gram").noconvert())
      .def("logistic", &logistic, py::arg("y").noconvert(),
           py::arg("sample_weight").noconvert().none(true), py::arg("l1"), py::arg("l2"),
           py::arg("tolerance"), py::arg("max_iterations"), py::arg("start").noconvert().none(true))
      .def_property_readonly("mean", [](const DataHolder& s) { return array_of(s.data->mean()); });
  py::class_<TargetHolder, std::shared_ptr<TargetHolder>>(m, "ElasticNetTarget", py::module_local(),
                                                          "One target.")
      .def(py::init(&make_target), py::arg("data"), py::arg("y").noconvert(), py::arg("whole"))
      .def_property_readonly("mean", [](const TargetHolder& s) { return s.target->mean(); })
      .def_property_readonly("is_finite",
                             [](const TargetHolder& s) { return s.target->is_finite(); })
      .def("largest_strength", [](const TargetHolder& s,
                                  bool positive) { return s.target->largest_strength(positive); })
      .def("path", &path, py::arg("strengths"), py::arg("l1_ratio"), py::arg("positive"),
           py::arg("tolerance"), py::arg("max_iterations"),
           py::arg("start").noconvert().none(true));
}

}  // namespace optlite::bindings
