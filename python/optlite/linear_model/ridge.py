"""Ridge regression and classification with a certificate, and exact leave-one-out selection."""

import warnings
from functools import partial
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.linear_model._base import LinearClassifierMixin, LinearModel
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_scalar, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from .._core import core
from .._estimator import EstimatorShell, begin_callbacks, end_callbacks, warn_not_converged
from .._validation import (
    as_design,
    check_fit_data,
    check_magnitudes,
    check_sparse_structure,
    check_weights,
)

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


class _LeastSquares:
    """A ridge problem in the core, with the choice among its solvers."""

    def __init__(self, X, y, weight, fit_intercept):
        self.X = X
        self.weight = weight
        self.fit_intercept = fit_intercept
        self.Y = np.ascontiguousarray(np.atleast_2d(y.T), dtype=np.float64)
        self.design = as_design(X)
        self.core = core.RidgeProblem(self.design, self.Y, weight, bool(fit_intercept))
        self.sparse = sp.issparse(X)
        self.entries = X.nnz if self.sparse else X.size

    @property
    def n_targets(self):
        return self.Y.shape[0]

    def intercept(self, W):
        """Intercepts that belong to coefficients W (targets x features)."""
        return self.core.target_mean() - W @ self.core.mean()

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
            return self._repair(self._run(name, alphas, tol, 1.0, 1), alphas, tol)
        n, d = self.X.shape
        result = self._run("cg", alphas, tol, np.inf, max_iter or self.budget())
        if result["status"] == "converged" or min(n, d) > MOST_SQUARE or max_iter is not None:
            return result
        name, _ = self.direct()
        tried = result["n_iter"]
        result = self._repair(self._run(name, alphas, tol, 1.0, 1), alphas, tol)
        result["method"] += f" after {tried} iterations of conjugate gradients"
        return result

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
        repaired = self._eigen(alphas, tol) if self.sparse else self._svd(alphas, tol)
        repaired["method"] += f" (the matrix of '{result['method']}' is numerically singular)"
        return repaired

    def _svd(self, alphas, tol):
        """Decompose the centred, weighted X: the only solver that copies it."""
        U, s, Vt = scipy.linalg.svd(self.scaled_data(), full_matrices=False, check_finite=False)
        Uty = U.T @ self.scaled_targets()
        return self._from_spectrum(Vt, s * s, (s[:, None] * Uty).T, alphas, tol, "svd")

    def _eigen(self, alphas, tol):
        """Decompose Z^T S Z, or for wide data K and map its eigenvectors."""
        n, d = self.X.shape
        if d <= n:
            e, Vt = self.eigen_gram()
        else:
            e, Ut = self.eigen_kernel()
            keep = e > 0
            e = e[keep]
            Vt = self.core.from_dual(np.ascontiguousarray(Ut[keep])) / np.sqrt(e)[:, None]
        moments = self.core.target_moments() @ Vt.T
        return self._from_spectrum(Vt, e, moments, alphas, tol, "eigen")

    def _from_spectrum(self, Vt, e, moments, alphas, tol, method):
        """W = V (e + alpha)^-1 V^T Z^T S y, refined once; null directions are left at zero."""
        e = np.where(e > np.finfo(float).eps * max(self.X.shape) * e.max(initial=0.0), e, 0.0)
        shifted = e + alphas[:, None]
        inverse = np.divide(1.0, shifted, out=np.zeros_like(shifted), where=e > 0)
        W = (moments * inverse) @ Vt
        best = None
        for step in range(1, 4):
            W = np.ascontiguousarray(W)
            G, loss = self.core.residual_moments(W)
            G = G - alphas[:, None] * W
            inside = G @ Vt.T
            value = loss + alphas * np.einsum("tj,tj->t", W, W)
            # F(w) - min F, known exactly in this basis; outside of it only the penalty is curved.
            gap = np.einsum("tk,tk,tk->t", inside, inside, inverse)
            outside = np.maximum(np.einsum("tj,tj->t", G, G) - np.sum(inside**2, axis=1), 0.0)
            gap += np.divide(outside, alphas, out=np.zeros_like(gap), where=alphas > 0)
            certificate = self.relative(gap, value)
            if best is not None and not certificate.sum() < best["certificate"].sum():
                break
            best = {"coefficients": W, "value": value, "certificate": certificate, "n_iter": step}
            if certificate.max(initial=0.0) <= tol:
                break
            W = W + (inside * inverse) @ Vt
        done = best["certificate"].max(initial=0.0) <= tol
        best["status"] = "converged" if done else "precision_limit"
        best["message"] = "A direct solver ended at the rounding error of the data."
        best["n_passes"] = self.core.n_passes
        best["method"] = best["solver"] = method
        return best

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

    def scaled_targets(self):
        """S^(1/2) (y - mean), one column a target."""
        return self.root_weight() * (self.Y.T - self.core.target_mean())

    def eigen_gram(self):
        """Eigenvalues of Z^T S Z and its eigenvectors as rows; null ones are left out."""
        e, V = scipy.linalg.eigh(
            self.core.gram().T, lower=True, overwrite_a=True, check_finite=False, driver="evd"
        )
        keep = e > np.finfo(float).eps * max(self.X.shape) * e.max(initial=0.0)
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
        e, U = scipy.linalg.eigh(K, overwrite_a=True, check_finite=False, driver="evd")
        if self.fit_intercept:
            e, U = e[:-1], U[:, :-1]
        return self._without_noise(e), np.ascontiguousarray(U.T)

    def _without_noise(self, e):
        return np.where(e > np.finfo(float).eps * max(self.X.shape) * e.max(initial=0.0), e, 0.0)

    def svd_basis(self, dual):
        """The same eigenpairs from singular values: twice the digits, for dense X, with a copy."""
        Z = self.scaled_data()
        U, s, Vt = scipy.linalg.svd(Z, full_matrices=False, check_finite=False)
        e = self._without_noise(s * s)
        keep = e > 0
        if not dual:
            return e[keep], np.ascontiguousarray(Vt[keep])
        basis = U[:, keep]
        apart = 0
        if self.fit_intercept:
            basis = np.hstack([self.root_weight(), basis])
            apart = 1
        full, _ = scipy.linalg.qr(basis)  # completes the basis by the other null directions
        rest = full[:, basis.shape[1] :]
        vectors = np.hstack([basis[:, apart:], rest])
        return np.append(e[keep], np.zeros(rest.shape[1])), np.ascontiguousarray(vectors.T)


def _target_alphas(alpha, n_targets):
    """One penalty for each target."""
    alphas = np.ravel(np.asarray(alpha, dtype=np.float64))
    if len(alphas) not in (1, n_targets):
        raise ValueError(
            "Number of targets and number of penalties do not correspond: "
            f"{len(alphas)} != {n_targets}. Give one alpha, or one for each column of y."
        )
    if not np.isfinite(alphas).all() or (alphas < 0).any():
        raise ValueError(f"alpha must be finite and >= 0, got {alpha!r}.")
    return np.ascontiguousarray(np.broadcast_to(alphas, n_targets))


class _RidgeBase(EstimatorShell, LinearModel):
    """What Ridge and RidgeClassifier share."""

    _parameter_constraints: ClassVar[dict] = {
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions(set(SOLVERS))],
        "positive": ["boolean"],
        "random_state": ["random_state"],
    }

    def _check_solver(self, X):
        """Return the solver to run, or refuse a combination that has no meaning."""
        if self.solver == "lbfgs" and not self.positive:
            raise ValueError(
                "'lbfgs' solver can be used only when positive=True. "
                "Please use another solver, or set positive=True."
            )
        if self.positive and self.solver not in ("auto", "lbfgs"):
            raise ValueError(
                f"solver='{self.solver}' does not support positive fitting. Please set the solver "
                "to 'auto' or 'lbfgs', or set `positive=False`."
            )
        if self.solver == "svd" and sp.issparse(X):
            raise ValueError(
                "solver='svd' does not support sparse X, which it would have to make dense. Please "
                "set the solver to 'auto', or pass X.toarray()."
            )
        return "lbfgs" if self.positive else self.solver

    def _fit_targets(self, X, y, weight, sample_weight):
        """Solve and set the fitted attributes; y may have one or two dimensions."""
        solver = self._check_solver(X)
        context = begin_callbacks(self, X, y, sample_weight, 1)
        problem = _LeastSquares(X, y, weight, self.fit_intercept)
        alphas = _target_alphas(self.alpha, problem.n_targets)
        result = problem.solve(solver, alphas, self.tol, self.max_iter)
        self._store(problem, result, y)
        self._report(result)
        end_callbacks(context, self, X, y, sample_weight)

    def _store(self, problem, result, y):
        W = result["coefficients"]
        dtype = problem.X.dtype
        intercept = problem.intercept(W).astype(dtype)
        self.coef_ = (W[0] if len(W) == 1 else W).astype(dtype)
        self.intercept_ = intercept[0] if y.ndim == 1 else intercept
        if not self.fit_intercept:
            self.intercept_ = 0.0
        self.n_iter_ = int(max(result["n_iter"], 1))
        self.solver_ = result["solver"] if self.solver == "auto" else self.solver
        self.solver_info_ = f"{result['method']}, {result['n_passes']} reads of X"
        self.objective_ = float(result["value"].sum())
        self.certificate_ = float(result["certificate"].max(initial=0.0))
        self.certificate_kind_ = "relative duality gap"
        self.converged_ = result["status"] == "converged"

    def _report(self, result):
        if result["status"] != "iteration_limit":
            return
        warn_not_converged(
            estimator=type(self).__name__,
            iterations=result["n_iter"],
            reached=self.certificate_,
            asked=self.tol,
            certificate=self.certificate_kind_,
            reason=result["message"],
            remedy="Increase max_iter or tol, or use solver='auto' with max_iter=None.",
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.solver != "svd"
        return tags


class Ridge(MultiOutputMixin, RegressorMixin, _RidgeBase):
    r"""Fit a linear model by least squares with an L2 penalty, to a certified accuracy.

    The parameters are those of scikit-learn's class of the same name, and so is the objective, for
    each target::

        minimise over w, b   sum_i s_i (y_i - w . x_i - b)^2 + alpha ||w||^2

    The intercept is never penalised. Centring and weighting happen inside the products with `X`:
    neither a copy nor a dense form of it is made (only ``solver="svd"`` needs one).

    Parameters
    ----------
    alpha : float >= 0 or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, one number or one for each target. 0 gives ordinary least squares
        (the solution of minimum norm where there are many).
    fit_intercept : bool, default=True
        Whether `b` is fitted or zero.
    copy_X : bool, default=True
        No effect: `X` is never written.
    max_iter : int >= 1, default=None
        Most iterations of an iterative solver. By default as many as ``"auto"`` finds cheaper than
        a direct solver, or ten times the smaller side of `X`.
    tol : float >= 0, default=1e-10
        Relative accuracy of the objective at which a solver stops: it bounds the duality gap
        divided by the objective (scikit-learn's `tol` means something else for each solver). The
        solvers ``"sparse_cg"``, ``"lsqr"``, ``"sag"`` and ``"saga"`` go on until the gradient, too,
        is below `tol` times the one at zero, as in scikit-learn.
    solver : str, default="auto"
        The optimum does not depend on it, the time does.

        - ``"auto"``: by a count of operations; falls back on a stabler solver where needed.
        - ``"cholesky"``: normal equations, with iterative refinement; for wide `X` those of
          ``"dual"``.
        - ``"dual"``: the n_samples x n_samples system.
        - ``"svd"``: singular values of a centred copy; for ill-conditioned dense `X`.
        - ``"cg"``: conjugate gradients, preconditioned by the diagonal of the centred Gram matrix.
          ``"sparse_cg"``, ``"lsqr"``, ``"sag"`` and ``"saga"`` are names for the same method.
        - ``"lbfgs"``: only with ``positive=True``, and then the same as ``"auto"``.
    positive : bool, default=False
        Whether the coefficients are constrained to be >= 0.
    random_state : int, RandomState instance or None, default=None
        No effect: the fit is deterministic.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients `w`.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept `b`.
    n_iter_ : int
        Iterations of an iterative solver; 1 plus the steps of refinement of a direct one.
    solver_ : str
        The solver that produced the result.
    solver_info_ : str
        What ran, with the number of reads of `X`.
    objective_ : float
        The objective, summed over targets.
    certificate_ : float
        Bound on ``(F(w) - min F) / F(w)``, the largest over the targets. For ``alpha=0`` and an
        iterative solver it is a measure without the force of a bound.
    certificate_kind_ : str
        ``"relative duality gap"``.
    converged_ : bool
        Whether `certificate_` is at most `tol`. A direct solver can end above a very small `tol`
        because of rounding; only an iteration limit raises a warning.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if `X` had names.

    See Also
    --------
    RidgeCV : Chooses `alpha` by exact leave-one-out.
    RidgeClassifier : The same for class labels.

    Notes
    -----
    With :math:`g = Z^T S (y - Z w) - \alpha w` (Z, y centred) the objective is strongly convex with
    constant :math:`2 \alpha`, so that

    .. math:: F(w) - \min F \le \|g\|^2 / \alpha,
              \qquad \|w - w^*\| \le \|g\| / \alpha .

    References
    ----------
    A. E. Hoerl and R. W. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems",
    Technometrics 12, 1970, equation 2.3.

    Å. Björck, "Numerical Methods for Least Squares Problems", SIAM, 1996, sections 2.9 (refinement
    of the normal equations) and 7.4 (conjugate gradients on them).

    D. P. Bertsekas, "Projected Newton Methods for Optimization Problems with Simple Constraints",
    SIAM Journal on Control and Optimization 20, 1982 (``positive=True``).

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.linear_model import Ridge
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]])
    >>> y = np.array([1.0, 2.0, 5.0, 6.0])
    >>> model = Ridge(alpha=0.5).fit(X, y)
    >>> model.coef_.round(3)
    array([1.529, 0.588])
    >>> model.certificate_ <= 1e-10
    True
    """

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=None,
        tol=1e-10,
        solver="auto",
        positive=False,
        random_state=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place; everything else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights `s`, each >= 0. All ones by default.

        Returns
        -------
        Ridge
            This instance, fitted.
        """
        X, y = check_fit_data(
            self,
            X,
            y,
            multi_output=True,
            y_numeric=True,
            values_checked_later=self.solver != "svd" and not self.positive,
        )
        weight = check_weights(sample_weight, X)
        self._fit_targets(X, y, weight, sample_weight)
        return self

    def predict(self, X):
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            ``X w + b``.
        """
        check_sparse_structure(X)
        return super().predict(X)


class RidgeClassifier(LinearClassifierMixin, _RidgeBase):
    """Classify by ridge regression on labels coded as -1 and +1.

    Each class (one of two classes, each label of a multilabel problem) is a target with +1 for its
    samples and -1 for the others; prediction takes the class with the largest value.

    Parameters
    ----------
    alpha : float >= 0 or array-like of shape (n_targets,), default=1.0
        Strength of the penalty.
    fit_intercept : bool, default=True
        Whether intercepts are fitted or zero.
    copy_X : bool, default=True
        No effect: `X` is never written.
    max_iter : int >= 1, default=None
        Most iterations of an iterative solver; see :class:`Ridge`.
    tol : float >= 0, default=1e-10
        Relative accuracy of the objective; see :class:`Ridge`.
    class_weight : dict, "balanced" or None, default=None
        Factors on the sample weights of each class. ``"balanced"`` gives all classes one total
        weight.
    solver : str, default="auto"
        See :class:`Ridge`.
    positive : bool, default=False
        Whether the coefficients are constrained to be >= 0.
    random_state : int, RandomState instance or None, default=None
        No effect: the fit is deterministic.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients; one row for two classes.
    intercept_ : float or ndarray of shape (n_classes,)
        Intercepts.
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    n_iter_, solver_, solver_info_, objective_, certificate_, certificate_kind_, converged_
        As in :class:`Ridge`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if `X` had names.

    See Also
    --------
    Ridge : The regression behind it.
    LogisticRegression : Gives probabilities.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from optlite.linear_model import RidgeClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> float(round(RidgeClassifier().fit(X, y).score(X, y), 3))
    0.96
    """

    _parameter_constraints: ClassVar[dict] = {
        **_RidgeBase._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=None,
        tol=1e-10,
        class_weight=None,
        solver="auto",
        positive=False,
        random_state=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place; everything else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix of several labels.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, each >= 0. All ones by default.

        Returns
        -------
        RidgeClassifier
            This instance, fitted.
        """
        X, y = check_fit_data(self, X, y, multi_output=True)
        binarizer = LabelBinarizer(pos_label=1, neg_label=-1)
        Y = binarizer.fit_transform(y)
        if not binarizer.y_type_.startswith("multilabel"):
            y = column_or_1d(y, warn=True)
            if len(binarizer.classes_) < 2:
                raise ValueError(
                    "y must hold at least 2 classes, got one class only: "
                    f"{binarizer.classes_[0]}. Check how the data were split or filtered."
                )
        weight = check_weights(sample_weight, X)
        if self.class_weight is not None:
            factors = compute_sample_weight(self.class_weight, y)
            weight = check_weights(factors if weight is None else weight * factors, X)
        self._label_binarizer = binarizer
        self._fit_targets(X, Y, weight, sample_weight)
        self.coef_ = np.atleast_2d(self.coef_)
        return self

    @property
    def classes_(self):
        """Class labels, sorted."""
        return self._label_binarizer.classes_

    def decision_function(self, X):
        """Return the value of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            ``X w + b``; for two classes, positive values speak for ``classes_[1]``.
        """
        check_sparse_structure(X)
        return super().decision_function(X)

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            The class with the largest value, or the labels with a positive one.
        """
        check_is_fitted(self)
        if not self._label_binarizer.y_type_.startswith("multilabel"):
            return super().predict(X)
        signs = np.where(self.decision_function(X) > 0, 1.0, -1.0)
        return self._label_binarizer.inverse_transform(signs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class _Identity(RegressorMixin, BaseEstimator):
    """Hand leave-one-out predictions to a scorer that expects an estimator."""

    def predict(self, predictions):
        """Return the predictions."""
        return predictions


class RidgeCV(EstimatorShell, MultiOutputMixin, RegressorMixin, LinearModel):
    r"""Fit ridge regression with the penalty chosen by exact leave-one-out.

    One eigendecomposition yields, for every `alpha`, the predictions of all n_samples models that
    were fitted without one sample each. The parameters are those of scikit-learn's class of the
    same name, and so are the scores.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
        Penalties to try, each >= 0; see :class:`Ridge`. Zero stands for the limit from above.
    fit_intercept : bool, default=True
        Whether the intercept is fitted or zero.
    scoring : str, callable or None, default=None
        What the leave-one-out predictions are compared by. None: the negative mean of
        ``s_i (y_i - prediction)^2``. ``"gcv"``: the negative generalised cross-validation score of
        Golub, Heath and Wahba. Any other name or scorer of scikit-learn. With `cv`: the scorer of
        the grid search.
    cv : int, cross-validation generator or iterable, default=None
        None: leave-one-out. Otherwise a grid search over `alphas` with these splits.
    gcv_mode : {"auto", "svd", "eigen"}, default=None
        What is decomposed: ``"eigen"`` (as None and ``"auto"``) the smaller of the two Gram
        matrices, in place of `X`; ``"svd"`` a centred copy of a dense `X`, which keeps twice the
        digits of tiny singular values. Sparse `X` always uses ``"eigen"``.
    store_cv_results : bool, default=False
        Whether to keep `cv_results_`; only with ``cv=None``.
    alpha_per_target : bool, default=False
        Whether each target gets its own alpha; only with ``cv=None``.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The chosen penalty.
    best_score_ : float or ndarray of shape (n_targets,)
        Its score.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients at `alpha_`, fitted to all samples.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept.
    cv_results_ : ndarray of shape (n_samples, n_alphas) or (n_samples, n_targets, n_alphas)
        With ``store_cv_results=True``: weighted squared leave-one-out errors, or the leave-one-out
        predictions if `scoring` needs them.
    certificate_ : float
        Bound on the relative suboptimality of `coef_`; see :class:`Ridge`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if `X` had names.

    See Also
    --------
    Ridge : The model behind it.

    Notes
    -----
    With :math:`Z^T S Z = V \mathrm{diag}(e) V^T` and :math:`q_i = V^T z_i`, sample `i` has leverage
    :math:`h_i = s_i (1/\sum s + \sum_j q_{ij}^2 / (e_j + \alpha))`, and

    .. math:: y_i - \hat y_{-i} = (y_i - \hat y_i) / (1 - h_i).

    A sample of leverage one determines its own fitted value; it has no leave-one-out prediction.
    Such samples are warned about, and :math:`1 - h_i` is kept away from zero.

    References
    ----------
    G. H. Golub, M. Heath and G. Wahba, "Generalized Cross-Validation as a Method for Choosing a
    Good Ridge Parameter", Technometrics 21, 1979.

    R. Rifkin and R. Lippert, "Notes on Regularized Least Squares", MIT-CSAIL-TR-2007-025, 2007.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from optlite.linear_model import RidgeCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = RidgeCV(alphas=[0.001, 0.01, 0.1, 1.0]).fit(X, y)
    >>> model.alpha_
    0.01
    """

    _parameter_constraints: ClassVar[dict] = {
        "alphas": ["array-like", Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "scoring": [StrOptions({*get_scorer_names(), "gcv"}), callable, None],
        "cv": ["cv_object"],
        "gcv_mode": [StrOptions({"auto", "svd", "eigen"}), None],
        "store_cv_results": ["boolean"],
        "alpha_per_target": ["boolean"],
    }

    def __init__(
        self,
        alphas=(0.1, 1.0, 10.0),
        *,
        fit_intercept=True,
        scoring=None,
        cv=None,
        gcv_mode=None,
        store_cv_results=False,
        alpha_per_target=False,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the penalty and fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 and float64 are read in place; everything else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, each >= 0; with leave-one-out they weigh the errors, too.
        **params : dict
            Parameters for the scorer and the splitter, with metadata routing enabled.

        Returns
        -------
        RidgeCV
            This instance, fitted.
        """
        _raise_for_params(params, self, "fit")
        alphas = self._check_alphas()
        if sample_weight is not None:
            params["sample_weight"] = sample_weight
        if self.cv is not None:
            self._fit_grid(X, y, alphas, params)
            return self
        X, y = check_fit_data(self, X, y, multi_output=True, y_numeric=True)
        weight = check_weights(sample_weight, X)
        context = begin_callbacks(self, X, y, sample_weight, 1)
        self._fit_leave_one_out(X, y, weight, alphas, self._score_params(params))
        end_callbacks(context, self, X, y, sample_weight)
        return self

    def _check_alphas(self):
        """Validate each penalty by its position."""
        check = partial(check_scalar, target_type=Real, min_val=0.0, include_boundaries="left")
        if np.ndim(self.alphas) == 0:
            check(self.alphas, "alphas")
        elif len(self.alphas) == 0:
            raise ValueError("alphas must not be empty. Give at least one penalty >= 0.")
        else:
            for index, alpha in enumerate(self.alphas):
                check(alpha, f"alphas[{index}]" if len(self.alphas) > 1 else "alphas")
        return np.ravel(np.asarray(self.alphas, dtype=np.float64))

    # --- grid search ------------------------------------------------------------------------------

    def _fit_grid(self, X, y, alphas, params):
        for name in ("store_cv_results", "alpha_per_target"):
            if getattr(self, name):
                raise ValueError(
                    f"cv!=None and {name}=True are incompatible. Set cv=None or {name}=False."
                )
        if self.scoring == "gcv":
            raise ValueError("scoring='gcv' needs cv=None, got a cv. Set cv=None.")
        X, y = check_fit_data(self, X, y, multi_output=True, y_numeric=True)
        model = Ridge(fit_intercept=self.fit_intercept)
        if _routing_enabled():
            model.set_fit_request(sample_weight=True)
        search = GridSearchCV(model, {"alpha": alphas}, cv=self.cv, scoring=self._get_scorer())
        search.fit(X, y, **params)
        best = search.best_estimator_
        self.alpha_ = best.alpha
        self.best_score_ = search.best_score_
        self.coef_ = best.coef_
        self.intercept_ = best.intercept_
        self.certificate_ = best.certificate_

    # --- leave-one-out ----------------------------------------------------------------------------

    def _fit_leave_one_out(self, X, y, weight, alphas, score_params):
        problem = _LeastSquares(X, y, weight, self.fit_intercept)
        # Where the model can fit every row, 1 - leverage is all rounding; the dual has no 1 - h.
        dual = X.shape[0] <= X.shape[1] + int(self.fit_intercept)
        if self.gcv_mode == "svd" and not sp.issparse(X):
            e, basis = problem.svd_basis(dual)
        else:
            e, basis = problem.eigen_kernel() if dual else problem.eigen_gram()
        # Zero stands for the limit from above, and rounding hides everything below this.
        floor = np.finfo(float).eps * max(X.shape) * e.max(initial=0.0)
        effective = np.maximum(alphas, floor if floor > 0 else np.finfo(float).tiny)
        by_prediction = self.scoring not in (None, "gcv")
        keep = self.store_cv_results or by_prediction
        loo = problem.core.leave_one_out(dual, basis, e, effective, keep)
        fits = _Fits(problem, dual, e, basis)
        if keep:
            fits.fill_unweighted(loo["errors"], effective)
        scores = self._scores(problem, loo, y, score_params)  # alphas, or alphas x targets
        self._warn_leverage(loo["clipped"])
        self._store(problem, fits, alphas, scores, y)
        if self.store_cv_results:
            results = loo["errors"]
            if not by_prediction:
                factor = 1.0 if weight is None else weight[:, None, None]
                results = factor * np.square(results)
            else:
                results = problem.Y.T[:, :, None] - results
            shape = (X.shape[0], len(alphas)) if y.ndim == 1 else results.shape
            self.cv_results_ = results.reshape(shape).astype(X.dtype)

    def _scores(self, problem, loo, y, score_params):
        n = problem.X.shape[0]
        per_target = self.alpha_per_target
        if self.scoring is None:
            scores = -loo["squared_errors"] / n
            return scores if per_target else scores.mean(axis=1)
        if self.scoring == "gcv":
            left = np.maximum(1.0 - loo["degrees_of_freedom"] / n, np.finfo(float).eps)
            scores = -loo["squared_residuals"] / n / left[:, None] ** 2
            return scores if per_target else scores.mean(axis=1)
        scorer = self._get_scorer()
        predictions = problem.Y.T[:, :, None] - loo["errors"]
        if per_target:
            Y = y.reshape(n, -1)
            return np.array(
                [
                    [
                        scorer(_Identity(), predictions[:, t, k], Y[:, t], **score_params)
                        for t in range(problem.n_targets)
                    ]
                    for k in range(predictions.shape[2])
                ]
            )
        shaped = predictions[:, 0] if y.ndim == 1 else predictions
        return np.array(
            [
                scorer(_Identity(), shaped[..., k], y, **score_params)
                for k in range(shaped.shape[-1])
            ]
        )

    def _store(self, problem, fits, alphas, scores, y):
        several = self.alpha_per_target and problem.n_targets > 1
        if several:
            best = np.argmax(scores, axis=0)
            chosen = alphas[best]
            self.alpha_ = chosen
            self.best_score_ = scores[best, np.arange(problem.n_targets)]
        else:
            flat = scores[:, 0] if scores.ndim == 2 else scores
            best = int(np.argmax(flat))
            chosen = np.full(problem.n_targets, alphas[best])
            self.alpha_ = float(alphas[best])
            self.best_score_ = float(flat[best])
        W = fits.coefficients(chosen)
        G, loss = problem.core.residual_moments(W)
        G = G - chosen[:, None] * W
        value = loss + chosen * np.einsum("tj,tj->t", W, W)
        gap = fits.gap(G, chosen)
        self.certificate_ = float(problem.relative(gap, value).max(initial=0.0))
        dtype = problem.X.dtype
        intercept = problem.intercept(W).astype(dtype)
        self.coef_ = (W[0] if len(W) == 1 else W).astype(dtype)
        self.intercept_ = intercept[0] if y.ndim == 1 else intercept
        if not self.fit_intercept:
            self.intercept_ = 0.0

    def _warn_leverage(self, clipped):
        if clipped == 0:
            return
        warnings.warn(
            f"{clipped} leave-one-out prediction(s) do not exist: without that sample the model is "
            "not determined (its leverage is one). Their errors are computed with 1 - leverage "
            "kept at 1e-11. Use larger alphas, or drop columns that single out one sample.",
            UserWarning,
            stacklevel=4,
        )

    # --- scorers and routing ----------------------------------------------------------------------

    def _get_scorer(self):
        if self.scoring == "gcv":
            return None
        if _routing_enabled() and self.scoring is None:
            return get_scorer("r2").set_score_request(sample_weight=True)
        return check_scoring(estimator=self, scoring=self.scoring, allow_none=True)

    def _score_params(self, params):
        """Parameters of `fit` that go to the scorer."""
        if _routing_enabled():
            return process_routing(self, "fit", **params).scorer.score
        return {k: v for k, v in params.items() if k == "sample_weight"}

    def get_metadata_routing(self):
        """Say which parameters go to the scorer and to the splitter.

        Returns
        -------
        MetadataRouter
            Routing information for scikit-learn.
        """
        to_score = MethodMapping().add(caller="fit", callee="score")
        to_split = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(scorer=self._get_scorer(), method_mapping=to_score).add(
            splitter=self.cv, method_mapping=to_split
        )

    def predict(self, X):
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            ``X w + b``.
        """
        check_sparse_structure(X)
        return super().predict(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class _Fits:
    """Coefficients for any penalty from one decomposition."""

    def __init__(self, problem, dual, e, basis):
        self.problem = problem
        self.dual = dual
        keep = e > 0
        self.e = e[keep]
        self.basis = basis if keep.all() else np.ascontiguousarray(basis[keep])
        if dual:
            self.moments = (self.basis @ problem.scaled_targets()).T
        else:
            self.moments = problem.core.target_moments() @ self.basis.T

    def coefficients(self, alphas):
        """One row for each target, with its own alpha."""
        return self._combine(self.moments / (self.e + alphas[:, None]))

    def _combine(self, rotated):
        W = rotated @ self.basis
        return self.problem.core.from_dual(np.ascontiguousarray(W)) if self.dual else W

    def gap(self, G, alphas):
        """F(w) - min F, or for wide data the bound |g|^2 / alpha on it."""
        if self.dual:
            total = np.einsum("tj,tj->t", G, G)
            return np.divide(total, alphas, out=np.zeros_like(total), where=alphas > 0)
        inside = G @ self.basis.T
        gap = np.sum(inside**2 / (self.e + alphas[:, None]), axis=1)
        outside = np.maximum(np.einsum("tj,tj->t", G, G) - np.sum(inside**2, axis=1), 0.0)
        return gap + np.divide(outside, alphas, out=np.zeros_like(gap), where=alphas > 0)

    def fill_unweighted(self, errors, alphas):
        """Rows of weight zero are not part of K: they are predicted by the model as it is."""
        problem = self.problem
        if not self.dual or problem.weight is None or problem.weight.min() > 0:
            return
        rows = np.flatnonzero(problem.weight == 0)
        for k, alpha in enumerate(alphas):
            W = self.coefficients(np.full(problem.n_targets, alpha))
            fitted = problem.X[rows] @ W.T + problem.intercept(W)
            errors[rows, :, k] = problem.Y.T[rows] - fitted
