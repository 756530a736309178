#include <algorithm>

#include "holders.hpp"
#include "optlite/core/sparse.hpp"
#include "optlite/operators/scaled_columns.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

struct Layout {
  bool row_major;
  Index stride;
};

/// Of a dense array with unit stride along one axis; Python has validated everything else.
template <class Scalar>
Layout layout_of(const py::array_t<Scalar>& X) {
  if (X.ndim() != 2) throw py::value_error("X must have two dimensions.");
  const auto item = static_cast<py::ssize_t>(sizeof(Scalar));
  const Index rows = X.shape(0);
  const Index cols = X.shape(1);
  const bool row_major = (X.strides(1) == item || cols == 1) && X.strides(0) % item == 0 &&
                         (X.strides(0) >= cols * item || rows == 1);
  const bool column_major = (X.strides(0) == item || rows == 1) && X.strides(1) % item == 0 &&
                            (X.strides(1) >= rows * item || cols == 1);
  if (!row_major && !column_major) {
    throw py::value_error("X must be contiguous along one axis; copy it first.");
  }
  return {row_major, (row_major ? X.strides(0) : X.strides(1)) / item};
}

template <class Scalar>
std::shared_ptr<DesignHolder> dense(const py::array_t<Scalar>& X) {
  const Layout layout = layout_of(X);
  auto holder = std::make_shared<DesignHolder>();
  holder->owner = X;
  holder->design = make_dense(X.data(), X.shape(0), X.shape(1), layout.stride, layout.row_major);
  return holder;
}

template <class Scalar>
std::shared_ptr<ColumnsHolder> dense_columns(const py::array_t<Scalar>& X) {
  const Layout layout = layout_of(X);
  auto holder = std::make_shared<ColumnsHolder>();
  holder->owner = X;
  holder->columns =
      make_dense_columns(X.data(), X.shape(0), X.shape(1), layout.stride, layout.row_major);
  return holder;
}

template <class Scalar, class IndexType>
std::shared_ptr<ColumnsHolder> csc(const py::array_t<Scalar, py::array::c_style>& data,
                                   const py::array_t<IndexType, py::array::c_style>& indices,
                                   const py::array_t<IndexType, py::array::c_style>& indptr,
                                   Index rows) {
  if (data.size() != indices.size()) throw py::value_error("data and indices differ in length.");
  if (indptr.size() < 1) throw py::value_error("indptr is empty.");
  auto holder = std::make_shared<ColumnsHolder>();
  holder->owner = py::make_tuple(data, indices, indptr);
  holder->columns =
      make_csc(rows, static_cast<Index>(indptr.size()) - 1, static_cast<Index>(data.size()),
               indptr.data(), indices.data(), data.data());
  return holder;
}

std::shared_ptr<ColumnsHolder> scaled_columns(const std::shared_ptr<ColumnsHolder>& columns,
                                              const Doubles& factors) {
  auto holder = std::make_shared<ColumnsHolder>();
  holder->owner = py::cast(columns);
  const ColumnDesign& X = *columns->columns;
  holder->columns = std::make_unique<ScaledColumns>(X, vector_of(factors, X.cols(), "factors"));
  return holder;
}

Doubles deviations(const ColumnsHolder& columns, const Doubles& weight) {
  const ColumnDesign& X = *columns.columns;
  const Vector weights = vector_of(weight, X.rows(), "weight");
  Vector found;
  {
    const py::gil_scoped_release nogil;
    found = inverse_deviations(X, weights);
  }
  return array_of(found);
}

template <class Scalar>
void bind_columns(py::module_& m) {
  m.def("dense_columns", &dense_columns<Scalar>, py::arg("X").noconvert());
  m.def("csc", &csc<Scalar, std::int32_t>, py::arg("data").noconvert(),
        py::arg("indices").noconvert(), py::arg("indptr").noconvert(), py::arg("n_rows"));
  m.def("csc", &csc<Scalar, std::int64_t>, py::arg("data").noconvert(),
        py::arg("indices").noconvert(), py::arg("indptr").noconvert(), py::arg("n_rows"));
}

template <class Scalar, class IndexType>
std::shared_ptr<DesignHolder> csr(const py::array_t<Scalar, py::array::c_style>& data,
                                  const py::array_t<IndexType, py::array::c_style>& indices,
                                  const py::array_t<IndexType, py::array::c_style>& indptr,
                                  Index cols) {
  if (data.size() != indices.size()) throw py::value_error("data and indices differ in length.");
  if (indptr.size() < 1) throw py::value_error("indptr is empty.");
  auto holder = std::make_shared<DesignHolder>();
  holder->owner = py::make_tuple(data, indices, indptr);
  holder->design =
      make_csr(static_cast<Index>(indptr.size()) - 1, cols, static_cast<Index>(data.size()),
               indptr.data(), indices.data(), data.data());
  return holder;
}

/// X v for each row v of V, in rows.
Doubles products(const DesignHolder& self, const Doubles& V) {
  const Design& X = *self.design;
  if (V.ndim() != 2 || V.shape(1) != X.cols()) {
    throw py::value_error("V must have rows of " + std::to_string(X.cols()) + " numbers.");
  }
  const Index count = V.shape(0), rows = X.rows();
  Doubles out({count, rows});
  double* to = out.mutable_data();
  const py::gil_scoped_release nogil;
  X.pass(
      V.data(), count, 0,
      [&](Index first, Index height, double* block) {
        for (Index k = 0; k < count; ++k) {
          std::copy_n(block + k * height, height, to + k * rows + first);
        }
      },
      nullptr);
  return out;
}

/// Columns compressed: checked before SciPy, which trusts indices, turns them into rows.
template <class IndexType>
void check_csc(const py::array_t<IndexType, py::array::c_style>& indices,
               const py::array_t<IndexType, py::array::c_style>& indptr, Index entries,
               Index rows) {
  if (indptr.size() < 1) throw py::value_error("indptr is empty.");
  CscView<double, IndexType> view;
  view.slices = static_cast<Index>(indptr.size()) - 1;
  view.width = rows;
  view.entries = std::min(entries, static_cast<Index>(indices.size()));
  view.starts = indptr.data();
  view.indices = indices.data();
  view.check();
}

}  // namespace

void bind_designs(py::module_& m) {
  py::class_<DesignHolder, std::shared_ptr<DesignHolder>>(m, "Design", py::module_local(),
                                                          "A data matrix, read in place.")
      .def_property_readonly("shape",
                             [](const DesignHolder& self) {
                               return py::make_tuple(self.design->rows(), self.design->cols());
                             })
      .def("products", &products, py::arg("V").noconvert())
      .def("has_duplicates", [](const DesignHolder& self) {
        const py::gil_scoped_release nogil;
        return self.design->has_duplicates();
      });
  py::class_<ColumnsHolder, std::shared_ptr<ColumnsHolder>>(
      m, "Columns", py::module_local(), "A data matrix, read in place, column by column.")
      .def_property_readonly("shape",
                             [](const ColumnsHolder& self) {
                               return py::make_tuple(self.columns->rows(), self.columns->cols());
                             })
      .def("has_duplicates", [](const ColumnsHolder& self) {
        const py::gil_scoped_release nogil;
        return self.columns->has_duplicates();
      });
  m.def("scaled_columns", &scaled_columns, py::arg("columns"), py::arg("factors").noconvert(),
        "The columns times factors, which are applied where they are read.");
  m.def("inverse_deviations", &deviations, py::arg("columns"), py::arg("weight").noconvert(),
        "One over the standard deviations of the columns; 1 for columns without any.");
  bind_columns<double>(m);
  bind_columns<float>(m);
  // noconvert: a wrong type must not become a silent copy.
  m.def("dense", &dense<double>, py::arg("X").noconvert());
  m.def("dense", &dense<float>, py::arg("X").noconvert());
  m.def("csr", &csr<double, std::int32_t>, py::arg("data").noconvert(),
        py::arg("indices").noconvert(), py::arg("indptr").noconvert(), py::arg("n_cols"));
  m.def("csr", &csr<double, std::int64_t>, py::arg("data").noconvert(),
        py::arg("indices").noconvert(), py::arg("indptr").noconvert(), py::arg("n_cols"));
  m.def("csr", &csr<float, std::int32_t>, py::arg("data").noconvert(),
        py::arg("indices").noconvert(), py::arg("indptr").noconvert(), py::arg("n_cols"));
  m.def("csr", &csr<float, std::int64_t>, py::arg("data").noconvert(),
        py::arg("indices").noconvert(), py::arg("indptr").noconvert(), py::arg("n_cols"));
  m.def("check_csc", &check_csc<std::int32_t>, py::arg("indices").noconvert(),
        py::arg("indptr").noconvert(), py::arg("n_entries"), py::arg("n_rows"));
  m.def("check_csc", &check_csc<std::int64_t>, py::arg("indices").noconvert(),
        py::arg("indptr").noconvert(), py::arg("n_entries"), py::arg("n_rows"));
}

}  // namespace optlite::bindings
