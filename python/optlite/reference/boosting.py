"""Natural gradient boosting, one stage at a time.

    theta_i  <- maximum likelihood without features
    repeat   g_i = M(theta_i)^-1 grad S(theta_i, y_i)          natural gradient of the score S
             f_k = tree fitted to -g_k, for each parameter k
             rho = a step along f at which the mean score falls
             theta_i <- theta_i + learning_rate * rho * f(x_i)

What is evaluated is theta clipped to its bounds, and targets that would lead further out are zero.

Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, algorithm 1.
"""

from dataclasses import dataclass

import numpy as np

from . import trees


@dataclass
class Stage:
    """What one stage did."""

    number: int
    targets: np.ndarray  # (n, n_params), minus the natural gradient
    trees: list  # one a parameter, or one for all
    direction: np.ndarray  # (n, n_params), what the trees fitted
    step: float  # rho
    params: np.ndarray  # (n, n_params), after the step
    score: float  # mean score after the step


def steps(
    X,
    y,
    start,
    score,
    natural_gradient,
    *,
    n_estimators=100,
    learning_rate=0.05,
    tol=1e-4,
    weight=None,
    lower=-np.inf,
    upper=np.inf,
    reach=np.inf,
    joint=False,
    max_bins=255,
    **limits,
):
    """Yield a record for each stage.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
    y : ndarray of shape (n,)
    start : ndarray of shape (n_params,)
    score, natural_gradient : callables of (params, y)
        With params of shape (n_params, n); they return shapes (n,) and (n_params, n).
    lower, upper : float or ndarray of shape (n_params,)
        Bounds of the parameters.
    reach : float or ndarray of shape (n_params,)
        How far one stage may move a parameter by steps above 1.
    joint : bool, default=False
        Whether one tree with a vector in each leaf serves all parameters.
    **limits
        Of :class:`optlite.reference.trees.Tree`.

    Yields
    ------
    Stage
    """
    weight = np.ones(len(y)) if weight is None else weight
    features = [trees.find_bins(x, weight, max_bins) for x in X.T]
    codes = np.column_stack([f.encode(x) for f, x in zip(features, X.T, strict=True)])
    params = np.tile(np.asarray(start, dtype=float), (len(y), 1))

    def mean_score(theta):
        return np.average(score(np.clip(theta, lower, upper).T, y), weights=weight)

    for number in range(1, n_estimators + 1):
        targets = -natural_gradient(np.clip(params, lower, upper).T, y).T
        outward = ((params <= lower) & (targets < 0)) | ((params >= upper) & (targets > 0))
        targets = np.where(outward, 0.0, targets)
        grown = fit_trees(features, codes, targets, weight, joint, limits)
        direction = np.hstack([tree.predict(codes) for tree in grown])
        size = np.average(np.linalg.norm(direction, axis=1), weights=weight)
        furthest = learning_rate * np.abs(direction).max(axis=0)
        longest = np.min(reach / np.maximum(furthest, np.finfo(float).tiny))
        step = line_search(mean_score, params, direction, size, tol, longest)
        params = params + learning_rate * step * direction
        yield Stage(number, targets, grown, direction, step, params, mean_score(params))
        if size < tol or step == 0.0:
            return


def fit_trees(features, codes, targets, weight, joint, limits):
    """Fit one tree to each column of targets, or one to all of them."""
    if joint:  # no parameter outweighs the others because of its unit
        squares = np.average(targets**2, axis=0, weights=weight)
        factors = np.divide(1.0, squares, out=np.zeros_like(squares), where=squares > 0)
        return [trees.Tree(features, **limits).fit(codes, targets, weight, factors)]
    return [trees.Tree(features, **limits).fit(codes, t, weight) for t in targets.T]


def line_search(mean_score, params, direction, size, tol, longest):
    """Return the longest step of 1, 2, 4, ... before the score rises.

    If it rises at 1, the first of 1/2, 1/4, ... at which it falls; 0 if none is worth a step.
    """
    start, step, falling = mean_score(params), 1.0, 0.0
    value = mean_score(params + direction)
    while np.isfinite(value) and value <= start:
        falling = step if value < start else falling
        if 2.0 * step > longest or step > 256.0:
            break
        step *= 2.0
        value = mean_score(params + step * direction)
    while falling == 0.0 and size * step >= tol:
        step *= 0.5
        value = mean_score(params + step * direction)
        falling = step if np.isfinite(value) and value < start else 0.0
    return falling
