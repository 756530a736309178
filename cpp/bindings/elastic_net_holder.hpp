// The data of sparse models together with the arrays that they read, and their results as a dict.
#pragma once

#include "holders.hpp"
#include "optlite/drivers/elastic_net.hpp"

namespace optlite::bindings {

struct ElasticNetHolder {
  std::shared_ptr<ColumnsHolder> columns;
  std::shared_ptr<DesignHolder> design;
  Vector weight;
  std::unique_ptr<ElasticNetData> data;
};

/// Of an ElasticNetFit or a SparseLogisticFit.
template <class Fit>
pybind11::dict dict_of(const Fit& fit) {
  pybind11::dict entry;
  entry["value"] = fit.value;
  entry["gap"] = fit.gap;
  entry["certificate"] = fit.relative_gap;
  entry["n_iter"] = fit.n_iter;
  entry["status"] = name(fit.status);
  entry["message"] = sentence(fit.status);
  return entry;
}

}  // namespace optlite::bindings
