"""Solutions of lasso and elastic net for many strengths."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from .._validation import check_magnitudes, check_sparse_structure, check_weights, is_large
from ._elastic_net_problem import ElasticNetProblem, alpha_grid, report_missed
from ._group_problem import GroupProblem, mix_of_tasks

_CONSTRAINTS = {
    "X": ["array-like", "sparse matrix"],
    "y": ["array-like"],
    "eps": [Interval(Real, 0, None, closed="neither")],
    "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
    "precompute": [StrOptions({"auto"}), "boolean", "array-like"],
    "Xy": ["array-like", None],
    "copy_X": ["boolean"],
    "coef_init": ["array-like", None],
    "verbose": ["verbose"],
    "return_n_iter": ["boolean"],
    "positive": ["boolean"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "check_input": ["boolean"],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
    "selection": [StrOptions({"cyclic", "random"})],
    "sample_weight": ["array-like", None],
}


@validate_params(
    {**_CONSTRAINTS, "l1_ratio": [Interval(Real, 0, 1, closed="both")]},
    prefer_skip_nested_validation=True,
)
def enet_path(
    X,
    y,
    *,
    l1_ratio=0.5,
    eps=1e-3,
    alphas=100,
    precompute="auto",
    Xy=None,
    copy_X=True,
    coef_init=None,
    verbose=False,
    return_n_iter=False,
    positive=False,
    check_input=True,
    tol=1e-8,
    max_iter=10_000,
    random_state=None,
    selection="cyclic",
    sample_weight=None,
):
    """Compute the solutions of an elastic net for a sequence of strengths, each certified.

    The objective is that of :class:`ElasticNet` without an intercept: centre `X` and `y` first if
    there is to be one. Where `y` has two dimensions it is that of :class:`MultiTaskElasticNet`.
    Each solution is the start for the next strength.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Features; float32 and float64 are read in place.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Target, or several that are to use the same features.
    l1_ratio : float in [0, 1], default=0.5
        Share of the L1 penalty.
    eps : float > 0, default=1e-3
        Ratio of the smallest to the largest strength, where `alphas` is a number of them.
    alphas : int >= 1 or array-like of shape (n_alphas,), default=100
        The strengths, or how many: then in equal ratios from the smallest that makes all
        coefficients zero.
    precompute : "auto", bool or array-like of shape (n_features, n_features), default="auto"
        The Gram matrix of all columns, or whether to compute it. The result does not depend on it.
        Not for several tasks, where it has no effect.
    Xy : array-like, default=None
        No effect; accepted for compatibility.
    copy_X : bool, default=True
        No effect: `X` is never written.
    coef_init : array-like of shape (n_features,) or (n_tasks, n_features), default=None
        Where to start. Zeros by default.
    verbose : bool or int, default=False
        No effect: nothing is printed.
    return_n_iter : bool, default=False
        Whether the numbers of sweeps are returned, too.
    positive : bool, default=False
        Whether the coefficients are constrained to be >= 0; not for several tasks.
    check_input : bool, default=True
        No effect: data are always checked.
    tol : float >= 0, default=1e-8
        Bound on the duality gap divided by the objective, for each strength.
    max_iter : int >= 1, default=10000
        Most sweeps over the coordinates, for each strength.
    random_state, selection
        No effect: the coordinates are visited in turn.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, each >= 0; only their ratios matter.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        The strengths, in descending order.
    coefs : ndarray of shape (n_features, n_alphas) or (n_tasks, n_features, n_alphas)
        The coefficients.
    dual_gaps : ndarray of shape (n_alphas,)
        Their duality gaps.
    n_iters : list of int
        Sweeps; only with ``return_n_iter=True``.

    See Also
    --------
    lasso_path : The same with only the L1 penalty.
    ElasticNetCV : Chooses a strength by cross-validation.

    References
    ----------
    J. Friedman, T. Hastie and R. Tibshirani, "Regularization paths for generalized linear models
    via coordinate descent", Journal of Statistical Software 33, 2010, section 2.5.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from optlite.linear_model import enet_path
    >>> X, y = load_diabetes(return_X_y=True)
    >>> alphas, coefs, gaps = enet_path(X, y - y.mean(), alphas=5)
    >>> coefs.shape
    (10, 5)
    >>> (coefs != 0).sum(axis=0)
    array([ 0,  9, 10, 10, 10])
    """
    X, y = _check_path_data(X, y)
    weight = check_weights(sample_weight, X)
    several = alphas if isinstance(alphas, Integral) else len(np.ravel(alphas))
    target, largest, options = _target_of(X, y, weight, several, precompute, positive)
    if isinstance(alphas, Integral):
        alphas = alpha_grid(largest(), l1_ratio, eps, alphas)
    alphas = descending(alphas)
    shape = (*y.shape[1:], X.shape[1])
    start = None if coef_init is None else _check_start(coef_init, shape)
    fits = target.path(alphas, l1_ratio, tol=tol, max_iter=max_iter, start=start, **options)
    report_missed(fits, "enet_path", tol, max_iter)
    coefs = np.empty((*shape, len(fits)), dtype=X.dtype, order="F")
    for k, fit in enumerate(fits):
        coefs[..., k] = fit.coefficients
    gaps = np.array([fit.gap for fit in fits])
    if return_n_iter:
        return alphas, coefs, gaps, [fit.n_iter for fit in fits]
    return alphas, coefs, gaps


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def lasso_path(
    X,
    y,
    *,
    eps=1e-3,
    alphas=100,
    precompute="auto",
    Xy=None,
    copy_X=True,
    coef_init=None,
    verbose=False,
    return_n_iter=False,
    positive=False,
    check_input=True,
    tol=1e-8,
    max_iter=10_000,
    random_state=None,
    selection="cyclic",
    sample_weight=None,
):
    """Compute the solutions of a lasso for a sequence of strengths, each certified.

    The objective is that of :class:`Lasso` without an intercept: centre `X` and `y` first if there
    is to be one.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Features; float32 and float64 are read in place.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Target, or several as for :class:`MultiTaskLasso`.
    eps : float > 0, default=1e-3
        Ratio of the smallest to the largest strength, where `alphas` is a number of them.
    alphas : int >= 1 or array-like of shape (n_alphas,), default=100
        The strengths, or how many.
    precompute, Xy, copy_X, coef_init, verbose
        See :func:`enet_path`.
    return_n_iter : bool, default=False
        Whether the numbers of sweeps are returned, too.
    positive : bool, default=False
        Whether the coefficients are constrained to be >= 0; not for several tasks.
    check_input : bool, default=True
        No effect: data are always checked.
    tol : float >= 0, default=1e-8
        Bound on the duality gap divided by the objective, for each strength.
    max_iter : int >= 1, default=10000
        Most sweeps over the coordinates, for each strength.
    random_state, selection
        No effect: the coordinates are visited in turn.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, each >= 0; only their ratios matter.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        The strengths, in descending order.
    coefs : ndarray of shape (n_features, n_alphas) or (n_tasks, n_features, n_alphas)
        The coefficients.
    dual_gaps : ndarray of shape (n_alphas,)
        Their duality gaps.
    n_iters : list of int
        Sweeps; only with ``return_n_iter=True``.

    See Also
    --------
    enet_path : With an L2 penalty, too; it says more about the parameters.
    LassoCV : Chooses a strength by cross-validation.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.linear_model import lasso_path
    >>> X = np.array([[1, 2, 3.1], [2.3, 5.4, 4.3]]).T
    >>> y = np.array([1, 2, 3.1])
    >>> alphas, coefs, gaps = lasso_path(X, y, alphas=[5.0, 1.0, 0.5])
    >>> coefs.round(3)
    array([[0.   , 0.   , 0.469],
           [0.216, 0.443, 0.237]])
    """
    return enet_path(
        X,
        y,
        l1_ratio=1.0,
        eps=eps,
        alphas=alphas,
        precompute=precompute,
        Xy=Xy,
        copy_X=copy_X,
        coef_init=coef_init,
        verbose=verbose,
        return_n_iter=return_n_iter,
        positive=positive,
        check_input=check_input,
        tol=tol,
        max_iter=max_iter,
        random_state=random_state,
        selection=selection,
        sample_weight=sample_weight,
    )


def _check_path_data(X, y):
    check_sparse_structure(X)
    X = check_array(
        X, accept_sparse=["csr", "csc"], dtype=[np.float64, np.float32], ensure_all_finite=False
    )
    if not is_large(X):  # sums of squares tell of its values otherwise, see check_target
        check_magnitudes(X, "enet_path")
    y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    check_consistent_length(X, y)
    return X, y


def _target_of(X, y, weight, several, precompute, positive):
    """The target, or all tasks; the largest strength that matters; options of the path."""
    if y.ndim == 1:
        problem = ElasticNetProblem(
            X, weight, False, n_strengths=several, precompute=precompute, name="enet_path"
        )
        target = problem.target(y)
        return target, lambda: target.core.largest_strength(bool(positive)), {"positive": positive}
    if positive:
        raise ValueError(
            f"positive must be False for several tasks, got y of shape {y.shape}. Call the "
            "function for each column of y."
        )
    target = GroupProblem(X, weight, False, mix=mix_of_tasks, name="enet_path").target(y)
    return target, lambda: target.largest_strength(1.0), {}


def _check_start(coef_init, shape):
    start = np.asarray(coef_init, dtype=np.float64)
    strange = np.flatnonzero(~np.isfinite(start))
    if start.size != np.prod(shape) or len(strange) > 0:
        found = f"shape {start.shape}"
        if start.size == np.prod(shape):
            found = f"{start.ravel()[strange[0]]} at {strange[0]}"
        raise ValueError(
            f"coef_init must hold {np.prod(shape)} finite numbers, got {found}. Its shape is "
            f"{shape}; leave it out to start from zeros."
        )
    return np.ascontiguousarray(start.reshape(shape))


def descending(alphas):
    """The strengths, sorted; each finite and >= 0."""
    alphas = np.sort(np.ravel(np.asarray(alphas, dtype=np.float64)))[::-1].copy()
    if len(alphas) == 0 or not np.isfinite(alphas).all() or alphas[-1] < 0:
        raise ValueError(f"alphas must be finite numbers >= 0, got {alphas}.")
    return alphas
