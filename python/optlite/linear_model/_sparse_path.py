"""Solutions of sparse models for many strengths, with any registered loss and penalty."""

from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ._elastic_net_path import descending
from ._elastic_net_problem import alpha_grid, report_missed
from ._sparse_model import GAP, VIOLATION
from .sparse_classifier import SparseClassifier
from .sparse_regressor import LOSSES, SparseRegressor

CLASS_LOSSES = ("logistic", "multinomial")


@validate_params(
    {
        "loss": [StrOptions({*LOSSES, *CLASS_LOSSES, "cox"})],
        "eps": [Interval(Real, 0, None, closed="neither")],
        "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "coef_init": ["array-like", None],
        "return_n_iter": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def sparse_path(
    X,
    y,
    *,
    penalty="l1",
    loss="squared",
    eps=1e-3,
    alphas=100,
    method="direct",
    penalty_params=None,
    loss_params=None,
    weights=None,
    groups=1,
    fit_intercept=True,
    standardize=False,
    coef_init=None,
    return_n_iter=False,
    tol=1e-8,
    max_iter=100,
    sample_weight=None,
):
    """Compute the solutions of a sparse model for a sequence of strengths, each certified.

    The objectives are those of :class:`SparseRegressor` and :class:`SparseClassifier`. Each
    solution is the start for the next, smaller strength; with ``method="direct"`` so is the working
    set. Along a path from zero MCP and SCAD find good stationary points.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Features; float32 and float64 are read in place.
    y : array-like of shape (n_samples,)
        Targets, labels, or times and events, as the loss takes them.
    penalty : str, default="l1"
        Any registered penalty; see :class:`SparseRegressor`.
    loss : str, default="squared"
        ``"squared"``, ``"huber"``, ``"poisson"``, ``"cox"``, ``"logistic"`` or ``"multinomial"``.
    eps : float > 0, default=1e-3
        Ratio of the smallest to the largest strength, where `alphas` is a number of them.
    alphas : int >= 1 or array-like of shape (n_alphas,), default=100
        The strengths, or how many: then in equal ratios from the smallest that makes all
        coefficients zero (those that have a penalty).
    method : {"direct", "lla", "adaptive"}, default="direct"
        See :class:`SparseRegressor`.
    penalty_params, loss_params : dict, default=None
        Hyper-parameters of penalty and loss.
    weights, groups
        See :class:`SparseRegressor`.
    fit_intercept : bool, default=True
        Whether intercepts are fitted or zero.
    standardize : bool, default=False
        Whether the penalty sees coefficients in units of the standard deviations of the columns;
        see :class:`SparseRegressor`.
    coef_init : array-like of shape (n_features,) or (n_classes, n_features), default=None
        Where to start. Zeros by default.
    return_n_iter : bool, default=False
        Whether the numbers of Newton steps are returned, too.
    tol : float >= 0, default=1e-8
        Bound on the certificate, for each strength.
    max_iter : int >= 1, default=100
        Most Newton steps, for each strength.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, each >= 0; only their ratios matter.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        The strengths, in descending order.
    coefs : ndarray of shape (n_features, n_alphas) or (n_classes, n_features, n_alphas)
        The coefficients; with several classes for ``loss="multinomial"``.
    intercepts : ndarray of shape (n_alphas,) or (n_classes, n_alphas)
        The intercepts.
    certificates : ndarray of shape (n_alphas,)
        Their relative duality gaps, or KKT violations where there is no gap.
    n_iters : list of int
        Newton steps; only with ``return_n_iter=True``.

    See Also
    --------
    lasso_path, enet_path : Faster for squared errors.
    SparseRegressorCV, SparseClassifierCV : Choose a strength by cross-validation.
    optlite.display.RegularizationPathDisplay.from_path : Draw the coefficients.

    References
    ----------
    P. Breheny and J. Huang, "Coordinate descent algorithms for nonconvex penalized regression, with
    applications to biological feature selection", Annals of Applied Statistics 5, 2011, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.linear_model import sparse_path
    >>> X = np.random.default_rng(0).normal(size=(50, 6))
    >>> y = 2.0 * X[:, 0] - X[:, 1]
    >>> alphas, coefs, intercepts, certificates = sparse_path(X, y, penalty="mcp", alphas=5)
    >>> coefs.shape
    (6, 5)
    >>> (coefs != 0).sum(axis=0)
    array([0, 2, 2, 2, 2])
    """
    kind = SparseClassifier if loss in CLASS_LOSSES else SparseRegressor
    model = kind(
        penalty=penalty,
        loss=loss,
        method=method,
        penalty_params=penalty_params,
        loss_params=loss_params,
        weights=weights,
        groups=groups,
        fit_intercept=fit_intercept,
        standardize=standardize,
        tol=tol,
        max_iter=max_iter,
    )
    model._validate_params()
    X, y, weight, targets = model._prepare(X, y, sample_weight)
    problem = targets.problem(model, X, weight)
    penalty = model._penalty_on(X, targets)
    alphas = strengths_of(alphas, eps, problem, penalty)
    start = None if coef_init is None else (_check_start(coef_init, X, targets), 0.0)
    results = model._path(problem, penalty, alphas, start)
    report(results, "sparse_path", tol, max_iter)
    coefs = np.stack([result["coefficients"] for result in results], axis=-1).astype(X.dtype)
    intercepts = np.stack([result["intercepts"] for result in results], axis=-1).astype(X.dtype)
    if targets.outputs == 1:
        coefs, intercepts = coefs[0], intercepts[0]
    else:
        intercepts -= intercepts.mean(axis=0)  # the classifiers' choice of what is not determined
    if not fit_intercept or loss == "cox":
        intercepts = np.zeros_like(intercepts)
    certificates = np.array([result["certificate"] for result in results])
    found = alphas, coefs, intercepts, certificates
    return (*found, [int(result["n_iter"]) for result in results]) if return_n_iter else found


def _check_start(coef_init, X, targets):
    start = np.asarray(coef_init, dtype=np.float64)
    shape = (targets.outputs, X.shape[1])
    if start.size != shape[0] * shape[1] or not np.isfinite(start).all():
        raise ValueError(
            f"coef_init must hold finite numbers in shape {shape}, got shape {start.shape}. Leave "
            "it out to start from zeros."
        )
    return start.reshape(shape)


def strengths_of(alphas, eps, problem, penalty):
    """Return descending strengths: those given, or so many from the largest that matters."""
    if not isinstance(alphas, Integral):
        return descending(alphas)
    largest = problem.largest_alpha(penalty)
    if np.isinf(largest):
        raise ValueError(
            f"alphas must hold strengths for this penalty, got {alphas!r}: no strength of "
            f"{penalty.record['name']!r} makes all coefficients zero, so that there is no largest "
            "one. Pass them, as in alphas=[1.0, 0.1]."
        )
    return alpha_grid(largest, 1.0, eps, alphas)


def report(results, name, tol, max_iter):
    """Warn once about strengths that did not reach the tolerance."""
    fits = [SimpleNamespace(**result) for result in results]
    kind = GAP if all(fit.has_gap for fit in fits) else VIOLATION
    report_missed(fits, name, tol, max_iter, certificate=kind)
