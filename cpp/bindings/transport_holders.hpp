// What the bindings of transport share: costs that keep their memory alive, records as dicts.
#pragma once

#include "holders.hpp"
#include "optlite/drivers/transport.hpp"
#include "optlite/transport/cost.hpp"

namespace optlite::bindings {

struct CostHolder {
  pybind11::object owner;  // keeps the memory of the matrix alive
  std::unique_ptr<transport::Cost> cost;
};

inline pybind11::dict dict_of(const TransportRecord& record) {
  pybind11::dict result;
  result["iteration"] = record.iteration;
  result["reg"] = record.reg;
  result["value"] = record.value;
  result["marginal_error"] = record.error;
  result["step_size"] = record.step_size;
  result["n_newton"] = record.n_newton;
  result["n_evaluations"] = record.n_evaluations;
  result["n_products"] = record.n_products;
  result["work"] = record.work;
  result["seconds"] = record.seconds;
  return result;
}

}  // namespace optlite::bindings
