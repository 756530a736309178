"""Lasso and elastic net of several tasks that select the same features."""

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from .._estimator import keep
from ._documented import documented
from ._elastic_net_path import enet_path, lasso_path
from ._group_problem import GroupProblem, mix_of_tasks
from .elastic_net import _OneStrength
from .elastic_net_cv import _CrossValidated


class _MultiTask:
    """What sets the models of several tasks apart: one problem, one row of W for each task."""

    def _problem(self, X, weight, n_strengths=1):
        return GroupProblem(
            X, weight, self.fit_intercept, mix=mix_of_tasks, name=type(self).__name__
        )

    def _check_target(self, y):
        if y.ndim == 1:
            single = type(self).__name__.removeprefix("MultiTask")
            raise ValueError(
                f"y must have two dimensions, got shape {y.shape}. For mono-task outputs, use "
                f"{single}; a single task among others is y[:, None]."
            )
        return y

    def _shaped(self, y, targets, fits):
        return fits[0].coefficients, targets[0].intercept(fits[0].coefficients)

    def _largest_strength(self, target):
        return target.largest_strength(1.0)

    def _solve(self, target, alphas, ratio, start=None):
        return target.path(alphas, ratio, tol=self.tol, max_iter=self.max_iter, start=start)

    def _errors_of(self, fits, target, X, y, weight):
        """Mean squared error of each fit on other rows, over tasks, too."""
        errors = []
        for fit in fits:
            residuals = X @ fit.coefficients.T + target.intercept(fit.coefficients) - y
            errors.append(np.average(residuals**2, axis=0, weights=weight).mean())
        return np.array(errors)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags


class _MultiTaskOfOneStrength(_MultiTask, _OneStrength):
    """Models whose strength the caller gives."""

    _parameter_constraints: ClassVar[dict] = {
        name: rule
        for name, rule in _OneStrength._parameter_constraints.items()
        if name not in ("precompute", "positive")
    }

    def _targets(self, X, y, weight):
        return [self._problem(X, weight).target(self._check_target(y))]

    def _starts(self, n_targets, n_features):
        """Of all tasks at once."""
        if not self.warm_start or not hasattr(self, "coef_"):
            return [None]
        return [np.stack(super()._starts(len(self.coef_), n_features))]

    def _fit_target(self, target, start):
        if start is not None and len(start) != target.y.shape[1]:
            raise ValueError(
                f"warm_start=True needs coef_ of {target.y.shape[1]} tasks, got {len(start)} from "
                "the previous fit. Clone the estimator, or set warm_start=False."
            )
        return self._solve(target, [self.alpha], self._share_of_l1(), start)[0]


@documented
class MultiTaskElasticNet(_MultiTaskOfOneStrength):
    r"""Fit an elastic net to several tasks that select the same features, to a certified accuracy.

    The parameters are those of scikit-learn's class of the same name, and so is the objective::

        minimise over W, b   1/(2 S) sum_i s_i |y_i - W x_i - b|^2
                             + alpha l1_ratio sum_j |W_j| + alpha (1 - l1_ratio) / 2 sum_j |W_j|^2

    with ``S = sum_i s_i`` and the Euclidean norms of the columns ``W_j``, one for each feature: a
    feature counts for all tasks or for none. Weights and sparse `X` are taken, too.

    Parameters
    ----------
    alpha : float >= 0, default=1.0
        Strength of the penalty. 0 gives ordinary least squares (the solution of minimum norm where
        there are many).
    l1_ratio : float in [0, 1], default=0.5
        Share of the norms: 1 is the multi-task lasso, 0 is ridge regression.
    {fit_intercept}
    {copy_X}
    {max_iter}
    {tol}
    {warm_start}
    {selection}

    Attributes
    ----------
    {tasks}
    {outcome}
    {features}

    See Also
    --------
    MultiTaskElasticNetCV : Chooses `alpha` and `l1_ratio` by cross-validation.
    MultiTaskLasso : Only the norms.
    ElasticNet : Each target for itself.

    Notes
    -----
    Block coordinate descent runs on the Gram matrix of a working set, is extrapolated by Anderson's
    method, and ends with Newton steps on the support. Features that no solution can have are found
    by a ball about the dual point that holds the dual solution (gap-safe screening [2]_), and are
    not read again. The duality gap is that of :class:`ElasticNet`, with norms of columns in place
    of absolute values.

    References
    ----------
    .. [1] G. Obozinski, B. Taskar and M. Jordan, "Joint covariate selection and joint subspace
       selection for multiple classification problems", Statistics and Computing 20, 2010.
    .. [2] E. Ndiaye, O. Fercoq, A. Gramfort and J. Salmon, "Gap safe screening rules for sparsity
       enforcing penalties", Journal of Machine Learning Research 18, 2017.

    Examples
    --------
    >>> from optlite.linear_model import MultiTaskElasticNet
    >>> X = Y = [[0, 0], [1, 1], [2, 2]]
    >>> model = MultiTaskElasticNet(alpha=0.1).fit(X, Y)
    >>> model.coef_.round(3)
    array([[0.456, 0.456],
           [0.456, 0.456]])
    >>> model.certificate_ <= 1e-8
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        **_MultiTaskOfOneStrength._parameter_constraints,
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    }

    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        fit_intercept=True,
        copy_X=True,
        max_iter=10_000,
        tol=1e-8,
        warm_start=False,
        random_state=None,
        selection="cyclic",
    ):
        keep(self, locals())


@documented
class MultiTaskLasso(_MultiTaskOfOneStrength):
    r"""Fit a lasso to several tasks that select the same features, to a certified accuracy.

    The parameters are those of scikit-learn's class of the same name, and so is the objective::

        minimise over W, b   1/(2 S) sum_i s_i |y_i - W x_i - b|^2 + alpha sum_j |W_j|

    with ``S = sum_i s_i`` and the Euclidean norms of the columns ``W_j``, one for each feature.

    Parameters
    ----------
    alpha : float >= 0, default=1.0
        Strength of the penalty; see :class:`MultiTaskElasticNet`.
    {fit_intercept}
    {copy_X}
    {max_iter}
    {tol}
    {warm_start}
    {selection}

    Attributes
    ----------
    {tasks}
    {outcome}
    {features}

    See Also
    --------
    MultiTaskLassoCV : Chooses `alpha` by cross-validation.
    GroupLasso : Groups of features, one target.

    References
    ----------
    G. Obozinski, B. Taskar and M. Jordan, "Joint covariate selection and joint subspace selection
    for multiple classification problems", Statistics and Computing 20, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.linear_model import MultiTaskLasso
    >>> X = np.random.default_rng(0).normal(size=(50, 4))
    >>> Y = X[:, :2] @ [[1.0, 2.0], [3.0, 1.0]]
    >>> (MultiTaskLasso(alpha=0.5).fit(X, Y).coef_ != 0).tolist()
    [[True, True, False, False], [True, True, False, False]]
    """

    path = staticmethod(lasso_path)

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=10_000,
        tol=1e-8,
        warm_start=False,
        random_state=None,
        selection="cyclic",
    ):
        keep(self, locals())


class _MultiTaskCrossValidated(_MultiTask, _CrossValidated):
    """Models whose strength the data choose."""

    _parameter_constraints: ClassVar[dict] = {
        name: rule
        for name, rule in _CrossValidated._parameter_constraints.items()
        if name not in ("precompute", "positive")
    }


@documented
class MultiTaskElasticNetCV(_MultiTaskCrossValidated):
    """Choose strength and mixture of a multi-task elastic net by cross-validation.

    The parameters are those of scikit-learn's class of the same name.

    Parameters
    ----------
    l1_ratio : float in [0, 1] or array-like of shape (n_ratios,), default=0.5
        Share of the norms, or several to choose from.
    {eps}
    {alphas}
    {fit_intercept}
    {max_iter}
    {tol}
    {cv}
    {copy_X}
    {verbose}
    {n_jobs}
    {selection}

    Attributes
    ----------
    alpha_ : float
        The chosen strength.
    l1_ratio_ : float
        The chosen share of the norms.
    {tasks}
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_ratios, n_alphas, n_folds)
        Mean squared error of each held-out fold, over tasks.
    alphas_ : ndarray of shape (n_alphas,) or (n_ratios, n_alphas)
        The strengths, in descending order, for each ratio.
    {outcome}
    {features}

    See Also
    --------
    MultiTaskElasticNet : The model behind it.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from optlite.linear_model import MultiTaskElasticNetCV
    >>> X, Y = load_linnerud(return_X_y=True)
    >>> model = MultiTaskElasticNetCV(alphas=10).fit(X, Y)
    >>> model.coef_.shape
    (3, 3)
    """

    _parameter_constraints: ClassVar[dict] = {
        **_MultiTaskCrossValidated._parameter_constraints,
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
    }

    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio=0.5,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        max_iter=10_000,
        tol=1e-8,
        cv=None,
        copy_X=True,
        verbose=False,
        n_jobs=None,
        random_state=None,
        selection="cyclic",
    ):
        keep(self, locals())


@documented
class MultiTaskLassoCV(_MultiTaskCrossValidated):
    """Choose the strength of a multi-task lasso by cross-validation.

    The parameters are those of scikit-learn's class of the same name.

    Parameters
    ----------
    {eps}
    {alphas}
    {fit_intercept}
    {max_iter}
    {tol}
    {copy_X}
    {cv}
    {verbose}
    {n_jobs}
    {selection}

    Attributes
    ----------
    alpha_ : float
        The chosen strength.
    {tasks}
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared error of each held-out fold, over tasks.
    alphas_ : ndarray of shape (n_alphas,)
        The strengths, in descending order.
    {outcome}
    {features}

    See Also
    --------
    MultiTaskLasso : The model behind it.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from optlite.linear_model import MultiTaskLassoCV
    >>> X, Y = load_linnerud(return_X_y=True)
    >>> MultiTaskLassoCV(alphas=10).fit(X, Y).converged_
    True
    """

    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        max_iter=10_000,
        tol=1e-8,
        copy_X=True,
        cv=None,
        verbose=False,
        n_jobs=None,
        random_state=None,
        selection="cyclic",
    ):
        keep(self, locals())
