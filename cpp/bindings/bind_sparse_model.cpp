#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cmath>
#include <memory>
#include <utility>

#include "elastic_net_holder.hpp"
#include "optlite/drivers/accelerated_gradient.hpp"
#include "optlite/drivers/sparse_model.hpp"
#include "optlite/problems/partial_likelihood.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

using Fields = std::vector<double>;

SparsePenalty make_penalty(const std::string& name, const Fields& fields,
                           const std::vector<Columns>& groups, const Doubles& strengths,
                           Index features, Index outputs) {
  SparsePenalty penalty{&row_named(penalty_table(), name), fields, groups, {}};
  const bool of_ranks = penalty.row->of_ranks;
  const Index blocks = of_ranks                 ? 1
                       : penalty.row->of_groups ? static_cast<Index>(groups.size())
                                                : features * outputs;
  penalty.strengths = vector_of(strengths, blocks, "strengths");
  if (of_ranks && fields.empty()) throw py::value_error("A penalty of ranks needs its levels.");
  if (!penalty.row->of_groups || of_ranks) return penalty;
  std::vector<int> times(static_cast<std::size_t>(features), 0);
  for (const Columns& group : groups) {
    for (const Index j : group) {
      if (j < 0 || j >= features) throw py::value_error("groups must hold columns of X.");
      ++times[static_cast<std::size_t>(j)];
    }
    if (group.empty()) throw py::value_error("groups must not be empty.");
  }
  for (const int count : times) {
    if (count != 1) throw py::value_error("groups must hold every column of X once.");
  }
  return penalty;
}

py::dict result_of(const SparseModelFit& found) {
  py::dict result = dict_of(found);
  result["has_gap"] = found.has_gap;
  result["violation"] = found.violation;
  result["dropped"] =
      py::array_t<Index>(static_cast<py::ssize_t>(found.dropped.size()), found.dropped.data());
  result["coefficients"] = rows_of(found.coefficients);
  result["intercepts"] = array_of(found.intercepts);
  return result;
}

void check_samples(const ElasticNetHolder& self, const MarginLoss& loss) {
  if (loss.samples() != self.data->rows()) {
    throw py::value_error("The loss must have one target for each row of X.");
  }
}

/// Coefficients, and intercepts below them, of each output; empty if there is none.
Matrix start_of(const ElasticNetHolder& self, const MarginLoss& loss,
                const std::optional<Doubles>& start) {
  if (!start) return Matrix();
  const Index height = self.data->features() + (self.data->intercept() ? 1 : 0);
  const Vector values = vector_of(*start, height * loss.outputs(), "start");
  return ConstMatrixMap(values.data(), height, loss.outputs());
}

py::list fit(ElasticNetHolder& self, MarginLoss& loss, const std::string& penalty_name,
             const Fields& penalty_fields, const std::vector<Columns>& groups,
             const Doubles& strengths, const std::vector<double>& factors, double tolerance,
             Index max_iterations, double lowest, const std::optional<Doubles>& start) {
  const Index d = self.data->features();
  const Index outputs = loss.outputs();
  check_samples(self, loss);
  const SparsePenalty penalty =
      make_penalty(penalty_name, penalty_fields, groups, strengths, d, outputs);
  for (const double factor : factors) {
    if (!(factor > 0.0)) throw py::value_error("Each factor must be > 0.");
  }
  const Matrix from = start_of(self, loss, start);
  std::vector<SparseModelFit> found;
  {
    const py::gil_scoped_release nogil;
    found = fit_sparse_models(*self.data, loss, penalty, factors, from,
                              {tolerance, max_iterations, lowest});
  }
  py::list results;
  for (const SparseModelFit& each : found) results.append(result_of(each));
  return results;
}

double largest_factor(ElasticNetHolder& self, MarginLoss& loss, const std::string& penalty_name,
                      const Fields& penalty_fields, const std::vector<Columns>& groups,
                      const Doubles& strengths) {
  check_samples(self, loss);
  const SparsePenalty penalty = make_penalty(penalty_name, penalty_fields, groups, strengths,
                                             self.data->features(), loss.outputs());
  const py::gil_scoped_release nogil;
  return largest_sparse_factor(*self.data, loss, penalty);
}

std::shared_ptr<RowLoss> make_row_loss(const std::string& name, const Fields& fields,
                                       const Doubles& y, const Doubles& weight, Index outputs) {
  const ObjectiveRow& row = row_named(objective_table(), name);
  if (outputs < 1 || (row.one_margin && outputs != 1)) {
    throw py::value_error("outputs must be 1, or the number of classes.");
  }
  for (Index i = 0; !row.one_margin && i < y.size(); ++i) {
    const double label = y.data()[i];
    if (!(label >= 0.0 && label < static_cast<double>(outputs))) {
      throw py::value_error("y must hold labels from 0 to outputs - 1.");
    }
  }
  return std::make_shared<RowLoss>(row, fields, vector_of(y, y.size(), "y"),
                                   vector_of(weight, y.size(), "weight"), outputs);
}

std::shared_ptr<PartialLikelihood> make_partial_likelihood(const Doubles& time,
                                                           const Doubles& event,
                                                           const Doubles& weight) {
  const Index n = time.size();
  return std::make_shared<PartialLikelihood>(
      vector_of(time, n, "time"), vector_of(event, n, "event"), vector_of(weight, n, "weight"));
}

/// Value, minus the derivative, and the gap of derivatives shortened by t.
py::tuple look_at(const MarginLoss& loss, const Doubles& margins, double t) {
  const Index n = loss.samples();
  Matrix Z =
      ConstMatrixMap(vector_of(margins, n * loss.outputs(), "margins").data(), n, loss.outputs());
  const double gap = loss.has_gap() ? loss.gap(Z, t) : infinity;
  const double value = loss.differentiate(Z);
  return py::make_tuple(value, Doubles(Z.size(), Z.data()), gap);
}

std::unique_ptr<AcceleratedGradient> make_accelerated_gradient(
    ElasticNetHolder& data, MarginLoss& loss, const std::string& name, const Fields& fields,
    const std::vector<Columns>& groups, const Doubles& strengths,
    const std::optional<Doubles>& start, bool restart) {
  const Index d = data.data->features();
  check_samples(data, loss);
  SparsePenalty penalty = make_penalty(name, fields, groups, strengths, d, loss.outputs());
  const bool bounded = penalty.row->of_ranks || std::isfinite(penalty.row->concavity(fields));
  if (!bounded || !std::isfinite(loss.curvature_bound())) {
    throw py::value_error("Loss and penalty must be bounded in curvature.");
  }
  const Matrix from = start_of(data, loss, start);
  const py::gil_scoped_release nogil;
  return std::make_unique<AcceleratedGradient>(*data.data, loss, std::move(penalty), from, restart);
}

py::dict state_of(const AcceleratedGradient& self) {
  const AcceleratedGradient::State& at = self.state();
  py::dict state;
  state["n_iter"] = at.n_iter;
  state["damping"] = at.damping;
  state["point"] = rows_of(at.point);
  state["middle"] = rows_of(at.middle);
  state["aggregate"] = rows_of(at.aggregate);
  state["intercepts"] = array_of(at.intercepts);
  state["mapping"] = at.mapping;
  state["violation"] = at.violation;
  state["status"] = name(at.status);
  state["message"] = sentence(at.status);
  return state;
}

void bind_accelerated_gradient(py::module_& m) {
  py::class_<AcceleratedGradient>(m, "AcceleratedGradient", py::module_local(),
                                  "Accelerated proximal gradients, an iteration at a time.")
      .def(py::init(&make_accelerated_gradient), py::arg("data"), py::arg("loss"),
           py::arg("penalty"), py::arg("penalty_fields"), py::arg("groups"),
           py::arg("strengths").noconvert(), py::arg("start").noconvert().none(true),
           py::arg("restart") = true, py::keep_alive<1, 2>(), py::keep_alive<1, 3>())
      .def("step", &AcceleratedGradient::step, py::arg("tolerance"),
           py::call_guard<py::gil_scoped_release>(), "One iteration.")
      .def("run", &AcceleratedGradient::run, py::arg("tolerance"), py::arg("most"),
           py::call_guard<py::gil_scoped_release>(), "Until the violation is at most that.")
      .def_property_readonly("lipschitz", &AcceleratedGradient::lipschitz)
      .def_property_readonly("beta", &AcceleratedGradient::beta)
      .def_property_readonly("state", &state_of, "What the last iteration has left.");
}

}  // namespace

void bind_sparse_model(py::module_& m) {
  py::class_<MarginLoss, std::shared_ptr<MarginLoss>>(m, "MarginLoss", py::module_local(),
                                                      "A loss of margins.")
      .def_property_readonly("curvature_bound", &MarginLoss::curvature_bound);
  py::class_<RowLoss, MarginLoss, std::shared_ptr<RowLoss>>(
      m, "RowLoss", py::module_local(), "A loss of the registry, with targets and weights.")
      .def(py::init(&make_row_loss), py::arg("name"), py::arg("fields"), py::arg("y").noconvert(),
           py::arg("weight").noconvert(), py::arg("outputs") = 1);
  py::class_<PartialLikelihood, MarginLoss, std::shared_ptr<PartialLikelihood>>(
      m, "PartialLikelihood", py::module_local(), "The loss of Cox's model.")
      .def(py::init(&make_partial_likelihood), py::arg("time").noconvert(),
           py::arg("event").noconvert(), py::arg("weight").noconvert());
  bind_accelerated_gradient(m);
  m.def("look_at", &look_at, py::arg("loss"), py::arg("margins").noconvert(), py::arg("t") = 1.0,
        "Value, minus the derivative, and the gap of shortened derivatives.");
  m.def("fit_sparse_models", &fit, py::arg("data"), py::arg("loss"), py::arg("penalty"),
        py::arg("penalty_fields"), py::arg("groups"), py::arg("strengths").noconvert(),
        py::arg("factors"), py::arg("tolerance"), py::arg("max_iterations"), py::arg("lowest"),
        py::arg("start").noconvert().none(true), "One fit for each factor on the strengths.");
  m.def("largest_sparse_factor", &largest_factor, py::arg("data"), py::arg("loss"),
        py::arg("penalty"), py::arg("penalty_fields"), py::arg("groups"),
        py::arg("strengths").noconvert(),
        "The smallest factor on the strengths at which all coefficients are zero.");
}

}  // namespace optlite::bindings
