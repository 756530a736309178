"""The unit in which a fit counts targets: no number overflows, and the gradient has no unit.

Targets are counted from a center in units of a scale, and the parameters that belong to them are
``factor * theta + shift`` in the unit of the user. A natural gradient does not depend on the unit,
an ordinary one does; squares of targets of 1e200 overflow.
"""

import numpy as np

from ._fit import registered

#: The largest absolute value of a target: sums and differences of a thousand such numbers exist.
LARGEST = 1e305
#: From this number of rows on targets are not copied.
MANY_ROWS = 100_000
#: Logarithms of scales stay within these bounds, or the scale would be 0 or infinite.
LOG_BOUND = 700.0


def unit_of(family, y, weight):
    """Return center and scale of targets, shape (2, n_outputs); 0 and 1 if they have a unit.

    Parameters
    ----------
    family : Distribution
    y : ndarray of shape (n,) or (n, n_outputs)
    weight : ndarray of shape (n,) or None

    Returns
    -------
    ndarray of shape (2, n_outputs)
    """
    unit = np.array([np.zeros(family.n_outputs), np.ones(family.n_outputs)])
    if not registered(family) or _kind(family) is None:
        return unit
    for k, column in enumerate(np.atleast_2d(y.T)):
        size = np.abs(column).max()
        if size == 0.0:
            continue
        shares = column / size
        if _kind(family) == "scale":
            unit[1, k] = size * np.average(shares, weights=weight)
            continue
        center = np.average(shares, weights=weight)
        spread = np.sqrt(np.average((shares - center) ** 2, weights=weight))
        unit[:, k] = size * center, size * (spread if spread > 1e-12 else 1.0)
    return unit


def check_size(y, owner):
    """Refuse targets next to the largest double."""
    too_large = np.abs(y) > LARGEST
    if too_large.any():
        row = int(np.argwhere(too_large)[0, 0])
        raise ValueError(
            f"y must be at most {LARGEST:g} in absolute value, got {y[row]} at row {row} "
            f"({owner}). Divide all targets by the largest one."
        )


def _kind(family):
    """Return how the unit of targets may change: "location", "vector", "scale" or None.

    Positive families that are not here work with the logarithm of the target alone.
    """
    names, targets = tuple(family.parameter_names), family.targets
    if targets == "real" and len(names) >= 2 and names[0] == "mu" and names[1].startswith("log_s"):
        return "location"
    if targets == "vector":
        return "vector"
    one_scale = names in (("log_scale",), ("log_sigma",))
    return "scale" if targets == "non_negative" and one_scale else None


def parameters_of(family, unit):
    """Return (factor, shift), each of shape (n_params,): parameters are factor * theta + shift."""
    factor, shift = np.ones(family.n_params), np.zeros(family.n_params)
    center, scale = unit
    kind = _kind(family) if registered(family) else None
    for k, name in enumerate(family.parameter_names):
        place = [int(part) for part in name.split("_") if part.isdigit()]
        if kind == "scale":
            shift[k] = np.log(scale[0])
        elif kind == "location" and k < 2:
            (factor[k], shift[k]) = (scale[0], center[0]) if k == 0 else (1.0, np.log(scale[0]))
        elif kind == "vector" and name.startswith("mu"):
            factor[k], shift[k] = scale[place[0]], center[place[0]]
        elif kind == "vector" and name.startswith("log_diagonal"):
            shift[k] = -np.log(scale[place[0]])
        elif kind == "vector":  # u = L r has no unit
            factor[k] = 1.0 / scale[place[1]]
    return factor, shift


def counted(y, unit):
    """Return targets in the unit of the fit."""
    center, scale = (part if len(part) > 1 else part[0] for part in unit)
    if np.max(y, initial=0.0) > 1e300 or np.min(y, initial=0.0) < -1e300:
        y, center, scale = 0.5 * y, 0.5 * center, 0.5 * scale  # so that no difference overflows
    result = y - center
    result /= scale
    return result


def targets_of(y, unit):
    """Return targets as the core takes them, (n_outputs, n), and the unit that they are still in.

    That is None for targets in the unit of the fit. Of many rows there is no copy: the core counts
    them from (center, 1 / scale), block by block.
    """
    plain = y.ndim == 1 and len(y) >= MANY_ROWS and y.flags.c_contiguous
    if plain and np.max(y) <= 1e300 and np.min(y) >= -1e300 and 1e-300 < unit[1, 0] < 1e300:
        return y[None, :], (float(unit[0, 0]), 1.0 / float(unit[1, 0]))
    return np.ascontiguousarray(np.atleast_2d(counted(y, unit).T)), None


def score_of_user(scores, rule, unit, observed):
    """Return mean scores of targets in the unit of the user.

    Parameters
    ----------
    scores : ndarray
    rule : {"log", "crps"}
    unit : ndarray of shape (2, n_outputs)
    observed : float or ndarray
        Share of the rows that are not censored: only a density has a unit.
    """
    return scores * unit[1, 0] if rule == "crps" else scores + observed * np.log(unit[1]).sum()
