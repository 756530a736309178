"""One fit: targets, start, bounds, the core's stages, and what is kept of them."""

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from .._core import core
from . import _forest, distributions

#: How far a logarithm (of a scale, a rate, a shape) may move from where it starts, and how large a
#: logit may get: a millionth and a million times; probabilities down to 1e-12.
LOG_RANGE = np.log(1e6)
LOGIT_RANGE = np.log(1e12)
_SCORES = {"log": "log", "logscore": "log", "mle": "log", "crps": "crps", "crpscore": "crps"}


def family_of(dist, owner):
    """Return a family of distributions from its name, its class or itself."""
    if isinstance(dist, str):
        return distributions.from_name(dist)
    if isinstance(dist, type):
        dist = dist()
    if not hasattr(dist, "parameter_names") or not hasattr(dist, "natural_gradient"):
        raise TypeError(
            f"Dist must be the name, the class or an instance of a distribution of "
            f"optlite.boosting.distributions, got {dist!r} ({owner})."
        )
    return dist


def score_of(score, family, owner):
    """Return the name of a scoring rule of this family."""
    name = score if isinstance(score, str) else getattr(score, "__name__", "")
    rule = _SCORES.get(name.lower())
    if rule not in family.scores:
        raise ValueError(
            f"Score must be one of {list(family.scores)} for {family!r}, got {score!r} ({owner})."
        )
    return rule


def registered(family):
    """Whether the core knows the family; otherwise its functions are called in Python."""
    return getattr(family, "_record", None) is not None


def objective_of(family, score, natural):
    """Return what the core minimises."""
    if registered(family):
        return core.BoostingObjective.registered(family.name, family._fields, score, natural)
    slope = family.natural_gradient if natural else family.gradient

    def call(function, params, y, event):
        y = y[0] if len(y) == 1 else y.T
        given = {} if event is None else {"event": event[0]}
        return np.ascontiguousarray(np.transpose(function(params.T, y, score=score, **given)))

    return core.BoostingObjective.from_python(
        lambda *rows: call(family.score, *rows),
        lambda *rows: call(slope, *rows),
        family.n_params,
        family.n_outputs,
    )


def bounds_of(family, start):
    """Return the lowest and highest value of each parameter, by what its name says it is."""
    lower, upper = np.full(len(start), -np.inf), np.full(len(start), np.inf)
    for k, name in enumerate(family.parameter_names):
        if name.startswith("log_"):
            lower[k], upper[k] = start[k] - LOG_RANGE, start[k] + LOG_RANGE
        elif name.startswith("logit"):
            lower[k], upper[k] = -LOGIT_RANGE, LOGIT_RANGE
    return lower, upper


def reach_of(family):
    """Return how far one stage may move each parameter: logarithms and logits by 1."""
    names = family.parameter_names
    return [1.0 if name.startswith(("log_", "logit")) else np.inf for name in names]


def unit_of(family, y, weight):
    """Return (center, scale) of targets whose unit a family of location and scale may change.

    A natural gradient does not depend on the unit; squares of targets of 1e200 do overflow.
    """
    names = family.parameter_names
    location_scale = len(names) >= 2 and names[0] == "mu" and names[1].startswith("log_s")
    if not (registered(family) and location_scale and family.targets == "real"):
        return 0.0, 1.0
    size = np.abs(y).max()
    if size == 0.0:
        return 0.0, 1.0
    center = size * np.average(y / size, weights=weight)
    scale = size * np.sqrt(np.average(((y - center) / size) ** 2, weights=weight))
    return center, (scale if scale > 1e-12 * size else size)


@dataclass
class Data:
    """Rows of a fit: features (validated), targets as the family takes them, weights, events."""

    X: object
    y: np.ndarray
    weight: np.ndarray = None
    event: np.ndarray = None

    def take(self, rows):
        """Return some of the rows."""
        parts = (self.X, self.y, self.weight, self.event)
        return Data(*(None if part is None else part[rows] for part in parts))


def threads(n_threads):
    """Limit the number of threads; None leaves it."""
    return nullcontext() if n_threads is None else threadpool_limits(n_threads, user_api="openmp")


def rows_of(data, params, center, scale):
    """Return what the core reads of rows."""
    y = np.ascontiguousarray(np.atleast_2d(((data.y - center) / scale).T))
    return core.BoostingRows(np.ascontiguousarray(params), y, data.weight, data.event)


def to_unit(params, center, scale):
    """Parameters (n_params, n) for targets counted from `center` in units of `scale`."""
    if (center, scale) == (0.0, 1.0):
        return params
    params = np.array(params)
    params[0] = (params[0] - center) / scale
    params[1] -= np.log(scale)
    return params


class PythonBase:
    """Fits clones of a regressor, one for each parameter of each stage."""

    def __init__(self, base, train, validation_X):
        self.base, self.train, self.validation_X = base, train, validation_X
        self.models, self.features = [], []

    def __call__(self, targets, rows, features):
        """Fit a stage; values for all rows of training and validation, (n_params, n) each."""
        X, weight = self.train.X[:, features], self.train.weight
        given = {} if weight is None else {"sample_weight": weight[rows]}
        models = [clone(self.base).fit(X[rows], t[rows], **given) for t in targets]
        self.models.append(models)
        self.features.append(features)
        values = np.array([m.predict(X) for m in models], dtype=float)
        if self.validation_X is None:
            return values, np.zeros((len(models), 0))
        Z = self.validation_X[:, features]
        return values, np.array([m.predict(Z) for m in models], dtype=float)


def scale_values(forest, joint, n_params, scale):
    """Give the values of the first parameter the unit of the targets."""
    if scale == 1.0:
        return forest
    value = forest["value"].copy()
    if joint:
        value.reshape(-1, n_params)[:, 0] *= scale
    else:
        nodes = np.diff(forest["starts"])
        value[np.repeat(forest["target"] == 0, nodes)] *= scale
    return {**forest, "value": value}


def keep_stages(run, joint, n_params, n_stages, scale):
    """Return the trees of the first stages."""
    trees = n_stages * (1 if joint else n_params)
    return scale_values(_forest.cut(run.forest(), trees), joint, n_params, scale)
