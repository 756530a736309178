"""The square root of the absolute value.

h(w) = |w|^(1/2)

Its slope is unbounded near zero, so that zero is a local minimum whatever is added to it. The prox
is zero up to (3/2) step^(2/3); from there on it is u^2 with the largest root u of
u^3 - |v| u + step / 2.

Xu, Chang, Xu and Zhang, L1/2 regularization: a thresholding representation theory and a fast
solver, 2012.
"""

import numpy as np

moves_with_strength = False


def concavity():
    """Return infinity: no parabola makes it convex."""
    return np.inf


def value(w):
    """Return h."""
    return np.sqrt(np.abs(w))


def prox(v, step):
    """Return the half threshold of v."""
    third = np.abs(v) / 3.0
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = np.arccos(np.maximum(-0.25 * step / third**1.5, -1.0))
    u = 2.0 * np.sqrt(third) * np.cos(angle / 3.0)
    return np.where(np.abs(v) <= 1.5 * np.cbrt(step * step), 0.0, np.sign(v) * u**2)


def subdifferential_distance(w, gradient):
    """Return the distance from -gradient to the slope at w; at zero every slope will do."""
    size = np.where(w == 0.0, 1.0, np.abs(w))
    return np.where(w == 0.0, 0.0, np.abs(gradient + 0.5 * np.sign(w) / np.sqrt(size)))
