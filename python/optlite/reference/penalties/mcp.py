"""Minimax concave penalty: the absolute value, bent until it is constant.

h(w) = |w| - w^2 / (2 gamma)  if |w| <= gamma,  gamma / 2 otherwise

At strength alpha it is alpha^2 h(w / alpha): of slope alpha at zero, constant from gamma alpha on.

Zhang, Nearly unbiased variable selection under minimax concave penalty, 2010.
"""

import numpy as np

moves_with_strength = True


def concavity(gamma=3.0):
    """Return the least c for which h(w) + c w^2 / 2 is convex."""
    return 1.0 / gamma


def value(w, gamma=3.0):
    """Return h."""
    inside = np.minimum(np.abs(w), gamma)
    return inside - inside**2 / (2.0 * gamma)


def prox(v, step, gamma=3.0):
    """Return v where it is large, a soft threshold of it, stretched, where it is not."""
    if step >= gamma:  # concave up to gamma: zero, or v
        return np.where(v**2 > step * gamma, v, 0.0)
    soft = v - np.clip(v, -step, step)
    return np.where(np.abs(v) >= gamma, v, soft / (1.0 - step / gamma))


def subdifferential_distance(w, gradient, gamma=3.0):
    """Return the distance from -gradient to the subdifferential at w."""
    at_zero = np.maximum(np.abs(gradient) - 1.0, 0.0)
    slope = np.maximum(1.0 - np.abs(w) / gamma, 0.0) * np.sign(w)
    return np.where(w == 0.0, at_zero, np.abs(gradient + slope))
