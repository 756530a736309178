"""Accelerated proximal gradients for sparse models whose penalty need not be convex.

min_w  f(w) + q(w) + g(w):  f is the loss at its best intercept. A concave penalty of slope one at
zero is taken apart into the kink g = strength |w| and q, which is smooth and as concave as the
penalty; else g is the penalty and q = 0. With L = max(Lipschitz constant of f's gradient,
concavity), beta = 0.99 / L, and a_k from `damping`::

    middle    = a_k point + (1 - a_k) aggregate
    point     = prox_g(point - beta / a_k gradient(middle); beta / a_k)
    aggregate = prox_g(middle - beta gradient(middle); beta)

Ghadimi and Lan, Accelerated gradient methods for nonconvex nonlinear and stochastic programming,
2016; Yang, Asgharian and Bhatnagar, Accelerated gradient methods for sparse statistical learning
with nonconvex penalties, 2022 (the damping). The restarts are those of O'Donoghue and Candes,
Adaptive restart for accelerated gradient schemes, 2015, section 3.2.
"""

from typing import NamedTuple

import numpy as np


class Record(NamedTuple):
    """One iteration."""

    iteration: int
    damping: float  # a_k
    point: np.ndarray
    middle: np.ndarray
    aggregate: np.ndarray  # the solution
    intercept: float  # the best for `middle`
    mapping: float  # |middle - aggregate| / beta, the norm of the generalised gradient
    restarts: bool  # whether the damping starts anew at the next iteration


def damping():
    """Yield a_1 = 1 and a_{k+1} = 2 / (1 + sqrt(1 + 4 / a_k^2)).

    These solve a_{k+1}^2 = (1 - a_{k+1}) a_k^2: as large as Ghadimi and Lan's conditions allow
    with beta constant. 1 / a_k grows by a half with each step, and a little more.
    """
    a = 1.0
    while True:
        yield a
        a = 2.0 / (1.0 + np.sqrt(1.0 + 4.0 / a**2))


def best_intercept(model, w, b=0.0):
    """Return the intercept that makes the loss least: Newton's method, with steps that descend."""
    if not model.intercept:
        return 0.0
    z, y, s, fields = model.X @ w, model.y, model.s, model.loss_fields
    for _ in range(50):
        before = s @ model.loss.value(z + b, y, *fields)
        first = s * model.loss.first(z + b, y, *fields)
        if abs(first.sum()) <= 1e-15 * np.abs(first).sum():
            break
        step = -first.sum() / max(s @ model.loss.second(z + b, y, *fields), 1e-10)
        for _ in range(60):
            if s @ model.loss.value(z + b + step, y, *fields) <= before + 1e-15 * abs(before):
                break
            step *= 0.5
        b += step
    return b


def concavity(model):
    """Return that of the penalty, whose strengths do not change it; 0 if it is convex."""
    known = getattr(model.penalty, "concavity", None)
    return 0.0 if known is None else known(*model.penalty_fields)


def descent(model, w, b):
    """Return minus the gradient of f + q, and the best intercept."""
    b = best_intercept(model, w, b)
    c, _ = model.products(w, b)
    if concavity(model):
        for own, a in model.groups:
            at = w[own] / a
            slope = model.penalty.subdifferential_distance(at, 0.0 * at, *model.penalty_fields)
            c[own] += a * np.where(at == 0.0, 0.0, np.sign(at) * (1.0 - slope))
    return c, b


def prox(model, v, step):
    """Return the minimiser of g(w) + |w - v|^2 / (2 step)."""
    if not concavity(model):
        return model.prox(v, step)
    w = np.empty_like(v)
    for own, a in model.groups:
        w[own] = v[own] - np.clip(v[own], -step * a, step * a)
    return w


def steps(model, w, lipschitz, restart=True, factors=damping):
    """Yield a record for each iteration.

    Parameters
    ----------
    model : optlite.reference.sparse_model.SparseModel
    w : ndarray of shape (d,)
        Start.
    lipschitz : float
        L; see `lipschitz`.
    restart : bool
    factors : callable
        Yields the damping: ones make plain proximal gradients.
    """
    beta, point, aggregate = 0.99 / lipschitz, w, w
    b, k, sequence = 0.0, 0, factors()
    while True:
        a = next(sequence)
        middle = a * point + (1.0 - a) * aggregate
        c, b = descent(model, middle, b)
        before = aggregate
        point = prox(model, point + beta / a * c, beta / a)
        aggregate = prox(model, middle + beta * c, beta)
        turns = restart and bool((middle - aggregate) @ (aggregate - before) > 0.0)
        k += 1
        mapping = float(np.linalg.norm(middle - aggregate)) / beta
        yield Record(k, a, point, middle, aggregate, b, mapping, turns)
        if turns:
            point, sequence = aggregate, factors()


def lipschitz(model):
    """Return max(bound lambda_max(Z^T S Z), concavity), Z the columns less their weighted means.

    With the best intercepts the Hessian is that of Z where the loss has its largest curvature, and
    below it elsewhere: Schur complements grow with the matrix.
    """
    Z = model.X - (np.average(model.X, axis=0, weights=model.s) if model.intercept else 0.0)
    largest = np.linalg.eigvalsh(Z.T @ (model.s[:, None] * Z))[-1]
    return max(model.loss.curvature_bound(*model.loss_fields) * largest, concavity(model))
