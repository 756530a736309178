"""Lanczos' method: a symmetric matrix becomes tridiagonal, one product with a vector a step.

A q_j = beta_(j-1) q_(j-1) + alpha_j q_j + beta_j q_(j+1),   q_1, q_2, ... orthonormal

C. Lanczos, An iteration method for the solution of the eigenvalue problem of linear differential
and integral operators, 1950. Bases are rows here: row j of Q is q_j. :mod:`optlite.curvature` runs
the function :func:`steps` below, with a compiled :func:`extend_basis`.
"""

import collections

import numpy as np

EPSILON = np.finfo(np.float64).eps

#: One step: alpha_j, beta_j, the rows q_1 ... q_(j+1), whether the new one was made orthogonal to
#: all others, what a late such correction took from it, whether the steps had ended and go on from
#: a random vector, and by how much the product is not that of a symmetric matrix, relative to the
#: largest one.
Step = collections.namedtuple(
    "Step", "alpha beta basis reorthogonalized removed restarted asymmetry"
)


def extend_basis(Q, W, least=0.0):
    """Make the rows of W orthonormal, also to the orthonormal rows of Q, in place.

    Return `along` and `inside` with ``W_before = along @ Q + inside @ W``; `inside` is lower
    triangular. A row of which no more than `least`, or rounding, is left becomes zero.

    Gram and Schmidt's method in blocks, twice: Barlow and Smoktunowicz, Reorthogonalized block
    classical Gram-Schmidt, 2013.
    """
    limits = np.maximum(least, 32 * EPSILON * np.linalg.norm(W, axis=1))
    along = W @ Q.T
    W -= along @ Q
    inside = _orthonormalize(W, limits)
    again = W @ Q.T  # what rounding left, which is not small beside a remainder that is
    W -= again @ Q
    along += inside @ again
    return along, inside @ _orthonormalize(W, np.full(len(W), 0.1))


def _orthonormalize(W, limits):
    inside = np.zeros((len(W), len(W)))
    for i, row in enumerate(W):
        for _ in range(2):
            products = W[:i] @ row
            row -= products @ W[:i]
            inside[i, :i] += products
        after = np.linalg.norm(row)
        if after <= limits[i]:
            row[:] = 0.0
        else:
            row /= after
            inside[i, i] = after
    return inside


class OrthogonalityEstimate:
    """Follow how far a basis is from orthogonal without a product of two of its vectors.

    Rounding errors of Lanczos' recurrence obey a recurrence of their own: H. D. Simon, The Lanczos
    algorithm with partial reorthogonalization, 1984. `size` is the length of the
    vectors.
    """

    limit = np.sqrt(EPSILON)  # so far the eigenvalues of T are as accurate as with a full basis

    def __init__(self, size):
        self.noise = EPSILON * np.sqrt(size)
        self.last, self.now = np.zeros(0), np.ones(1)
        self.again = False

    def exceeded(self, alphas, betas):
        """Take in a step; return whether the next vector must be made orthogonal to all others.

        Two vectors in a row must: each new one is made of the last two.
        """
        j = len(alphas) - 1
        a, b = np.asarray(alphas), np.asarray(betas)
        now = self.now
        moved = b[:j] * now[1:] + (a[:j] - a[j]) * now[:j]
        moved[1:] += b[: j - 1] * now[: j - 1] if j > 1 else 0.0
        if j > 0:
            moved -= b[j - 1] * self.last
        moved += np.copysign(2 * EPSILON * max(np.abs(a).max(), b.max()), moved)
        following = np.concatenate([moved / b[j], [self.noise, 1.0]])
        due = self.again or np.abs(following[:-1]).max() > self.limit
        self.again = due and not self.again
        if due:
            following[:-1] = EPSILON
        self.last, self.now = now, following
        return due


def steps(multiply, start, n_steps, reorthogonalize="full", extend=extend_basis, restart=None):
    """Yield a Step for each product with the matrix.

    `multiply` maps one row, of shape (1, size), to another. With reorthogonalize "full" each vector
    is made orthogonal to all before it; with "selective" only when Simon's estimate asks for it;
    with "none" to the last two, as on paper: rounding then brings back what was found already.

    Where beta is zero the span of the basis is invariant: the steps end, or go on from the vector
    that ``restart()`` returns, with beta = 0 between the two parts of T.
    """
    size = start.size
    Q = np.empty((n_steps + 1, size))
    Q[0] = start.ravel() / np.sqrt(np.sum(start**2))  # norm's bits depend on threads of a BLAS
    alphas, betas, largest = [], [], 0.0
    estimate = OrthogonalityEstimate(size)
    for j in range(n_steps):
        w = multiply(Q[j : j + 1])
        first = 0 if reorthogonalize == "full" else max(j - 1, 0)
        largest = max(largest, np.linalg.norm(w))
        least = 10 * EPSILON * np.sqrt(size) * largest
        along, inside = extend(Q[first : j + 1], w, least)
        alphas.append(float(along[0, -1]))
        asymmetry = _gap(along[0, :-1], betas) / (largest or 1.0)
        betas.append(float(inside[0, 0]))
        everything, removed, restarted = reorthogonalize == "full", 0.0, False
        if betas[-1] > 0.0 and reorthogonalize == "selective":
            everything = estimate.exceeded(alphas, betas)
            if everything:
                late, left = extend(Q[: j + 1], w, 0.1)
                removed = float(betas[-1] * np.linalg.norm(late))
                betas[-1] *= float(left[0, 0])
        if betas[-1] == 0.0 and restart is not None and j + 1 < min(size, n_steps):
            w, restarted = restart()[None], True
            # The recurrence needs the last two; only of an orthogonal basis more can be taken out.
            first = max(j - 1, 0) if reorthogonalize == "none" else 0
            extend(Q[first : j + 1], w, 0.0)
            estimate = OrthogonalityEstimate(size)
            estimate.last, estimate.now = np.full(j + 1, EPSILON), np.full(j + 2, EPSILON)
            estimate.now[-1] = 1.0
        Q[j + 1] = w[0]
        basis = Q[: j + 2]
        yield Step(alphas[-1], betas[-1], basis, everything, removed, restarted, asymmetry)
        if betas[-1] == 0.0 and not restarted:
            return


def _gap(before, betas):
    """Of a symmetric matrix all parts of A q_j along q_1 ... q_(j-1) are 0, the last one beta."""
    expected = np.zeros(len(before))
    expected[-1:] = betas[-1:]
    return float(np.abs(before - expected).max(initial=0.0))


def ritz(alphas, betas):
    """Return the eigenvalues of T and its eigenvectors, in rows."""
    T = (
        np.diag(alphas)
        + np.diag(betas[: len(alphas) - 1], 1)
        + np.diag(betas[: len(alphas) - 1], -1)
    )
    values, vectors = np.linalg.eigh(T)
    return values, vectors.T
