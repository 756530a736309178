// C++ objects together with the NumPy arrays that they read.
#pragma once

#include <pybind11/numpy.h>

#include <memory>

#include "bindings.hpp"
#include "optlite/operators/design.hpp"

namespace optlite::bindings {

/// Contiguous doubles; an array of another type is refused rather than converted in silence.
using Doubles = pybind11::array_t<double, pybind11::array::c_style>;

struct DesignHolder {
  pybind11::object owner;  // keeps the memory of X alive
  std::unique_ptr<Design> design;
};

}  // namespace optlite::bindings
