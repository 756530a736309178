"""Smoothly clipped absolute deviation: the absolute value up to one, constant from gamma on.

h(w) = |w|                                        if |w| <= 1
       (2 gamma |w| - w^2 - 1) / (2 (gamma - 1))  if 1 < |w| <= gamma
       (gamma + 1) / 2                            otherwise

At strength alpha it is alpha^2 h(w / alpha): the absolute value times alpha up to alpha, constant
from gamma alpha on.

Fan and Li, Variable selection via nonconcave penalized likelihood and its oracle properties, 2001.
"""

import numpy as np

moves_with_strength = True


def concavity(gamma=3.7):
    """Return the least c for which h(w) + c w^2 / 2 is convex."""
    return 1.0 / (gamma - 1.0)


def value(w, gamma=3.7):
    """Return h."""
    size = np.abs(w)
    between = (2.0 * gamma * size - size**2 - 1.0) / (2.0 * (gamma - 1.0))
    return np.where(size <= 1.0, size, np.where(size <= gamma, between, 0.5 * (gamma + 1.0)))


def prox(v, step, gamma=3.7):
    """Return the best of the minimisers of the three pieces."""
    soft = v - np.clip(v, -step, step)
    if step < gamma - 1.0:
        between = ((gamma - 1.0) * v - np.sign(v) * gamma * step) / (gamma - 1.0 - step)
        inner = np.where(np.abs(v) <= 1.0 + step, soft, between)
        return np.where(np.abs(v) >= gamma, v, inner)
    near = np.clip(soft, -1.0, 1.0)
    cost = value(near, gamma) + (near - v) ** 2 / (2.0 * step)
    return np.where((np.abs(v) >= gamma) & (cost > 0.5 * (gamma + 1.0)), v, near)


def subdifferential_distance(w, gradient, gamma=3.7):
    """Return the distance from -gradient to the subdifferential at w."""
    at_zero = np.maximum(np.abs(gradient) - 1.0, 0.0)
    slope = np.clip((gamma - np.abs(w)) / (gamma - 1.0), 0.0, 1.0) * np.sign(w)
    return np.where(w == 0.0, at_zero, np.abs(gradient + slope))
