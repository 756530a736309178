"""Natural gradient boosting, one stage at a time.

    theta_i  <- maximum likelihood without features
    repeat   g_i = M(theta_i)^-1 grad S(theta_i, y_i)          natural gradient of the score S
             f_k = tree fitted to -g_k, for each parameter k
             rho = a step along f at which the mean score falls
             theta_i <- theta_i + learning_rate * rho * f(x_i)

What is evaluated is theta clipped to its bounds, and targets that would lead further out are zero.

Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, algorithm 1.
"""

from collections.abc import Callable
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
    line_search="doubling",
    gradient=None,
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
    line_search : {"doubling", "newton"}, default="doubling"
        How the step is found; the second one needs `gradient`.
    gradient : callable of (params, y), default=None
        The ordinary gradient of the score, shape (n_params, n).
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

    def mean_slope(theta, direction):
        free = (theta > lower) & (theta < upper)  # what is at a bound does not move
        slopes = gradient(np.clip(theta, lower, upper).T, y).T
        return np.average(np.sum(np.where(free, slopes * direction, 0.0), axis=1), weights=weight)

    for number in range(1, n_estimators + 1):
        targets = -natural_gradient(np.clip(params, lower, upper).T, y).T
        outward = ((params <= lower) & (targets < 0)) | ((params >= upper) & (targets > 0))
        targets = np.where(outward, 0.0, targets)
        grown = fit_trees(features, codes, targets, weight, joint, limits)
        direction = np.hstack([tree.predict(codes) for tree in grown])
        size = np.average(np.linalg.norm(direction, axis=1), weights=weight)
        furthest = learning_rate * np.abs(direction).max(axis=0)
        longest = np.min(reach / np.maximum(furthest, np.finfo(float).tiny))
        line = Line(
            lambda step, start=params, f=direction: mean_score(start + step * f),
            lambda step, start=params, f=direction: mean_slope(start + step * f, f),
            mean_score(params),
            longest,
            tol / size if size > 0.0 else np.inf,
        )
        step = newton_step(line) if line_search == "newton" else doubled_step(line)
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


@dataclass
class Line:
    """The mean score as a function of the step, and the steps that are allowed."""

    score: Callable[[float], float]
    slope: Callable[[float], float]  # the derivative of the score
    start: float  # the score at step 0
    longest: float = np.inf  # a step above 1 is at most this
    shortest: float = 1e-60  # no step below is worth it


def tried_steps(line):
    """Return the steps 0, 1, 2, 4, ... until the score rises, and their scores.

    If it does not fall at any of them, 1/2, 1/4, ... follow until it does.
    """
    steps, scores = [0.0], [line.start]
    step, falls = 1.0, False
    while True:
        steps.append(step)
        scores.append(line.score(step))
        falls |= bool(np.isfinite(scores[-1]) and scores[-1] < line.start)
        stays = np.isfinite(scores[-1]) and scores[-1] <= line.start
        if not stays or 2.0 * step > line.longest or step > 256.0:
            break
        step *= 2.0
    while not falls and step >= line.shortest:
        step *= 0.5
        steps.append(step)
        scores.append(line.score(step))
        falls = bool(np.isfinite(scores[-1]) and scores[-1] < line.start)
    order = np.argsort(steps)
    return np.array(steps)[order], np.array(scores)[order]


def doubled_step(line):
    """Return the longest step of 1, 2, 4, ... before the score rises.

    If it rises at 1, the first of 1/2, 1/4, ... at which it falls; 0 if none is worth a step.
    """
    steps, scores = tried_steps(line)
    falling = steps[np.isfinite(scores) & (scores < line.start)]
    return falling.max(initial=0.0)


def newton_step(line, accuracy=1e-4):
    """Return the step with the lowest score, near the lowest one that doubling tries."""
    steps, scores = tried_steps(line)
    lowest = int(np.argmin(np.where(np.isfinite(scores), scores, np.inf)))
    if lowest == 0:
        return 0.0
    step, score = steps[lowest], scores[lowest]
    low, open_end = steps[lowest - 1], lowest == len(steps) - 1
    end = step if step > 256.0 else max(step, line.longest)
    high = end if open_end else steps[lowest + 1]
    slope, last_slope = line.slope(step), np.inf
    width, gained = step - low, line.start - score
    curvature = 2.0 * (scores[lowest - 1] - score + slope * width) / width**2  # of a parabola
    while slope != 0.0 and slope**2 >= 2.0 * accuracy**2 * gained * curvature:
        if slope < 0.0:
            low = step
        else:
            high, open_end = step, False
        if high - low <= accuracy * high:
            break
        following = step - slope / curvature if curvature > 0.0 else np.inf
        if abs(slope) > 0.5 * abs(last_slope) or not low < following < high:
            following, open_end = (high if open_end else 0.5 * (low + high)), False
        last_slope, slope = slope, line.slope(following)
        curvature = (slope - last_slope) / (following - step)  # of a secant
        if not np.isfinite(curvature):
            slope, curvature = slope if np.isfinite(slope) else np.inf, 0.0
        step = following
    return step if line.score(step) < score else steps[lowest]
