"""FISTA: Nesterov's acceleration for a smooth function plus one with a kink.

For F = f + g, where the gradient of f is L-Lipschitz and prox(z) = argmin over x of
L |x - z|^2 / 2 + g(x) is easy, start with y_1 = x_0 and t_1 = 1, and repeat

    x_k = prox(y_k - grad f(y_k) / L),
    t_(k+1) = (1 + sqrt(1 + 4 t_k^2)) / 2,
    y_(k+1) = x_k + (t_k - 1) / t_(k+1) (x_k - x_(k-1)).

Then F(x_k) - F(x*) <= 2 L |x_0 - x*|^2 / (k + 1)^2, for convex f and g. Return x_n.

Source: Beck and Teboulle, A fast iterative shrinkage-thresholding algorithm for linear inverse
problems, 2009.
"""

import numpy as np

from .._exercise import holds
from .._problems import Counted, close, lasso_objective, solved_lasso

chapter = "sparse models"
difficulty = 2


def returns(gradient, prox, L, start, n_steps):
    """Return x_n, an array like start; gradient(x) and prox(z) are functions, n_steps is n."""
    return start.shape


def identity(z):
    """Return z: the operator of g = 0."""
    return z


@holds(
    "a step takes one gradient and one proximal operator",
    "Keep what you have computed. After the last x_k no other y is needed.",
)
def cost(answer, rng):
    gradient, prox = Counted(lambda x: 0.3 * x), Counted(identity)
    answer(gradient, prox, 1.0, rng.normal(size=4), 7)
    return gradient.calls == prox.calls == 7


@holds(
    "the first step is a plain proximal gradient step",
    "There is nothing to extrapolate from yet. Is the gradient divided by L, before the operator?",
)
def first_step(answer, rng):
    c, start, L = rng.normal(size=4), rng.normal(size=4), rng.uniform(2.0, 5.0)
    found = answer(lambda x: x - c, lambda z: np.clip(z, -0.5, 0.5), L, start, 1)
    return close(found, np.clip(start - (start - c) / L, -0.5, 0.5))


@holds(
    "the second step is plain, too, and the third extrapolates by 0.28 of the last one",
    "t_1 - 1 is zero. Compute t_2 and t_3 by hand, and compare with yours: which of them is "
    "divided by which?",
)
def momentum(answer, rng):
    start = rng.normal(size=3)
    one, two, three = (answer(lambda x: 0.5 * x, identity, 1.0, start, k) for k in (1, 2, 3))
    share = (2.0 * three - two) @ (two - one) / np.sum((two - one) ** 2)
    return close(two, 0.25 * start) and abs(share - 0.2817535) < 1e-6


@holds(
    "the operator is the last thing that is done",
    "x_k is what prox returns: with g of the kind 'x >= 0' no iterate may be negative.",
)
def ends_with_prox(answer, rng):
    c, start = -rng.uniform(0.5, 1.0, size=5), rng.uniform(3.0, 4.0, size=5)
    found = [
        answer(lambda x: 0.7 * (x - c), lambda z: np.maximum(z, 0.0), 1.0, start, k)
        for k in range(1, 12)
    ]
    return min(each.min() for each in found) >= 0.0


@holds(
    "on a lasso F falls as the bound promises",
    "Check each line of the algorithm once more: which point is the gradient taken at, and from "
    "which is x_k - x_(k-1) added?",
)
def bound(answer, rng):
    X, y, alpha, w, _ = solved_lasso(rng)
    L = np.linalg.norm(X, 2) ** 2 / len(y)

    def prox(z):
        return np.sign(z) * np.maximum(np.abs(z) - alpha / L, 0.0)

    for k in (1, 3, 10, 40):
        found = answer(lambda x: X.T @ (X @ x - y) / len(y), prox, L, np.zeros(7), k)
        gap = lasso_objective(X, y, found, alpha) - lasso_objective(X, y, w, alpha)
        if gap > 2.0 * L * (w @ w) / (k + 1) ** 2 + 1e-12:
            return False
    return True


@holds(
    "it is faster than any method without momentum",
    "Set the momentum to zero and compare: yours should need about the root of the steps.",
)
def accelerates(answer, rng):
    count = 200
    curvatures = np.array([1.0, rng.uniform(0.8, 1.2) / (2.0 * count)])
    start = rng.uniform(1.0, 2.0, size=2)
    x = answer(lambda z: curvatures * z, identity, 1.0, start, count)
    return 0.5 * np.sum(curvatures * x**2) <= 2.0 * (start @ start) / (count + 1) ** 2
