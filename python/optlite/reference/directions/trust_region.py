"""The quadratic model in a ball that learns how far the model holds.

p ~ argmin { g.p + p.Hp / 2 : |p| <= Delta }  by conjugate gradients from the centre
rho = (f(x) - f(x + p)) / -(g.p + p.Hp / 2)
Delta <- |p| / 4 if rho < 1/4;  2 Delta if rho > 3/4 and |p| = Delta

Steihaug, The conjugate gradient method and trust regions in large scale optimization, 1983; Nocedal
and Wright, Numerical Optimization, 2006, algorithms 4.1 and 7.2.
"""

import numpy as np

from .concept import RegionDirection


class TrustRegion(RegionDirection):
    """Stop at the boundary, or go there along negative curvature."""

    def __init__(self, radius=1.0):
        self.radius = radius
        self.length = 0.0
        self.first_norm = None
        self.at_boundary = self.solved = False

    def trust(self, ratio):
        """Shrink or widen the ball."""
        if not ratio >= 0.25:
            self.radius = 0.25 * self.length
        elif ratio > 0.75 and self.at_boundary:
            self.radius *= 2.0

    def compute(self, objective, at):
        """Return p by Steihaug's conjugate gradients."""
        g = at.gradient
        if self.way is not None:
            p = self.radius * self.way
            return self.finish(p, g, self.radius * self.curvature[0] * self.way, True)
        self.curvature = (np.nan, np.nan)
        self.solved = False
        start = np.linalg.norm(g)
        if self.first_norm is None:
            self.first_norm = start
        enough = min(0.5, np.sqrt(start / max(self.first_norm, 1e-300))) * start
        p, r, d = np.zeros_like(g), g, -g
        rho = r @ r
        for _ in range(2 * len(g) + 10):
            Hd = self.multiply(objective, at, d)
            bend = d @ Hd
            is_flat = not bend > np.finfo(float).eps * np.linalg.norm(d) * np.linalg.norm(Hd)
            if is_flat or np.linalg.norm(p + rho / bend * d) >= self.radius:
                if is_flat:
                    self.see(d, Hd, bend)
                t = self.to_boundary(p, d)
                return self.finish(p + t * d, g, r - g + t * Hd, True)
            p = p + rho / bend * d
            r = r + rho / bend * Hd
            after = r @ r
            if not np.sqrt(after) > enough:
                break
            d = -r + (after / rho) * d
            rho = after
        self.solved = np.linalg.norm(r) <= 0.1 * start
        return self.finish(p, g, r - g, False)

    def certifies(self):
        """A relative residual r leaves g . p short of its limit by a factor of about 1 - r^2."""
        return self.solved

    def finish(self, p, g, Hp, at_boundary):
        """Note what the model predicts for p, and return it."""
        self.predicted = -(g @ p + 0.5 * (p @ Hp))
        self.length = np.linalg.norm(p)
        self.at_boundary = at_boundary
        return p

    def to_boundary(self, p, d):
        """Return the t >= 0 with |p + t d| = radius."""
        a, b, c = d @ d, p @ d, self.radius**2 - p @ p
        root = np.sqrt(max(b * b + a * c, 0.0))
        return c / (b + root) if b > 0.0 else (root - b) / a

    def see(self, d, Hd, bend):
        """Note the Rayleigh quotient of d, and how far d is from an eigenvector."""
        value = bend / (d @ d)
        self.curvature = (value, np.linalg.norm(Hd - value * d) / np.linalg.norm(d))
