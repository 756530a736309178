// C++ objects together with the NumPy arrays that they read.
#pragma once

#include <pybind11/numpy.h>

#include <memory>

#include "bindings.hpp"
#include "optlite/core/registry.hpp"
#include "optlite/operators/column_design.hpp"
#include "optlite/operators/design.hpp"
#include "optlite/problems/network.hpp"

namespace optlite::bindings {

/// Contiguous doubles; an array of another type is refused rather than converted in silence.
using Doubles = pybind11::array_t<double, pybind11::array::c_style>;

struct DesignHolder {
  pybind11::object owner;  // keeps the memory of X alive
  std::unique_ptr<Design> design;
};

struct ColumnsHolder {
  pybind11::object owner;
  std::unique_ptr<ColumnDesign> columns;
};

/// An objective at a point, with what it refers to.
struct LinearizationHolder {
  std::shared_ptr<void> owner;
  std::unique_ptr<Linearization> at;
};

/// The columns of a matrix as the rows of a C-ordered array.
inline Doubles rows_of(const Matrix& columns) {
  return Doubles({columns.cols(), columns.rows()}, columns.data());
}

/// A copy of an array of this size; `name` is what the message calls it.
inline Vector vector_of(const Doubles& array, Index size, const char* name = "An array") {
  if (array.size() != size) {
    throw pybind11::value_error(std::string(name) + " must have " + std::to_string(size) +
                                " numbers, got " + std::to_string(array.size()) + ".");
  }
  return ConstVectorMap(array.data(), size);
}

inline Doubles array_of(const Vector& vector) { return Doubles(vector.size(), vector.data()); }
Doubles array_of(const Matrix&) = delete;  // Eigen would make it a vector, in silence

/// The row of a registry table; an unknown name is refused.
template <class Row>
const Row& row_named(const std::vector<Row>& table, const std::string& name) {
  const Row* row = find_by_name(table, name);
  if (row == nullptr) throw pybind11::value_error("Nothing is registered as '" + name + "'.");
  return *row;
}

}  // namespace optlite::bindings
