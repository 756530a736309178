"""Cox's partial likelihood: the readable twin of ``cpp/src/partial_likelihood.cpp``.

f(z) = sum_i s_i e_i (log sum_{j: t_j >= t_i} v_j exp(z_j) - z_i),  v = n s, sum_i s_i = 1

with times t, events e (0 for a censored sample), weights s and log-hazards z. Ties share their risk
set.

Cox, Partial likelihood, 1975; Breslow, Covariance analysis of censored survival data, 1974.
"""

import numpy as np


def shares(z, time, s):
    """Return p: row i holds the shares of all samples in the risk set of sample i."""
    v = np.where(time[None, :] >= time[:, None], len(s) * s * np.exp(z - z.max()), 0.0)
    return v / v.sum(axis=1, keepdims=True)


def value(z, time, event, s):
    """Return f."""
    total = np.where(time[None, :] >= time[:, None], len(s) * s * np.exp(z - z.max()), 0.0)
    return (s * event) @ (np.log(total.sum(axis=1)) + z.max() - z)


def first(z, time, event, s):
    """Return the gradient in z: sum_i s_i e_i (p_i - unit vector of i)."""
    return (s * event) @ shares(z, time, s) - s * event


def second(z, time, event, s):
    """Return the Hessian in z: sum_i s_i e_i (diag(p_i) - p_i p_i^T)."""
    p = shares(z, time, s)
    return np.diag((s * event) @ p) - (p.T * (s * event)) @ p


def gap(z, time, event, s, t):
    """Return f(z) + f*(t f') - t f' . z, bounded by divergences of t p_i + (1 - t) e_i from p_i.

    f is a sum of functions of z, and the conjugate of a sum is at most the sum of the conjugates
    at gradients that add up.
    """
    p = np.diag(shares(z, time, s))
    terms = t * (1.0 - p) * np.log(t) + (t * p + 1.0 - t) * np.log(t + (1.0 - t) / p)
    return (s * event) @ terms
