"""Entropic transport problems, and every solver behind one shape: ``solve(problem, tol) -> dict``.

Times are judged at the true error: the sum of absolute differences between the marginals of the
plan returned and the masses. POT stops on the Euclidean norm of one marginal, which says less.
"""

import os
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


def optlite(problem, tol):
    """The default method."""
    from optlite import ot

    if "M" in problem:
        result = ot.solve(None, None, problem["M"], problem["reg"], tol=tol)
        return {"plan": result.plan, "iterations": result.n_iter}
    result = ot.solve_points(problem["X"], problem["Y"], reg=problem["reg"], tol=tol)
    return {"error": result.marginal_error, "iterations": result.n_iter}


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
    """OTT-JAX in logarithms, with potentials returned; compilation is not timed."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from ott.geometry import geometry, pointcloud
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn

    if "M" in problem:
        shape = geometry.Geometry(cost_matrix=problem["M"], epsilon=problem["reg"])
    else:
        shape = pointcloud.PointCloud(
            problem["X"], problem["Y"], epsilon=problem["reg"], batch_size=256
        )
    solver = sinkhorn.Sinkhorn(threshold=tol, max_iterations=200_000)
    found = solver(linear_problem.LinearProblem(shape))
    errors = np.asarray(found.errors)
    errors = errors[errors >= 0]
    return {"error": float(errors[-1]), "iterations": 10 * len(errors)}


PEERS = {
    "optlite": optlite,
    "POT:sinkhorn": pot("sinkhorn"),
    "POT:sinkhorn_log": pot("sinkhorn_log"),
    "POT:emd": network_simplex,
    "numpy:newton": numpy_newton,
    "OTT": ott,
}


def measure(emit, task, peer, tol, seconds):
    """Solve until the time is used up, at least once after a warm-up; report each run."""
    make, arguments, _ = TASKS[task]
    problem = make(*arguments)
    if "M" not in problem and peer not in ("optlite", "OTT"):
        raise ValueError("needs the matrix of costs")
    solve = PEERS[peer]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small = {
            key: value[:50, :50] if key == "M" else value[:50] if key in "XY" else 10 * value
            for key, value in problem.items()
        }
        solve(small, 1e-2)  # imports
        used, best = 0.0, None
        while best is None or used < seconds:
            start = time.perf_counter()
            solution = solve(problem, tol)
            took = time.perf_counter() - start
            used += took
            best = took if best is None else min(best, took)
            error = solution.get("error")
            if error is None:
                plan, n = solution["plan"], len(solution["plan"])
                error = np.abs(plan.sum(axis=1) - 1 / n).sum()
                error += np.abs(plan.sum(axis=0) - 1 / n).sum()
            emit(seconds=took, error=float(error), iterations=solution["iterations"])


if os.environ.get("OMP_NUM_THREADS") == "1":  # XLA takes no other hint
    os.environ.setdefault(
        "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    )
