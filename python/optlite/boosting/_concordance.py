"""How well predicted times order the observed ones, with censoring."""

import numpy as np


def concordance(time, event, predicted, weight=None):
    """Return Harrell's index: the share of comparable pairs that are predicted in their order.

    Two rows are comparable if the one with the shorter time is observed; at equal times, an
    observed row is taken to be shorter than a censored one, and two observed rows are not
    comparable. Equal predictions count half; a pair counts as the product of its weights.

    Parameters
    ----------
    time, predicted : ndarray of shape (n,)
    event : ndarray of bool, shape (n,)
    weight : ndarray of shape (n,), optional

    Returns
    -------
    float
        Between 0 and 1, NaN if no two rows are comparable.

    References
    ----------
    F. E. Harrell, R. M. Califf, D. B. Pryor, K. L. Lee and R. A. Rosati, "Evaluating the Yield of
    Medical Tests", JAMA 247, 1982.
    """
    weight = np.ones(len(time)) if weight is None else np.asarray(weight, dtype=float)
    late = np.unique(time, return_inverse=True)[1] * 2 + ~event  # comparable: event, and later
    order = np.unique(predicted, return_inverse=True)[1]
    size = int(order.max(initial=0)) + 1
    right = half = total = 0.0
    # Of two numbers, the later has a 1 in the highest bit in which they differ: each bit settles
    # the pairs that agree above it, by sorting, so that n rows take n log(n)^2 operations.
    for bit in range(int(late.max(initial=0)).bit_length()):
        block, upper = late >> (bit + 1), (late >> bit) & 1 == 1
        key = block * size + order
        later = np.flatnonzero(upper)
        later = later[np.argsort(key[later], kind="stable")]
        keys, sums = key[later], np.concatenate([[0.0], np.cumsum(weight[later])])
        mine = np.flatnonzero(~upper & event)
        w, k, b = weight[mine], key[mine], block[mine]
        begin, end = np.searchsorted(keys, b * size), np.searchsorted(keys, (b + 1) * size)
        below, through = np.searchsorted(keys, k), np.searchsorted(keys, k, side="right")
        right += w @ (sums[end] - sums[through])
        half += w @ (sums[through] - sums[below])
        total += w @ (sums[end] - sums[begin])
    return float((right + 0.5 * half) / total) if total > 0.0 else np.nan
