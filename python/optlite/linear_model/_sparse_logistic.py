"""Logistic regression with an L1 penalty in the core."""

import numpy as np

from .._core import core
from .._validation import as_columns, check_magnitudes
from ._elastic_net_problem import CERTIFICATE

METHOD = "proximal Newton on a working set"


class SparseProblem:
    """The optimisation problem of one fit with ``l1_ratio > 0``, in the terms of the core."""

    certificate_kind = CERTIFICATE
    outputs = 1

    def __init__(self, estimator, X, classes, codes, weight):
        _check(estimator, classes)
        self.X = X
        self.n_features = X.shape[1]
        self.classes = classes
        self.dtype = X.dtype
        self.intercept = bool(estimator.fit_intercept)
        self.tolerance = float(estimator.tol)
        self.total_weight = float(X.shape[0]) if weight is None else float(weight.sum())
        with np.errstate(over="ignore"):
            strength = float(np.clip(1.0 / np.float64(estimator.C), 0.0, 1e150))
        self.alpha = strength / self.total_weight
        self.l1 = strength * estimator.l1_ratio
        self.l2 = strength * (1.0 - estimator.l1_ratio)
        self.labels = 2.0 * codes - 1.0
        self.weight = weight
        self.core = core.ElasticNetData(as_columns(X), None, None, self.intercept)

    def fit(self, start, max_iter):
        """Run the core; values are those of the mean over samples."""
        result = self.core.logistic(
            self.labels, self.weight, self.l1, self.l2, self.tolerance, int(max_iter), start
        )
        finite = np.isfinite(result["coefficients"]).all() and np.isfinite(result["value"])
        if result["status"] != "converged" or not finite:
            check_magnitudes(self.X, "LogisticRegression")
        if not finite:
            raise ValueError(
                "The objective is not finite: values of X are too large for double precision. "
                "Rescale the columns, for example with sklearn.preprocessing.StandardScaler."
            )
        result["value"] /= self.total_weight
        result["certificate"] = result.pop("gap") / self.total_weight
        result["method"] = METHOD
        result["trace"] = []
        unknown = ("rank", "rank_kind", "condition_number", "condition_number_kind")
        return result | dict.fromkeys(unknown)

    def coefficients(self, result):
        """Return the attributes that prediction needs."""
        return {
            "classes_": self.classes,
            "coef_": result["coefficients"][None].astype(self.dtype),
            "intercept_": np.array([result["intercept"]], dtype=self.dtype),
        }


def _check(estimator, classes):
    if len(classes) > 2:
        raise ValueError(
            f"l1_ratio > 0 is for two classes, got {len(classes)}. Wrap the estimator in "
            "sklearn.multiclass.OneVsRestClassifier, or set l1_ratio=0."
        )
    if estimator.record_trace:
        raise ValueError("record_trace=True needs l1_ratio=0: sparse fits keep no records.")
