"""How much of each source goes anywhere, where a share of the mass may stay, smoothed by entropy.

    minimise  <C, P> + reg (sum P (log P - 1) + sum r (log r - 1))
    subject to  P 1 + r = a,  sum P = mass

(Gurbuz, Sener and Alatan, Generalized sum pooling for metric learning, 2023). One
multiplier t is unknown: with T_i = -reg log sum_j exp(-C_ij / reg), source i sends
a_i / (1 + exp((T_i - t) / reg)), which grows with t.
"""

import numpy as np


def pool(T, a, mass, reg):
    """Return what the sources send and keep, and the multiplier, by bisection.

    >>> sent, kept, _ = pool(np.zeros(2), np.array([0.5, 0.5]), 0.25, 1.0)
    >>> sent, kept
    (array([0.125, 0.125]), array([0.375, 0.375]))
    """
    odds = reg * (np.log(mass) - np.log(a.sum() - mass))
    low, high = T.min() + odds, T.max() + odds
    for _ in range(200):
        t = 0.5 * (low + high)
        sent = a / (1.0 + np.exp(np.minimum((T - t) / reg, 700.0)))
        low, high = (low, t) if sent.sum() > mass else (t, high)
    return sent, a / (1.0 + np.exp(np.minimum((t - T) / reg, 700.0))), t
