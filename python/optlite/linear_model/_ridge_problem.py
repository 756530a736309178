"""A ridge problem in the core: the choice among its solvers, and decompositions of its data."""

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from .._core import core
from .._estimator import is_accurate
from .._interruptible import interruptible
from .._validation import as_design, check_magnitudes
from ._conditioning import of_eigenvalues

#: What the solvers of scikit-learn that have no code of their own here stand for.
ITERATIVE = ("cg", "sparse_cg", "lsqr", "sag", "saga")
SOLVERS = ("auto", "cholesky", "dual", "svd", "lbfgs", *ITERATIVE)

#: Side of the largest square matrix that "auto" factorises (half a gigabyte).
MOST_SQUARE = 8000
#: Multiplications below which a direct solver is quicker than anything clever.
SMALL_WORK = 2e8
#: A read of X is bound by memory: it lasts as long as this many multiplications per entry.
PASS_COST = 24
#: Reads of X that conjugate gradients are expected to need.
EXPECTED_PASSES = 30


class LeastSquares:
    """A ridge problem in the core, with the choice among its solvers."""

    def __init__(self, X, y, weight, fit_intercept):
        self.X = X
        self.weight = weight
        self.fit_intercept = fit_intercept
        self.Y = np.ascontiguousarray(np.atleast_2d(y.T), dtype=np.float64)
        self.design = as_design(X)
        self.core = core.RidgeProblem(self.design, self.Y, weight, bool(fit_intercept))
        if not np.isfinite(self.core.target_squares()).all():
            raise ValueError(
                f"y overflows when squared: its largest absolute value is {np.abs(y).max():.3g}. "
                "Divide y by it."
            )
        self.sparse = sp.issparse(X)
        self.entries = X.nnz if self.sparse else X.size

    @property
    def n_targets(self):
        return self.Y.shape[0]

    def intercept(self, W):
        """Intercepts that belong to coefficients W (targets x features)."""
        return self.core.target_mean() - W @ self.core.mean()

    def fitted(self, W, y):
        """`coef_` and `intercept_` for coefficients W, with the shapes that scikit-learn gives."""
        dtype = self.X.dtype
        coef = (W[0] if len(W) == 1 else W).astype(dtype)
        if not self.fit_intercept:
            return coef, 0.0
        intercept = self.intercept(W).astype(dtype)
        return coef, intercept[0] if y.ndim == 1 else intercept

    def evaluate(self, W, alphas):
        """Gradients divided by -2, and objectives, of the targets at W."""
        G, loss = self.core.residual_moments(W)
        return G - alphas[:, None] * W, loss + alphas * np.einsum("tj,tj->t", W, W)

    # --- choice of the solver ---------------------------------------------------------------------

    def direct(self):
        """The direct solver with less work, and that work in multiplications."""
        n, d = self.X.shape
        # Sparse rows: each entry meets those of its own row.
        gram = self.entries**2 / max(n, 1) if self.sparse else n * d * d / 2
        kernel = n * self.entries / 2
        if d <= n:
            return "cholesky", gram + d**3 / 6
        return "dual", kernel + n**3 / 6

    def choose(self, alphas):
        """Name the solver that "auto" starts with.

        Multiplications decide. A direct solver costs the products that fill the smaller of the
        d x d and n x n matrices, and its factorisation. Conjugate gradients cost reads of X, each
        bound by memory (`PASS_COST` multiplications an entry), and how many depends on the
        spectrum, which nobody knows beforehand: they get a budget (see `budget`) and hand over to
        the direct solver if the certificate is not reached within it. Without a penalty, or with
        one lost in rounding, they have no certificate worth the name.
        """
        name, work = self.direct()
        n, d = self.X.shape
        if min(n, d) > MOST_SQUARE:
            return "cg"
        if work <= SMALL_WORK or (not self.sparse and n >= d and d <= 4000):
            return name
        if EXPECTED_PASSES * PASS_COST * self.entries > work or alphas.min() <= 0:
            return name
        if alphas.min() < 1e-7 * self.core.squares().max():
            return name
        return "cg"

    def budget(self):
        """Iterations of conjugate gradients that cost no more than a few direct solutions."""
        n, d = self.X.shape
        if min(n, d) > MOST_SQUARE:
            return max(1000, 10 * min(n, d))
        _, work = self.direct()
        return max(2 * EXPECTED_PASSES, int(work / (PASS_COST * max(self.entries, 1))))

    # --- solvers ----------------------------------------------------------------------------------

    def solve(self, solver, alphas, tol, max_iter):
        """Run one solver by its name in the API; returns the core's dict, plus "method"."""
        n, d = self.X.shape
        if solver == "auto":
            return self._solve_auto(alphas, tol, max_iter)
        if solver == "lbfgs":
            limit = max_iter or 1000
            return self._run("non_negative", alphas, tol, 1.0, limit)
        if solver in ITERATIVE:
            # What `tol` bounds under these names in scikit-learn has to hold as well.
            gradient = np.inf if solver == "cg" else max(tol, 1e-15)
            return self._run("cg", alphas, tol, gradient, max_iter or max(1000, 10 * min(n, d)))
        if solver == "svd":
            return self._svd(alphas, tol)
        wide = solver == "dual" or n < d
        result = self._run("dual" if wide else "cholesky", alphas, tol, 1.0, 1)
        return self._repair(result, alphas, tol)

    def _solve_auto(self, alphas, tol, max_iter):
        name = self.choose(alphas)
        if name != "cg":
            return self._direct_or_better(name, alphas, tol)
        n, d = self.X.shape
        result = self._run("cg", alphas, tol, np.inf, max_iter or self.budget())
        if result["status"] == "converged" or min(n, d) > MOST_SQUARE or max_iter is not None:
            return result
        name, _ = self.direct()
        tried = result["n_iter"]
        result = self._direct_or_better(name, alphas, tol)
        result["method"] += f" after {tried} iterations of conjugate gradients"
        return result

    def _direct_or_better(self, name, alphas, tol):
        """Run a direct solver; where its rounding is seen, decompose, and take the better."""
        result = self._run(name, alphas, tol, 1.0, 1)
        repaired = self._repair(result, alphas, tol)
        reached = repaired["certificate"].max(initial=0.0)
        if repaired is not result or is_accurate(reached, tol):
            return repaired
        other = self._decompose(alphas, tol)
        return other if other["certificate"].max(initial=0.0) < reached else result

    def _run(self, method, alphas, tol, gradient_tol, max_iter):
        result = self.core.solve(method, alphas, float(tol), float(gradient_tol), int(max_iter))
        if result["status"] != "converged":
            # NaN, infinity and overflow reach every product with X: they are named here.
            check_magnitudes(self.X, "Ridge")
        result["method"] = result["solver"] = method
        return result

    def _repair(self, result, alphas, tol):
        """Replace a factorisation that failed by a decomposition that cannot."""
        if len(result["coefficients"]) == self.n_targets and result["status"] != "not_finite":
            return result
        repaired = self._decompose(alphas, tol)
        repaired["method"] += f" (the matrix of '{result['method']}' is numerically singular)"
        return repaired

    def _decompose(self, alphas, tol):
        """Solve by a decomposition that cannot fail."""
        return self._eigen(alphas, tol) if self.sparse else self._svd(alphas, tol)

    def _svd(self, alphas, tol):
        """Decompose the centred, weighted X, or the triangle that rotations make of tall X."""
        Z, Y = self._triangle() if self.is_tall() else (self.scaled_data(), self.scaled_targets())
        unit = self._unit(alphas, np.linalg.norm(Z, axis=0))
        Z *= unit
        U, s, Vt = thin_svd(Z)
        keep = s > np.finfo(float).eps * max(self.X.shape) * s.max(initial=0.0)
        moments = (s[:, None] * (U.T @ Y)).T
        basis = _Basis(Vt[keep], s[keep] ** 2, unit, Vt[~keep])
        return self._from_spectrum(basis, moments[:, keep], alphas, tol, "svd")

    def _eigen(self, alphas, tol):
        """Decompose Z^T S Z, or for wide data K and map its eigenvectors."""
        n, d = self.X.shape
        if d <= n:
            unit = self._unit(alphas, np.sqrt(self.core.squares()))
            e, V = eigh(self.core.gram().T * unit * unit[:, None])
            keep = e > self.noise(e)
            basis = _Basis(V.T[keep], e[keep], unit, V.T[~keep])
        else:
            e, Ut = self.eigen_kernel()
            keep = e > 0
            e = e[keep]
            Vt = self.core.from_dual(np.ascontiguousarray(Ut[keep])) / np.sqrt(e)[:, None]
            basis = _Basis(Vt, e)
        moments = (self.core.target_moments() * basis.unit) @ basis.Vt.T
        return self._from_spectrum(basis, moments, alphas, tol, "eigen")

    def _unit(self, alphas, sizes):
        """Powers of two in whose units the columns are of one size.

        Small columns are no rounding of large ones. A penalty ties w to the units of X, and wide
        data are fitted by their large columns: both stay as they are.
        """
        if (alphas > 0).any() or self.X.shape[0] < self.X.shape[1]:
            return np.ones(len(sizes))
        return np.exp2(-np.round(np.log2(np.where(sizes > 0, sizes, 1.0))))

    def _from_spectrum(self, basis, moments, alphas, tol, method):
        """W = V (e + alpha)^-1 V^T Z^T S y, refined once; null directions are left at zero."""
        shifted = basis.e + alphas[:, None]
        W = basis.combine(moments / shifted)
        best = None
        for step in range(1, 4):
            G, value = self.evaluate(W, alphas)
            inside = (G * basis.unit) @ basis.Vt.T
            # F(w) - min F, known exactly in this basis; outside of it only the penalty is curved.
            gap = np.sum(inside**2 / shifted, axis=1)
            gap += self._gap_outside(G * basis.unit - inside @ basis.Vt, basis.unit, alphas)
            certificate = self.relative(gap, value)
            if best is not None and not certificate.sum() < best["certificate"].sum():
                break
            best = {"coefficients": W, "value": value, "certificate": certificate, "n_iter": step}
            if certificate.max(initial=0.0) <= tol:
                break
            W = basis.combine(inside / shifted, start=W)
        done = best["certificate"].max(initial=0.0) <= tol
        best["status"] = "converged" if done else "precision_limit"
        best.update(of_eigenvalues(basis.e, min(self.X.shape), alphas))
        best["message"] = "A direct solver ended at the rounding error of the data."
        best["n_passes"] = self.core.n_passes
        best["method"] = best["solver"] = method
        return best

    def _gap_outside(self, outside, unit, alphas):
        """Gap of gradients outside a basis: |g|^2 / alpha.

        Without a penalty such a gradient is rounding, or shows that the basis leaves out too much:
        it is measured by what one column alone would gain.
        """
        total = np.einsum("tj,tj->t", outside, outside)
        gap = np.divide(total, alphas, out=np.zeros_like(total), where=alphas > 0)
        if (alphas > 0).all():
            return gap
        curvature = self.core.squares() * unit**2
        single = np.divide(outside**2, curvature, out=np.zeros_like(outside), where=curvature > 0)
        return np.where(alphas > 0, gap, single.sum(axis=1))

    def relative(self, gap, value):
        """Relative certificate, with the floor that the core uses."""
        floor = np.finfo(float).eps * self.core.target_squares()
        scale = np.maximum(np.maximum(value, floor), np.finfo(float).tiny)
        return np.minimum(gap, np.maximum(value, 0.0)) / scale

    # --- decompositions ---------------------------------------------------------------------------

    def root_weight(self):
        """Square roots of the weights as a column."""
        n = self.X.shape[0]
        return np.ones((n, 1)) if self.weight is None else np.sqrt(self.weight)[:, None]

    def scaled_data(self):
        """S^(1/2) (X - mean) in float64: a dense copy."""
        Z = np.asarray(self.X, dtype=np.float64) - self.core.mean()
        if self.weight is not None:
            Z *= self.root_weight()
        return Z

    def is_tall(self):
        """Whether a triangle in place of X saves memory."""
        return self.X.shape[0] >= 8 * (self.X.shape[1] + self.n_targets)

    def _triangle(self):
        """R and Q^T y of S^(1/2) (X - mean, y - mean) = Q R, a block of rows at a time.

        The normal equations would square the condition number; rotations keep it, and the blocks
        need no copy of X (Golub and Van Loan, "Matrix Computations", 2013, section 5.2).
        """
        n, d = self.X.shape
        root, Y = self.root_weight(), self.scaled_targets()
        size = d + self.n_targets
        R = np.zeros((0, size))
        step = max(1024, 2 * size)
        for first in range(0, n, step):
            rows = slice(first, first + step)
            Z = (np.asarray(self.X[rows], dtype=np.float64) - self.core.mean()) * root[rows]
            R = np.linalg.qr(np.vstack([R, np.hstack([Z, Y[rows]])]), mode="r")
        return R[:d, :d].copy(), R[:d, d:]

    def scaled_targets(self):
        """S^(1/2) (y - mean), one column a target."""
        return self.root_weight() * (self.Y.T - self.core.target_mean())

    def eigen_gram(self):
        """Eigenvalues of Z^T S Z and its eigenvectors as rows; null ones are left out."""
        e, V = eigh(self.core.gram().T)
        keep = e > self.noise(e)
        return e[keep], np.ascontiguousarray(V.T[keep])

    def eigen_kernel(self):
        """Eigenvalues of K = S^(1/2) Z Z^T S^(1/2) and its eigenvectors as rows.

        With an intercept the vector of square roots of the weights belongs to eigenvalue zero and
        has to be set apart from other such vectors: it is moved to the top of the spectrum first.
        """
        K = self.core.kernel()
        if self.fit_intercept:
            unit = self.root_weight()
            unit = unit / np.linalg.norm(unit)
            top = 2.0 * np.abs(K).sum(axis=1).max(initial=0.0)
            K += (top if top > 0 else 1.0) * (unit @ unit.T)
        e, U = eigh(K)
        if self.fit_intercept:
            e, U = e[:-1], U[:, :-1]
        return self._without_noise(e), np.ascontiguousarray(U.T)

    def noise(self, e):
        """Rounding hides eigenvalues up to here."""
        return np.finfo(float).eps * max(self.X.shape) * e.max(initial=0.0)

    def _without_noise(self, e):
        return np.where(e > self.noise(e), e, 0.0)

    def svd_basis(self, dual):
        """The same eigenpairs from singular values: twice the digits, for dense X, with a copy."""
        Z = self.scaled_data()
        U, s, Vt = thin_svd(Z)
        e = self._without_noise(s * s)
        keep = e > 0
        if not dual:
            return e[keep], np.ascontiguousarray(Vt[keep])
        basis = U[:, keep]
        apart = 0
        if self.fit_intercept:
            basis = np.hstack([self.root_weight(), basis])
            apart = 1
        # Completes the basis by the other null directions.
        full = interruptible(np.linalg.qr, basis, mode="complete", work=float(len(basis)) ** 3).Q
        rest = full[:, basis.shape[1] :]
        vectors = np.hstack([basis[:, apart:], rest])
        return np.append(e[keep], np.zeros(rest.shape[1])), np.ascontiguousarray(vectors.T)


class _Basis:
    """Eigenvectors of Z^T S Z as rows of Vt, w in some unit, and those of eigenvalue zero."""

    def __init__(self, Vt, e, unit=None, null=None):
        self.Vt = Vt
        self.e = e
        self.unit = np.ones(Vt.shape[1]) if unit is None else unit
        self.null = None
        if null is not None and len(null) and (self.unit != 1.0).any():
            self.null = self._orthonormal(null)

    def combine(self, rotated, start=0.0):
        """Coefficients with these parts, of least norm in their own units; one row a target."""
        W = start + (rotated @ self.Vt) * self.unit
        if self.null is not None:
            W = W - (W @ self.null) @ self.null.T
        return np.ascontiguousarray(W)

    def _orthonormal(self, null):
        """The null space in the units of w, as columns.

        Each dependent column is written as a combination of others. Entries at rounding are zeros:
        the units would make a large number of them.
        """
        m = len(null)
        _, R, order = scipy.linalg.qr(null, mode="economic", pivoting=True)
        relations = np.zeros_like(null)
        relations[:, order[:m]] = np.eye(m)
        relations[:, order[m:]] = scipy.linalg.solve_triangular(R[:, :m], R[:, m:])
        relations[np.abs(relations) < 1e-11] = 0.0
        columns = (relations * self.unit).T
        return np.linalg.qr(columns / np.linalg.norm(columns, axis=0)).Q


def eigh(A):
    """Eigenvalues, ascending, and eigenvectors as columns; reads the lower triangle of A."""
    return interruptible(np.linalg.eigh, A, work=4.0 * len(A) ** 3)


def thin_svd(A):
    """U, the singular values, descending, and V^T of A."""
    work = 4.0 * max(A.shape) * min(A.shape) ** 2
    return interruptible(np.linalg.svd, A, full_matrices=False, work=work)
