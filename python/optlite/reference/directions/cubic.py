"""Newton's model with a cubic term that learns from each step, minimised in a Krylov space.

m(p) = g.p + p.Hp / 2 + sigma |p|^3 / 3
rho = (f(x) - f(x + p)) / -m(p)
sigma <- sigma / 2 if rho > 0.9;  2 sigma if rho < 0.1

Nesterov and Polyak, Cubic regularization of Newton method and its global performance, 2006,
equation 2.4 (their M / 6 is sigma / 3); Cartis, Gould and Toint, Adaptive cubic regularisation
methods for unconstrained optimization, part I, 2011.
"""

import numpy as np

from ..krylov import KrylovSpace, minimize_cubic
from .concept import RegionDirection


class Cubic(RegionDirection):
    """Go where the cubic model is least in the space of Lanczos' method from the gradient."""

    def __init__(self, sigma=1.0, krylov=100):
        self.sigma, self.krylov = sigma, int(krylov)

    def trust(self, ratio):
        """Raise or lower the weight of the cubic term."""
        if not ratio >= 0.1:
            self.sigma *= 2.0
        elif ratio > 0.9:
            self.sigma = max(0.5 * self.sigma, 1e-16)

    def compute(self, objective, at):
        """Return p; the space grows until the gradient of the model is small."""
        if self.way is not None:
            return self.along(at)
        size = np.linalg.norm(at.gradient)
        space = KrylovSpace(at.gradient, self.krylov)
        while space.extend(lambda v: self.multiply(objective, at, v)):
            values, vectors = space.ritz()
            c = minimize_cubic(values, size * vectors[0], self.sigma)
            left = space.beta * abs(vectors[-1] @ c)  # what stands outside of the space
            if left <= 0.1 * min(1.0, np.linalg.norm(c)) * size:
                break
        self.curvature = (values[0], space.beta * abs(vectors[-1, 0]))
        cube = self.sigma / 3.0 * np.linalg.norm(c) ** 3
        self.predicted = -(size * (vectors[0] @ c) + 0.5 * (c @ (values * c)) + cube)
        return space.lift(vectors @ c)

    def along(self, at):
        """Return p along an eigenvector: sigma t^2 = |value| t."""
        value = self.curvature[0]
        t = -value / self.sigma
        p = t * self.way
        self.predicted = -(at.gradient @ p + 0.5 * value * t**2 + self.sigma / 3.0 * t**3)
        return p
