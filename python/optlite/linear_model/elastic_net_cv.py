"""Lasso and elastic net with the strength chosen by cross-validation."""

from functools import partial
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.model_selection import check_cv
from sklearn.utils import check_scalar, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.parallel import Parallel, delayed

from .._estimator import begin_callbacks, end_callbacks, keep
from .._validation import check_fit_data, check_weights
from ._documented import documented
from ._elastic_net_path import enet_path, lasso_path
from ._elastic_net_problem import ElasticNetProblem, alpha_grid
from .elastic_net import _SparseLinearModel


class _CrossValidated(_SparseLinearModel):
    """What LassoCV and ElasticNetCV share."""

    _parameter_constraints: ClassVar[dict] = {
        "eps": [Interval(Real, 0, None, closed="neither")],
        "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "precompute": [StrOptions({"auto"}), "array-like", "boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "copy_X": ["boolean"],
        "cv": ["cv_object"],
        "verbose": ["verbose"],
        "n_jobs": [Integral, None],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the strength and fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place; everything else becomes float64.
        y : array-like of shape (n_samples,), or (n_samples, n_tasks) for a model of several tasks
            Target.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, each >= 0, for the fits and for the errors of each fold. Folds count alike.
        **params : dict
            Parameters for the splitter, with metadata routing enabled.

        Returns
        -------
        self
            This instance, fitted.
        """
        _raise_for_params(params, self, "fit")
        X, y = check_fit_data(self, X, y, multi_output=True, y_numeric=True)
        y = self._check_target(y)
        weight = check_weights(sample_weight, X)
        context = begin_callbacks(self, X, y, sample_weight, 1)
        problem = self._problem(X, weight, 1)
        target = problem.target(y)
        ratios = self._ratios()
        grids = self._grids(target, ratios)
        errors = self._errors(X, y, weight, grids, ratios, params)  # ratios, alphas, folds
        self._choose(errors, grids, ratios)
        fits = self._solve(target, [self.alpha_], self._chosen_ratio(ratios))
        self._store_fits(X, y, [target], fits)
        end_callbacks(context, self, X, y, sample_weight)
        return self

    def _check_target(self, y):
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                f"y must have one column, got {y.shape[1]}: one strength cannot be chosen for "
                "several targets. Fit each of them for itself, or all with MultiTaskElasticNetCV."
            )
        return column_or_1d(y, warn=True)

    def _problem(self, X, weight, n_strengths):
        """A Gram matrix of the caller belongs to all rows; folds make their own."""
        given = self.precompute if n_strengths == 1 else self.precompute is True
        if isinstance(given, str):
            given = False
        return ElasticNetProblem(
            X,
            weight,
            self.fit_intercept,
            n_strengths=n_strengths,
            precompute=given,
            name=type(self).__name__,
        )

    def _solve(self, target, alphas, ratio):
        options = {"positive": self.positive, "tol": self.tol, "max_iter": self.max_iter}
        return target.path(alphas, ratio, **options)

    def _largest_strength(self, target):
        return target.core.largest_strength(bool(self.positive))

    def _grids(self, target, ratios):
        """Strengths in descending order, one row for each ratio."""
        if isinstance(self.alphas, Integral):
            largest = self._largest_strength(target)
            return np.array([alpha_grid(largest, r, self.eps, self.alphas) for r in ratios])
        check = partial(check_scalar, target_type=Real, min_val=0.0, include_boundaries="left")
        if len(self.alphas) == 0:
            raise ValueError("alphas must hold at least one strength, got none.")
        for index, alpha in enumerate(self.alphas):
            check(alpha, f"alphas[{index}]")
            if not np.isfinite(alpha):
                raise ValueError(f"alphas[{index}] must be finite, got {alpha}. Leave it out.")
        return np.tile(np.sort(self.alphas)[::-1].astype(float), (len(ratios), 1))

    # --- cross-validation -------------------------------------------------------------------------

    def _errors(self, X, y, weight, grids, ratios, params):
        split = params
        if _routing_enabled():
            split = process_routing(self, "fit", **params).splitter.split
        parts = check_cv(self.cv).split(X, y, **split)
        folds = check_folds(parts, X.shape[0], weight)
        jobs = (delayed(self._fold_errors)(X, y, weight, *fold, grids, ratios) for fold in folds)
        found = Parallel(n_jobs=self.n_jobs, prefer="threads")(jobs)
        return np.moveaxis(np.array(found), 0, 2)

    def _fold_errors(self, X, y, weight, train, test, grids, ratios):
        """Mean squared errors on the rows of a fold; ratios x alphas."""
        rows, own = training_rows(X.shape[0], weight, train)
        problem = self._problem(X if rows is None else X[rows], own, grids.shape[1])
        target = problem.target(y if rows is None else y[rows])
        held_out = None if weight is None else weight[test]
        errors = []
        for alphas, ratio in zip(grids, ratios, strict=True):
            fits = self._solve(target, alphas, ratio)
            self._report(fits, "alphas")
            errors.append(self._errors_of(fits, target, X[test], y[test], held_out))
        return errors

    def _errors_of(self, fits, target, X, y, weight):
        """Weighted mean squared error of each fit on other rows."""
        W = np.array([fit.coefficients for fit in fits])
        active = np.flatnonzero(W.any(axis=0))
        residuals = safe_sparse_dot(X[:, active], W[:, active].T, dense_output=True)
        residuals += target.intercept(W) - y[:, None]
        return np.average(residuals**2, axis=0, weights=weight)

    def _choose(self, errors, grids, ratios):
        mean = errors.mean(axis=2)
        ratio, alpha = np.unravel_index(np.argmin(mean), mean.shape)
        self.alpha_ = float(grids[ratio, alpha])
        self.alphas_ = grids[0] if len(ratios) == 1 or not self._has_own_grids() else grids
        self.mse_path_ = errors[0] if len(ratios) == 1 else errors
        self._ratio_index = int(ratio)

    def _has_own_grids(self):
        """Whether each ratio has a grid of its own."""
        return isinstance(self.alphas, Integral)

    def _chosen_ratio(self, ratios):
        chosen = float(ratios[self.__dict__.pop("_ratio_index")])
        if hasattr(self, "l1_ratio"):
            self.l1_ratio_ = chosen
        return chosen

    def _ratios(self):
        """The shares of the L1 penalty; a lasso has all of it."""
        ratios = np.atleast_1d(np.asarray(getattr(self, "l1_ratio", 1.0), dtype=np.float64))
        if len(ratios) == 0 or not ((ratios >= 0) & (ratios <= 1)).all():
            raise ValueError(f"l1_ratio must hold numbers in [0, 1], got {self.l1_ratio!r}.")
        return ratios

    def get_metadata_routing(self):
        """Say which parameters go to the splitter.

        Returns
        -------
        MetadataRouter
            Routing information for scikit-learn.
        """
        to_split = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(splitter=check_cv(self.cv), method_mapping=to_split)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


@documented
class LassoCV(_CrossValidated):
    """Choose the strength of a lasso by cross-validation; every fit is certified.

    The parameters are those of scikit-learn's class of the same name. Rows that a fold holds out
    get the weight zero: no part of `X` is copied for its path.

    Parameters
    ----------
    {eps}
    {alphas}
    {fit_intercept}
    precompute : "auto", bool or array-like of shape (n_features, n_features), default="auto"
        See :class:`ElasticNet`.
    {max_iter}
    {tol}
    {copy_X}
    {cv}
    {verbose}
    {n_jobs}
    {positive}
    {selection}

    Attributes
    ----------
    alpha_ : float
        The chosen strength.
    {one_target}
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared error of each held-out fold.
    alphas_ : ndarray of shape (n_alphas,)
        The strengths, in descending order.
    dual_gap_, n_iter_, objective_, certificate_, certificate_kind_, converged_
        Of the fit to all rows; see :class:`ElasticNet`.
    {features}

    See Also
    --------
    Lasso : The model behind it.
    ElasticNetCV : With an L2 penalty, too.

    References
    ----------
    T. Hastie, R. Tibshirani and M. Wainwright, "Statistical Learning with Sparsity", CRC Press,
    2015, section 2.3.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from optlite.linear_model import LassoCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LassoCV(alphas=20).fit(X, y)
    >>> round(model.alpha_, 4)
    0.0031
    """

    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        precompute="auto",
        max_iter=10_000,
        tol=1e-8,
        copy_X=True,
        cv=None,
        verbose=False,
        n_jobs=None,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        keep(self, locals())


@documented
class ElasticNetCV(_CrossValidated):
    """Choose the strength and the mixture of an elastic net by cross-validation.

    The parameters are those of scikit-learn's class of the same name.

    Parameters
    ----------
    l1_ratio : float in [0, 1] or array-like of shape (n_ratios,), default=0.5
        Share of the L1 penalty, or several to choose from.
    {eps}
    {alphas}
    {fit_intercept}
    precompute : "auto", bool or array-like of shape (n_features, n_features), default="auto"
        See :class:`ElasticNet`.
    {max_iter}
    {tol}
    {cv}
    {copy_X}
    {verbose}
    {n_jobs}
    {positive}
    {selection}

    Attributes
    ----------
    alpha_ : float
        The chosen strength.
    l1_ratio_ : float
        The chosen share of the L1 penalty.
    {one_target}
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_ratios, n_alphas, n_folds)
        Mean squared error of each held-out fold.
    alphas_ : ndarray of shape (n_alphas,) or (n_ratios, n_alphas)
        The strengths, in descending order, for each ratio.
    dual_gap_, n_iter_, objective_, certificate_, certificate_kind_, converged_
        Of the fit to all rows; see :class:`ElasticNet`.
    {features}

    See Also
    --------
    ElasticNet : The model behind it.
    LassoCV : Only the L1 penalty.

    References
    ----------
    H. Zou and T. Hastie, "Regularization and variable selection via the elastic net", Journal of
    the Royal Statistical Society B 67, 2005, section 3.4.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from optlite.linear_model import ElasticNetCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ElasticNetCV(l1_ratio=[0.5, 0.9], alphas=20).fit(X, y)
    >>> model.l1_ratio_
    0.9
    """

    _parameter_constraints: ClassVar[dict] = {
        **_CrossValidated._parameter_constraints,
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
        precompute="auto",
        max_iter=10_000,
        tol=1e-8,
        cv=None,
        copy_X=True,
        verbose=False,
        n_jobs=None,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        keep(self, locals())


def check_folds(parts, n, weight):
    """Training and held-out rows of each fold."""
    folds = [_check_fold(k, fold, n, weight) for k, fold in enumerate(parts)]
    if not folds:
        raise ValueError("cv yields no folds. Give at least one pair of index arrays.")
    return folds


def _check_fold(number, fold, n, weight):
    """Training and held-out rows, from 0 to n - 1: both with something to compute from."""
    rows = [np.arange(n)[np.asarray(part)] for part in fold]
    for part, what in zip(rows, ("training", "held-out"), strict=True):
        if len(part) == 0:
            raise ValueError(f"fold {number} of cv has no {what} rows. Choose other folds.")
        if weight is not None and not weight[part].any():
            raise ValueError(
                f"fold {number} of cv has no {what} rows of positive weight. Choose other folds, "
                "or leave out the rows of weight zero."
            )
    return rows


def training_rows(n, weight, train):
    """Rows to copy (None: none) and weights that leave out all rows but those of a fold."""
    if 2 * len(train) < n:
        return train, None if weight is None else weight[train]
    counts = np.bincount(train, minlength=n).astype(np.float64)
    return None, counts if weight is None else counts * weight
