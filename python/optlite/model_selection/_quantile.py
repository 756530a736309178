"""The one step that all conformal methods share: how large a score a new row may have."""

import numpy as np

#: Share of the total weight by which sums may miss a level through rounding.
ROUNDING = 1e-12


def threshold(scores, weights, confidence, new_weight=1.0):
    r"""Return the smallest score whose rows, with it, weigh enough; infinite where none does.

    A new row's score is as likely to be in one place as in another among those of the calibration:
    it is at most the k-th smallest of n with probability at least k / (n + 1). With weights,

    .. math:: \min \{ q : \sum_{s_i \le q} w_i \ge c \, (\sum_i w_i + w_{n + 1}) \} .

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Sorted.
    weights : ndarray of shape (n,)
        Of the same rows.
    confidence : float in (0, 1)
        The level c.
    new_weight : float or ndarray of shape (m,), default=1.0
        Weight of the new rows.

    Returns
    -------
    float or ndarray of shape (m,)
    """
    sums = np.cumsum(weights)
    needed = confidence * (sums[-1] + new_weight) * (1.0 - ROUNDING)
    place = np.searchsorted(sums, needed)
    return np.append(scores, np.inf)[place]
