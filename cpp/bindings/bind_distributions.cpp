#include <pybind11/stl.h>

#include <algorithm>
#include <optional>

#include "holders.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/distributions/concept.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

const DistributionRow& distribution(const std::string& name) {
  const DistributionRow* row = find_by_name(distribution_table(), name);
  if (row == nullptr) throw py::value_error("There is no distribution named '" + name + "'.");
  return *row;
}

constexpr Index evaluated_together = 4096;  // rows; between them Ctrl-C is heard

/// Columns of an array of shape (n,) or (columns, n).
Index count_rows(const Doubles& array, Index columns, const char* what) {
  const bool plain = array.ndim() == 1 && columns == 1;
  if (!plain && !(array.ndim() == 2 && array.shape(0) == columns)) {
    throw py::value_error(std::string(what) + " must have the shape (" + std::to_string(columns) +
                          ", n).");
  }
  return array.shape(array.ndim() - 1);
}

RowsFunction function_of(const ScoreRow& score, const std::string& what) {
  if (what == "score") return score.score;
  if (what == "gradient") return score.gradient;
  if (what == "natural_gradient") return score.natural_gradient;
  if (what == "metric") return score.metric;
  throw py::value_error("A score has no '" + what + "'.");
}

py::array_t<double> evaluate(const std::string& name, const FieldValues& fields,
                             const std::string& score_name, const std::string& what,
                             const Doubles& params, const Doubles& y,
                             const std::optional<Doubles>& event) {
  const DistributionRow& row = distribution(name);
  const ScoreRow* score = find_score(row, score_name);
  if (score == nullptr) throw py::value_error(name + " has no score '" + score_name + "'.");
  if (event && !score->censored) throw py::value_error(name + " takes no censored rows.");
  const RowsFunction function = function_of(*score, what);
  const Index p = row.n_params(fields);
  const Index n = count_rows(params, p, "params");
  if (count_rows(y, row.n_outputs(fields), "y") != n ||
      (event && count_rows(*event, 1, "event") != n)) {
    throw py::value_error("params, y and event differ in length.");
  }
  const Index columns = what == "score" ? 1 : (what == "metric" ? p * p : p);
  Doubles out({columns, n});
  double* result = out.mutable_data();
  const py::gil_scoped_release nogil;
  for (Index begin = 0; begin < n; begin += evaluated_together) {
    interrupt::poll();
    const Index count = std::min(evaluated_together, n - begin);
    const double* observed = event ? event->data() + begin : nullptr;
    function(fields, {count, params.data() + begin, n, y.data() + begin, n, observed},
             result + begin, n);
  }
  return out;
}

py::array_t<double> fit_marginal(const std::string& name, const FieldValues& fields,
                                 const Doubles& y, const std::optional<Doubles>& weight,
                                 const std::optional<Doubles>& event) {
  const DistributionRow& row = distribution(name);
  const Index n = count_rows(y, row.n_outputs(fields), "y");
  if (n == 0 || (weight && count_rows(*weight, 1, "weight") != n) ||
      (event && count_rows(*event, 1, "event") != n)) {
    throw py::value_error("y, weight and event differ in length, or y is empty.");
  }
  if (event && !row.scores.front().censored) {
    throw py::value_error(name + " takes no censored rows.");
  }
  Doubles params(row.n_params(fields));
  double* result = params.mutable_data();
  const py::gil_scoped_release nogil;
  marginal(row, fields, n, y.data(), n, weight ? weight->data() : nullptr,
           event ? event->data() : nullptr, result);
  return params;
}

}  // namespace

void add_distribution(py::dict entry, const DistributionRow& row) {
  FieldValues defaults;
  for (const FieldRecord& field : row.record.fields) defaults.push_back(field.default_value);
  py::list parameters;
  for (const ParameterRecord& parameter : row.parameters(defaults)) {
    py::dict one;
    one["name"] = parameter.name;
    one["doc"] = parameter.doc;
    parameters.append(one);
  }
  py::list scores;
  for (const ScoreRow& score : row.scores) {
    py::dict one;
    one["name"] = score.name;
    one["censored"] = score.censored;
    scores.append(one);
  }
  entry["parameters"] = parameters;
  entry["scores"] = scores;
  entry["support"] = sentence(row.support);
  entry["targets"] = name(row.support);
  entry["n_outputs"] = row.n_outputs(defaults);
  entry["no_crps"] = row.no_crps == nullptr ? "" : row.no_crps;
}

void bind_distributions(py::module_& m) {
  m.def("distribution_evaluate", &evaluate, py::arg("name"), py::arg("fields"), py::arg("score"),
        py::arg("what"), py::arg("params").noconvert(), py::arg("y").noconvert(),
        py::arg("event").noconvert().none(true),
        "Score, gradient, natural_gradient or metric, one column a row.");
  m.def("distribution_marginal", &fit_marginal, py::arg("name"), py::arg("fields"),
        py::arg("y").noconvert(), py::arg("weight").noconvert().none(true),
        py::arg("event").noconvert().none(true));
  m.def(
      "distribution_first_outside",
      [](const std::string& name, const FieldValues& fields, const Doubles& y) {
        const DistributionRow& row = distribution(name);
        const Index n = count_rows(y, row.n_outputs(fields), "y");
        return row.first_outside(fields, n, y.data(), n);
      },
      py::arg("name"), py::arg("fields"), py::arg("y").noconvert());
  m.def(
      "distribution_scores",
      [](const std::string& name, const FieldValues& fields) {
        std::vector<std::string> names;
        for (const ScoreRow& score : distribution(name).scores) {
          if (score.exists == nullptr || score.exists(fields)) names.push_back(score.name);
        }
        return names;
      },
      py::arg("name"), py::arg("fields"));
  m.def(
      "distribution_parameters",
      [](const std::string& name, const FieldValues& fields) {
        std::vector<std::string> names;
        for (const ParameterRecord& p : distribution(name).parameters(fields)) {
          names.push_back(p.name);
        }
        return names;
      },
      py::arg("name"), py::arg("fields"));
}

}  // namespace optlite::bindings
