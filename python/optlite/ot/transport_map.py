"""Move samples of one distribution onto another: a transformer in scikit-learn's style."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from .._core import core
from .._estimator import EstimatorShell
from .._validation import check_weights
from ._costs import METRICS, refuse_overflow
from ._solve import solve_points

#: Points that are mapped at a time: so many rows of a plan are in memory.
ROWS = 1024


class TransportMap(OneToOneFeatureMixin, TransformerMixin, EstimatorShell, BaseEstimator):
    r"""Map points of a source distribution to where entropic transport moves them.

    Parameters
    ----------
    reg : float, > 0, or None, default=None
        Regularization, in units of the cost. None takes a tenth of the mean cost between two
        targets, so that the blur does not depend on how far the two distributions are apart.
    metric : {"sqeuclidean", "euclidean", "cityblock"}, default="sqeuclidean"
        Cost of moving a unit of mass.
    tol : float, > 0, default=1e-11
        Marginal error at which the solver stops. New points see errors of the potentials that the
        marginals hardly show.
    max_iter : int, default=1000
        Limit of its iterations.

    Attributes
    ----------
    source_, target_ : ndarray of shape (n_sources, n_features) and (n_targets, n_features)
        The points that were given.
    source_potentials_, target_potentials_ : ndarray of shape (n_sources,) and (n_targets,)
        Potentials of the solution.
    reg_ : float
        Regularization in use.
    result_ : TransportResult
        The solution, with its certificate.
    n_iter_ : int
        Iterations of the solver.
    n_features_in_ : int
        Number of features.

    See Also
    --------
    solve_points : Solves the same problem.

    Notes
    -----
    The barycentric projection: a point x goes to the mean of the targets, weighted as the plan
    spreads its mass,

    .. math:: T(x) = \frac{\sum_j y_j \, e^{(g_j - c(x, y_j)) / \varepsilon}}
                          {\sum_j e^{(g_j - c(x, y_j)) / \varepsilon}} ,

    which needs the target potentials g only and so is defined for new points, too. For the squared
    Euclidean cost it estimates the optimal map as the number of points grows and
    :math:`\varepsilon` falls (Pooladian and Niles-Weed).

    References
    ----------
    A.-A. Pooladian and J. Niles-Weed, "Entropic estimation of optimal transport maps", 2021,
    equation 5.

    S. Ferradans, N. Papadakis, G. Peyré and J.-F. Aujol, "Regularized discrete optimal transport",
    SIAM Journal on Imaging Sciences 7, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.ot import TransportMap
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> moved = TransportMap(reg=0.01).fit(X, target=X + [3.0, 0.0]).transform(X)
    >>> bool(np.abs(moved - X - [3.0, 0.0]).max() < 0.1)
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "reg": [Interval(Real, 0, None, closed="neither"), None],
        "metric": [StrOptions(set(METRICS))],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, *, reg=None, metric="sqeuclidean", tol=1e-11, max_iter=1000):
        self.reg = reg
        self.metric = metric
        self.tol = tol
        self.max_iter = max_iter

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, target=None, sample_weight=None, target_weight=None):
        """Solve the transport from the rows of X to those of target.

        Parameters
        ----------
        X : array-like of shape (n_sources, n_features)
            Points of the source distribution.
        y : None
            Ignored; there for pipelines.
        target : array-like of shape (n_targets, n_features), default=None
            Points of the target distribution; X itself when None.
        sample_weight : array-like of shape (n_sources,), default=None
            Masses of the sources, divided by their sum; uniform when None.
        target_weight : array-like of shape (n_targets,), default=None
            Masses of the targets, divided by their sum; uniform when None.

        Returns
        -------
        TransportMap
            The fitted map.
        """
        X = validate_data(self, X, dtype=[np.float64, np.float32])
        Y = X if target is None else self._check_target(target)
        a = _masses(sample_weight, X)
        b = a if target is None and target_weight is None else _masses(target_weight, Y)
        reg = self.reg if self.reg is not None else 0.1 * _mean_cost(Y, b, self.metric)
        result = solve_points(
            X, Y, a, b, reg=reg, metric=self.metric, tol=self.tol, max_iter=self.max_iter
        )
        self.source_, self.target_, self.reg_ = X, Y, float(reg)
        self.source_potentials_, self.target_potentials_ = result.potentials
        self.result_, self.n_iter_ = result, result.n_iter
        return self

    def transform(self, X):
        """Map points of the source distribution.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points, those of the fit or others.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Where they go.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self._project(X, self.target_, self.target_potentials_)

    def inverse_transform(self, X):
        """Map points of the target distribution to the source distribution.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points, those of the fit or others.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Where they come from.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self._project(X, self.source_, self.source_potentials_)

    def _check_target(self, target):
        Y = check_array(target, dtype=[np.float64, np.float32], input_name="target")
        if Y.shape[1] != self.n_features_in_:
            raise ValueError(
                f"target must have as many columns as X, {self.n_features_in_}, got {Y.shape[1]}."
            )
        return Y

    def _project(self, X, anchors, potentials):
        """Return the means of the anchors under the conditional plan of each row of X."""
        kept = np.isfinite(potentials)
        anchors, potentials = anchors[kept].astype(np.float64), potentials[kept]
        masses = np.full(len(anchors), 1.0 / len(anchors))
        refuse_overflow(X, anchors, self.metric)
        moved = np.empty(X.shape, dtype=X.dtype)
        for begin in range(0, len(X), ROWS):
            rows = np.ascontiguousarray(X[begin : begin + ROWS], dtype=np.float64)
            cost = core.TransportCost(rows, anchors, self.metric)
            # No iteration: the start of a run finds the potentials of the rows.
            ones = np.full(len(rows), 1.0 / len(rows))
            run = core.TransportRun(
                cost,
                ones,
                masses,
                self.reg_,
                "sinkhorn",
                [1.0, 1.0],
                potentials,
                1.0,
                0,
                1.0,
                0.0,
                0.0,
            )
            plan = cost.plan(ones, run.f, potentials, self.reg_)
            moved[begin : begin + ROWS] = len(rows) * (plan @ anchors)
        far = np.flatnonzero(~np.isfinite(moved).all(axis=1))
        if far.size:
            raise ValueError(
                "X must be near enough to the points of the fit for costs / reg to be numbers, "
                f"got X[{far[0]}] = {X[far[0]]} and reg = {self.reg_:g}."
            )
        return moved

    def __sklearn_is_fitted__(self):
        """A fit that failed half-way has no potentials."""
        return hasattr(self, "target_potentials_")

    def __sklearn_tags__(self):
        """float32 stays float32."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _masses(weight, X):
    if weight is None:
        return np.full(len(X), 1.0 / len(X))
    weight = check_weights(weight, X)
    return weight / weight.sum()


def _mean_cost(Y, b, metric):
    """The mean cost between two targets drawn by their masses; 1 where it is zero."""
    from scipy.spatial.distance import cdist

    parts = range(0, len(Y), ROWS)
    mean = sum(b[i : i + ROWS] @ cdist(Y[i : i + ROWS], Y, metric) @ b for i in parts)
    return mean if mean > 0.0 else 1.0
