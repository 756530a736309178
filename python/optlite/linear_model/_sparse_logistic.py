"""Logistic regression with an L1 penalty in the core."""

import numpy as np

from .._core import core
from .._params import find
from .._validation import as_columns, check_magnitudes
from ._elastic_net_problem import CERTIFICATE
from ._sparse_model import PenaltyOnFeatures, SparseModelProblem

METHOD = "proximal Newton on a working set"


class SparseProblem:
    """The optimisation problem of one fit with ``l1_ratio > 0``, in the terms of the core."""

    certificate_kind = CERTIFICATE
    outputs = 1

    def __init__(self, estimator, X, classes, codes, weight):
        if estimator.record_trace:
            raise ValueError("record_trace=True needs l1_ratio=0: sparse fits keep no records.")
        self.X = X
        self.n_features = X.shape[1]
        self.classes = classes
        self.dtype = X.dtype
        self.intercept = bool(estimator.fit_intercept)
        self.tolerance = float(estimator.tol)
        self.total_weight = float(X.shape[0]) if weight is None else float(weight.sum())
        with np.errstate(over="ignore"):
            self.strength = float(np.clip(1.0 / np.float64(estimator.C), 0.0, 1e150))
        self.alpha = self.strength / self.total_weight
        self.l1_ratio = float(estimator.l1_ratio)
        self.weight = weight
        self._prepare(codes)

    def _prepare(self, codes):
        """Hand data and targets to the core."""
        self.labels = 2.0 * codes - 1.0
        self.core = core.ElasticNetData(as_columns(self.X), None, None, self.intercept)

    def fit(self, start, max_iter):
        """Run the core; values are those of the mean over samples."""
        l1, l2 = self.strength * self.l1_ratio, self.strength * (1.0 - self.l1_ratio)
        result = self.core.logistic(
            self.labels, self.weight, l1, l2, self.tolerance, int(max_iter), start
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
        return _completed(result)

    def coefficients(self, result):
        """Return the attributes that prediction needs."""
        return {
            "classes_": self.classes,
            "coef_": result["coefficients"][None].astype(self.dtype),
            "intercept_": np.array([result["intercept"]], dtype=self.dtype),
        }


class SparseClassesProblem(SparseProblem):
    """The same for more than two classes, each with coefficients of its own."""

    def _prepare(self, codes):
        self.outputs = len(self.classes)
        params = {"l1_ratio": self.l1_ratio}
        self.penalty = PenaltyOnFeatures(
            "elastic_net", params, None, 1, self.n_features, self.outputs
        )
        self.problem = SparseModelProblem(
            self.X, self.weight, self.intercept, "LogisticRegression"
        ).set_loss(find("objectives", "multinomial", "loss"), [], codes, self.outputs)

    def fit(self, start, max_iter):
        """Run the core; values are those of the mean over samples."""
        if start is not None:
            table = start.reshape(self.outputs, -1)
            start = table[:, : self.n_features], table[:, -1] if self.intercept else 0.0
        strengths = self.penalty.strengths(self.alpha)
        result = self.problem.fit(self.penalty, strengths, self.tolerance, max_iter, start)
        result["certificate"] = result.pop("gap")
        return _completed(result)

    def coefficients(self, result):
        """Return the attributes that prediction needs."""
        intercepts = result["intercepts"] - result["intercepts"].mean()
        return {
            "classes_": self.classes,
            "coef_": np.ascontiguousarray(result["coefficients"], dtype=self.dtype),
            "intercept_": intercepts.astype(self.dtype),
        }


def sparse_problem_of(estimator, X, classes, codes, weight):
    """The problem for the number of classes that there are."""
    of = SparseProblem if len(classes) == 2 else SparseClassesProblem
    return of(estimator, X, classes, codes, weight)


def _completed(result):
    """Add what other methods tell and this one does not know."""
    unknown = ("rank", "rank_kind", "condition_number", "condition_number_kind")
    return result | {"method": METHOD, "trace": []} | dict.fromkeys(unknown)
