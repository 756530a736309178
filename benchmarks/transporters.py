"""Entropic transport problems, and every solver behind one shape: ``solve(problem, tol) -> dict``.

Times are judged at the true error: the sum of absolute differences between the marginals of the
plan returned and the masses. POT stops on the Euclidean norm of one marginal, which says less.
"""

import os
import resource
import sys
import time
import warnings

import numpy as np


def _clouds(n, seed, spread):
    rng = np.random.default_rng(seed)
    X = rng.random((n, 2))
    if not spread:
        return X, rng.random((n, 2))
    return X, 0.5 * rng.standard_normal((n, 2)) * [0.5, 0.2] + [0.7, 0.4]


def assignment(n, eps):
    """Random costs; eps in units of the cost."""
    M = np.random.default_rng(n).random((n, n))
    return {"M": M / M.max(), "reg": eps}


def points(n, of_mean):
    """Two uniform clouds; the regularization as a share of the mean cost."""
    X, Y = _clouds(n, n, spread=False)
    M = ((X[:, None] - Y) ** 2).sum(axis=2)
    return {"M": M, "reg": of_mean * M.mean()}


def cluster(n, of_max):
    """A uniform cloud and a cluster; costs are divided by their maximum."""
    X, Y = _clouds(n, n, spread=True)
    M = ((X[:, None] - Y) ** 2).sum(axis=2)
    return {"M": M / M.max(), "reg": of_max}


def large(n, of_mean):
    """Two uniform clouds whose matrix is not made."""
    X, Y = _clouds(n, n, spread=False)
    return {"X": X, "Y": Y, "reg": of_mean / 3.0}  # the mean squared distance in a unit square


#: Key -> how the problem is made, and the goals: peer -> ratio to reach.
TASKS = {
    "assignment-500": (assignment, (500, 1 / 1200), {"POT:sinkhorn": 100.0, "POT:emd": 1.0}),
    "points-1000-0.1": (points, (1000, 0.1), {"POT:sinkhorn": 1.0}),
    "points-1000-0.01": (points, (1000, 0.01), {"POT:sinkhorn": 10.0}),
    "points-1000-0.001": (points, (1000, 0.001), {"POT:sinkhorn": 50.0}),
    "cluster-500-1e-4": (cluster, (500, 1e-4), {"numpy:newton": 3.0}),
    "cluster-1000-1e-4": (cluster, (1000, 1e-4), {"numpy:newton": 3.0}),
    "assignment-1000-1e-4": (assignment, (1000, 1e-4), {"numpy:newton": 3.0}),
    "cluster-1000-1e-2": (cluster, (1000, 1e-2), {"POT:sinkhorn": 5.0, "POT:sinkhorn_log": 12.0}),
    "cluster-2000-1e-2": (cluster, (2000, 1e-2), {"POT:sinkhorn": 5.0}),
    "large-10000-0.01": (large, (10000, 0.01), {}),
}

#: Tasks whose matrix is not to be kept: what a process may take, in bytes, with all its libraries.
MEMORY = {"large-10000-0.01": 4e9}


def optlite(problem, tol):
    """The default method."""
    from optlite import ot

    if "M" in problem:
        result = ot.solve(None, None, problem["M"], problem["reg"], tol=tol)
        return {"plan": result.plan, "iterations": result.n_iter}
    result = ot.solve_points(problem["X"], problem["Y"], reg=problem["reg"], tol=tol)
    return {"potentials": result.potentials, "iterations": result.n_iter}


def pot(method):
    """POT, with a tolerance that reaches the error wanted."""

    def solve(problem, tol):
        import ot

        M = problem["M"]
        a = np.full(len(M), 1 / len(M))
        options = {"numItermax": 200_000, "stopThr": tol / np.sqrt(len(M)), "log": True}
        plan, log = ot.sinkhorn(a, a, M, problem["reg"], method=method, warn=False, **options)
        return {"plan": plan, "iterations": int(log.get("niter", 0))}

    return solve


def network_simplex(problem, tol):
    """Exact transport by POT: another problem, for scale."""
    import ot

    return {"plan": ot.emd([], [], problem["M"], numItermax=10**7), "iterations": 0}


def numpy_newton(problem, tol):
    """Annealed Newton on the dual with a dense Cholesky factor, in NumPy and SciPy."""
    from scipy.linalg import cho_factor, cho_solve

    M, n = problem["M"], len(problem["M"])
    a, f, g = np.full(n, 1 / n), np.zeros(n), np.zeros(n)
    reg, count = max(problem["reg"], 0.1), 0

    def half_step(potential, costs):
        z = (potential - costs) / reg
        largest = z.max(axis=1)
        return reg * (np.log(a) - np.log(np.exp(z - largest[:, None]).sum(axis=1)) - largest)

    while True:
        for _ in range(3):
            f = half_step(g, M)
            g = half_step(f, M.T)
        last = reg <= problem["reg"]
        while True:
            plan = np.exp((f[:, None] + g - M) / reg)
            rows, columns = plan.sum(axis=1), plan.sum(axis=0)
            error = np.abs(rows - a).sum() + np.abs(columns - a).sum()
            if error <= (tol if last else 1e-3):
                break
            S = np.diag(columns) - (plan / rows[:, None]).T @ plan + 1 / n**2
            S[np.diag_indices(n)] += 1e-13 * columns.mean()
            dg = cho_solve(cho_factor(S), a - columns - (plan / rows[:, None]).T @ (a - rows))
            df = (a - rows - plan @ dg) / rows
            value = a @ f + a @ g - reg * plan.sum()
            slope, t = reg * ((a - rows) @ df + (a - columns) @ dg), 1.0
            while t > 1e-6:
                z = (f[:, None] + t * reg * df[:, None] + g + t * reg * dg - M) / reg
                moved = a @ (f + g + t * reg * (df + dg))
                if moved - reg * np.exp(np.minimum(z, 700.0)).sum() >= (
                    value + 1e-4 * t * slope - 1e-15 * abs(value)
                ):
                    break
                t *= 0.5
            f, g, count = f + t * reg * df, g + t * reg * dg, count + 1
        if last:
            return {"plan": plan, "iterations": count}
        reg = max(problem["reg"], reg / 4)


def ott(problem, tol):
    """OTT-JAX in logarithms; without the matrix, until the patience with it is at an end."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from ott.geometry import geometry, pointcloud
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn

    reg, patience = problem["reg"], problem.get("patience", np.inf)
    if "M" in problem:
        shape, block = geometry.Geometry(cost_matrix=problem["M"], epsilon=reg), 200_000
    else:
        shape = pointcloud.PointCloud(problem["X"], problem["Y"], epsilon=reg, batch_size=256)
        block = 10
    solver = sinkhorn.Sinkhorn(threshold=tol, max_iterations=block)
    started, potentials, count = time.perf_counter(), None, 0
    while True:
        found = solver(linear_problem.LinearProblem(shape), init=potentials)
        potentials = found.f.block_until_ready(), found.g
        count += 10 * int((np.asarray(found.errors) >= 0).sum())
        if found.converged or time.perf_counter() - started > patience:
            return {"potentials": [np.asarray(p) for p in potentials], "iterations": count}


def geomloss(problem, tol):
    """GeomLoss on points, which keeps the matrix where KeOps is missing.

    It does as many iterations as it is told to, the regularization falling in all of them: four
    times as many, until the error is small enough or the patience with it at an end.
    """
    from geomloss import ot

    X, Y, reg = problem["X"], problem["Y"], problem["reg"]
    started, count = time.perf_counter(), 4
    while True:
        start = time.perf_counter()
        found = ot.solve_sample(X, Y, reg=reg, max_iter=count)
        # Relative to the product of the masses.
        f = np.asarray(found.potential_a) - reg * np.log(len(X))
        g = np.asarray(found.potential_b) - reg * np.log(len(Y))
        took = time.perf_counter() - start
        late = time.perf_counter() - started + 4.0 * took > problem.get("patience", np.inf)
        if late or marginal_error(problem, f, g) <= tol:
            return {"potentials": (f, g), "iterations": count, "seconds": took}
        count *= 4


PEERS = {
    "optlite": optlite,
    "POT:sinkhorn": pot("sinkhorn"),
    "POT:sinkhorn_log": pot("sinkhorn_log"),
    "POT:emd": network_simplex,
    "numpy:newton": numpy_newton,
    "OTT": ott,
    "GeomLoss": geomloss,
}


def costs(problem, rows):
    """Return the costs of some sources."""
    if "M" in problem:
        return problem["M"][rows]
    return ((problem["X"][rows, None] - problem["Y"]) ** 2).sum(axis=2)


def marginal_error(problem, f, g):
    """Return that of exp((f + g - C) / reg), a few hundred rows at a time."""
    columns, error = np.zeros(len(g)), 0.0
    for begin in range(0, len(f), 250):
        rows = slice(begin, begin + 250)
        plan = np.exp((f[rows, None] + g - costs(problem, rows)) / problem["reg"])
        error += np.abs(plan.sum(axis=1) - 1 / len(f)).sum()
        columns += plan.sum(axis=0)
    return error + np.abs(columns - 1 / len(g)).sum()


def judged(problem, solution):
    """Return the true error of what a solver returned."""
    if "potentials" in solution:
        return marginal_error(problem, *solution["potentials"])
    plan = solution["plan"]
    return sum(np.abs(plan.sum(axis=k) - 1 / plan.shape[1 - k]).sum() for k in (0, 1))


def peak_memory():
    """Return the largest resident size that this process ever had, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(emit, task, peer, tol, seconds, patience):
    """Solve until the time is used up, at least once after a warm-up; report each run.

    Parameters
    ----------
    emit : callable
        Takes one row.
    task, peer : str
        Keys of TASKS and PEERS.
    tol : float
        Marginal error to reach.
    seconds : float
        How long to measure.
    patience : float
        Seconds after which a solver that goes on by itself is asked for what it has.
    """
    make, arguments, _ = TASKS[task]
    problem = {**make(*arguments), "patience": patience}
    if "M" in problem and peer == "GeomLoss":
        raise ValueError("is asked about points")
    if "M" not in problem and peer not in ("optlite", "OTT", "GeomLoss"):
        raise ValueError("needs the matrix of costs")
    solve = PEERS[peer]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small = {
            key: value[:50, :50] if key == "M" else value[:50] if key in ("X", "Y") else value
            for key, value in problem.items()
        }
        solve({**small, "reg": 10.0 * problem["reg"]}, 1e-2)  # imports
        if peer == "OTT":
            solve({**problem, "patience": 0.0}, 1e6)  # compiled for this size
        used = 0.0
        while used == 0.0 or used < seconds:
            start = time.perf_counter()
            solution = solve(problem, tol)
            took = solution.get("seconds", time.perf_counter() - start)
            used += time.perf_counter() - start
            peak = peak_memory()
            error = float(judged(problem, solution))
            emit(seconds=took, error=error, iterations=solution["iterations"], peak=peak)


if os.environ.get("OMP_NUM_THREADS") == "1":  # XLA takes no other hint
    os.environ.setdefault(
        "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    )
