"""Regression with any registered loss and penalty."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.linear_model._base import LinearModel
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._estimator import EstimatorShell, begin_callbacks, end_callbacks, keep
from .._params import find
from .._validation import (
    check_fit_data,
    check_sparse_structure,
    check_weights,
    places_named,
    warn_of_underflow,
)
from ._accelerated_gradient import fit_accelerated, refuse_unbounded
from ._documented import documented
from ._reweighted import fit_adaptive, fit_lla
from ._sparse_model import PenaltyOnFeatures, in_order, store_result
from ._sparse_targets import Outcomes, Targets

LOSSES = {"squared": "least_squares", "huber": "huber", "poisson": "poisson"}


class SparseModel(EstimatorShell, BaseEstimator):
    """What sparse regression and classification share."""

    _parameter_constraints: ClassVar[dict] = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "penalty": [str],
        "method": [StrOptions({"direct", "lla", "adaptive", "accelerated_gradient"})],
        "penalty_params": [dict, None],
        "loss_params": [dict, None],
        "weights": ["array-like", None],
        "groups": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "standardize": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
    }

    @property
    def sparse_coef_(self):
        """The coefficients as a sparse matrix of shape (n_outputs, n_features)."""
        return sp.csr_array(np.atleast_2d(self.coef_))

    def _fit_core(self, X, weight, targets):
        """Fit the model to all rows."""
        problem = targets.problem(self, X, weight)
        penalty = self._penalty_on(X, targets)
        start = self._start(targets.outputs, X.shape[1])
        return self._finish(X, penalty, self._solve(problem, penalty, self.alpha, start))

    def _penalty_on(self, X, targets):
        return PenaltyOnFeatures(
            self.penalty,
            self.penalty_params,
            self.weights,
            self.groups,
            X.shape[1],
            targets.outputs,
        )

    def _finish(self, X, penalty, result):
        """Coefficients and intercepts in the type of X, and the result."""
        coef = result["coefficients"].astype(X.dtype)
        warn_of_underflow(X, coef)
        if penalty.group_of is not None:
            self.groups_ = penalty.group_of
        return coef, result["intercepts"].astype(X.dtype), result

    def _solve(self, problem, penalty, alpha, start):
        """Minimise for one strength; `start` and the result are in the units of X."""
        strengths = penalty.strengths(alpha)
        if alpha == 0.0 and penalty.is_bounded:
            penalty = penalty.bound()
            strengths = penalty.weights
        start = problem.to_solver(start)
        result = self._run(problem, penalty, strengths, self.tol, self.max_iter, start)
        return problem.to_data(result)

    def _path(self, problem, penalty, alphas, start=None):
        """Minimise for descending strengths, each started at the solution before."""
        results = []
        if self.method == "direct":  # in one run: the working set stays
            positive = [alpha for alpha in alphas if alpha > 0]
            for alpha in (*positive[:1], *positive[-1:]):  # each is between them
                penalty.strengths(alpha)
            settings = self.tol, self.max_iter, problem.to_solver(start)
            found = problem.path(penalty, penalty.weights, positive, *settings)
            results = [problem.to_data(result) for result in found]
        for alpha in alphas[len(results) :]:
            if results:
                start = results[-1]["coefficients"], results[-1]["intercepts"]
            results.append(self._solve(problem, penalty, alpha, start))
        return results

    def _run(self, problem, penalty, *settings):
        """Minimise by the method of choice."""
        concavity = penalty.record["concavity"]
        if self.method == "direct":
            return problem.fit(penalty, *settings)
        if self.method == "accelerated_gradient":
            refuse_unbounded(problem, penalty, self.loss, self.penalty)
            return fit_accelerated(problem, penalty, *settings)
        if self.method == "adaptive":
            if penalty.record["name"] != "l1":
                raise ValueError(f'method="adaptive" needs penalty="l1", got {self.penalty!r}.')
            result, self.weights_ = fit_adaptive(problem, penalty, *settings)
            return result
        if not 0.0 < concavity < np.inf:
            raise ValueError(
                'method="lla" needs a concave penalty with a slope at zero, "mcp" or "scad", got '
                f'{self.penalty!r}. Set method="direct".'
            )
        return fit_lla(problem, penalty, *settings)

    def _start(self, outputs, n_features):
        if not self.warm_start or not hasattr(self, "coef_"):
            return None
        coef = np.atleast_2d(self.coef_)
        if coef.shape != (outputs, n_features):
            raise ValueError(
                f"warm_start=True needs coef_ of shape {(outputs, n_features)}, got {coef.shape} "
                "from the previous fit. Clone the estimator, or set warm_start=False."
            )
        return coef, self.intercept_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@documented
class SparseRegressor(RegressorMixin, SparseModel, LinearModel):
    r"""Fit a linear model with a loss and a penalty of choice, to a measured accuracy.

    The objective is::

        minimise over w, b   1/S sum_i s_i l(w . x_i + b, y_i) + alpha sum_j v_j h(w_j)

    with ``S = sum_i s_i``, a loss `l` and a penalty `h`. The intercept is never penalised. `X` is
    read in place, whatever its layout, and sparse `X` stays sparse.

    Parameters
    ----------
    {sparse_alpha}
    {penalty}
    loss : {"squared", "huber", "poisson", "cox"}, default="squared"
        The loss: half the squared error; that up to ``delta`` and linear beyond, in the units of
        `y`; minus the log-likelihood of counts whose log-mean is linear; or Cox's partial
        likelihood of times to an event, for which there is no intercept, and ties share their risk
        set.
    {sparse_method}
    {penalty_params}
    {loss_params}
    {weights}
    {groups}
    {fit_intercept}
    {standardize}
    {newton_max_iter}
    {sparse_tol}
    {warm_start}

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients `w`.
    sparse_coef_ : sparse array of shape (1, n_features)
        The same, without the zeros.
    intercept_ : float
        Intercept `b`.
    {sparse_outcome}
    {features}

    See Also
    --------
    Lasso, ElasticNet, GroupLasso : Specialised solvers, faster for their problems.
    SparseClassifier : For class labels.
    SparseRegressorCV : Chooses the strength by cross-validation.
    sparse_path : The solutions for many strengths.

    Notes
    -----
    Proximal Newton steps on a working set [1]_: each one minimises the second-order model of the
    loss plus the penalty, by coordinate descent with extrapolation and Newton steps on the support,
    by steps of blocks for groups, and by accelerated proximal gradients and exact steps within
    clusters for SLOPE. Columns outside come in when they violate their condition for staying zero.
    Most of them need not be read: a product with an earlier residual bounds the one with the
    present residual, and where the loss has a bounded second derivative and the penalty is convex,
    those that no solution can have are dropped (gap-safe screening [8]_). For SLOPE, sums of the
    largest bounds are compared with sums of levels [9]_.

    MCP and SCAD do not shrink large coefficients. Their problems have many stationary points: what
    is found is one of them, downhill from the start, and no bound on its distance from the best
    one is known. :func:`sparse_path`, with smaller and smaller `alpha`, finds good ones.
    Columns should have about unit variance for them (``standardize=True``), so that a coefficient's
    own problem is convex (``gamma`` times the mean square above one).

    ``method="accelerated_gradient"`` [5]_ takes MCP and SCAD apart into a lasso and a smooth
    concave rest, which goes to the loss. With a step `b` just below one over the Lipschitz constant
    of their gradient, and damping factors ``a_1 = 1``, ``a_{k+1} = 2 / (1 + sqrt(1 + 4 /
    a_k^2))``, steps of length ``b / a_k`` go from where the average of the earlier ones is mixed
    in with a share ``1 - a_k`` [6]_; the factors start anew when a step turns against the one
    before [7]_. ``optlite.reference.accelerated_gradient`` has it in a page of NumPy, one record
    an iteration.

    References
    ----------
    .. [1] Q. Bertrand, Q. Klopfenstein, P.-A. Bannier, G. Gidel and M. Massias, "Beyond L1: faster
       and better sparse models with skglm", NeurIPS 2022.
    .. [2] C.-H. Zhang, "Nearly unbiased variable selection under minimax concave penalty", Annals
       of Statistics 38, 2010.
    .. [3] D. R. Cox, "Partial likelihood", Biometrika 62, 1975; N. Breslow, "Covariance analysis
       of censored survival data", Biometrics 30, 1974 (ties).
    .. [4] M. Bogdan, E. van den Berg, C. Sabatti, W. Su and E. J. Candès, "SLOPE: adaptive variable
       selection via convex optimization", Annals of Applied Statistics 9, 2015.
    .. [5] K. Yang, M. Asgharian and S. Bhatnagar, "Accelerated gradient methods for sparse
       statistical learning with nonconvex penalties", arXiv 2009.10629, 2022.
    .. [6] S. Ghadimi and G. Lan, "Accelerated gradient methods for nonconvex nonlinear and
       stochastic programming", Mathematical Programming 156, 2016, algorithm 1.
    .. [7] B. O'Donoghue and E. Candès, "Adaptive restart for accelerated gradient schemes",
       Foundations of Computational Mathematics 15, 2015, section 3.2.
    .. [8] E. Ndiaye, O. Fercoq, A. Gramfort and J. Salmon, "Gap safe screening rules for sparsity
       enforcing penalties", JMLR 18(128), 2017, theorem 6.
    .. [9] J. Larsson, M. Bogdan and J. Wallin, "The strong screening rule for SLOPE", NeurIPS 2020,
       algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.linear_model import SparseRegressor
    >>> X = np.random.default_rng(0).normal(size=(50, 6))
    >>> y = 2.0 * X[:, 0] - X[:, 1]
    >>> SparseRegressor(alpha=0.5).fit(X, y).coef_.round(2)
    array([ 1.53, -0.43,  0.  ,  0.  ,  0.  ,  0.  ])
    >>> SparseRegressor(alpha=0.3, penalty="mcp").fit(X, y).coef_.round(2)
    array([ 2., -1.,  0.,  0.,  0.,  0.])
    """

    _parameter_constraints: ClassVar[dict] = {
        **SparseModel._parameter_constraints,
        "loss": [StrOptions({*LOSSES, "cox"})],
    }

    def __init__(
        self,
        alpha=1.0,
        *,
        penalty="l1",
        loss="squared",
        method="direct",
        penalty_params=None,
        loss_params=None,
        weights=None,
        groups=1,
        fit_intercept=True,
        standardize=False,
        max_iter=100,
        tol=1e-8,
        warm_start=False,
    ):
        keep(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place (sparse ones as CSC, to which CSR is
            converted); everything else becomes float64.
        y : array-like of shape (n_samples,)
            Targets; for ``loss="poisson"`` each >= 0. For ``loss="cox"`` times and events as
            :meth:`NGBSurvival.fit <optlite.boosting.NGBSurvival.fit>` takes them: a structured
            array with a bool and a number, or two columns, time and event.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights `s`, each >= 0; only their ratios matter. All ones by default.

        Returns
        -------
        SparseRegressor
            This instance, fitted.
        """
        X, y, weight, targets = self._prepare(X, y, sample_weight)
        context = begin_callbacks(self, X, y, sample_weight, 1)
        coef, intercept, result = self._fit_core(X, weight, targets)
        self._store(coef, intercept, targets)
        store_result(self, result)
        end_callbacks(context, self, X, y, sample_weight)
        return self

    def _prepare(self, X, y, sample_weight):
        """Validate data and weights; the targets come with their loss."""
        outcome = _outcome_of(y) if self.loss == "cox" else None
        y = y if outcome is None else outcome["time"]
        X, y = check_fit_data(self, X, y, y_numeric=True, values_checked_later=True)
        weight = check_weights(sample_weight, X)
        if outcome is None:
            record = find("objectives", LOSSES[self.loss], "loss")
            _check_targets(record, y)
            return X, y, weight, Targets(record, in_order(record, self.loss_params), y)
        if self.loss_params:
            raise TypeError(f'loss="cox" has no hyper-parameter {next(iter(self.loss_params))!r}.')
        return X, y, weight, Outcomes(outcome)

    def _store(self, coef, intercept, targets):
        self.coef_ = coef[0]
        has_intercept = self.fit_intercept and self.loss != "cox"
        self.intercept_ = intercept[0] if has_intercept else 0.0

    def predict(self, X):
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,)
            ``X w + b``; for ``loss="poisson"`` its exponential, the mean; for ``loss="cox"`` the
            logarithm of the relative hazard: the higher, the sooner.
        """
        check_is_fitted(self)
        check_sparse_structure(X)
        with places_named(X):
            margins = super().predict(X)
        return np.exp(margins) if self.loss == "poisson" else margins

    def score(self, X, y, sample_weight=None):
        """Return the share of explained variance, or for Cox's model the concordance.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Targets, as in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            ``R^2``, at most 1; for ``loss="cox"`` Harrell's index, between 0 and 1.
        """
        if self.loss != "cox":
            return super().score(X, y, sample_weight)
        from ..boosting._concordance import concordance

        outcome = _outcome_of(y)
        return concordance(outcome["time"], outcome["event"], -self.predict(X), sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags


def _outcome_of(y):
    """Times and events, in the forms that the survival model of `boosting` takes."""
    from ..boosting._outcome import outcome_of

    return outcome_of(y)


def _check_targets(record, y):
    """Refuse what the loss is not defined for."""
    if record["target"] == "count" and (y < 0).any():
        raise ValueError(
            f'y must be >= 0 for loss="{record["name"]}", got {y.min():.6g}. Use another loss, or '
            "shift the targets."
        )
