"""From a plan whose sums are nearly right to one whose sums are right."""

import numpy as np

from .._params import real_array
from ._marginals import check_marginals


def round_to_marginals(plan, a=None, b=None):
    """Change a plan as little as its marginal error allows, so that its sums are exact.

    Parameters
    ----------
    plan : array-like of shape (n_sources, n_targets)
        Masses >= 0.
    a, b : array-like of shape (n_sources,) and (n_targets,), default=None
        Sums that the rows and columns shall have; uniform when None.

    Returns
    -------
    ndarray of shape (n_sources, n_targets)
        A plan with these sums, up to rounding. It differs from the one given by at most twice its
        marginal error in the sum of absolute values. float64.

    Raises
    ------
    ValueError
        For negative or NaN masses, or sums that differ.

    Notes
    -----
    Rows, then columns, are shrunk where their sums are too large; a product of what rows and
    columns then lack is added. Altschuler, Weed and Rigollet, Near-linear time approximation
    algorithms for optimal transport via Sinkhorn iteration, 2017, algorithm 2 and lemma 7.

    Examples
    --------
    >>> from optlite.ot import round_to_marginals
    >>> exact = round_to_marginals([[0.5, 0.1], [0.0, 0.5]], [0.5, 0.5], [0.5, 0.5])
    >>> exact.sum(axis=0), exact.sum(axis=1)
    (array([0.5, 0.5]), array([0.5, 0.5]))
    """
    plan = real_array(plan, "plan", "ot.round_to_marginals").astype(np.float64)
    if plan.ndim != 2:
        raise ValueError(f"plan must have two dimensions, got shape {plan.shape}.")
    if not (np.isfinite(plan).all() and (plan >= 0.0).all()):
        i, j = np.argwhere(~(np.isfinite(plan) & (plan >= 0.0)))[0]
        raise ValueError(f"plan must be finite and >= 0, got plan[{i}, {j}] = {plan[i, j]}.")
    a, b = check_marginals(a, b, plan.shape)
    plan = plan * _shrink(a, plan.sum(axis=1))[:, None]
    plan *= _shrink(b, plan.sum(axis=0))
    lack_a = np.maximum(a - plan.sum(axis=1), 0.0)
    lack_b = np.maximum(b - plan.sum(axis=0), 0.0)
    if lack_a.sum() > 0.0 and lack_b.sum() > 0.0:
        plan += lack_a[:, None] * (lack_b / lack_b.sum())
    return plan


def _shrink(wanted, found):
    return np.where(found > wanted, wanted / np.where(found > 0.0, found, 1.0), 1.0)
