#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>

#include "optlite/boosting/boosting.hpp"
#include "optlite/distributions/concept.hpp"
#include "tree_arrays.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

using boosting::Block;

// Columns of a matrix cross the border as the rows of a C-ordered array: (parameters, rows).

Doubles columns_of(const double* data, Index stride, Index rows, Index columns) {
  Doubles result({columns, rows});
  for (Index k = 0; k < columns; ++k) {
    std::copy(data + k * stride, data + k * stride + rows, result.mutable_data() + k * rows);
  }
  return result;
}

void copy_result(const py::object& result, Index rows, Index columns, double* out, Index stride) {
  const auto array = Doubles::ensure(result);
  if (!array || array.size() != rows * columns) {
    throw py::value_error("A function of Python returned " +
                          std::string(py::str(py::type::of(result))) + ", expected an array of " +
                          std::to_string(columns) + " x " + std::to_string(rows) + " numbers.");
  }
  for (Index k = 0; k < columns; ++k) {
    std::copy(array.data() + k * rows, array.data() + (k + 1) * rows, out + k * stride);
  }
}

/// A distribution that is written in Python: score(params, y, event), gradient(...), slope(...).
boosting::Objective python_objective(const py::object& score, const py::object& gradient,
                                     const py::object& slope, Index parameters, Index outputs) {
  const auto call = [outputs, parameters](const py::object& function, const Block& block,
                                          Index columns, double* out, Index stride) {
    const py::gil_scoped_acquire gil;
    const py::object event = block.event == nullptr
                                 ? py::object(py::none())
                                 : columns_of(block.event, block.count, block.count, 1);
    copy_result(function(columns_of(block.params, block.stride, block.count, parameters),
                         columns_of(block.y, block.y_stride, block.count, outputs), event),
                block.count, columns, out, stride);
  };
  boosting::Objective objective;
  objective.parameters = parameters;
  objective.outputs = outputs;
  objective.concurrent = false;
  objective.score = [=](const Block& block, double* out) { call(score, block, 1, out, 0); };
  objective.gradient = [=](const Block& block, double* out, Index stride) {
    call(gradient, block, parameters, out, stride);
  };
  objective.slope = [=](const Block& block, double* out, Index stride) {
    call(slope, block, parameters, out, stride);
  };
  return objective;
}

/// A distribution of the registry, with its fields.
boosting::Objective registered_objective(const std::string& name, const FieldValues& fields,
                                         const std::string& score_name, bool natural) {
  const DistributionRow* row = find_by_name(distribution_table(), name);
  const ScoreRow* score = row == nullptr ? nullptr : find_score(*row, score_name);
  if (score == nullptr) throw py::value_error("There is no distribution " + name + " with it.");
  const RowsFunction gradient = natural ? score->natural_gradient : score->gradient;
  const RowsFunction slope = score->gradient, value = score->score;
  const auto rows = [](const Block& b) {
    return optlite::Rows{b.count, b.params, b.stride, b.y, b.y_stride, b.event};
  };
  boosting::Objective objective;
  objective.parameters = row->n_params(fields);
  objective.outputs = row->n_outputs(fields);
  objective.score = [=](const Block& block, double* out) {
    value(fields, rows(block), out, block.count);
  };
  objective.gradient = [=](const Block& block, double* out, Index stride) {
    gradient(fields, rows(block), out, stride);
  };
  objective.slope = [=](const Block& block, double* out, Index stride) {
    slope(fields, rows(block), out, stride);
  };
  return objective;
}

/// Any regressor of Python: fit(targets, rows or None, features) returns its values for all rows of
/// the training data and of the validation data.
class PythonLearner : public boosting::Learner {
 public:
  PythonLearner(py::object fit, Index validation_rows)
      : fit_(std::move(fit)), validation_rows_(validation_rows) {}
  void fit(const boosting::StageTargets& targets, double* train, double* validation) override {
    const py::gil_scoped_acquire gil;
    const py::object rows = targets.chosen_rows == nullptr
                                ? py::object(py::none())
                                : py::object(array_of(*targets.chosen_rows));
    const py::tuple values =
        fit_(columns_of(targets.values, targets.rows, targets.rows, targets.parameters), rows,
             array_of(*targets.chosen_features));
    copy_result(values[0], targets.rows, targets.parameters, train, targets.rows);
    copy_result(values[1], validation_rows_, targets.parameters, validation, validation_rows_);
  }
  void keep(double) override {}

 private:
  py::object fit_;
  Index validation_rows_;
};

/// Targets and parameters of the training or of the validation rows, as Python hands them over: one
/// column of parameters is that of every row. With a unit (center, 1 / scale), y is still that of
/// the user.
struct RowsArrays {
  Doubles params, y;
  std::optional<Doubles> weight, event;
  std::optional<std::pair<double, double>> unit;

  boosting::Rows rows(const char* name) const {
    const auto fail = [&](const char* what) {
      throw py::value_error(std::string(what) + " of the " + name + " rows has a wrong shape.");
    };
    if (params.ndim() != 2 || y.ndim() != 2) fail("params or y");
    const Index count = y.shape(1);
    const bool shared = params.shape(1) == 1;
    if (!shared && params.shape(1) != count) fail("params");
    if (weight && weight->size() != count) fail("weight");
    if (event && event->size() != count) fail("event");
    if (unit && y.shape(0) != 1) fail("y");
    boosting::Rows result;
    result.count = count;
    result.y = y.data();
    if (unit) {
      result.y_as_given = true;
      result.y_center = unit->first;
      result.y_units = unit->second;
    }
    result.event = event ? event->data() : nullptr;
    result.weight = weight ? weight->data() : nullptr;
    if (shared) {
      result.params.resize(count, params.shape(0));
      for (Index k = 0; k < params.shape(0); ++k) result.params.col(k).setConstant(*params.data(k));
    } else {
      result.params = ConstMatrixMap(params.data(), count, params.shape(0));
    }
    return result;
  }
};

/// A fit that goes on stage by stage; all that it reads is kept alive.
struct BoostingRun {
  RowsArrays train, validation;
  std::optional<BinsArrays> bins;
  Bytes train_codes, validation_codes;
  std::optional<SignedBytes> signs;
  std::unique_ptr<boosting::Learner> learner;
  boosting::TreeLearner* trees = nullptr;
  std::unique_ptr<boosting::Boosting> boosting;

  /// At most this many stages; false when there is nothing left to do.
  bool run(Index stages) {
    const py::gil_scoped_release nogil;
    for (Index i = 0; i < stages; ++i) {
      if (!boosting->stage()) return false;
    }
    return true;
  }
};

boosting::Options options_of(const py::dict& given) {
  boosting::Options options;
  options.learning_rate = given["learning_rate"].cast<double>();
  options.row_share = given["minibatch_frac"].cast<double>();
  options.column_share = given["col_sample"].cast<double>();
  options.tol = given["tol"].cast<double>();
  const bool newton = given["line_search"].cast<std::string>() == "newton";
  options.line_search = newton ? boosting::LineSearch::newton : boosting::LineSearch::doubling;
  options.seed = given["seed"].cast<std::uint64_t>();
  options.first_stage = given["first_stage"].cast<Index>();
  options.patience = given["patience"].cast<Index>();
  options.lower = given["lower"].cast<std::vector<double>>();
  options.upper = given["upper"].cast<std::vector<double>>();
  options.reach = given["reach"].cast<std::vector<double>>();
  options.features = given["features"].cast<Index>();
  return options;
}

std::unique_ptr<BoostingRun> start(const boosting::Objective& objective, RowsArrays train,
                                   RowsArrays validation, const py::dict& options) {
  auto run = std::make_unique<BoostingRun>();
  run->train = std::move(train);
  run->validation = std::move(validation);
  const boosting::Options chosen = options_of(options);
  const auto p = static_cast<std::size_t>(objective.parameters);
  if (chosen.lower.size() != p || chosen.upper.size() != p || chosen.reach.size() != p ||
      run->train.params.shape(0) != objective.parameters ||
      run->validation.params.shape(0) != objective.parameters) {
    throw py::value_error("params, lower, upper and reach must have one entry a parameter.");
  }
  return run;
}

void begin(BoostingRun& run, const boosting::Objective& objective, const py::dict& options) {
  boosting::Rows train = run.train.rows("training");
  boosting::Rows validation = run.validation.rows("validation");
  boosting::Options chosen = options_of(options);
  run.train.params = run.validation.params = Doubles();  // they have been copied
  const py::gil_scoped_release nogil;
  run.boosting = std::make_unique<boosting::Boosting>(objective, *run.learner, std::move(train),
                                                      std::move(validation), std::move(chosen));
}

std::unique_ptr<BoostingRun> boost_trees(const boosting::Objective& objective,
                                         const RowsArrays& train, const RowsArrays& validation,
                                         const py::dict& options, const BinsArrays& bins,
                                         const Bytes& train_codes, const Bytes& validation_codes,
                                         const trees::TreeOptions& base,
                                         const std::optional<SignedBytes>& signs, bool joint) {
  auto run = start(objective, train, validation, options);
  run->bins = bins;
  run->train_codes = train_codes;
  run->validation_codes = validation_codes;
  run->signs = signs;
  const trees::Sample sample = sample_of(run->train_codes, *run->bins);
  const trees::Sample other = sample_of(run->validation_codes, *run->bins);
  if (sample.rows != train.y.shape(1) || other.rows != validation.y.shape(1)) {
    throw py::value_error("codes and y differ in length.");
  }
  trees::TreeOptions tree_options = base;
  tree_options.monotonic = monotonic_of(run->signs, bins.view.features);
  auto learner = std::make_unique<boosting::TreeLearner>(sample, other, tree_options, joint);
  run->trees = learner.get();
  run->learner = std::move(learner);
  begin(*run, objective, options);
  return run;
}

std::unique_ptr<BoostingRun> boost_python(const boosting::Objective& objective,
                                          const RowsArrays& train, const RowsArrays& validation,
                                          const py::dict& options, const py::object& fit) {
  auto run = start(objective, train, validation, options);
  run->learner = std::make_unique<PythonLearner>(fit, validation.y.shape(1));
  begin(*run, objective, options);
  return run;
}

/// Columns step, score, validation, size of the stages; row 0 is the start.
Doubles history(const BoostingRun& run) {
  const auto& records = run.boosting->records();
  Doubles table({static_cast<py::ssize_t>(records.size() + 1), py::ssize_t{4}});
  double* out = table.mutable_data();
  const double start[4] = {0.0, run.boosting->start_score(), run.boosting->start_validation(), 0.0};
  out = std::copy(start, start + 4, out);
  for (const boosting::StageRecord& r : records) {
    for (const double value : {r.step, r.score, r.validation, r.size}) *out++ = value;
  }
  return table;
}

py::dict forest(const BoostingRun& run) {
  if (run.trees == nullptr) throw py::value_error("This run has no trees.");
  py::dict arrays = tree_to_dict(run.trees->nodes());
  arrays["starts"] = array_of(run.trees->starts());
  arrays["target"] = array_of(run.trees->target());
  return arrays;
}

const char* reason(const BoostingRun& run) {
  switch (run.boosting->end()) {
    case boosting::End::running: return "stages";
    case boosting::End::small_direction: return "tol";
    case boosting::End::no_improvement: return "validation";
  }
  return "";
}

}  // namespace

void bind_boosting(py::module_& m) {
  py::class_<boosting::Objective>(m, "BoostingObjective", py::module_local(),
                                  "What boosting minimises.")
      .def_static("registered", &registered_objective, py::arg("name"), py::arg("fields"),
                  py::arg("score"), py::arg("natural"))
      .def_static("from_python", &python_objective, py::arg("score"), py::arg("gradient"),
                  py::arg("slope"), py::arg("n_params"), py::arg("n_outputs"))
      .def_readonly("n_params", &boosting::Objective::parameters);
  py::class_<RowsArrays>(m, "BoostingRows", py::module_local(), "Targets and parameters of rows.")
      .def(py::init<Doubles, Doubles, std::optional<Doubles>, std::optional<Doubles>,
                    std::optional<std::pair<double, double>>>(),
           py::arg("params"), py::arg("y"), py::arg("weight"), py::arg("event"), py::arg("unit"));
  py::class_<BoostingRun>(m, "BoostingRun", py::module_local(), "A fit, stage by stage.")
      .def("run", &BoostingRun::run, py::arg("stages"))
      .def("history", &history)
      .def("forest", &forest)
      .def("params",
           [](const BoostingRun& run) {
             const Matrix& params = run.boosting->train_params();
             return columns_of(params.data(), params.rows(), params.rows(), params.cols());
           })
      .def_property_readonly("best_stages",
                             [](const BoostingRun& run) { return run.boosting->best_stages(); })
      .def_property_readonly("reason", &reason);
  m.def("boost_trees", &boost_trees, py::arg("objective"), py::arg("train"), py::arg("validation"),
        py::arg("options"), py::arg("bins"), py::arg("train_codes"), py::arg("validation_codes"),
        py::arg("tree_options"), py::arg("monotonic"), py::arg("joint"));
  m.def("boost_python", &boost_python, py::arg("objective"), py::arg("train"),
        py::arg("validation"), py::arg("options"), py::arg("fit"));
}

}  // namespace optlite::bindings
