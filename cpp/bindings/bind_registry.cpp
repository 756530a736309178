#include <pybind11/stl.h>

#include "bindings.hpp"
#include "holders.hpp"
#include "optlite/activations/concept.hpp"
#include "optlite/block_selections/concept.hpp"
#include "optlite/block_updates/concept.hpp"
#include "optlite/directions/concept.hpp"
#include "optlite/distributions/concept.hpp"
#include "optlite/objectives/concept.hpp"
#include "optlite/penalties/concept.hpp"
#include "optlite/rules/concept.hpp"

namespace py = pybind11;

namespace optlite::bindings {

void add_distribution(py::dict entry, const DistributionRow& row);

namespace {

py::dict to_dict(const Record& record) {
  py::list fields;
  for (const FieldRecord& field : record.fields) {
    py::dict entry;
    entry["name"] = field.name;
    entry["default"] = py::float_(field.default_value);
    if (field.is_integer) entry["default"] = static_cast<Index>(field.default_value);
    entry["lower"] = field.range.lower;
    entry["upper"] = field.range.upper;
    entry["lower_open"] = field.range.lower_open;
    entry["upper_open"] = field.range.upper_open;
    entry["doc"] = field.doc;
    entry["words"] = py::str(field.words).attr("split")();
    entry["is_integer"] = field.is_integer;
    fields.append(entry);
  }
  py::dict result;
  result["kind"] = record.kind;
  result["name"] = record.name;
  result["class_name"] = record.class_name;
  result["doc"] = record.doc;
  result["formula"] = record.formula;
  result["reference"] = record.reference;
  result["fields"] = fields;
  result["rising"] = record.rising;
  return result;
}

void add_rule(py::dict entry, const RuleRow& row) {
  const auto list = [](const std::vector<SlotRecord>& records) {
    py::list all;
    for (const SlotRecord& record : records) {
      py::dict one;
      one["name"] = record.name;
      one["doc"] = record.doc;
      one["constant"] = record.constant;
      one["field"] = record.field;
      one["copies_x"] = record.copies_x;
      one["is_given"] = record.is_given;
      one["is_diagonal"] = record.is_diagonal;
      all.append(one);
    }
    return all;
  };
  entry["folder"] = row.folder;
  entry["family"] = row.family;
  entry["shapes_slots"] = row.slot_shape != nullptr;
  entry["slots"] = list(row.slots);
  entry["scalars"] = list(row.scalars);
  entry["inputs"] = list(row.inputs);
  entry["global_scalars"] = row.global_scalars;
  entry["decay_words"] = py::str(decay_words).attr("split")();
  entry["decay_form"] = static_cast<int>(row.decay.form);
  entry["decay_strength"] = row.decay.strength;
  entry["own_decay"] = row.own_decay;
}

py::list registry() {
  py::list all;
  for (const Record& record : all_records()) {
    py::dict entry = to_dict(record);
    if (const ObjectiveRow* row = find_by_name(objective_table(), record.name);
        row != nullptr && record.kind == "objectives") {
      entry["target"] = name(row->target);
      entry["one_margin"] = row->one_margin;
      entry["curvature_bound"] = row->curvature_bound({});
      entry["self_concordance"] = row->self_concordance;
    }
    if (const ActivationRow* row = find_by_name(activation_table(), record.name);
        row != nullptr && record.kind == "activations") {
      entry["smooth"] = row->smooth;
    }
    if (const DirectionRow* row = find_by_name(direction_table(), record.name);
        row != nullptr && record.kind == "directions") {
      entry["step_size"] = row->step_size;
      entry["uses_hessian"] = row->uses_hessian;
    }
    if (const PenaltyRow* row = find_by_name(penalty_table(), record.name);
        row != nullptr && record.kind == "penalties") {
      entry["smooth"] = row->smooth;
      entry["of_groups"] = row->of_groups;
      entry["of_ranks"] = row->of_ranks;
      entry["has_gap"] = row->conjugate != nullptr;
      entry["concavity"] = row->concavity({});
    }
    if (const RuleRow* row = find_by_name(rule_table(), record.name);
        row != nullptr && record.kind == "rules") {
      add_rule(entry, *row);
    }
    if (const BlockSelectionRow* row = find_by_name(block_selection_table(), record.name);
        row != nullptr && record.kind == "block_selections") {
      entry["needs_partition"] = row->needs_partition;
      entry["takes"] = name(row->takes);
    }
    if (const BlockUpdateRow* row = find_by_name(block_update_table(), record.name);
        row != nullptr && record.kind == "block_updates") {
      entry["takes"] = name(row->takes);
    }
    if (const DistributionRow* row = find_by_name(distribution_table(), record.name);
        row != nullptr && record.kind == "distributions") {
      add_distribution(entry, *row);
    }
    all.append(entry);
  }
  return all;
}

py::tuple activation(const std::string& name, double a) {
  const ActivationRow* row = find_by_name(activation_table(), name);
  if (row == nullptr) throw py::value_error("There is no activation named '" + name + "'.");
  double first = 0.0, second = 0.0;
  row->evaluate(1, &a, &first, &second);
  return py::make_tuple(a, first, second);
}

using Fields = std::vector<double>;

double penalty_value(const std::string& name, const Doubles& w, const Fields& fields) {
  return row_named(penalty_table(), name).value(fields, w.data(), w.size());
}

Doubles penalty_prox(const std::string& name, const Doubles& v, double step, const Fields& fields) {
  Doubles w(std::vector<py::ssize_t>(v.shape(), v.shape() + v.ndim()));
  row_named(penalty_table(), name).prox(fields, v.data(), v.size(), step, w.mutable_data());
  return w;
}

double penalty_distance(const std::string& name, const Doubles& w, const Doubles& gradient,
                        const Fields& fields) {
  const Vector slopes = vector_of(gradient, w.size(), "gradient");
  return row_named(penalty_table(), name)
      .subdifferential_distance(fields, w.data(), slopes.data(), w.size());
}

double penalty_conjugate(const std::string& name, const Doubles& u, const Fields& fields) {
  const PenaltyRow& row = row_named(penalty_table(), name);
  if (row.conjugate == nullptr) throw py::value_error("There is no conjugate of '" + name + "'.");
  return row.conjugate(fields, u.data(), u.size());
}

double penalty_reach(const std::string& name, const Doubles& c, const Fields& fields) {
  const PenaltyRow& row = row_named(penalty_table(), name);
  if (row.reach == nullptr) throw py::value_error("There is no conjugate of '" + name + "'.");
  return row.reach(fields, c.data(), c.size());
}

double penalty_concavity(const std::string& name, const Fields& fields) {
  return row_named(penalty_table(), name).concavity(fields);
}

/// Samples of weight one; margins: one row for each output.
double objective_gap(const std::string& name, const Doubles& margins, const Doubles& y, double t,
                     const Fields& fields) {
  const ObjectiveRow& row = row_named(objective_table(), name);
  if (row.gap == nullptr) throw py::value_error("There is no conjugate of '" + name + "'.");
  if (y.size() == 0 || margins.size() % y.size() != 0) {
    throw py::value_error("margins must have one row for each output, y one number a column.");
  }
  const Index count = y.size();
  return row.gap(fields, count, margins.size() / count, margins.data(), y.data(), nullptr, t);
}

}  // namespace

void bind_registry(py::module_& m) {
  m.def("registry", &registry, "One record (a dict) for each registered part.");
  m.def("activation", &activation, py::arg("name"), py::arg("a"),
        "Value and two derivatives of an activation.");
  m.def("penalty_value", &penalty_value, py::arg("name"), py::arg("w"),
        py::arg("fields") = Fields{}, "Of a block of coordinates.");
  m.def("penalty_prox", &penalty_prox, py::arg("name"), py::arg("v"), py::arg("step"),
        py::arg("fields") = Fields{}, "Of a block of coordinates.");
  m.def("penalty_subdifferential_distance", &penalty_distance, py::arg("name"), py::arg("w"),
        py::arg("gradient"), py::arg("fields") = Fields{}, "Of a block of coordinates.");
  m.def("penalty_conjugate", &penalty_conjugate, py::arg("name"), py::arg("u"),
        py::arg("fields") = Fields{}, "Of a block of coordinates, where it is finite.");
  m.def("penalty_reach", &penalty_reach, py::arg("name"), py::arg("c"),
        py::arg("fields") = Fields{}, "The largest factor at which the conjugate is finite.");
  m.def("penalty_concavity", &penalty_concavity, py::arg("name"), py::arg("fields") = Fields{},
        "The square that makes it convex.");
  m.def("objective_gap", &objective_gap, py::arg("name"), py::arg("margins"), py::arg("y"),
        py::arg("t"), py::arg("fields") = Fields{}, "Of a loss whose derivatives are shortened.");
}

}  // namespace optlite::bindings
