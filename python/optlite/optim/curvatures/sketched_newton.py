"""The Hessian from a random compression of its square root over the rows."""

import math

import numpy as np
import scipy.sparse as sp

from ...reference import load
from ._base import Curvature, field

#: Entries of S in memory at once.
NUMBERS = 2**22


class SketchedNewton(Curvature):
    """Form (S A)^T (S A) plus the penalty, with A^T A the Hessian of the loss."""

    name = "sketched_newton"
    doc = "Newton steps with a Hessian whose square root is compressed to a few random rows."
    formula = (
        r"B_k p_k = -g_k, \quad B_k = (S_k A_k)^T S_k A_k + \alpha I, \quad A_k = "
        r"\operatorname{diag}(s_i \ell''(z_i, y_i) / S)^{1/2} [X\; 1], \quad \mathbb E S^T S = I"
    )
    reference = (
        "Pilanci and Wainwright, Newton sketch: a near linear-time optimization algorithm with "
        "linear-quadratic convergence, 2017"
    )
    method, step_size = "newton", "armijo"
    fields = (
        field(
            "sketch",
            "gaussian",
            "Normal numbers; signs, Hadamard's transform and rows drawn (srht); or one sign a row.",
            words=["gaussian", "srht", "sparse"],
        ),
        field(
            "sketch_factor",
            8.0,
            "Rows of the compressed square root, for each variable.",
            lower=1.0,
        ),
    )

    def check(self, has_rows):
        """Ask for a linear model of one margin."""
        if not (self.is_linear and self.objective._record["one_margin"]):
            raise TypeError(
                "objective must be a generalized linear model with one margin a sample for method="
                f"{self.name!r}, such as Logistic(X, y), got {type(self.objective).__name__}. Use "
                "method='subsampled_newton' or 'newton_cg'."
            )
        f = self.objective
        self._loss = load("objectives", f._loss_name)
        weight = np.ones(len(f.y)) if f.sample_weight is None else f.sample_weight
        self._share = weight / weight.sum()
        self._rows = min(math.ceil(self.sketch_factor * f.dim), len(f.y))

    def at(self, x):
        """Return the matrix at x, with a sketch drawn for this point."""
        f = self.objective
        margins = f._at(x).margins[:, 0]
        root = np.sqrt(self._share * self._loss.second(margins, f._codes, **f.fields))
        A = f.X.astype(np.float64)
        if f.fit_intercept:
            ones = np.ones((len(root), 1))
            A = sp.hstack([A, ones]).tocsr() if sp.issparse(A) else np.hstack([A, ones])
        A = sp.diags_array(root) @ A if sp.issparse(A) else root[:, None] * A
        SA = SKETCHES[self.sketch](A, self._rows, self.random)
        own = x[:-1] if f.fit_intercept else x
        bend = f.alpha * load("penalties", f.penalty).second(own) if f.alpha else 0.0 * own
        bend = np.append(bend, 0.0) if f.fit_intercept else bend
        return SA.T @ SA + np.diag(bend)


def gaussian(A, m, random):
    """Return S A with independent normal entries of variance 1 / m."""
    SA, width = np.zeros((m, A.shape[1])), max(NUMBERS // m, 1)
    for first in range(0, A.shape[0], width):
        rows = A[first : first + width]
        S = random.standard_normal((m, rows.shape[0]))
        SA += (rows.T @ S.T).T if sp.issparse(A) else S @ rows
    return SA / math.sqrt(m)


def srht(A, m, random):
    """Return S A: signs, Hadamard's transform, and m rows drawn without replacement.

    Ailon and Chazelle, The fast Johnson-Lindenstrauss transform, 2009. Rows of zeros fill up to a
    power of two.
    """
    A = A.toarray() if sp.issparse(A) else A
    n = 1 << max(len(A) - 1, 0).bit_length()
    H = np.zeros((n, A.shape[1]))
    H[: len(A)] = A * (2.0 * random.integers(0, 2, (len(A), 1)) - 1.0)
    half = 1
    while half < n:
        pairs = H.reshape(n // (2 * half), 2, half, -1)
        H = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1)
        half *= 2
    rows = random.choice(n, m, replace=False)
    return H.reshape(n, -1)[rows] / math.sqrt(m)


def sparse(A, m, random):
    """Return S A with one sign in each column of S: every row goes into one of m sums.

    Clarkson and Woodruff, Low-rank approximation and regression in input sparsity time, 2017.
    """
    n = A.shape[0]
    signs = 2.0 * random.integers(0, 2, n) - 1.0
    S = sp.csr_array((signs, (random.integers(0, m, n), np.arange(n))), shape=(m, n))
    SA = S @ A
    return SA.toarray() if sp.issparse(SA) else SA


SKETCHES = {"gaussian": gaussian, "srht": srht, "sparse": sparse}
