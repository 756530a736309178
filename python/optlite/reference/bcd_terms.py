"""The part g of F = f + g that has kinks and bounds, one variable or one group at a time.

g(x) = sum_i l1_i |x_i|  where lower <= x <= upper,  or  sum over groups of weight_G |x_G|.

The twin of ``cpp/src/block_terms.cpp``.

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np

EPSILON = np.finfo(np.float64).eps


class NoTerms:
    """F = f."""

    none, grouped = True, False

    def value(self, block, x):
        """Return g of a block."""
        return 0.0

    def prox(self, block, step, v):
        """Return argmin_u g(u) + |u - v|^2 / (2 step)."""
        return v

    def least_subgradient(self, block, x, gradient):
        """Return the shortest subgradient of F."""
        return gradient

    def at_kink(self, block, x):
        """Say which variables may stay though their gradient is not zero."""
        return np.zeros(len(block), dtype=bool)

    def bounds(self, n):
        """Return the least and the largest values that variables may have."""
        return np.full(n, -np.inf), np.full(n, np.inf)

    def cell(self, block, x, s):
        """Return the ends of the intervals in which g is linear."""
        return np.full(len(block), -np.inf), np.full(len(block), np.inf)

    def settled(self, block, x):
        """Return x within the bounds, and on those that it lies beside by rounding only."""
        return x


class Separable(NoTerms):
    """A sum over variables.

    Parameters
    ----------
    l1, lower, upper : ndarray of shape (n,)
        Weights of the absolute values, and bounds.
    """

    none = False

    def __init__(self, l1, lower, upper):
        self.l1, self.lower, self.upper = l1, lower, upper

    def value(self, block, x):
        """Return g of a block."""
        return float(self.l1[block] @ np.abs(x))

    def prox(self, block, step, v):
        """Return the soft threshold of v, within the bounds."""
        threshold = step * self.l1[block]
        shrunk = v - np.clip(v, -threshold, threshold)
        return np.clip(shrunk, self.lower[block], self.upper[block])

    def least_subgradient(self, block, x, gradient):
        """Return the number nearest to zero in the interval of subgradients."""
        left = gradient + np.where(x > 0.0, self.l1[block], -self.l1[block])
        right = gradient + np.where(x < 0.0, -self.l1[block], self.l1[block])
        left = np.where(x <= self.lower[block], -np.inf, left)
        right = np.where(x >= self.upper[block], np.inf, right)
        return np.minimum(np.maximum(0.0, left), right)

    def bounds(self, n):
        """Return the least and the largest values that variables may have."""
        return self.lower, self.upper

    def at_kink(self, block, x):
        """Say which variables are zero, with a weight, or at a bound."""
        at_zero = (x == 0.0) & (self.l1[block] > 0.0)
        return at_zero | (x <= self.lower[block]) | (x >= self.upper[block])

    def cell(self, block, x, s):
        """Return the interval around x, on the side to which -s points."""
        l1, lower, upper = self.l1[block], self.lower[block], self.upper[block]
        right = (x > 0.0) | ((x == 0.0) & (s < 0.0))
        left = ~right & ((x < 0.0) | (s > 0.0))
        low = np.where(right, np.maximum(0.0, lower), np.where(left, lower, 0.0))
        high = np.where(right, upper, np.where(left, np.minimum(0.0, upper), 0.0))
        return np.where(l1 == 0.0, lower, low), np.where(l1 == 0.0, upper, high)

    def settled(self, block, x):
        """Return x within the bounds, and on those that it lies beside by rounding only."""
        x = np.clip(x, self.lower[block], self.upper[block])
        for bound in (self.lower[block], self.upper[block]):
            with np.errstate(invalid="ignore"):
                beside = np.abs(x - bound) <= 4.0 * EPSILON * np.abs(bound)
            x = np.where(beside & np.isfinite(bound), bound, x)
        return x


class Groups(NoTerms):
    """A sum of norms of groups; blocks hold whole groups.

    Parameters
    ----------
    group_of : ndarray of int of shape (n,)
        The group of each variable.
    weights : ndarray of shape (n_groups,)
        Of the norms.
    """

    none, grouped = False, True

    def __init__(self, group_of, weights):
        self.group_of, self.weights = group_of, weights

    def norms(self, block, x):
        """Return the norm of the group of each variable of a block, and its weight."""
        group = self.group_of[block]
        squares = np.bincount(group, x * x, len(self.weights))
        return np.sqrt(squares[group]), self.weights[group]

    def value(self, block, x):
        """Return g of a block."""
        squares = np.bincount(self.group_of[block], x * x, len(self.weights))
        return float(self.weights @ np.sqrt(squares))

    def prox(self, block, step, v):
        """Return v with the norm of each group shortened."""
        norm, weight = self.norms(block, v)
        long = norm > step * weight
        return v * np.where(long, 1.0 - step * weight / np.where(long, norm, 1.0), 0.0)

    def least_subgradient(self, block, x, gradient):
        """Return gradient + weight x / |x|, or at zero the gradient with its norm shortened."""
        norm, weight = self.norms(block, x)
        away = gradient + weight * x / np.where(norm > 0.0, norm, 1.0)
        return np.where(norm > 0.0, away, self.prox(block, 1.0, gradient))

    def at_kink(self, block, x):
        """Say which variables are zero, with a weight."""
        return (x == 0.0) & (self.weights[self.group_of[block]] > 0.0)
