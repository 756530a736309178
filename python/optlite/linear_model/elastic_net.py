"""Lasso and elastic net with a duality gap."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.linear_model._base import LinearModel
from sklearn.utils._param_validation import Interval, StrOptions

from .._estimator import EstimatorShell, begin_callbacks, end_callbacks, is_accurate, keep
from .._validation import (
    check_fit_data,
    check_sparse_structure,
    check_weights,
    places_named,
    warn_of_underflow,
)
from ._documented import documented
from ._elastic_net_path import enet_path, lasso_path
from ._elastic_net_problem import CERTIFICATE, ElasticNetProblem, report_missed


class _SparseLinearModel(MultiOutputMixin, RegressorMixin, EstimatorShell, LinearModel):
    """What the models share that are solved by `ElasticNetProblem`."""

    @property
    def sparse_coef_(self):
        """The coefficients as a sparse matrix of shape (n_targets, n_features)."""
        return sp.csr_array(np.atleast_2d(self.coef_))

    def _store_fits(self, X, y, targets, fits):
        """Set the fitted attributes from one fit for each target."""
        W, intercept = self._shaped(y, targets, fits)
        coef = W.astype(X.dtype)
        warn_of_underflow(X, coef)  # needs memory: without it there is no model
        self.coef_ = coef
        self.intercept_ = 0.0
        if self.fit_intercept:
            self.intercept_ = np.asarray(intercept, dtype=X.dtype)[()]
        gaps, counts = [fit.gap for fit in fits], [fit.n_iter for fit in fits]
        single = len(fits) == 1
        self.dual_gap_ = gaps[0] if single else np.array(gaps)
        self.n_iter_ = counts[0] if single else counts
        self.objective_ = float(sum(fit.value for fit in fits))
        self.certificate_ = float(max(fit.certificate for fit in fits))
        self.certificate_kind_ = CERTIFICATE
        self.converged_ = all(is_accurate(fit.certificate, self.tol) for fit in fits)
        self._report(fits, "targets")

    def _shaped(self, y, targets, fits):
        """Coefficients and intercepts in the shapes that scikit-learn gives them."""
        W = np.array([fit.coefficients for fit in fits])
        intercepts = [t.intercept(w) for t, w in zip(targets, W, strict=True)]
        return W[0] if len(fits) == 1 else W, intercepts[0] if y.ndim == 1 else intercepts

    def _report(self, fits, several):
        report_missed(fits, type(self).__name__, self.tol, self.max_iter, several)

    def predict(self, X):
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            ``X w + b``.
        """
        check_sparse_structure(X)
        with places_named(X):
            return super().predict(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class _OneStrength(_SparseLinearModel):
    """Models whose strength the caller gives."""

    _parameter_constraints: ClassVar[dict] = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "precompute": ["boolean", "array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "copy_X": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place (sparse ones as CSC, to which CSR is
            converted); everything else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets, each fitted for itself.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights `s`, each >= 0; only their ratios matter. All ones by default.

        Returns
        -------
        self
            This instance, fitted.
        """
        X, y = check_fit_data(
            self, X, y, multi_output=True, y_numeric=True, values_checked_later=True
        )
        weight = check_weights(sample_weight, X)
        context = begin_callbacks(self, X, y, sample_weight, 1)
        targets = self._targets(X, y, weight)
        starts = self._starts(len(targets), X.shape[1])
        fits = [self._fit_target(t, w) for t, w in zip(targets, starts, strict=True)]
        self._store_fits(X, y, targets, fits)
        end_callbacks(context, self, X, y, sample_weight)
        return self

    def _targets(self, X, y, weight):
        problem = ElasticNetProblem(
            X,
            weight,
            self.fit_intercept,
            precompute=self.precompute,
            name=type(self).__name__,
        )
        return [problem.target(column) for column in np.atleast_2d(y.T)]

    def _starts(self, n_targets, n_features):
        """Coefficients to start from, for each target; None for zeros."""
        if not self.warm_start or not hasattr(self, "coef_"):
            return [None] * n_targets
        coef = np.atleast_2d(np.asarray(self.coef_, dtype=np.float64))
        if coef.shape != (n_targets, n_features):
            raise ValueError(
                f"warm_start=True needs coef_ of shape {(n_targets, n_features)}, got {coef.shape} "
                "from the previous fit. Clone the estimator, or set warm_start=False."
            )
        return [np.ascontiguousarray(row) for row in coef]

    def _share_of_l1(self):
        return getattr(self, "l1_ratio", 1.0)  # a lasso has nothing else

    def _fit_target(self, target, start):
        return target.path(
            [self.alpha],
            self._share_of_l1(),
            positive=self.positive,
            tol=self.tol,
            max_iter=self.max_iter,
            start=start,
        )[0]


@documented
class ElasticNet(_OneStrength):
    r"""Fit a linear model by least squares with L1 and L2 penalties, to a certified accuracy.

    The parameters are those of scikit-learn's class of the same name, and so is the objective, for
    each target::

        minimise over w, b   1/(2 S) sum_i s_i (y_i - w . x_i - b)^2
                             + alpha l1_ratio ||w||_1 + alpha (1 - l1_ratio) / 2 ||w||^2

    with ``S = sum_i s_i``. The intercept is never penalised. Centring and weighting happen inside
    the products with `X`: it is read in place, whatever its layout, and sparse `X` stays sparse.

    Parameters
    ----------
    alpha : float >= 0, default=1.0
        Strength of the penalty. 0 gives ordinary least squares (the solution of minimum norm where
        there are many).
    l1_ratio : float in [0, 1], default=0.5
        Share of the L1 penalty: 1 is the lasso, 0 is ridge regression (with ``alpha * S`` for the
        `alpha` of :class:`Ridge`, whose solvers then run).
    {fit_intercept}
    precompute : bool or array-like of shape (n_features, n_features), default=False
        Whether the Gram matrix of all columns is computed; an array is taken for that matrix. The
        result does not depend on it. With False the solver decides by itself: it always works on
        Gram matrices, mostly of the few columns that matter.
    {max_iter}
    {copy_X}
    {tol}
    {warm_start}
    {positive}
    {selection}

    Attributes
    ----------
    {several_targets}
    objective_ : float
        The objective, summed over targets.
    certificate_ : float
        `dual_gap_` divided by the objective, the largest over the targets. For ``alpha=0`` it is a
        measure without the force of a bound; see :class:`Ridge`.
    certificate_kind_ : str
        ``"relative duality gap"``.
    converged_ : bool
        Whether `certificate_` is at most `tol`, or at most 1e-12: what is left then is rounding.
    {features}

    See Also
    --------
    ElasticNetCV : Chooses `alpha` and `l1_ratio` by cross-validation.
    Lasso : Only the L1 penalty.
    enet_path : Solutions for many values of `alpha`.

    Notes
    -----
    Coordinate descent runs on the Gram matrix of a working set, is extrapolated by Anderson's
    method [2]_, and ends with Newton steps on the support. For the columns outside, products with
    earlier residuals bound those with the present one, so that few columns are read twice; a column
    whose bound is below the level of the penalty is known to have a zero coefficient at this point.

    With the residual `r`, ``c = Z^T S r`` (Z centred), ``a = alpha l1_ratio S`` and
    ``b = alpha (1 - l1_ratio) S``, the gap (times S) is, for any `t` with
    ``t max_j |c_j - b w_j| <= a``,

    .. math:: \tfrac12 (1 - t)^2 (r^T S r + b \|w\|^2)
              + \sum_j \left(a |w_j| - t (c_j - b w_j) w_j\right) ,

    a sum of terms that are not negative [1]_.

    References
    ----------
    .. [1] O. Fercoq, A. Gramfort and J. Salmon, "Mind the duality gap: safer rules for the lasso",
       ICML 2015, section 2.
    .. [2] Q. Bertrand and M. Massias, "Anderson acceleration of coordinate descent", AISTATS 2021,
       algorithm 1.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from optlite.linear_model import ElasticNet
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ElasticNet(alpha=0.01, l1_ratio=0.9).fit(X, y)
    >>> model.certificate_ <= 1e-8
    True
    >>> round(model.score(X, y), 3)
    0.491
    """

    _parameter_constraints: ClassVar[dict] = {
        **_OneStrength._parameter_constraints,
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    }

    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        fit_intercept=True,
        precompute=False,
        max_iter=10_000,
        copy_X=True,
        tol=1e-8,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        keep(self, locals())


@documented
class Lasso(_OneStrength):
    r"""Fit a linear model by least squares with an L1 penalty, to a certified accuracy.

    The parameters are those of scikit-learn's class of the same name, and so is the objective, for
    each target::

        minimise over w, b   1/(2 S) sum_i s_i (y_i - w . x_i - b)^2 + alpha ||w||_1

    with ``S = sum_i s_i``. The intercept is never penalised.

    Parameters
    ----------
    alpha : float >= 0, default=1.0
        Strength of the penalty; see :class:`ElasticNet`.
    {fit_intercept}
    precompute : bool or array-like of shape (n_features, n_features), default=False
        See :class:`ElasticNet`.
    {copy_X}
    {max_iter}
    {tol}
    {warm_start}
    {positive}
    {selection}

    Attributes
    ----------
    {several_targets}
    objective_, certificate_, certificate_kind_, converged_
        As in :class:`ElasticNet`.
    {features}

    See Also
    --------
    LassoCV : Chooses `alpha` by cross-validation.
    lasso_path : Solutions for many values of `alpha`.

    References
    ----------
    R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal of the Royal
    Statistical Society B 58, 1996, equation 1.

    Examples
    --------
    >>> from optlite.linear_model import Lasso
    >>> model = Lasso(alpha=0.1).fit([[0, 0], [1, 1], [2, 2]], [0, 1, 2])
    >>> model.coef_.round(3)
    array([0.85, 0.  ])
    >>> model.dual_gap_ < 1e-10
    True
    """

    path = staticmethod(lasso_path)

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        precompute=False,
        copy_X=True,
        max_iter=10_000,
        tol=1e-8,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        keep(self, locals())
