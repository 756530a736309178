"""Any loss with any penalty in the core, in the terms of the registry."""

import copy

import numpy as np
from scipy.special import ndtri, xlogy

from .._core import core
from .._estimator import is_accurate, warn_not_converged
from .._params import field_values, hint, records, stored
from .._validation import as_columns, check_magnitudes
from ._elastic_net_problem import refuse_large_strengths, refuse_overflow
from .group_lasso import group_numbers, group_weights

GAP = "relative duality gap"
VIOLATION = "relative KKT violation"

#: Usual names of penalties that the registry has under another one, or with settings of their own.
PENALTIES = {
    "l0.5": ("l_half", {}),
    "positive": ("non_negative_elastic_net", {"l1_ratio": 1.0}),
    "weighted_l1": ("l1", {}),
}
#: Target of the false discovery rate that the levels of SLOPE are made for.
DISCOVERY_RATE = 0.1

#: Strengths below it count as an oversight: derivatives divided by them overflow.
SMALLEST = 1e-250


def find_penalty(penalty, params):
    """Return the record of a penalty and its hyper-parameters, in the order of the record."""
    name, own = PENALTIES.get(penalty, (penalty, {}))
    known = records("penalties")
    if name not in known:
        names = sorted({*known, *PENALTIES})
        raise ValueError(f"penalty must be one of {names}, got {name!r}.{hint(name, names)}")
    return known[name], in_order(known[name], {**own, **(params or {})})


def in_order(record, params):
    """Check hyper-parameters and return their numbers, as the core takes them."""
    values = field_values(record, params or {})
    return [stored(field, values[field["name"]]) for field in record["fields"]]


class PenaltyOnFeatures:
    """A penalty with strengths for the features, groups or ranks of a model.

    Parameters
    ----------
    penalty, params, weights, groups
        As the estimators have them.
    n_features, outputs : int
        Size of the model.
    """

    def __init__(self, penalty, params, weights, groups, n_features, outputs):
        self.record, self.fields = find_penalty(penalty, params)
        self.groups, self.group_of = [], None
        if self.record["of_ranks"]:
            self.fields = levels_of_ranks(weights, n_features * outputs)
            self.weights = np.ones(1)
        elif self.record["of_groups"]:
            self.group_of = group_numbers(groups, n_features)
            self.weights = group_weights(weights, self.group_of, zero_allowed=True).astype(float)
            self.groups = [np.flatnonzero(self.group_of == g) for g in range(len(self.weights))]
        else:
            self.weights = np.tile(feature_weights(weights, n_features), outputs)

    def strengths(self, alpha):
        """Return the strengths for the features, groups or ranks, each zero or far from limits."""
        refuse_large_strengths(alpha, self.fields if self.record["of_ranks"] else self.weights)
        strengths = alpha * self.weights
        small = (strengths < SMALLEST) & (self.weights > 0) & (alpha > 0)
        if small.any():
            raise ValueError(
                f"alpha times a weight must be 0 or at least {SMALLEST:g}, got {alpha:.6g} times "
                f"{self.weights[small][0]:.6g}. Make alpha or the weight 0."
            )
        return strengths

    @property
    def is_convex(self):
        """Whether the penalty is convex."""
        return self.record["concavity"] == 0.0

    @property
    def is_bounded(self):
        """Whether it refuses negative coefficients, however small its strength is."""
        return np.isinf(core.penalty_value(self.record["name"], [-1.0], self.fields))

    def bound(self):
        """Return what is left of a bounded penalty of the strength zero."""
        left = copy.copy(self)
        left.record, left.fields = find_penalty("non_negative", None)
        left.weights = np.where(self.weights > 0.0, 1.0, 0.0)
        return left


def feature_weights(weights, n_features):
    """Return the factors on the strength for each feature."""
    if weights is None:
        return np.ones(n_features)
    weights = np.array(weights, dtype=np.float64)
    if weights.shape != (n_features,):
        raise ValueError(
            f"weights must have one number for each of the {n_features} features, got shape "
            f"{weights.shape}. Leave it out for ones."
        )
    _refuse_negative(weights)
    return weights


def levels_of_ranks(weights, count):
    """Return the descending levels of SLOPE; those of Benjamini and Hochberg by default."""
    if weights is None:
        ranks = np.arange(1, count + 1)
        levels = ndtri(1.0 - DISCOVERY_RATE * ranks / (2.0 * count))
        return list(levels / levels[0])
    weights = np.array(weights, dtype=np.float64)
    if weights.shape != (count,):
        raise ValueError(
            f"weights must have one level for each of the {count} coefficients, got shape "
            f"{weights.shape}. Leave it out for those of Benjamini and Hochberg."
        )
    _refuse_negative(weights)
    if (np.diff(weights) > 0).any() or weights[0] == 0.0:
        raise ValueError(
            "weights must descend from a number > 0 if the penalty is of ranks, got an ascent. "
            "Sort them: np.sort(weights)[::-1]."
        )
    return list(weights)


def _refuse_negative(weights):
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        raise ValueError(
            f"weights must be finite and >= 0, got {weights[bad][0]}. 0 leaves a feature without "
            "penalty."
        )


class SparseModelProblem:
    """Data, loss and penalty of one fit.

    Parameters
    ----------
    X : ndarray or sparse matrix of float32 or float64
        Validated; read in place.
    weight : ndarray of float64 or None
    fit_intercept : bool
    name : str
        The class in whose name errors speak.
    standardize : bool, default=False
        Whether the solver sees the columns in units of their standard deviations: then it starts
        at coefficients, and finds some, that are multiplied by these.
    """

    def __init__(self, X, weight, fit_intercept, name, standardize=False):
        self.X = X
        self.name = name
        n = X.shape[0]
        self.weight = np.full(n, 1.0 / n) if weight is None else weight / weight.sum()
        self.fit_intercept = bool(fit_intercept)
        columns = as_columns(X)
        self.units = None
        if standardize:
            self.units = core.inverse_deviations(columns, self.weight)
            columns = core.scaled_columns(columns, self.units)
        self.data = core.ElasticNetData(columns, None, None, self.fit_intercept)
        self.centre = 0.0
        self.lowest = 0.0

    def set_loss(self, record, fields, y, outputs=1):
        """Take a loss of the registry and its targets.

        Those that are real numbers are centred: the intercept takes the mean back.
        """
        y = np.ascontiguousarray(y, dtype=np.float64)
        with np.errstate(over="ignore"):
            overflows = record["target"] == "real" and not np.isfinite(y @ y)
        if overflows:
            check_magnitudes(self.X, self.name)
            refuse_overflow(y)
        if record["target"] == "real" and self.fit_intercept:
            self.centre = y[0] + self.weight @ (y - y[0])
            y = y - self.centre
        if record["name"] == "poisson":
            self.lowest = float(self.weight @ (y - xlogy(y, y)))
        self.outputs = outputs
        self.loss = core.RowLoss(record["name"], fields, y, self.weight, outputs)
        return self

    def set_partial_likelihood(self, outcome):
        """Take times and events: a structured array as `outcome_of` returns it."""
        event = outcome["event"].astype(np.float64)
        self.outputs = 1
        self.loss = core.PartialLikelihood(
            np.ascontiguousarray(outcome["time"]), event, self.weight
        )
        s = self.weight * event
        self.lowest = float(xlogy(s, len(s) * s).sum())
        return self

    def fit(self, penalty, strengths, tol, max_iter, start=None):
        """Run the core; `start` is a pair of coefficients and intercepts, or None."""
        return self.path(penalty, strengths, [1.0], tol, max_iter, start)[0]

    def path(self, penalty, strengths, factors, tol, max_iter, start=None):
        """Run the core for each of some factors > 0 on the strengths, one start after the other."""
        results = core.fit_sparse_models(
            self.data,
            self.loss,
            *_as_core(penalty, strengths),
            [float(factor) for factor in factors],
            float(tol),
            int(max_iter),
            self.lowest,
            None if start is None else self._flat(*start),
        )
        for result in results:
            self._check(result)
            result["intercepts"] = result["intercepts"] + self.centre
        return results

    def largest_alpha(self, penalty):
        """Return the smallest strength at which all coefficients that have a penalty are zero."""
        largest = self._largest_factor(penalty, penalty.weights)
        if np.isfinite(largest):
            return largest
        check_magnitudes(self.X, self.name)
        if np.isfinite(self._largest_factor(penalty, np.sign(penalty.weights))):
            least = penalty.weights[penalty.weights > 0].min()
            raise ValueError(
                "The smallest alpha that makes all coefficients zero overflows: weights are as "
                f"small as {least:.6g}. Make them 0 to leave features without penalty, or pass "
                "alphas."
            )
        return largest

    def _largest_factor(self, penalty, strengths):
        arguments = _as_core(penalty, strengths)
        return core.largest_sparse_factor(self.data, self.loss, *arguments)

    def _check(self, result):
        """Refuse what is not finite, with its cause."""
        finite = np.isfinite(result["coefficients"]).all() and np.isfinite(result["value"])
        finite = finite and result["status"] != "not_finite"
        if result["status"] != "converged":
            check_magnitudes(self.X, self.name)
        if not finite:
            raise ValueError(
                "The objective is not finite: values of X or y are too large for double "
                "precision. Divide y by its largest absolute value, and scale the columns of X, "
                "for example with sklearn.preprocessing.StandardScaler."
            )

    def to_solver(self, start):
        """Return a pair of coefficients and intercepts in the units of the solver."""
        if start is None or self.units is None:
            return start
        return np.asarray(start[0], dtype=np.float64) / self.units, start[1]

    def to_data(self, result):
        """Return a result with its coefficients in the units of X."""
        if self.units is not None:
            result["coefficients"] = result["coefficients"] * self.units
        return result

    def _flat(self, coef, intercept):
        """Coefficients and intercepts in the order of the core."""
        coef = np.array(coef, dtype=np.float64).reshape(self.outputs, -1)
        if not self.fit_intercept:
            return coef.ravel()
        intercept = np.broadcast_to(intercept, self.outputs).astype(np.float64) - self.centre
        return np.column_stack([coef, intercept]).ravel()


def _as_core(penalty, strengths):
    """The penalty in the order of the core's arguments."""
    strengths = np.ascontiguousarray(strengths)
    return penalty.record["name"], penalty.fields, penalty.groups, strengths


def store_result(estimator, result):
    """Set what a fit says of its accuracy, and warn if that is not what was asked for."""
    has_gap = result["has_gap"]
    estimator.n_iter_ = max(int(result["n_iter"]), 1)
    estimator.objective_ = float(result["value"])
    estimator.dual_gap_ = float(result["gap"]) if np.isfinite(result["gap"]) else None
    estimator.kkt_violation_ = float(result["violation"])
    estimator.certificate_ = float(result["certificate"])
    estimator.certificate_kind_ = GAP if has_gap else VIOLATION
    estimator.converged_ = is_accurate(estimator.certificate_, estimator.tol)
    if estimator.converged_:
        return
    limit = result["status"] == "iteration_limit"
    warn_not_converged(
        estimator=type(estimator).__name__,
        iterations=result["n_iter"],
        reached=estimator.certificate_,
        asked=estimator.tol,
        certificate=estimator.certificate_kind_,
        reason=result["message"],
        remedy=f"Increase max_iter (now {estimator.max_iter}), tol or alpha."
        if limit
        else "Scale the columns of X (sklearn.preprocessing.StandardScaler), or increase tol or "
        "alpha.",
    )
