#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "elastic_net_holder.hpp"
#include "optlite/drivers/group_lasso.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

struct GroupTargetHolder {
  std::shared_ptr<ElasticNetHolder> data;
  std::unique_ptr<GroupLassoTarget> target;
};

/// `group_of` holds the number of each column's group.
Groups make_groups(const std::vector<Index>& group_of, Index features, const Doubles& weights) {
  Groups groups;
  groups.weights = vector_of(weights, weights.size(), "weights");
  groups.columns.resize(static_cast<std::size_t>(weights.size()));
  if (static_cast<Index>(group_of.size()) != features) {
    throw py::value_error("groups must have one number for each column of X.");
  }
  for (std::size_t j = 0; j < group_of.size(); ++j) {
    if (group_of[j] < 0 || group_of[j] >= weights.size()) {
      throw py::value_error("groups must be numbered from 0 to the number of weights.");
    }
    groups.columns[static_cast<std::size_t>(group_of[j])].push_back(static_cast<Index>(j));
  }
  return groups;
}

std::shared_ptr<GroupTargetHolder> make_group_target(std::shared_ptr<ElasticNetHolder> data,
                                                     const Doubles& Y,
                                                     const std::vector<Index>& group_of,
                                                     const Doubles& weights) {
  const Index n = data->data->rows();
  if (Y.ndim() != 2 || Y.shape(1) != n) {
    throw py::value_error("Y must have one row for each task, one column for each row of X.");
  }
  Matrix targets = ConstMatrixMap(Y.data(), n, Y.shape(0));
  Groups groups = make_groups(group_of, data->data->features(), weights);
  auto holder = std::make_shared<GroupTargetHolder>();
  holder->data = std::move(data);
  const py::gil_scoped_release nogil;
  holder->target = std::make_unique<GroupLassoTarget>(*holder->data->data, std::move(targets),
                                                      std::move(groups));
  return holder;
}

/// The parts of the penalty for strength 1.
GroupLevel mix_of(const std::vector<double>& mix) {
  if (mix.size() != 3) throw py::value_error("mix must hold l1, norm and ridge.");
  return {mix[0], mix[1], mix[2]};
}

py::list group_path(GroupTargetHolder& self, const std::vector<double>& strengths,
                    const std::vector<double>& mix, double tolerance, Index max_iterations,
                    const std::optional<Doubles>& start) {
  const GroupLassoOptions options{mix_of(mix), tolerance, max_iterations};
  const Index d = self.data->data->features();
  const Index tasks = self.target->tasks();
  RowMatrix from;
  if (start) {
    from = Eigen::Map<const Matrix>(vector_of(*start, d * tasks, "start").data(), d, tasks);
  }
  GroupLassoPath found;
  {
    const py::gil_scoped_release nogil;
    found = self.target->path(strengths, from, options);
  }
  py::list fits;
  for (std::size_t k = 0; k < found.fits.size(); ++k) {
    py::dict entry = dict_of(found.fits[k]);
    const Matrix table = found.coefficients[k];  // one row a task for Python
    entry["coefficients"] =
        Doubles({static_cast<py::ssize_t>(tasks), static_cast<py::ssize_t>(d)}, table.data());
    fits.append(entry);
  }
  return fits;
}

}  // namespace

void bind_group_lasso(py::module_& m) {
  py::class_<GroupTargetHolder, std::shared_ptr<GroupTargetHolder>>(
      m, "GroupLassoTarget", py::module_local(), "Targets that are fitted together.")
      .def(py::init(&make_group_target), py::arg("data"), py::arg("Y").noconvert(),
           py::arg("group_of"), py::arg("weights").noconvert())
      .def_property_readonly("mean",
                             [](const GroupTargetHolder& s) { return array_of(s.target->mean()); })
      .def_property_readonly("is_finite",
                             [](const GroupTargetHolder& s) { return s.target->is_finite(); })
      .def(
          "largest_strength",
          [](const GroupTargetHolder& s, const std::vector<double>& mix) {
            return s.target->largest_strength(mix_of(mix));
          },
          py::arg("mix"))
      .def("path", &group_path, py::arg("strengths"), py::arg("mix"), py::arg("tolerance"),
           py::arg("max_iterations"), py::arg("start").noconvert().none(true));
}

}  // namespace optlite::bindings
