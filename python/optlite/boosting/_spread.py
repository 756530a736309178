"""How far the predicted distributions spread: shifted to where rows score best that were held out.

Training residuals are smaller than others, and a spread that is learned from them is. A
:class:`Spread` says how the parameters of a family change as it grows by a factor ``exp(x)``, the
mean (of the Weibull distribution: the scale, which says where it lies) staying where it is.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from ._fit import event_of

#: Families whose spread is no parameter of its own.
_OWN = {
    ("log_shape", "log_scale"): (-1.0, 0.0),
    ("log_shape", "log_mean"): (-2.0, 0.0),
    ("logit_mean", "log_total"): (0.0, -2.0),  # as far as the total is above 1
}
#: Rounds over the spreads of several outputs, which depend on each other through correlations.
ROUNDS = 2


@dataclass
class Spread:
    """Parameters after a growth by ``exp(x)``: ``exp(-x * power) * theta + x * along``."""

    along: np.ndarray  # of shape (n_params,)
    power: np.ndarray

    def factor(self, x):
        """Return what parameters are multiplied by."""
        return np.exp(-x * self.power)

    def grown(self, theta, x):
        """Return parameters, shape (..., n_params), after a growth."""
        return self.factor(x) * theta + x * self.along


def spreads_of(family):
    """Return the spreads of a family: one, one for each of several outputs, or none."""
    names = tuple(family.parameter_names)
    if family.targets == "vector":
        return [_of_output(names, k) for k in range(family.n_outputs)]
    if names in _OWN:
        along = np.array(_OWN[names])
    else:
        along = np.array([name in ("log_sigma", "log_scale") for name in names], dtype=float)
    found = names in _OWN or (len(names) > 1 and along.sum() == 1.0)
    return [Spread(along, np.zeros(len(names)))] if found else []


def _of_output(names, k):
    """The precision is L^T L: residual k is multiplied by column k of the triangle L."""
    along = [-1.0 if name == f"log_diagonal_{k}" else 0.0 for name in names]
    power = [1.0 if name.startswith("upper") and name.endswith(f"_{k}") else 0.0 for name in names]
    return Spread(np.array(along), np.array(power))


def growths(family, score_rule, theta, held_out):
    """Yield pairs of a spread and of the growth at which rows score best that were held out.

    Parameters
    ----------
    family : Distribution
    score_rule : {"log", "crps"}
    theta : ndarray of shape (n, n_params)
        What is predicted of these rows.
    held_out : Data
    """
    spreads = spreads_of(family)

    def mean_score(theta):
        scores = family.score(theta, held_out.y, score=score_rule, **event_of(held_out))
        return np.average(scores, weights=held_out.weight)

    for spread in spreads * (1 if len(spreads) == 1 else ROUNDS):
        with np.errstate(all="ignore"):  # targets far out may have infinite scores
            found = minimize_scalar(
                lambda x, theta=theta, spread=spread: mean_score(spread.grown(theta, x)),
                bounds=(-1.0, 1.0),
                method="bounded",
            )
            better = found.fun < mean_score(theta)
        if better:
            theta = spread.grown(theta, found.x)
            yield spread, found.x
