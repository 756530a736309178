"""Weights of a pooling that may leave a part of the features out."""

import functools

import numpy as np

from .. import _params
from .._core import core
from ._costs import MatrixCosts, refuse_isolated
from ._marginals import check_masses
from ._result import read_only
from ._run import ENGINES
from ._staged_runs import check_reg


def pooling_weights(M, reg, mass, a=None, engine="core"):
    r"""Return weights of features that are near to some prototype, smoothed by entropy.

    .. math::
        \min_{P, r \ge 0} \; \langle M, P \rangle + \mathrm{reg} \Bigl( \sum_{ij} P_{ij} (\log
        P_{ij} - 1) + \sum_i r_i (\log r_i - 1) \Bigr)
        \quad \text{subject to} \quad P 1 + r = a, \; \textstyle\sum P = \mathrm{mass}

    A feature sends mass to any prototypes, or keeps it. For all of the mass the weights are a, and
    the pooling is the mean; for little of it, the features that are nearest to prototypes are left.

    Parameters
    ----------
    M : array-like of shape (n_features, n_prototypes)
        Costs, as distances of features to prototypes; ``inf`` forbids a link.
    reg : float, > 0
        Regularization, in units of the cost.
    mass : float, > 0
        Mass that is sent, less than the sum of a.
    a : array-like of shape (n_features,), default=None
        Mass of each feature; uniform with sum one when None.
    engine : {"core", "numpy"}, default="core"
        The compiled kernels, or their NumPy twin.

    Returns
    -------
    PoolingWeights
        The weights, the plan, and the gradient in the costs.

    Raises
    ------
    ValueError
        For NaN or isolating costs, reg that is not positive, costs over reg that
        overflow, or a mass that is not in (0, sum(a)).

    See Also
    --------
    solve_partial : Caps on both sides, and no entropy of what is kept.

    Notes
    -----
    Gurbuz, Sener and Alatan, Generalized sum pooling for metric learning, 2023. They
    scale; but only one number is unknown, t in ``a / (1 + exp((T - t) / reg))`` for what the
    features send, T the soft minima of their costs, and it is found to the last digits by Newton's
    method on the mass.

    Examples
    --------
    Three features near the prototypes, and one far away:

    >>> from optlite import ot
    >>> pooled = ot.pooling_weights([[0.1], [0.0], [0.2], [9.0]], reg=0.05, mass=0.5)
    >>> pooled.weights.round(3)
    array([0.376, 0.479, 0.145, 0.   ])
    """
    costs = MatrixCosts(M)
    a, _ = check_masses(a, None, costs.shape)
    reg, mass = check_reg(reg, "ot.pooling_weights"), _check_mass(mass, a)
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {list(ENGINES)}, got {engine!r}.")
    keep = a > 0.0
    all_targets = np.ones(costs.shape[1], dtype=bool)
    refuse_isolated(costs.M, keep, all_targets)
    largest = float(np.abs(costs.M[np.isfinite(costs.M)]).max())
    if not largest / reg < np.inf:
        raise ValueError(
            f"M / reg must not overflow, got a cost of size {largest:g} and reg={reg:g} "
            "(ot.pooling_weights). Raise reg, or divide both by the largest cost."
        )
    if engine == "core":
        cost = costs.make(keep, all_targets)
        T, sent, kept, multiplier = core.pool(cost, a[keep], mass, reg, costs.memory)
    else:
        from ..reference.pooling import pool
        from ..reference.relaxed_transport import log_sum_exp

        T = -reg * log_sum_exp(-costs.M[keep].astype(np.float64) / reg, axis=1)
        sent, kept, multiplier = pool(T, a[keep], mass, reg)
    return PoolingWeights(costs, a, reg, mass, T, sent, kept, multiplier)


class PoolingWeights:
    """Hold weights of features, and what they were computed from.

    Attributes
    ----------
    weights : ndarray of shape (n_features,)
        What each feature sends, over the mass: they sum to one. float64.
    residual : ndarray of shape (n_features,)
        What each feature keeps.
    plan : ndarray of shape (n_features, n_prototypes)
        What each feature sends to each prototype. float32 if the costs are, else float64.
        Read-only.
    multiplier : float
        Features whose soft minimum of the costs is below it send more than half of their mass.
    value : float
        The objective.
    mass_error : float
        Difference between the mass of the plan and the one asked for: rounding.
    """

    def __init__(self, costs, a, reg, mass, soft_minima, sent, kept, multiplier):
        self._costs, self._a, self._reg, self._mass = costs, a, reg, mass
        self._soft_minima, self._sent, self._kept = soft_minima, sent, kept
        self.multiplier = float(multiplier)

    def __repr__(self):
        """Say how many features are used."""
        return (
            f"PoolingWeights({self._a.size} features, mass={self._mass:g} of {self._a.sum():g}, "
            f"{int((self._sent > self._kept).sum())} send more than they keep)"
        )

    @property
    def weights(self):
        """Weights of the features."""
        return self._spread(self._sent) / self._mass

    @property
    def residual(self):
        """What each feature keeps."""
        return self._spread(self._kept)

    @property
    def mass_error(self):
        """Difference between the mass of the plan and the one asked for."""
        return float(self._sent.sum() - self._mass)

    @functools.cached_property
    def plan(self):
        """What each feature sends to each prototype."""
        self._costs.refuse_change()
        keep, zeros = self._a > 0.0, np.zeros(self._costs.shape[1])
        cost = self._costs.make(keep, zeros == 0.0)
        write = cost.plan_float32 if self._costs.dtype == np.float32 else cost.plan
        plan = np.zeros(self._costs.shape, dtype=self._costs.dtype)
        plan[keep] = write(self._sent, self._soft_minima, zeros, self._reg)
        return read_only(plan)

    @property
    def value(self):
        """The objective."""
        # The entropy of a row is that of its sum and of the shares, whose costs are soft minima.
        sent, kept = self._sent, self._kept
        with np.errstate(divide="ignore", invalid="ignore"):
            entropies = [np.where(x > 0.0, x * np.log(x), 0.0).sum() for x in (sent, kept)]
        return float(
            sent @ self._soft_minima + self._reg * (sum(entropies) - sent.sum() - kept.sum())
        )

    def gradient(self, upstream):
        """Return the gradient in the costs of a function of the weights.

        Parameters
        ----------
        upstream : array-like of shape (n_features,)
            Gradient of the function in the weights.

        Returns
        -------
        ndarray of shape (n_features, n_prototypes)
            Gradient in M.
        """
        upstream = _params.real_array(upstream, "upstream", "PoolingWeights").astype(np.float64)
        if upstream.shape != self._a.shape:
            raise ValueError(
                f"upstream must have shape {self._a.shape}, got {upstream.shape}: one number a "
                "feature."
            )
        keep = self._a > 0.0
        # Weights move with (t - T) / reg; t moves so that their sum stays.
        slopes = self._sent * self._kept / self._a[keep]
        centred = upstream[keep] - slopes @ upstream[keep] / slopes.sum()
        by_soft_minimum = -slopes * centred / (self._mass * self._reg)
        gradient = np.zeros(self._costs.shape)
        shares = np.divide(
            self.plan[keep].astype(np.float64), self._sent[:, None],
            out=np.zeros((keep.sum(), self._costs.shape[1])), where=self._sent[:, None] > 0.0,
        )  # fmt: skip
        gradient[keep] = by_soft_minimum[:, None] * shares
        return gradient

    def _spread(self, kept):
        values = np.zeros(self._a.shape)
        values[self._a > 0.0] = kept
        return values


def _check_mass(mass, a):
    mass = _params.real_number(mass, "mass", "ot.pooling_weights")
    if not 0.0 < mass < a.sum():
        raise ValueError(
            f"mass must be > 0 and less than the sum of a, {a.sum():.12g}, got {mass!r} "
            "(ot.pooling_weights). All of it gives the weights a / sum(a)."
        )
    return mass
