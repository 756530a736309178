"""Random problems that several exercises share."""

import numpy as np


class Counted:
    """A function that counts its calls and keeps the last argument."""

    def __init__(self, function):
        self.function, self.calls, self.last = function, 0, None

    def __call__(self, x):
        """Call it."""
        self.calls += 1
        self.last = np.array(x, dtype=float)
        return self.function(x)


def with_eigenvalues(rng, eigenvalues):
    """Return a random symmetric matrix with these eigenvalues."""
    size = len(eigenvalues)
    Q, _ = np.linalg.qr(rng.normal(size=(size, size)))
    return (Q * eigenvalues) @ Q.T


def close(a, b, tolerance=1e-9):
    """Whether two results agree, relative to their size."""
    a, b = np.asarray(a), np.asarray(b)
    return bool(np.abs(a - b).max(initial=0.0) <= tolerance * (1.0 + np.abs(b).max(initial=0.0)))


def smooth_function(rng, size=6, rows=12):
    """Return value, gradient and Lipschitz constant of sum_i log cosh(a_i' x - c_i), convex."""
    A, c = rng.normal(size=(rows, size)), rng.normal(size=rows)
    largest = np.linalg.norm(A, 2) ** 2

    def value(x):
        return float(np.sum(np.logaddexp(A @ x - c, c - A @ x) - np.log(2.0)))

    return value, lambda x: A.T @ np.tanh(A @ x - c), largest


def lasso_objective(X, y, w, alpha):
    """Return |y - X w|^2 / (2 n) + alpha |w|_1."""
    return np.sum((y - X @ w) ** 2) / (2 * len(y)) + alpha * np.abs(w).sum()


def solved_lasso(rng, n=20, p=7, support=3):
    """Draw a lasso whose solution is known; return X, y, alpha, the solution and its residual.

    The residual comes first. Each column then gets the part along it that optimality asks for, so
    that columns are correlated and nothing has to be solved.
    """
    residual, alpha = rng.normal(size=n), rng.uniform(0.1, 0.5)
    X = rng.normal(size=(n, p)) + 0.7 * rng.normal(size=(n, 1))
    w, slopes = np.zeros(p), rng.uniform(-0.9, 0.9, size=p)
    chosen = rng.permutation(p)[:support]
    slopes[chosen] = rng.choice([-1.0, 1.0], size=support)
    w[chosen] = slopes[chosen] * rng.uniform(0.5, 2.0, size=support)
    X += np.outer(residual, (n * alpha * slopes - X.T @ residual) / (residual @ residual))
    return X, X @ w + residual, alpha, w, residual


def histograms(rng, rows, columns):
    """Return two histograms and a matrix of costs between points of the plane."""
    a, b = rng.dirichlet(np.ones(rows) * 3), rng.dirichlet(np.ones(columns) * 3)
    left, right = rng.uniform(size=(rows, 2)), rng.uniform(size=(columns, 2))
    return a, b, np.sum((left[:, None] - right[None]) ** 2, axis=2)


def normal_nodes(mu, sigma, count=60):
    """Return points and weights that average over a normal distribution, by Gauss and Hermite."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return mu + sigma * nodes, weights / weights.sum()
