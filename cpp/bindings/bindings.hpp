// The table of contents of the extension module: one function a file.
#pragma once

#include <pybind11/pybind11.h>

namespace optlite::bindings {

void bind_runtime(pybind11::module_& m);   // version, threads, interrupt, fork
void bind_registry(pybind11::module_& m);  // records of every part
void bind_designs(pybind11::module_& m);   // data matrices
void bind_models(pybind11::module_& m);    // objectives, fits, stepping
void bind_networks(pybind11::module_& m);  // networks; objectives at a point
void bind_ridge(pybind11::module_& m);     // ridge regression and its leave-one-out
void bind_elastic_net(pybind11::module_& m);  // lasso and elastic net
void bind_group_lasso(pybind11::module_& m);  // groups of features, several tasks
void bind_sparse_model(pybind11::module_& m);  // any loss with any penalty
void bind_rules(pybind11::module_& m);    // update rules, one step at a time
void bind_distributions(pybind11::module_& m);  // scores and gradients of distributions
void bind_trees(pybind11::module_& m);    // bins, trees, forests
void bind_boosting(pybind11::module_& m);  // the stages of boosting
void bind_transport(pybind11::module_& m);  // entropic optimal transport
void bind_transport_variants(pybind11::module_& m);  // relaxed sums, batches, barycenters
void bind_krylov(pybind11::module_& m);     // orthonormal bases, small eigenproblems
void bind_bcd(pybind11::module_& m);  // block coordinate descent

}  // namespace optlite::bindings
