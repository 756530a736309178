"""The process of one measurement: ``python worker.py '<order>' <file descriptor>``.

It runs one order (a JSON object), writes JSON lines to the file descriptor it was given (libraries
print to the standard output) and ends. Nothing it does survives into another measurement: no thread
pool, no heap, no compiled code.
"""

import contextlib
import ctypes
import gc
import json
import os
import sys
import threading
import time
import warnings

import data
import numpy as np
import peers

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def main():
    order, descriptor = json.loads(sys.argv[1]), int(sys.argv[2])
    with os.fdopen(descriptor, "w", buffering=1) as pipe:

        def emit(**row):
            pipe.write(json.dumps(row) + "\n")

        try:
            ORDERS[order.pop("do")](emit, **order)
            emit(end="ok")
        except ImportError as error:
            emit(end=f"missing: {error}")
        except Exception as error:  # a peer may fail in any way; the row says how
            emit(end=f"error: {type(error).__name__}: {error}"[:300])


# ------------------------------------------------------------------------- orders


def prepare(emit, task, scale, folder):
    """Generate the data of a task and write it into a folder."""
    import tasks

    problem = tasks.TASKS[task].make(scale)
    problem.save(folder)
    n, d = problem.X.shape
    facts = {"n": n, "d": d, "nnz": int(getattr(problem.X, "nnz", n * d)), "bytes": problem.nbytes}
    emit(k=int(problem.y.max()) + 1 if problem.kind == "multinomial" else 1, **facts)


def ladder(emit, folder, solver, tolerances, budget, clock):
    """Fit once at each tolerance, loosest first; stop when tighter ones bring nothing."""
    problem = data.load_problem(folder)
    fit, last = _make(problem, solver), np.inf
    fit(tolerances[0])  # pays for imports, first touches and compilation
    start = time.perf_counter()
    for tol in tolerances:
        seconds, solution, caught = _timed(fit, tol, clock)
        value = problem.objective(solution)
        emit(tol=tol, seconds=seconds, value=value, **_facts(solution, caught))
        stalled = (tol or 1) <= 1e-8 and abs(last - value) <= 1e-12 * abs(value)
        if stalled or time.perf_counter() - start > budget:
            break
        last = value


def stopped(emit, folder, solver, tol, clock, iterations=300):
    """Fit once with few iterations: what a solver reached that finished no rung in time."""
    problem = data.load_problem(folder)
    peers.MAX_ITER = iterations
    seconds, solution, caught = _timed(_make(problem, solver), tol, clock)
    value = problem.objective(solution)
    emit(tol=tol, seconds=seconds, value=value, stopped=iterations, **_facts(solution, caught))


def measure(emit, folder, solver, tol, clock, runs=3, budget=1.0):
    """Warm up, then time a few fits at one tolerance."""
    problem = data.load_problem(folder)
    fit = _make(problem, solver)
    fit(tol)
    start = time.perf_counter()
    for run in range(runs):
        seconds, solution, caught = _timed(fit, tol, clock)
        emit(seconds=seconds, **_facts(solution, caught))
        if run == 0:
            emit(value=problem.objective(solution))
        if time.perf_counter() - start > budget:
            break


def memory(emit, folder, solver, tol):
    """Report by how much one fit raises the resident memory at its peak.

    A fit on a few rows comes first, so that libraries and thread pools are loaded. The heap must
    give memory back (see `harness.MEMORY_ENVIRONMENT`).
    """
    problem = data.load_problem(folder)
    n, d = problem.X.shape
    small = _make(problem.head(min(n // 4, max(20 * d, 256))), solver)
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")
        small(tol)
    del small
    fit = _make(problem, solver)
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with warnings.catch_warnings(), PeakMemory() as peak:
        warnings.simplefilter("ignore")
        fit(tol)
    emit(extra=peak.extra, how=peak.how)


def environment(emit):
    """Report what the numbers depend on: packages, BLAS, cores, SIMD level."""
    from importlib import metadata

    names = "numpy scipy scikit-learn scikit-learn-intelex liblinear-official glum celer skglm"
    versions = {"python": sys.version.split()[0]}
    for name in names.split():
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "missing"
    emit(versions=versions, blas=_blas(), optlite=_optlite_build())


def gemm(emit, size=2000, repeats=5, dtype="float64", name="gemm"):
    """Measure the rate of the largest dense product that BLAS is good at, in GFLOP/s."""
    A = np.random.default_rng(0).standard_normal((size, size)).astype(dtype)
    out = A @ A
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        np.dot(A, A, out=out)
        best = min(best, time.perf_counter() - start)
    emit(**{name: 2e-9 * size**3 / best})


def update(emit, rule, peer, n, dtype, seconds):
    """Time one step of an update rule."""
    import optimizers

    optimizers.measure(emit, rule, peer, n, dtype, seconds)


def transport(emit, task, peer, tol, seconds, patience):
    """Time the solution of a transport problem."""
    import transporters

    transporters.measure(emit, task, peer, tol, seconds, patience)


def lasso(emit, task, peer, gap, clock, rounds):
    """Time the solution of a lasso problem."""
    import lassos

    lassos.measure(emit, task, peer, gap, CLOCKS[clock], rounds)


def blocks(emit, task, peer, gap, clock, seconds):
    """Time the minimisation of a quadratic by blocks."""
    import blocks as problems

    problems.measure(emit, task, peer, gap, CLOCKS[clock], seconds)


def hessian(emit, task, peer, clock, seconds):
    """Time products with a Hessian."""
    import hessians

    hessians.measure(emit, task, peer, CLOCKS[clock], seconds)


def boost(emit, task, peer, peer_threads, clock, seconds):
    """Time fits and predictions of a boosting library."""
    import boosters

    boosters.measure(emit, task, peer, peer_threads, CLOCKS[clock], seconds)


def boost_memory(emit, task, peer, peer_threads):
    """Report by how much one fit of a boosting library raises the resident memory at its peak."""
    import boosters

    boosters.measure_memory(emit, task, peer, peer_threads, PeakMemory)


ORDERS = {
    f.__name__: f
    for f in (
        *(prepare, ladder, stopped, measure, memory, environment, gemm, update, transport, lasso),
        *(blocks, hessian, boost, boost_memory),
    )
}

# ------------------------------------------------------------------------- helpers


def _make(problem, solver):
    return peers.SOLVERS[problem.kind][solver](problem)


def _timed(fit, tol, clock):
    """Time one fit; return seconds, the solution and the warnings it raised."""
    now = CLOCKS[clock]
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = now()
        solution = fit(tol)
        seconds = now() - start
    return seconds, solution, caught


def _facts(solution, caught):
    texts = sorted(
        {f"{w.category.__name__}: {str(w.message).splitlines()[0][:120]}" for w in caught}
    )
    return {
        "certificate": solution.certificate,
        "n_iter": solution.n_iter,
        "alpha": None if solution.alpha is None else float(solution.alpha),
        "warnings": texts,
    }


def _blas():
    from threadpoolctl import threadpool_info

    np.dot(np.ones((2, 2)), np.ones((2, 2)))
    return [
        " ".join(str(info.get(key, "")) for key in ("internal_api", "version", "architecture"))
        for info in threadpool_info()
    ]


def _optlite_build():
    try:
        from optlite._core import core
    except ImportError as error:
        return {"missing": str(error)}
    facts = {"SIMD level": core.simd_level, "Eigen": core.eigen_version}
    return facts | {"OpenMP": core.openmp_runtime, "threads": core.threads()}


class PeakMemory:
    """Context manager: the growth of the resident memory, at its peak, in bytes.

    Linux keeps the peak itself and lets a process reset it; elsewhere a thread samples, which
    misses what happens while a library holds the interpreter's lock.
    """

    def __enter__(self):
        try:
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
            self.how, self._start = "kernel peak", _status_bytes("VmRSS")
        except OSError:
            self.how = "sampled"
            self._sample()
        return self

    def __exit__(self, *exception):
        if self.how == "kernel peak":
            self.extra = max(0, _status_bytes("VmHWM") - self._start)
        else:
            self._done.set()
            self._thread.join()

    def _sample(self):
        import psutil

        process, self._done = psutil.Process(), threading.Event()
        start, self.extra = process.memory_info().rss, 0

        def watch():
            while not self._done.wait(1e-3):
                self.extra = max(self.extra, process.memory_info().rss - start)

        self._thread = threading.Thread(target=watch, daemon=True)
        self._thread.start()


def _status_bytes(field):
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith(field))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
