"""Quadratics, and every solver behind one shape: ``make(problem) -> solve(tol) -> solution``.

Solvers are judged at equal gap, (f(x) - min f) / (f(0) - min f), computed here, in NumPy, for
whatever they return: each climbs a list of tolerances until its gap is small enough, and its time
is that of the first tolerance that does.

The peers written in NumPy choose and move blocks as ours do. They stop at the gap itself, which
they are told, and their factors and Lipschitz constants are computed outside the clock; ours stop
at a bound of it, and compute their own inside.
"""

import functools
import importlib
import time
import warnings

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg

TOLERANCES = tuple(np.geomspace(1e-2, 1e-13, 45))


@functools.cache
def dense(n, d):
    """Correlated columns of very different sizes, and a ridge: the condition is about 1e5."""
    rng = np.random.default_rng(5)
    A = rng.standard_normal((n, d))
    A = 0.6 * A + 0.4 * np.repeat(rng.standard_normal((n, d // 20)), 20, axis=1)
    A *= 10 ** rng.uniform(-1, 0.5, d)
    H = A.T @ A / n + 1e-3 * np.eye(d)
    c = A.T @ (A @ rng.standard_normal(d) + rng.standard_normal(n)) / n
    return _solved({"H": H, "c": c, "mu": 1e-3}, scipy.linalg.solve(H, c, assume_a="pos"))


@functools.cache
def lattice(side, labelled):
    """Label propagation on a square lattice, as in the paper of Nutini, Laradji and Schmidt."""
    datasets, bcd = (importlib.import_module(f"optlite.{name}") for name in ("datasets", "bcd"))
    graph = datasets.lattice_labels(side, labelled, weight=1.0, random_state=0)
    f = bcd.LabelPropagation(*graph)
    return _solved(
        {"H": f.H, "c": f.c, "mu": 0.0, "graph": graph}, scipy.sparse.linalg.spsolve(f.H, f.c)
    )


def _solved(problem, x):
    return {**problem, "least": -0.5 * float(problem["c"] @ x)}


#: Key -> how the problem is made, and the goals: peer -> ratio to reach.
TASKS = {
    "least-squares": (dense, (2000, 1000), {"numpy:gsl-block": 5.0, "numpy:gsl-scalar": 40.0}),
    "lattice": (lattice, (50, 100), {}),
}

#: How ours are asked: the best choice for each task, the default, and what the peers do.
CHOICES = {
    "optlite": {
        "least-squares": {
            "partition": "order",
            "selection": "cyclic",
            "block_size": 40,
            "anderson": 5,
        },
        "lattice": {"partition": "forest", "selection": "gsd", "block_size": None, "anderson": 5},
    },
    "optlite:default": {"least-squares": {}, "lattice": {}},
    "optlite:gsl-block": {
        "least-squares": {"partition": "order", "selection": "gsl", "block_size": 20}
    },
    "optlite:gsl-scalar": {
        "least-squares": {"partition": "order", "selection": "gsl", "block_size": 1}
    },
    "optlite:greedy-trees": {
        "lattice": {"partition": "forest", "selection": "gsd", "block_size": None}
    },
}


def relative_gap(problem, x):
    """Of f(x) = x' H x / 2 - c' x, beside that at zero."""
    value = 0.5 * x @ (problem["H"] @ x) - problem["c"] @ x
    return float((value - problem["least"]) / -problem["least"])


# ------------------------------------------------------------------------- solvers


def optlite(label):
    """The function of this package."""

    def make(problem):
        bcd = importlib.import_module("optlite.bcd")
        choices = CHOICES[label]["lattice" if "graph" in problem else "least-squares"]
        if "graph" in problem:
            f = bcd.LabelPropagation(*problem["graph"])
        else:
            f = bcd.Quadratic(problem["H"], problem["c"], strong_convexity=problem["mu"])

        def solve(tol):
            run = bcd.solve(f, tol=tol, max_iter=10**7, **choices)
            return run.x, run.n_iter

        return solve

    return make


def numpy_blocks(rule, sizes):
    """Exact steps of blocks in NumPy; of several sizes, the fastest.

    `rule` is "gsl" (fixed blocks, the gradient over the Lipschitz constant of the block) or "gsd"
    (blocks of any composition, the gradient over the diagonal).
    """

    def make(problem):
        runs = [_numpy_run(problem, rule, size) for size in sizes]
        took = []
        for run in runs:
            start = time.process_time()
            run(1e-8)
            took.append(time.process_time() - start)
        return runs[int(np.argmin(took))]

    return make


def _numpy_run(problem, rule, size):
    H, c = problem["H"], problem["c"]
    d, count = len(c), len(c) // size
    blocks = np.arange(count * size).reshape(count, size)
    inside = [H[np.ix_(b, b)] for b in blocks]
    largest = np.array([np.linalg.eigvalsh(M)[-1] for M in inside])
    factors = [scipy.linalg.cho_factor(M) for M in inside]
    columns = [np.ascontiguousarray(H[:, b]) for b in blocks]
    diagonal = np.ascontiguousarray(H.diagonal())

    def fixed(g):
        k = int(((g.reshape(count, size) ** 2).sum(1) / largest).argmax())
        step = -scipy.linalg.cho_solve(factors[k], g[blocks[k]], check_finite=False)
        return blocks[k], step, columns[k] @ step

    def variable(g):
        b = np.argpartition(-(g * g / diagonal), size)[:size]
        step = scipy.linalg.solve(H[np.ix_(b, b)], -g[b], assume_a="pos", check_finite=False)
        return b, step, step @ H[b]

    move = fixed if rule == "gsl" else variable

    def solve(tol):
        x, g, least = np.zeros(d), -c.copy(), problem["least"]
        for iteration in range(1, 200_000):
            b, step, change = move(g)
            x[b] += step
            g += change
            if iteration % 10 == 0 and 0.5 * x @ (g - c) - least <= -tol * least:
                break
        return x, iteration

    return solve


def cholesky(problem):
    """No descent at all: one factorisation."""
    H, c = problem["H"], problem["c"]
    if sp.issparse(H):
        return lambda tol: (scipy.sparse.linalg.spsolve(H, c), 1)
    return lambda tol: (scipy.linalg.solve(H, c, assume_a="pos"), 1)


def conjugate_gradients(problem):
    """SciPy's, with the diagonal as a preconditioner; tol is that of the residual."""
    H, c = problem["H"], problem["c"]
    inverse = sp.diags_array(1.0 / H.diagonal())

    def solve(tol):
        count = [0]

        def counting(_):
            count[0] += 1

        options = {"rtol": tol, "maxiter": 100_000, "M": inverse, "callback": counting}
        return scipy.sparse.linalg.cg(H, c, **options)[0], count[0]

    return solve


PEERS = {
    **{label: optlite(label) for label in CHOICES},
    "numpy:gsl-block": numpy_blocks("gsl", (20, 50, 100)),
    "numpy:gsl-scalar": numpy_blocks("gsl", (1,)),
    "numpy:gsd-block": numpy_blocks("gsd", (20, 50, 100)),
    "scipy:cholesky": cholesky,
    "scipy:cg": conjugate_gradients,
}


def applies(task, label):
    """Whether a solver has a meaning for a task: the NumPy blocks are for dense matrices."""
    if label in CHOICES:
        return task in CHOICES[label]
    return task == "least-squares" or not label.startswith("numpy")


def measure(emit, task, peer, gap, clock, seconds):
    """Climb to the gap, then time runs at that tolerance until the time is used up."""
    make, args, _ = TASKS[task]
    problem = make(*args)
    solve = PEERS[peer](problem)
    chosen, reached = None, np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solve(1e-2)  # imports and first touches
        begun = time.perf_counter()
        for tol in TOLERANCES:
            reached = min(reached, relative_gap(problem, solve(tol)[0]))
            if reached <= gap or time.perf_counter() - begun > 60.0:
                chosen = tol
                break
        begun, runs = time.perf_counter(), 0
        while runs < 3 or time.perf_counter() - begun < seconds:
            start = clock()
            x, iterations = solve(chosen or TOLERANCES[-1])
            took = clock() - start
            emit(seconds=took, gap=relative_gap(problem, x), tol=chosen, iterations=iterations)
            runs += 1
