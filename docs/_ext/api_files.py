"""Where twin, kernel and tests of what the API describes are.

The table is by name or by package, the longest that fits counts. A word of its first column is a
twin below ``python/optlite/reference``, of the second a file below ``cpp``, of the third a test.
"""

import course

ROOT = course.ROOT
LASSO = ("elastic_net", "src/elastic_net.cpp", "test_elastic_net exam/test_penalties_exam")
GROUPS = ("group_lasso", "src/group_lasso.cpp", "test_group_lasso test_multi_task")
RIDGE = ("ridge", "src/ridge_problem.cpp src/ridge_direct.cpp", "test_ridge test_ridge_tall")
LOGISTIC = ("descent generalized_linear", "src/generalized_linear.cpp", "test_logistic")
SPARSE = ("sparse_model", "src/sparse_model.cpp", "test_sparse_regressor test_sparse_classifier")
NETWORK = ("network", "src/network.cpp", "exam/test_networks_exam")
TABLE = {
    "linear_model.ElasticNet": LASSO,
    "linear_model.GroupLasso": GROUPS,
    "linear_model.Lasso": LASSO,
    "linear_model.LogisticRegression": LOGISTIC,
    "linear_model.MultiTask": GROUPS,
    "linear_model.Ridge": RIDGE,
    "linear_model.Sparse": SPARSE,
    "linear_model.SparseGroupLasso": GROUPS,
    "linear_model.enet_path": LASSO,
    "linear_model.lasso_path": LASSO,
    "linear_model.sparse_path": SPARSE,
    "bcd.": ("bcd", "src/block_descent.cpp", "test_bcd exam/test_block_descent_exam"),
    "boosting.": ("boosting trees", "src/boosting.cpp", "test_boosting test_trees"),
    "boosting.distributions.": (
        "row_distributions",
        "src/distributions.cpp",
        "test_distributions exam/test_distributions_exam",
    ),
    "config": ("", "", "test_packaging test_house"),
    "curvature.": (
        "lanczos krylov",
        "src/orthogonalize.cpp src/krylov.cpp",
        "test_curvature_operators test_lanczos",
    ),
    "datasets.": ("", "", "test_bcd_composite test_bcd_findings"),
    "display.": ("", "", "test_display"),
    "exceptions.": ("", "", "test_logistic"),
    "exercises.": ("", "", "test_exercises"),
    "feature_selection.": ("", "", "test_feature_selection"),
    "model_selection.": ("", "", "test_conformal"),
    "objectives.": (
        "generalized_linear",
        "src/generalized_linear.cpp",
        "exam/test_objectives_exam test_test_functions",
    ),
    "objectives.MLP": NETWORK,
    "optim.": ("descent", "src/descent.cpp src/rules.cpp", "exam/test_solvers_exam test_stepping"),
    "optim.schedules.": ("", "", "test_schedules"),
    "optim.torch.": ("", "", "test_torch"),
    "ot.": ("transport", "src/transport.cpp src/transport_problem.cpp", "test_transport"),
    "ot.barycenter": ("barycenter", "src/barycenter.cpp", "test_transport_barycenter"),
    "reference.": ("", "", "exam/test_solvers_exam exam/test_objectives_exam"),
    "reference.block_lanczos": ("", "", "test_lanczos"),
    "reference.lanczos": ("", "", "test_lanczos"),
    "reference.network": ("", "", "exam/test_networks_exam"),
    "reference.refinement": ("", "", "test_refinement"),
    "show_config": ("", "", "test_packaging test_house"),
    "trace.": ("", "", "test_trace"),
}


def files(name):
    """Return the paths of twins, kernels and tests of a name below ``optlite``."""
    keys = [key for key in TABLE if name.startswith(key)]
    twins, kernels, tests = TABLE[max(keys, key=len)] if keys else ("", "", "")
    return (
        [ROOT / "python" / "optlite" / "reference" / f"{each}.py" for each in twins.split()],
        [ROOT / "cpp" / each for each in kernels.split()],
        [ROOT / "tests" / f"{each}.py" for each in tests.split()],
    )


def shown():
    """Return all these files."""
    return sorted({path for key in TABLE for paths in files(key) for path in paths})
