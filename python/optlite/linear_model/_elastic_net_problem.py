"""An elastic net in the core: which Gram matrix it works on, and what takes over without L1."""

import dataclasses

import numpy as np
import scipy.sparse as sp

from .._core import core
from .._estimator import is_accurate, warn_not_converged
from .._validation import as_columns, as_design, check_magnitudes
from .._warnings import warn
from ._ridge_problem import LeastSquares

CERTIFICATE = "relative duality gap"
#: Multiplications below which the Gram matrix of all columns costs nothing.
SMALL_WORK = 2e7
#: A read of X lasts as long as the products of all columns with so many of them.
COLUMNS_OF_A_READ = 24
#: Columns of the largest Gram matrix that is made unasked (a quarter of a gigabyte).
MOST_COLUMNS = 5000


@dataclasses.dataclass
class Fit:
    """The solution for one target and one alpha.

    Attributes
    ----------
    coefficients : ndarray of shape (n_features,)
    value, gap, certificate : float
        Objective, duality gap and their ratio.
    n_iter : int
        Sweeps over the coordinates.
    status, message : str
        How the run ended, in a word and in a sentence.
    """

    coefficients: np.ndarray
    value: float
    gap: float
    certificate: float
    n_iter: int
    status: str
    message: str


class ElasticNetProblem:
    """Data, weights and intercept of elastic nets; targets and strengths come later.

    Parameters
    ----------
    X : ndarray or sparse matrix of float32 or float64
        Validated; read in place.
    weight : ndarray of float64 or None
    fit_intercept : bool
    n_strengths : int
        How many strengths are going to be solved, about.
    precompute : bool, "auto" or ndarray
        True asks for the Gram matrix of all columns; an array is that matrix.
    name : str
        The class or function in whose name errors speak.
    """

    def __init__(self, X, weight, fit_intercept, *, n_strengths=1, precompute=False, name):
        self.X = X
        self.weight = weight
        self.fit_intercept = bool(fit_intercept)
        self.name = name
        self.total_weight = float(X.shape[0]) if weight is None else float(weight.sum())
        gram = self._given_gram(precompute)
        self.whole = gram is not None or precompute is True or self._is_cheap(n_strengths)
        design = as_design(X) if self.whole and gram is None and not sp.issparse(X) else None
        self.core = core.ElasticNetData(as_columns(X), design, weight, self.fit_intercept)
        if gram is not None:
            self.core.use_gram(gram)

    def _is_cheap(self, n_strengths):
        """Whether the Gram matrix of all columns costs less than the reads of X that it saves."""
        n, d = self.X.shape
        if sp.issparse(self.X):
            return self.X.nnz * d <= SMALL_WORK
        if n * d * d / 2 <= SMALL_WORK:
            return True
        return d <= min(n, MOST_COLUMNS, COLUMNS_OF_A_READ * (n_strengths // 2 + 2))

    def _given_gram(self, precompute):
        """The Gram matrix of the caller, for the weights as they are; None if there is none."""
        if not hasattr(precompute, "__array__") and not isinstance(precompute, (list, tuple)):
            return None
        gram = np.asarray(precompute, dtype=np.float64)
        d = self.X.shape[1]
        if gram.shape != (d, d):
            raise ValueError(
                f"precompute must be a Gram matrix of shape {(d, d)}, got shape {gram.shape}. "
                "Set precompute=True to have it computed."
            )
        if sp.issparse(self.X):
            return None
        weight = np.ones(self.X.shape[0]) if self.weight is None else self.weight
        scaled = weight * (self.X.shape[0] / weight.sum())
        if self.fit_intercept and not np.allclose(scaled @ self.X / len(scaled), 0.0):
            warn(
                "Gram matrix was provided but X was centered to fit intercept: recomputing Gram "
                "matrix. Centre X, or set fit_intercept=False.",
                UserWarning,
            )
            return None
        self._check_gram(gram, scaled)
        return np.ascontiguousarray(gram * (weight.sum() / len(weight)))

    def _check_gram(self, gram, weight):
        """Compare products with one vector, to which every entry of the matrix contributes.

        They may differ by a share of what Cauchy and Schwarz allow, whatever the units of columns.
        """
        X = self.X
        v = np.random.default_rng(0).uniform(0.5, 1.5, X.shape[1])
        image = X @ v.astype(X.dtype)
        expected = X.T @ (weight.astype(X.dtype) * image)
        found = gram @ v
        norms = np.sqrt(np.nan_to_num(gram.diagonal(), posinf=0.0).clip(0.0))
        size = np.sqrt(weight @ np.square(image, dtype=np.float64)) + np.linalg.norm(norms * v)
        room = (1e-4 if X.dtype == np.float32 else 1e-7) * size * norms
        wrong = ~(np.abs(found - expected) <= room)
        if wrong.any():
            j = int(np.argmax(wrong))
            raise ValueError(
                f"The Gram matrix passed as precompute did not pass validation: row {j} is not "
                "that of X. Use X.T @ X of the data that are passed, or precompute=True."
            )

    def target(self, y):
        """Read X for a target; y is a 1-d array."""
        values = np.ascontiguousarray(y, dtype=np.float64)
        target = core.ElasticNetTarget(self.core, values, self.whole)
        check_target(target, self, y)
        return Target(self, target, values)


def check_target(target, problem, y):
    """Raise ValueError, naming the cause, if sums of squares of a problem's target overflow."""
    if not target.is_finite:
        check_magnitudes(problem.X, problem.name)
        refuse_overflow(y)


def refuse_overflow(y):
    """Raise ValueError for targets whose squares overflow."""
    raise ValueError(
        f"y overflows when squared: its largest absolute value is {np.abs(y).max():.3g}. "
        "Divide y by it."
    )


def refuse_large_strengths(alpha, weights):
    """Raise ValueError if a strength, alpha times the largest of some weights, overflows."""
    largest = np.max(weights)
    with np.errstate(over="ignore"):
        overflows = np.isinf(np.float64(alpha) * largest)
    if overflows:
        raise ValueError(
            f"alpha times the largest of weights must be finite, got {alpha:.6g} times "
            f"{largest:.6g}. Divide the weights by {largest:.6g}; only products matter."
        )


class Target:
    """One target of a problem."""

    def __init__(self, problem, target, y):
        self.problem = problem
        self.core = target
        self.y = y
        self._ridge = None

    def intercept(self, coefficients):
        """The intercept, or intercepts, that belong to coefficients (one row each)."""
        if not self.problem.fit_intercept:
            return 0.0
        return self.core.mean - coefficients @ self.problem.core.mean

    def path(self, alphas, l1_ratio, *, positive=False, tol=1e-8, max_iter=10_000, start=None):
        """Solve for alphas in descending order; one `Fit` each."""
        alphas = [float(alpha) for alpha in alphas]
        penalised = [alpha for alpha in alphas if alpha * l1_ratio > 0]
        fits = []
        if penalised:
            result = self.core.path(
                penalised, float(l1_ratio), bool(positive), float(tol), int(max_iter), start
            )
            fits = [
                Fit(coefficients, **fit)
                for coefficients, fit in zip(result["coefficients"], result["fits"], strict=True)
            ]
        return fits + [self._without_l1(alpha, positive, tol) for alpha in alphas[len(penalised) :]]

    def _without_l1(self, alpha, positive, tol):
        """Ridge regression, or least squares: its solvers know no sparsity, and need none."""
        problem = self.problem
        if self._ridge is None:
            self._ridge = LeastSquares(problem.X, self.y, problem.weight, problem.fit_intercept)
        strength = np.array([alpha * problem.total_weight])
        result = self._ridge.solve("lbfgs" if positive else "auto", strength, tol, None)
        value = float(result["value"][0]) / (2.0 * problem.total_weight)
        certificate = float(result["certificate"][0])
        return Fit(
            result["coefficients"][0],
            value,
            certificate * value,
            certificate,
            int(max(result["n_iter"], 1)),
            result["status"],
            result["message"],
        )


def report_missed(fits, name, tol, max_iter, several="alphas", certificate=CERTIFICATE):
    """Warn once about fits that did not reach the tolerance."""
    missed = [fit for fit in fits if not is_accurate(fit.certificate, tol)]
    if not missed:
        return
    worst = max(missed, key=lambda fit: fit.certificate)
    share = f" So for {len(missed)} of {len(fits)} {several}." if len(fits) > 1 else ""
    if worst.status == "iteration_limit":
        remedy = f"Increase max_iter (now {max_iter}), tol or alpha."
    else:
        remedy = (
            "Scale the columns of X (sklearn.preprocessing.StandardScaler), or increase tol or "
            "alpha."
        )
    warn_not_converged(
        estimator=name,
        iterations=worst.n_iter,
        reached=worst.certificate,
        asked=tol,
        certificate=certificate,
        reason=worst.message + share,
        remedy=remedy,
    )


def alpha_grid(largest, l1_ratio, eps, count):
    """Return `count` strengths in equal ratios, from the largest that matters to `eps` times it."""
    if l1_ratio == 0:
        raise ValueError(
            "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid "
            "by providing your estimator with the appropriate `alphas=` argument."
        )
    largest = largest / l1_ratio
    smallest = np.finfo(np.float64).resolution
    if largest <= smallest:
        return np.full(count, smallest)
    return np.geomspace(largest, largest * eps, num=count)
