"""What a fit needs to know: family, score, bounds and unit of the parameters, rows held out."""

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from threadpoolctl import threadpool_limits

from .._core import core
from . import _features, distributions

#: How far a logarithm (of a scale, a rate, a shape) may move from where it starts, and how large a
#: logit may get: a millionth and a million times; probabilities down to 1e-12.
LOG_RANGE = np.log(1e6)
LOGIT_RANGE = np.log(1e12)
#: Degrees of freedom above which Student's t is as good as normal: they have next to no effect,
#: their information vanishes, natural gradients grow without bound, and steps that suit them are
#: too short for all other parameters.
MOST_DF = np.log(30.0)
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
        why = f" No CRPS: {family.no_crps}." if rule == "crps" and family.no_crps else ""
        raise ValueError(
            f"Score must be one of {list(family.scores)} for {family!r}, got {score!r} ({owner})."
            f"{why}"
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
        lambda *rows: call(family.gradient, *rows),
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
        if name == "log_df":
            lower[k], upper[k] = min(start[k], MOST_DF) - LOG_RANGE, MOST_DF
    return lower, upper


def reach_of(family):
    """Return how far one stage may move each parameter: logarithms and logits by 1."""
    names = family.parameter_names
    return [1.0 if name.startswith(("log_", "logit")) else np.inf for name in names]


@dataclass
class Data:
    """Rows of a fit: features (validated), targets as the family takes them, weights, events.

    Targets, weights and events are those of the chosen rows, and `X` is whole: it may be too large
    for a copy, and the core reads chosen rows of a dense one in place. (Those of a sparse one, and
    what any `Base` reads, are copied.)
    """

    X: object
    y: np.ndarray
    weight: np.ndarray = None
    event: np.ndarray = None
    rows: np.ndarray = None  # of X, in their order; None: all

    @property
    def observed(self):
        """The share of the rows that are not censored."""
        return 1.0 if self.event is None else np.average(self.event, weights=self.weight)

    def _chosen(self):
        return self.X if self.rows is None else self.X[self.rows]

    @cached_property
    def features(self):
        """The features of the chosen rows, copied if they are not all."""
        return self._chosen()

    @cached_property
    def columns(self):
        """Sparse features of the chosen rows, as the core takes them: bins and codes need them."""
        return _features.columns_of(self._chosen())

    def weighted(self):
        """Return the rows whose weight is not zero; weights that are all 1 are none."""
        if self.weight is None:
            return self
        rows = self if self.weight.all() else self.take(self.weight > 0.0)
        return replace(rows, weight=None) if (rows.weight == 1.0).all() else rows

    def take(self, chosen):
        """Return some of the rows; `chosen` is a mask, or places."""
        rows = np.arange(len(self.y), dtype=np.uint32) if self.rows is None else self.rows
        parts = (self.y, self.weight, self.event)
        y, weight, event = (None if part is None else part[chosen] for part in parts)
        return Data(self.X, y, weight, event, rows[chosen])


def event_of(data):
    """Return the argument of scores that says which rows are censored, if any may be."""
    return {} if data.event is None else {"event": data.event}


def threads(n_threads):
    """Limit the number of threads; None leaves it."""
    return nullcontext() if n_threads is None else threadpool_limits(n_threads, user_api="openmp")


@contextmanager
def core_threads(n_threads):
    """Limit the threads of the core alone: to look for other libraries takes milliseconds."""
    before = None if n_threads is None else core.limit_threads(n_threads)
    try:
        yield
    finally:
        if before is not None:
            core.limit_threads(before)


def hold_out(n, strata, fraction, rng):
    """Choose rows to stop early by: ``ceil(fraction * n)`` of them, at random.

    Parameters
    ----------
    n : int
        Number of rows.
    strata : ndarray of shape (n,) or None
        Every value of it is shared out alike, as far as whole rows go, and keeps a row to train on.
    fraction : float
    rng : RandomState

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    order = rng.permutation(n)
    chosen = np.zeros(n, dtype=bool)
    size = max(1, int(np.ceil(fraction * n)))
    if strata is None:
        chosen[order[:size]] = True
        return chosen
    group = np.unique(strata, return_inverse=True)[1]
    counts = np.bincount(group)
    quota = np.minimum(size * (counts / n), counts - 1)
    share = np.floor(quota).astype(int)
    room = np.minimum(size - share.sum(), np.count_nonzero(share < counts - 1))
    largest = np.lexsort((rng.permutation(len(counts)), share - quota, share >= counts - 1))
    share[largest[:room]] += 1
    by_group = order[np.argsort(group[order], kind="stable")]
    place = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen[by_group] = place < np.repeat(share, counts)
    return chosen
