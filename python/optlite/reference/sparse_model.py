"""Any loss with any penalty, along the lines of the core's solver for sparse models, but plainly.

min_{w, b}  sum_i s_i l(x_i . w + b, y_i) / S + sum_g P_g(w_g),   S = sum_i s_i

`loss` and `penalty` are twins of this package, `groups` lists of coefficients with strengths a_g:
P_g is a_g h, or a_g^2 h(w / a_g) where the penalty says that its bends move with its strength.
"""

import numpy as np


class SparseModel:
    """A problem: data, loss, penalty and its groups.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    y : ndarray of shape (n,)
    weight : ndarray of shape (n,) or None
    loss, penalty : module
        Twins, such as ``reference.load("objectives", "huber")``.
    groups : list of (ndarray of int, float)
        Coefficients that are judged together, and the strength for them.
    loss_fields, penalty_fields : tuple of float
        Hyper-parameters.
    intercept : bool
    """

    def __init__(
        self, X, y, weight, loss, penalty, groups, loss_fields=(), penalty_fields=(), intercept=True
    ):
        self.X, self.y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
        s = np.ones(len(self.y)) if weight is None else np.asarray(weight, dtype=float)
        self.s = s / s.sum()
        self.loss, self.penalty, self.groups = loss, penalty, groups
        self.loss_fields, self.penalty_fields = loss_fields, penalty_fields
        self.intercept = intercept
        self.moves = getattr(penalty, "moves_with_strength", False)

    def value(self, w, b):
        """Return the objective."""
        z = self.X @ w + b
        return self.s @ self.loss.value(z, self.y, *self.loss_fields) + sum(
            self.penalty_of(w[own], a) for own, a in self.groups
        )

    def penalty_of(self, w, a):
        """Return P of one group."""
        if self.moves:
            return a**2 * np.sum(self.penalty.value(w / a, *self.penalty_fields))
        return a * np.sum(self.penalty.value(w, *self.penalty_fields))

    def products(self, w, b):
        """Return minus the derivatives of the loss in w, and in b."""
        r = -self.s * self.loss.first(self.X @ w + b, self.y, *self.loss_fields)
        return self.X.T @ r, r.sum()

    def violation(self, w, b):
        """Return the largest distance of these from the subdifferentials."""
        c, _ = self.products(w, b)
        distance, fields = self.penalty.subdifferential_distance, self.penalty_fields
        return max(
            a * np.max(distance(w[own] / a if self.moves else w[own], -c[own] / a, *fields))
            for own, a in self.groups
        )

    def gap(self, w, b):
        """Return the duality gap, for the largest t <= 1 at which all conjugates are finite."""
        c, _ = self.products(w, b)
        penalty, fields = self.penalty, self.penalty_fields
        t = min(1.0, *(np.min(penalty.reach(c[own] / a, *fields)) for own, a in self.groups))
        if t == 0.0:
            return np.inf
        gap = self.s @ self.loss.gap(self.X @ w + b, self.y, t, *self.loss_fields)
        for own, a in self.groups:
            conjugate = a * np.sum(penalty.conjugate(t * c[own] / a, *fields))
            gap += self.penalty_of(w[own], a) + conjugate - t * c[own] @ w[own]
        return gap

    def prox(self, w, step):
        """Return the minimiser of P(v) + |v - w|^2 / (2 step)."""
        out = np.empty_like(w)
        for own, a in self.groups:
            if self.moves:
                out[own] = a * self.penalty.prox(w[own] / a, step, *self.penalty_fields)
            else:
                out[own] = self.penalty.prox(w[own], a * step, *self.penalty_fields)
        return out

    def steps(self, w, b=0.0, step=1.0):
        """Yield the points of proximal gradient steps, each short enough for the value to fall."""
        while True:
            c, slope = self.products(w, b)
            before = self.value(w, b)
            while True:
                v = self.prox(w + step * c, step)
                u = b + step * slope * self.intercept
                moved = np.sum((v - w) ** 2) + (u - b) ** 2
                if self.value(v, u) <= before - 0.1 * moved / step or moved < 1e-30:
                    break
                step *= 0.5
            w, b, step = v, u, 1.5 * step
            yield w, b
