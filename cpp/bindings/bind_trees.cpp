#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>

#include "tree_arrays.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

using trees::BinsView;
using trees::ColumnsView;
using trees::TableView;

using Places = std::optional<Contiguous<std::uint32_t>>;

/// X may have any strides; its type is what Python has made sure of.
template <class Scalar>
TableView table(const py::array_t<Scalar>& X, const Places& rows = std::nullopt) {
  if (X.ndim() != 2) throw py::value_error("X must have two dimensions.");
  TableView view{reinterpret_cast<const char*>(X.data()),
                 sizeof(Scalar) == sizeof(float),
                 X.shape(0),
                 X.shape(1),
                 X.strides(0),
                 X.strides(1),
                 nullptr};
  if (!rows) return view;
  const std::uint32_t* end = rows->data() + rows->size();
  if (std::any_of(rows->data(), end, [&](std::uint32_t i) { return i >= view.rows; })) {
    throw py::value_error("rows are out of range.");
  }
  view.rows = rows->size();
  view.chosen = rows->data();
  return view;
}

ColumnsView columns(const Doubles& data, const Integers& indices, const Integers& indptr,
                    Index rows) {
  if (data.size() != indices.size()) throw py::value_error("data and indices differ in length.");
  if (indptr.size() < 1) throw py::value_error("indptr is empty.");
  CscView<double, std::int64_t> view;
  view.slices = static_cast<Index>(indptr.size()) - 1;
  view.width = rows;
  view.entries = data.size();
  view.starts = indptr.data();
  view.indices = indices.data();
  view.check();
  return {data.data(), indices.data(), indptr.data(), rows, view.slices};
}

const double* weights_of(const std::optional<Doubles>& weight, Index rows) {
  if (!weight) return nullptr;
  if (weight->size() != rows) throw py::value_error("sample_weight differs in length.");
  return weight->data();
}

template <class View>
py::tuple find(const View& X, const std::optional<Doubles>& weight, const Bytes& categorical,
               Index max_bins) {
  if (categorical.size() != X.cols) throw py::value_error("categorical differs in length.");
  if (max_bins < 2 || max_bins > trees::max_value_bins) {
    throw py::value_error("max_bins must be in [2, 255].");
  }
  const double* w = weights_of(weight, X.rows);
  trees::Bins bins;
  {
    const py::gil_scoped_release nogil;
    bins = trees::find_bins(X, w, categorical.data(), max_bins);
  }
  return py::make_tuple(array_of(bins.starts), array_of(bins.values), array_of(bins.categorical));
}

template <class View>
Bytes encode(const View& X, const BinsArrays& bins) {
  if (X.cols != bins.view.features) throw py::value_error("X and the bins differ in features.");
  Bytes codes({X.cols, X.rows});
  std::uint8_t* out = codes.mutable_data();
  const py::gil_scoped_release nogil;
  trees::encode(X, bins.view, nullptr, out);
  return codes;
}

template <class Scalar>
void bind_table(py::module_& m) {
  using Table = py::array_t<Scalar>;
  m.def(
      "find_bins",
      [](const Table& X, const std::optional<Doubles>& weight, const Bytes& categorical,
         Index max_bins,
         const Places& rows) { return find(table(X, rows), weight, categorical, max_bins); },
      py::arg("X").noconvert(), py::arg("weight"), py::arg("categorical"), py::arg("max_bins"),
      py::arg("rows").noconvert() = py::none());
  m.def(
      "encode",
      [](const Table& X, const BinsArrays& bins, const Places& rows) {
        return encode(table(X, rows), bins);
      },
      py::arg("X").noconvert(), py::arg("bins"), py::arg("rows").noconvert() = py::none());
  m.def(
      "first_infinity",
      [](const Table& X) {
        const TableView view = table(X);
        const py::gil_scoped_release nogil;
        return trees::find_infinity(view);
      },
      py::arg("X").noconvert());
}

/// One tree on the natural residuals `targets` (outputs x rows): for tests, teaching, and loops
/// that are written in Python.
py::tuple grow(const Bytes& codes, const BinsArrays& bins, const Doubles& targets,
               const std::optional<Doubles>& weight, const std::optional<Doubles>& factors,
               const trees::TreeOptions& base, const std::optional<SignedBytes>& monotonic,
               const std::vector<std::uint32_t>& rows, const std::vector<std::int32_t>& features) {
  trees::TreeOptions options = base;
  options.monotonic = monotonic_of(monotonic, bins.view.features);
  const trees::Sample sample = sample_of(codes, bins);
  if (targets.ndim() != 2 || targets.shape(1) != sample.rows) {
    throw py::value_error("targets must have shape (outputs, rows).");
  }
  for (const std::uint32_t i : rows) {
    if (i >= sample.rows) throw py::value_error("rows are out of range.");
  }
  for (const std::int32_t f : features) {
    if (f < 0 || f >= bins.view.features) throw py::value_error("features are out of range.");
  }
  if (factors && factors->size() != targets.shape(0)) throw py::value_error("factors differ.");
  Doubles fitted({targets.shape(0), targets.shape(1)});
  const trees::Targets problem{targets.shape(0), targets.data(), sample.rows,
                               weights_of(weight, sample.rows),
                               factors ? factors->data() : nullptr};
  double* out = fitted.mutable_data();
  trees::Tree tree;
  {
    const py::gil_scoped_release nogil;
    trees::Grower grower(sample, options);
    tree = grower.grow(problem, &rows, features, true, out);
  }
  return py::make_tuple(tree_to_dict(tree), fitted);
}

void add(const ForestArrays& forest, const BinsArrays& bins, const Bytes& codes, Index first,
         Index last, py::array_t<double, py::array::c_style>& raw) {
  const trees::Sample sample = sample_of(codes, bins);
  const trees::Forest packed(forest.view, bins.view);
  if (first < 0 || first > last || last > packed.trees()) {
    throw py::value_error("trees are out of range.");
  }
  if (raw.ndim() != 2 || raw.shape(0) != forest.view.parameters || raw.shape(1) != sample.rows) {
    throw py::value_error("raw must have shape (parameters, rows).");
  }
  double* out = raw.mutable_data();
  const py::gil_scoped_release nogil;
  packed.add(sample.codes, sample.rows, first, last, out);
}

py::array_t<std::int32_t> apply(const ForestArrays& forest, const BinsArrays& bins,
                                const Bytes& codes) {
  const trees::Sample sample = sample_of(codes, bins);
  const trees::Forest packed(forest.view, bins.view);
  py::array_t<std::int32_t> leaves({sample.rows, packed.trees()});
  std::int32_t* out = leaves.mutable_data();
  const py::gil_scoped_release nogil;
  packed.apply(sample.codes, sample.rows, 0, packed.trees(), out);
  return leaves;
}

trees::TreeOptions make_options(Index max_depth, Index max_leaf_nodes, double min_leaf_weight,
                                double l2) {
  trees::TreeOptions options;
  options.max_depth = max_depth;
  options.max_leaf_nodes = max_leaf_nodes;
  options.min_leaf_weight = min_leaf_weight;
  options.l2 = l2;
  return options;
}

}  // namespace

trees::Sample sample_of(const Bytes& codes, const BinsArrays& bins) {
  if (codes.ndim() != 2 || codes.shape(0) != bins.view.features) {
    throw py::value_error("codes must have shape (features, rows).");
  }
  const Index rows = codes.shape(1);
  for (Index f = 0; f < bins.view.features; ++f) {
    const std::uint8_t* column = codes.data() + f * rows;
    const std::uint8_t* largest = std::max_element(column, column + rows);
    if (rows > 0 && *largest > bins.view.missing_code(f)) {
      throw py::value_error("codes are out of range.");
    }
  }
  return {codes.data(), rows, bins.view};
}

void bind_trees(py::module_& m) {
  py::class_<BinsArrays>(m, "Bins", py::module_local(), "Bins of features, checked.")
      .def(py::init<const Integers&, const Doubles&, const Bytes&>(), py::arg("starts").noconvert(),
           py::arg("values").noconvert(), py::arg("categorical").noconvert());
  py::class_<trees::TreeOptions>(m, "TreeOptions", py::module_local(), "How trees grow.")
      .def(py::init(&make_options), py::arg("max_depth"), py::arg("max_leaf_nodes"),
           py::arg("min_leaf_weight"), py::arg("l2"));
  py::class_<ForestArrays>(m, "Forest", py::module_local(), "Trees in arrays, checked when used.")
      .def(py::init<const py::dict&, Index, Index>(), py::arg("arrays"), py::arg("outputs"),
           py::arg("parameters"))
      .def("add", &add, py::arg("bins"), py::arg("codes").noconvert(), py::arg("first"),
           py::arg("last"), py::arg("raw").noconvert())
      .def("apply", &apply, py::arg("bins"), py::arg("codes").noconvert());

  bind_table<double>(m);
  bind_table<float>(m);
  m.def("find_bins_of_columns",
        [](const Doubles& data, const Integers& indices, const Integers& indptr, Index rows,
           const std::optional<Doubles>& w, const Bytes& c,
           Index n) { return find(columns(data, indices, indptr, rows), w, c, n); });
  m.def("encode_columns",
        [](const Doubles& data, const Integers& indices, const Integers& indptr, Index rows,
           const BinsArrays& bins) { return encode(columns(data, indices, indptr, rows), bins); });
  m.def("grow_tree", &grow, py::arg("codes").noconvert(), py::arg("bins"),
        py::arg("targets").noconvert(), py::arg("weight"), py::arg("factors"), py::arg("options"),
        py::arg("monotonic"), py::arg("rows"), py::arg("features"));
}

}  // namespace optlite::bindings
