"""Every solver that is measured, behind one shape: make(problem) -> fit(tol) -> Solution.

``make`` runs outside the clock: imports, the conversion of the data to the layout that a library
wants, compilation. This flatters the libraries that must convert. Every solver minimises the same
function; one that cannot (liblinear penalises the intercept, celer needs an l1 term) is left out by
the task, with the reason. ``fit(None)`` means the solver's own default tolerance.

A missing package raises ImportError in ``make``, which the harness reports as such.
"""

import importlib

import numpy as np
import scipy.sparse as sp
from data import Solution

MAX_ITER = 100_000  # the tolerance stops a solver, the harness's clock a stuck one (see worker.py)


def _tolerance(tol):
    return {} if tol is None else {"tol": tol}


def _linear_model(library):
    return importlib.import_module(f"{library}.linear_model")


# ------------------------------------------------------------------------- optlite


def optlite_logistic(problem):
    """Fit `optlite.linear_model.LogisticRegression` (binary and multinomial)."""
    LogisticRegression = _linear_model("optlite").LogisticRegression

    def fit(tol):
        model = LogisticRegression(
            C=problem.strength, fit_intercept=problem.intercept, **_tolerance(tol)
        ).fit(problem.X, problem.y)
        return _certified(model)

    return fit


def optlite_ridge(problem):
    """Fit `optlite.linear_model.Ridge`."""
    Ridge = _linear_model("optlite").Ridge

    def fit(tol):
        model = Ridge(alpha=problem.strength, fit_intercept=False, **_tolerance(tol))
        return _certified(model.fit(problem.X, problem.y))

    return fit


def optlite_ridgecv(problem):
    """Fit `optlite.linear_model.RidgeCV` with leave-one-out."""
    RidgeCV = _linear_model("optlite").RidgeCV

    def fit(tol):
        model = RidgeCV(alphas=problem.strength, fit_intercept=False)
        return _certified(model.fit(problem.X, problem.y))

    return fit


def _certified(model):
    """Collect the solution with what optlite says about it."""
    certificate, n_iter = getattr(model, "certificate_", None), getattr(model, "n_iter_", None)
    return Solution(
        model.coef_,
        model.intercept_,
        alpha=getattr(model, "alpha_", None),
        certificate=None if certificate is None else float(np.max(certificate)),
        n_iter=None if n_iter is None else int(np.max(n_iter)),
    )


# ------------------------------------------------------------------------- scikit-learn


def sklearn_logistic(solver, library="sklearn"):
    """Return the maker of LogisticRegression with one solver; sklearnex has the same class."""

    def make(problem):
        LogisticRegression = _linear_model(library).LogisticRegression
        # liblinear's inner loops count differently: more iterations never help it.
        max_iter = min(MAX_ITER, 10_000) if solver == "liblinear" else MAX_ITER

        def fit(tol):
            model = LogisticRegression(
                C=problem.strength,
                solver=solver,
                max_iter=max_iter,
                fit_intercept=problem.intercept,
                random_state=0,
                **_tolerance(tol),
            ).fit(problem.X, problem.y)
            return Solution(model.coef_, model.intercept_, n_iter=int(np.max(model.n_iter_)))

        return fit

    return make


def sklearn_ridge(solver, library="sklearn"):
    """Return the maker of Ridge with one solver."""

    def make(problem):
        Ridge = _linear_model(library).Ridge

        def fit(tol):
            model = Ridge(
                alpha=problem.strength,
                solver=solver,
                fit_intercept=False,
                max_iter=min(MAX_ITER, 20_000),
                random_state=0,
                **_tolerance(tol),
            ).fit(problem.X, problem.y)
            return Solution(model.coef_)

        return fit

    return make


def sklearn_ridgecv(mode, library="sklearn"):
    """Return the maker of RidgeCV with one way of generalized cross-validation."""

    def make(problem):
        module = _linear_model(library)
        if not hasattr(module, "RidgeCV"):
            raise ImportError(f"{library} has no RidgeCV")
        extra = {} if mode == "auto" else {"gcv_mode": mode}

        def fit(tol):
            model = module.RidgeCV(alphas=problem.strength, fit_intercept=False, **extra)
            model.fit(problem.X, problem.y)
            return Solution(model.coef_, alpha=model.alpha_)

        return fit

    return make


# ------------------------------------------------------------------------- SciPy and NumPy


def scipy_lbfgs_logistic(problem):
    """Minimise the objective, written in NumPy, with SciPy's L-BFGS-B."""
    from scipy.optimize import minimize
    from scipy.special import expit

    X, y, alpha, (n, d) = problem.X, problem.y, problem.alpha, problem.X.shape

    def value_and_gradient(x):
        w, b = x[:d], x[d] if problem.intercept else 0.0
        z = y * (X @ w + b)
        slope = -y * expit(-z) / n
        gradient = np.append(X.T @ slope + alpha * w, slope.sum())[: len(x)]
        return np.logaddexp(0, -z).mean() + 0.5 * alpha * (w @ w), gradient

    def fit(tol):
        x = _lbfgs(minimize, value_and_gradient, d + problem.intercept, tol)
        return Solution(x[:d], x[d] if problem.intercept else 0.0)

    return fit


def scipy_lbfgs_multinomial(problem):
    """Minimise the softmax objective, written in NumPy, with SciPy's L-BFGS-B."""
    from scipy.optimize import minimize

    X, y, alpha, (n, d) = problem.X, problem.y, problem.alpha, problem.X.shape
    k, rows = int(y.max()) + 1, np.arange(n)

    def value_and_gradient(x):
        W = x.reshape(k, d)
        Z = X @ W.T
        Z -= Z.max(1, keepdims=True)
        picked = Z[rows, y]
        P = np.exp(Z)
        total = P.sum(1)
        P /= total[:, None]
        P[rows, y] -= 1
        value = (np.log(total) - picked).mean() + 0.5 * alpha * (x @ x)
        return value, (P.T @ X / n + alpha * W).ravel()

    def fit(tol):
        return Solution(_lbfgs(minimize, value_and_gradient, k * d, tol).reshape(k, d))

    return fit


def scipy_lbfgs_ridge(problem):
    """Minimise the ridge objective with SciPy's L-BFGS-B."""
    from scipy.optimize import minimize

    X, y, alpha, (n, d) = problem.X, problem.y, problem.alpha, problem.X.shape

    def value_and_gradient(w):
        r = X @ w - y
        return (r @ r) / n + alpha * (w @ w), 2 * (X.T @ r / n + alpha * w)

    def fit(tol):
        return Solution(_lbfgs(minimize, value_and_gradient, d, tol))

    return fit


def _lbfgs(minimize, value_and_gradient, size, tol):
    options = {"ftol": 0, "maxiter": MAX_ITER, "maxfun": 2 * MAX_ITER, "maxcor": 10}
    options |= {} if tol is None else {"gtol": tol}
    x0 = np.zeros(size)
    return minimize(value_and_gradient, x0, jac=True, method="L-BFGS-B", options=options).x


def scipy_krylov_ridge(method):
    """Return the maker of SciPy's damped lsmr or lsqr."""

    def make(problem):
        solve = getattr(importlib.import_module("scipy.sparse.linalg"), method)
        limit = {"lsmr": "maxiter", "lsqr": "iter_lim"}[method]

        def fit(tol):
            options = {"damp": problem.strength**0.5, limit: min(MAX_ITER, 20_000)}
            options |= {} if tol is None else {"atol": tol, "btol": tol}
            return Solution(solve(problem.X, problem.y, **options)[0])

        return fit

    return make


def numpy_normal_equations(problem):
    """Solve the normal equations, on the smaller side, by BLAS and a Cholesky factorisation."""
    from scipy.linalg import solve

    X, y, alpha = problem.X, problem.y, problem.strength

    def shifted(gram):
        gram.flat[:: len(gram) + 1] += alpha
        return gram

    def fit(tol):
        options = {"assume_a": "pos", "overwrite_a": True}
        if X.shape[0] >= X.shape[1]:
            return Solution(solve(shifted(X.T @ X), X.T @ y, **options))
        return Solution(X.T @ solve(shifted(X @ X.T), y, **options))

    return fit


def numpy_ridgecv(problem):
    """Leave-one-out for all alphas from one eigendecomposition of the smaller Gram matrix."""
    from scipy.linalg import eigh

    X, y, alphas = problem.X, problem.y, problem.strength
    tall = X.shape[0] > X.shape[1]

    def fit(tol):
        values, vectors = eigh(X.T @ X if tall else X @ X.T)
        values = values.clip(0)
        U = X @ (vectors / np.sqrt(values)) if tall else vectors
        Uy = U.T @ y
        shrink = values[:, None] / (values[:, None] + alphas)
        residuals = (y[:, None] - U @ (shrink * Uy[:, None])) / (1 - (U * U) @ shrink)
        alpha = alphas[int(np.argmin((residuals * residuals).sum(0)))]
        if tall:
            return Solution(vectors @ (np.sqrt(values) / (values + alpha) * Uy), alpha=alpha)
        return Solution(X.T @ (U @ (Uy / (values + alpha))), alpha=alpha)

    return fit


# ------------------------------------------------------------------------- liblinear, glum, skglm


def liblinear_logistic(kind):
    """Return the maker of liblinear-official: 0 is the primal Newton method, 7 the dual one."""

    def make(problem):
        lib = importlib.import_module("liblinear.liblinearutil")
        data = lib.problem(problem.y, sp.csr_matrix(problem.X), bias=-1)

        def fit(tol):
            stop = "" if tol is None else f"-e {tol}"
            model = lib.train(data, lib.parameter(f"-s {kind} -c {problem.strength} {stop} -q"))
            w = np.array(model.w[: problem.X.shape[1]])
            return Solution(w if model.get_labels()[0] == 1 else -w)

        return fit

    return make


def glum_model(solver, family):
    """Return the maker of glum's GeneralizedLinearRegressor."""

    def make(problem):
        Regressor = importlib.import_module("glum").GeneralizedLinearRegressor
        y = (problem.y > 0).astype(float) if family == "binomial" else problem.y
        X = problem.X.tocsc() if sp.issparse(problem.X) else problem.X

        def fit(tol):
            model = Regressor(
                family=family,
                alpha=problem.alpha,
                fit_intercept=problem.intercept,
                solver=solver,
                gradient_tol=tol,
                max_iter=min(MAX_ITER, 2000),
            ).fit(X, y)
            return Solution(model.coef_, model.intercept_, n_iter=int(model.n_iter_))

        return fit

    return make


def skglm_lbfgs(datafit):
    """Return the maker of skglm's LBFGS solver.

    Its public ``solve`` asks for an attribute that this solver does not have (skglm 0.5), hence the
    underscore.
    """

    def make(problem):
        from skglm import datafits, penalties, solvers
        from skglm.utils.jit_compilation import compiled_clone

        loss = compiled_clone(getattr(datafits, datafit)())
        penalty = compiled_clone(penalties.L2(problem.alpha))
        X = problem.X.tocsc() if sp.issparse(problem.X) else np.asfortranarray(problem.X)

        def fit(tol):
            solver = solvers.LBFGS(max_iter=min(MAX_ITER, 5000), **_tolerance(tol))
            return Solution(solver._solve(X, problem.y, loss, penalty)[0])

        return fit

    return make


# ------------------------------------------------------------------------- the table

_LOGISTIC_SOLVERS = ("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")
_RIDGE_SOLVERS = ("auto", "cholesky", "svd", "lsqr", "sparse_cg", "sag", "saga")

#: kind of problem -> label -> make. Labels are "library:solver".
SOLVERS = {
    "logistic": {
        "optlite": optlite_logistic,
        **{f"sklearn:{name}": sklearn_logistic(name) for name in _LOGISTIC_SOLVERS},
        "sklearnex:lbfgs": sklearn_logistic("lbfgs", "sklearnex"),
        "scipy:L-BFGS-B": scipy_lbfgs_logistic,
        "liblinear:0": liblinear_logistic(0),
        "liblinear:7": liblinear_logistic(7),
        "glum:irls-ls": glum_model("irls-ls", "binomial"),
        "glum:lbfgs": glum_model("lbfgs", "binomial"),
        "skglm:LBFGS": skglm_lbfgs("Logistic"),
    },
    "multinomial": {
        "optlite": optlite_logistic,
        **{f"sklearn:{name}": sklearn_logistic(name) for name in _LOGISTIC_SOLVERS},
        "sklearnex:lbfgs": sklearn_logistic("lbfgs", "sklearnex"),
        "scipy:L-BFGS-B": scipy_lbfgs_multinomial,
    },
    "ridge": {
        "optlite": optlite_ridge,
        **{f"sklearn:{name}": sklearn_ridge(name) for name in _RIDGE_SOLVERS},
        "sklearnex:auto": sklearn_ridge("auto", "sklearnex"),
        "numpy:normal-equations": numpy_normal_equations,
        "scipy:lsmr": scipy_krylov_ridge("lsmr"),
        "scipy:lsqr": scipy_krylov_ridge("lsqr"),
        "scipy:L-BFGS-B": scipy_lbfgs_ridge,
        "glum:irls-ls": glum_model("irls-ls", "normal"),
        "glum:lbfgs": glum_model("lbfgs", "normal"),
        "skglm:LBFGS": skglm_lbfgs("Quadratic"),
    },
    "ridgecv": {
        "optlite": optlite_ridgecv,
        **{f"sklearn:{mode}": sklearn_ridgecv(mode) for mode in ("auto", "svd", "eigen")},
        "sklearnex:auto": sklearn_ridgecv("auto", "sklearnex"),
        "numpy:eigh": numpy_ridgecv,
    },
}
