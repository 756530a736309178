#include "bindings.hpp"

PYBIND11_MODULE(OPTLITE_MODULE, m, pybind11::mod_gil_not_used()) {
  m.doc() = "Compiled core of optlite. Private: use the public packages.";
  m.attr("simd_level") = OPTLITE_LEVEL;
  optlite::bindings::bind_runtime(m);
  optlite::bindings::bind_registry(m);
  optlite::bindings::bind_designs(m);
  optlite::bindings::bind_networks(m);
  optlite::bindings::bind_models(m);
  optlite::bindings::bind_ridge(m);
  optlite::bindings::bind_elastic_net(m);
  optlite::bindings::bind_group_lasso(m);
  optlite::bindings::bind_sparse_model(m);
  optlite::bindings::bind_rules(m);
  optlite::bindings::bind_distributions(m);
  optlite::bindings::bind_trees(m);
  optlite::bindings::bind_boosting(m);
  optlite::bindings::bind_transport(m);
  optlite::bindings::bind_transport_variants(m);
  optlite::bindings::bind_krylov(m);
  optlite::bindings::bind_bcd(m);
}
