"""Averages over random vectors, with their standard errors."""

import math
from typing import NamedTuple

import numpy as np


class Estimate(NamedTuple):
    """Hold an average over random vectors and its standard error.

    Attributes
    ----------
    value : float or ndarray
        The average.
    standard_error : float or ndarray
        Its estimated standard deviation; NaN for one vector.
    """

    value: float | np.ndarray
    standard_error: float | np.ndarray


def over_probes(values, share, exact):
    """Return `share` times the mean over the first axis, plus what is known exactly.

    Numbers where there is one value a probe.
    """
    n = len(values)
    error = np.full(values.shape[1:], np.nan)
    if n > 1:
        size = np.abs(values).max(initial=0.0) or 1.0  # squares may overflow or vanish
        error = share * size * (values / size).std(axis=0, ddof=1) / math.sqrt(n)
    value = exact + share * values.mean(axis=0)
    if values.ndim == 1:
        return Estimate(float(value), float(error))
    return Estimate(value, error)
