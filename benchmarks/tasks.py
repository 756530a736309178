"""The tasks of the linear-model benchmarks: data, solvers, goal, and the work that they must do."""

import dataclasses
from collections.abc import Callable

import data
import numpy as np
import peers
from limits import Work

#: Tolerances that solvers climb, loosest first; optlite starts with its default (None).
TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
QUICK_TOLERANCES = (1e-3, 1e-5, 1e-7, 1e-9, 1e-11)
ALPHAS = np.logspace(-3, 5, 50)

_INTERCEPT = "penalises the intercept: another objective"
_NO_INTERCEPT = "has no intercept"
_NO_PENALTY = "cannot leave out the penalty"
_BINARY = "two classes only"
_NO_SPARSE = "has no sparse gradient of the squared loss"
_DENSE_SQUARE = "would form a dense d x d matrix of 20 GB"
_LIBLINEAR = ("sklearn:liblinear", "liblinear:0", "liblinear:7")

#: Peers that fit none of these tasks.
APPLY_NOWHERE = {"celer": "needs an l1 term"}


@dataclasses.dataclass(frozen=True)
class Task:
    """One row of the benchmark's table.

    Attributes
    ----------
    key : str
        Word for the command line.
    name : str
        Title, with the sizes at full scale.
    kind : str
        Which solvers and which objective apply (`peers.SOLVERS`).
    make : callable
        Scale of the number of rows -> `data.Problem`.
    work : callable
        Facts of the data (n, d, k, nnz, bytes) -> `limits.Work`.
    goals : dict
        Label of a peer, or "best peer" -> ratio to reach against it.
    excluded : dict
        Label -> why the solver does not apply.
    default_only : bool
        Whether optlite must do with its default settings (and without a warning).
    """

    key: str
    name: str
    kind: str
    make: Callable
    work: Callable
    goals: dict
    excluded: dict = dataclasses.field(default_factory=dict)
    default_only: bool = False

    @property
    def solvers(self):
        """Labels of the solvers that apply, optlite first."""
        return [label for label in peers.SOLVERS[self.kind] if label not in self.excluded]

    def tolerances(self, label, quick=False):
        """Return the tolerances that a solver climbs."""
        if self.kind == "ridgecv":
            return [None]  # direct methods without a tolerance
        if label == "optlite" and self.default_only:
            return [None]
        rungs = QUICK_TOLERANCES if quick else TOLERANCES
        return [None, *rungs] if label == "optlite" else list(rungs)


def _excluding(**reasons):
    """Turn reason -> labels into label -> reason."""
    texts = {
        "intercept": _INTERCEPT,
        "no_intercept": _NO_INTERCEPT,
        "no_penalty": _NO_PENALTY,
        "binary": _BINARY,
        "no_sparse": _NO_SPARSE,
        "dense_square": _DENSE_SQUARE,
    }
    return {label: texts[reason] for reason, labels in reasons.items() for label in labels}


# ------------------------------------------------------------------------- data and work


def _problem(kind, generator, n, *sizes, strength, intercept=False):
    """Return make(scale) for a task."""

    def make(scale):
        X, y = generator(max(20, round(n * scale)), *sizes)
        problem = data.Problem(kind, X, y, strength, intercept)
        if kind == "ridgecv":
            problem.reference = data.ridgecv_reference(X, y, strength)
        return problem

    return make


def _passes(count, plan, hessians=0):
    """Fused passes over a dense X (margins and gradient in one reading), and whole Hessians."""

    def work(facts):
        n, d = facts["n"], facts["d"]
        return Work(plan, count * facts["bytes"], hessians * n * d * d, count * n)

    return work


def _sparse_passes(count, plan, exps=True):
    """Products with a sparse X and its transpose; the entries are read with the gather."""

    def work(facts):
        nnz = count * facts["nnz"]
        return Work(plan, gathers=nnz, scatters=nnz, exps=count * facts["n"] * exps)

    return work


def _multinomial_work(facts):
    """Eleven evaluations: two products of 2 n d k flops and n k exponentials each."""
    n, d, k = facts["n"], facts["d"], facts["k"]
    return Work("11 gradients, X in the cache", 0.0, 11 * 4 * n * d * k, 11 * n * k)


def _gram_work(facts):
    n, d = facts["n"], facts["d"]
    return Work("one Gram matrix (half of it), one reading of X", facts["bytes"], n * d * d)


def _ridge_wide_work(facts):
    return Work("25 fused passes X'(Xv) of preconditioned conjugate gradients", 25 * facts["bytes"])


def _ridgecv_tall_work(facts):
    n, d, m = facts["n"], facts["d"], len(ALPHAS)
    plan = "one Gram matrix, rotation of X, residuals and leverages of all alphas as two products"
    return Work(plan, flops=n * d * d + 2 * n * d * d + 4 * n * d * m)


def _ridgecv_wide_work(facts):
    n, d, m = facts["n"], facts["d"], len(ALPHAS)
    plan = "one Gram matrix, its eigenvectors (9 n^3), two products for all alphas"
    return Work(plan, flops=n * n * d + 9 * n**3 + 4 * n * n * m)


# ------------------------------------------------------------------------- the list

_ALL = [
    Task(
        "logistic-tall",
        "logistic L2 tall n=200000 d=100 C=1",
        "logistic",
        _problem("logistic", data.binary, 200_000, 100, strength=1.0),
        _passes(7, "7 fused passes, one Hessian", hessians=1),
        {"best peer": 3.0},
    ),
    Task(
        "logistic-scaled",
        "logistic L2 tall n=200000 d=100 C=1, columns scaled 1e-2 to 1e2 and shifted, intercept",
        "logistic",
        _problem("logistic", data.badly_scaled, 200_000, 100, strength=1.0, intercept=True),
        _passes(8, "one pass for the moments, 7 fused passes, one Hessian", hessians=1),
        {"best peer": 3.0},
        _excluding(intercept=_LIBLINEAR, no_intercept=["skglm:LBFGS"]),
        default_only=True,
    ),
    Task(
        "logistic-unpenalised",
        "logistic unpenalised tall n=200000 d=100",
        "logistic",
        _problem("logistic", data.binary, 200_000, 100, strength=np.inf),
        _passes(7, "7 fused passes, two Hessians", hessians=2),
        {"best peer": 6.0},
        _excluding(no_penalty=_LIBLINEAR),
    ),
    Task(
        "logistic-wide",
        "logistic L2 wide n=2000 d=5000 C=0.1",
        "logistic",
        _problem("logistic", data.binary, 2_000, 5_000, strength=0.1),
        _passes(20, "20 fused passes"),
        {"best peer": 2.0},
    ),
    Task(
        "logistic-sparse",
        "logistic L2 sparse n=50000 d=50000 0.1% C=1",
        "logistic",
        _problem("logistic", data.text_binary, 50_000, 50_000, strength=1.0),
        _sparse_passes(10, "10 products with X and with its transpose"),
        {"best peer": 2.5},
        _excluding(dense_square=["sklearn:newton-cholesky", "glum:irls-ls"]),
    ),
    Task(
        "multinomial",
        "multinomial L2 n=50000 d=64 k=10 C=1",
        "multinomial",
        _problem("multinomial", data.classes, 50_000, 64, 10, strength=1.0),
        _multinomial_work,
        {"best peer": 2.5},
        _excluding(binary=["sklearn:liblinear"]),
    ),
    Task(
        "ridge-tall",
        "ridge tall n=200000 d=100",
        "ridge",
        _problem("ridge", data.regression, 200_000, 100, strength=1.0),
        _gram_work,
        {"best peer": 1.6},
    ),
    Task(
        "ridge-wide",
        "ridge wide n=2000 d=5000",
        "ridge",
        _problem("ridge", data.regression, 2_000, 5_000, strength=10.0),
        _ridge_wide_work,
        {"best peer": 2.5},
    ),
    Task(
        "ridge-sparse",
        "ridge sparse n=50000 d=50000 0.1%",
        "ridge",
        _problem("ridge", data.text_regression, 50_000, 50_000, strength=1.0),
        _sparse_passes(12, "12 products with X and with its transpose", exps=False),
        {"best peer": 2.0},
        _excluding(
            no_sparse=["skglm:LBFGS"],
            dense_square=[
                "sklearn:cholesky",
                "sklearn:svd",
                "numpy:normal-equations",
                "glum:irls-ls",
            ],
        ),
    ),
    Task(
        "ridgecv-tall",
        "RidgeCV 50 alphas tall n=50000 d=100",
        "ridgecv",
        _problem("ridgecv", data.regression, 50_000, 100, strength=ALPHAS),
        _ridgecv_tall_work,
        {"sklearn:auto": 20.0, "numpy:eigh": 2.0},
    ),
    Task(
        "ridgecv-wide",
        "RidgeCV 50 alphas wide n=1000 d=3000",
        "ridgecv",
        _problem("ridgecv", data.regression, 1_000, 3_000, strength=ALPHAS),
        _ridgecv_wide_work,
        {"sklearn:auto": 2.0},
    ),
]

TASKS = {task.key: task for task in _ALL}
