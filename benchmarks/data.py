"""Data of the linear-model benchmarks, and the objective every solver is judged by.

The generators are seeded: a task has the same numbers on every machine. ``Problem.save`` and
``load_problem`` carry a problem from the process that makes it to the processes that measure.
"""

import dataclasses
import json
import pathlib

import numpy as np
import scipy.sparse as sp

# ------------------------------------------------------------------------------- generators


def _correlated_design(n, d, seed, rho=0.3):
    """Draw equicorrelated columns of unit variance and the scores of a dense model."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    X += rho * rng.standard_normal((n, 1))
    X /= np.sqrt(1 + rho**2)
    w = np.zeros(d)
    w[rng.permutation(d)] = rng.standard_normal(d) / np.sqrt(d) * 2
    return X, X @ w, rng


def binary(n, d):
    """Draw a dense design and labels -1/+1 from a logistic model."""
    X, z, rng = _correlated_design(n, d, seed=0)
    return X, np.where(rng.random(n) < 1 / (1 + np.exp(-z)), 1.0, -1.0)


def badly_scaled(n, d):
    """Give the columns of `binary` scales from 1e-2 to 1e2 and means of a few deviations."""
    X, y = binary(n, d)
    rng = np.random.default_rng(4)
    scale = rng.permutation(np.logspace(-2, 2, d))
    X += 3 * rng.standard_normal(d)
    X *= scale
    return X, y


def classes(n, d, k):
    """Draw a dense design and k labels from a softmax model."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n, d))
    Z = X @ rng.standard_normal((d, k)) / np.sqrt(d) * 2 + rng.gumbel(size=(n, k))
    return X, Z.argmax(1)


def regression(n, d):
    """Draw a dense design and a target with Gaussian noise."""
    X, z, rng = _correlated_design(n, d, seed=3)
    return X, z + 0.5 * rng.standard_normal(n)


def _text_design(n, d, nnz_row):
    """Draw term-frequency-like rows: Zipf(1.1) columns, positive values, unit norms."""
    rng = np.random.default_rng(2)
    p = 1 / np.arange(1, d + 1) ** 1.1
    p /= p.sum()
    cols = np.searchsorted(np.cumsum(p), rng.random(n * nnz_row)).clip(max=d - 1)
    shuffled = rng.permutation(d)
    idf = np.log1p(1 / (p * nnz_row)).clip(0.1)
    values = idf[cols] * (0.5 + rng.random(n * nnz_row))
    rows = np.repeat(np.arange(n), nnz_row)
    X = sp.csr_matrix((values, (rows, shuffled[cols])), shape=(n, d))
    X.sum_duplicates()
    norms = np.sqrt(np.asarray(X.multiply(X).sum(1)).ravel())
    X = sp.csr_matrix(sp.diags(1 / norms) @ X)
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    return X, X @ (rng.standard_normal(d) * 4), rng


def text_binary(n, d, nnz_row=50):
    """Draw a sparse design and labels -1/+1 (duplicate entries merge: about 37 a row remain)."""
    X, z, rng = _text_design(n, d, nnz_row)
    return X, np.where(z + 0.5 * rng.logistic(size=n) > 0, 1.0, -1.0)


def text_regression(n, d, nnz_row=50):
    """Draw a sparse design and a target with Gaussian noise."""
    X, z, rng = _text_design(n, d, nnz_row)
    return X, z + 0.5 * rng.standard_normal(n)


# ------------------------------------------------------------------------------- problems


@dataclasses.dataclass
class Problem:
    """One optimization problem: data, penalty, and the objective of a candidate solution.

    Attributes
    ----------
    kind : {"logistic", "multinomial", "ridge", "ridgecv"}
    X : ndarray or csr_matrix, shape (n, d), float64
    y : ndarray, shape (n,)
    strength : float or ndarray
        ``C`` of a logistic model (``inf`` is no penalty), ``alpha`` of ridge regression, the grid
        of alphas of ridge regression with cross-validation.
    intercept : bool
        Whether the model has an (unpenalised) intercept.
    reference : dict of ndarray
        Leave-one-out errors and optimal values per alpha; of "ridgecv" only.
    """

    kind: str
    X: object
    y: np.ndarray
    strength: object
    intercept: bool = False
    reference: dict = dataclasses.field(default_factory=dict)

    @property
    def alpha(self):
        """The penalty of the mean loss: F(w) = mean loss + alpha/2 |w|^2."""
        n = self.X.shape[0]
        return self.strength / n if self.kind == "ridge" else 1 / (self.strength * n)

    @property
    def nbytes(self):
        """Bytes of X: what one pass over the data must read."""
        if sp.issparse(self.X):
            return self.X.data.nbytes + self.X.indices.nbytes + self.X.indptr.nbytes
        return self.X.nbytes

    def objective(self, solution):
        """Evaluate F at a `Solution`; smaller is better, comparable across solvers."""
        return float(_OBJECTIVES[self.kind](self, solution))

    def head(self, n):
        """Return a small copy of the problem: its first n rows (all classes present)."""
        rows = np.arange(min(n, self.X.shape[0]))
        if self.kind in ("logistic", "multinomial"):
            rows = np.union1d(rows, np.unique(self.y, return_index=True)[1])
        return dataclasses.replace(self, X=self.X[rows].copy(), y=self.y[rows].copy())

    def save(self, folder):
        """Write the problem into a folder."""
        folder = pathlib.Path(folder)
        arrays = {"y": self.y, "strength": np.asarray(self.strength), **self.reference}
        if sp.issparse(self.X):
            arrays |= {f"csr_{k}": getattr(self.X, k) for k in ("data", "indices", "indptr")}
        else:
            arrays["X"] = self.X
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        facts = {"kind": self.kind, "intercept": self.intercept, "shape": self.X.shape}
        (folder / "problem.json").write_text(json.dumps(facts))


def load_problem(folder):
    """Read what `Problem.save` wrote."""
    folder = pathlib.Path(folder)
    facts = json.loads((folder / "problem.json").read_text())
    arrays = {path.stem: np.load(path) for path in folder.glob("*.npy")}
    if "X" in arrays:
        X = arrays.pop("X")
    else:
        parts = tuple(arrays.pop(f"csr_{k}") for k in ("data", "indices", "indptr"))
        X = sp.csr_matrix(parts, shape=facts["shape"])
    strength = arrays.pop("strength")
    strength = float(strength) if strength.ndim == 0 else strength
    y = arrays.pop("y")
    return Problem(facts["kind"], X, y, strength, facts["intercept"], reference=arrays)


@dataclasses.dataclass
class Solution:
    """What a solver returns; `alpha` is the one that cross-validation chose."""

    coef: np.ndarray
    intercept: object = 0.0
    alpha: float | None = None
    certificate: float | None = None
    n_iter: int | None = None


# ------------------------------------------------------------------------------- objectives


def _logistic(problem, solution):
    w = np.ravel(solution.coef)
    z = problem.X @ w + float(np.ravel(solution.intercept)[0])
    return np.logaddexp(0, -problem.y * z).mean() + 0.5 * problem.alpha * (w @ w)


def _multinomial(problem, solution):
    W = solution.coef
    Z = problem.X @ W.T + np.ravel(solution.intercept)
    top = Z.max(1)
    log_sum = np.log(np.exp(Z - top[:, None]).sum(1)) + top
    picked = Z[np.arange(len(problem.y)), problem.y]
    return (log_sum - picked).mean() + 0.5 * problem.alpha * (W * W).sum()


def _ridge(problem, solution):
    w = np.ravel(solution.coef)
    r = problem.y - problem.X @ w
    return (r @ r) / len(r) + problem.alpha * (w @ w)


def _ridge_value(X, y, alpha, w):
    r = y - X @ w
    return r @ r + alpha * (w @ w)


def _ridgecv(problem, solution):
    """Return 1 + the larger relative excess: of the leave-one-out error, of the ridge value.

    Both are relative to the exact ones in `problem.reference`, so that a solver is judged by the
    alpha that it chose as well as by the coefficients that it computed for that alpha.
    """
    w, alphas = np.ravel(solution.coef), problem.strength
    i = int(np.argmin(np.abs(np.log(alphas / solution.alpha))))
    errors, optima = problem.reference["loo_errors"], problem.reference["ridge_values"]
    value = _ridge_value(problem.X, problem.y, alphas[i], w)
    return 1 + max(errors[i] / errors.min() - 1, value / optima[i] - 1, 0.0)


def ridgecv_reference(X, y, alphas):
    """Compute leave-one-out errors and optimal ridge values for every alpha from one SVD."""
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    Uy, errors, optima = U.T @ y, [], []
    for alpha in alphas:
        shrink = s * s / (s * s + alpha)
        residual = (y - U @ (shrink * Uy)) / (1 - (U * U) @ shrink)
        errors.append(residual @ residual)
        optima.append(_ridge_value(X, y, alpha, Vt.T @ (s / (s * s + alpha) * Uy)))
    return {"loo_errors": np.array(errors), "ridge_values": np.array(optima)}


_OBJECTIVES = {
    "logistic": _logistic,
    "multinomial": _multinomial,
    "ridge": _ridge,
    "ridgecv": _ridgecv,
}
