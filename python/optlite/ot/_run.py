"""A run of a method of entropic transport with one of two engines, and what it warns of."""

import math
import time

import numpy as np

from .. import _params
from .._core import core
from .._warnings import warn_not_converged
from ._costs import MatrixCosts, refuse_isolated
from ._exact import INFEASIBLE
from ._marginals import check_marginals
from ._result import TransportRecord, TransportResult

ENGINES = ("core", "numpy")

#: Entries below this share of a row's or a column's mass, spread evenly, are left out of products.
DROP = 1e-9


def steps(
    a,
    b,
    M,
    reg,
    method="auto",
    tol=1e-9,
    max_iter=1000,
    annealing=4.0,
    start=None,
    engine="core",
    **fields,
):
    """Yield one record per iteration of an entropic transport problem.

    Parameters
    ----------
    a, b, M, reg, method, tol
        As in :func:`solve`, with reg > 0.
    max_iter : int, >= 0, default=1000
        Limit of iterations.
    annealing : float, >= 1, default=4.0
        Ratio, at most, of the regularizations of successive stages, from a tenth of the scale of
        the costs (mean less minimum) down to `reg`; 1 solves at `reg` at once, and so is a `reg` of
        a hundredth of that scale or more. Method "newton" tries `reg` first: as long as the rate of
        its iterations promises to get there for less than stages cost at least, there are none.
    start : array-like of shape (n_targets,), default=None
        Target potentials to start from; zeros when None.
    engine : {"core", "numpy"}, default="core"
        The compiled kernels, or their NumPy twins, which a debugger can enter.
    **fields
        Hyper-parameters of the method, by name.

    Yields
    ------
    TransportRecord
        Record 0 is the start.

    Examples
    --------
    >>> from optlite import ot
    >>> M = [[0.0, 1.0], [1.0, 0.0]]
    >>> for record in ot.steps([0.5, 0.5], [0.2, 0.8], M, reg=1.0, method="sinkhorn", tol=1e-2):
    ...     print(record.iteration, f"{record.marginal_error:.4f}")
    0 0.6000
    1 0.0888
    2 0.0107
    3 0.0012
    """
    costs = MatrixCosts(M)
    a, b = check_marginals(a, b, costs.shape)
    reg = _params.real_number(reg, "reg", "ot.steps")
    run = _make_run(costs, a, b, reg, method, tol, max_iter, annealing, start, engine, fields)
    return _iterate(run)


def run_to_the_end(
    costs,
    a,
    b,
    reg,
    method="auto",
    tol=1e-9,
    max_iter=1000,
    annealing=4.0,
    start=None,
    engine="core",
    trace=False,
    callback=None,
    **fields,
):
    """Return the result of a run from checked costs; the options are those of `ot.solve`."""
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable or None, got {callback!r}.")
    a, b = check_marginals(a, b, costs.shape)
    run = _make_run(costs, a, b, reg, method, tol, max_iter, annealing, start, engine, fields)
    records, status = follow(run, engine, trace, callback)
    result = TransportResult(costs, a, b, reg, run.f, run.g, run.record, status, records)
    if status not in ("converged", "stopped"):
        _warn(result, tol * a.sum(), max_iter, costs)
    return result


def follow(run, engine, trace, callback):
    """Let a run end; return its records, if they are asked for, and how it ended."""
    records, stopped = None, False
    if not trace and callback is None and engine == "core":
        run.run()
    else:
        records = []
        for record in _iterate(run):
            records.append(record)
            try:
                if callback is not None:
                    callback(record)
            except StopIteration:
                stopped = True
                break
    run.settle()
    return tuple(records) if trace else None, "stopped" if stopped else run.status


def check_iteration(tol, max_iter, annealing, engine):
    """Raise where one of these is not what it must be."""
    tol = _params.real_number(tol, "tol", "ot")
    if not (tol > 0.0 and math.isfinite(tol)):
        raise ValueError(f"tol must be > 0 and finite, got {tol!r}. The default is 1e-9.")
    annealing = _params.real_number(annealing, "annealing", "ot")
    if not (annealing >= 1.0 and math.isfinite(annealing)):
        raise ValueError(f"annealing must be >= 1 and finite, got {annealing!r}.")
    if not isinstance(max_iter, (int, np.integer)) or isinstance(max_iter, bool) or max_iter < 0:
        raise ValueError(f"max_iter must be an integer >= 0, got {max_iter!r}.")
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {list(ENGINES)}, got {engine!r}.")


def _make_run(costs, a, b, reg, method, tol, max_iter, annealing, start, engine, fields):
    """Check what is left to check and start a run with one of the two engines."""
    if not (reg > 0.0 and math.isfinite(reg)):
        raise ValueError(
            f"reg must be > 0 and finite, got {reg!r}. For exact transport, ot.solve with reg=0."
        )
    check_iteration(tol, max_iter, annealing, engine)
    record = _params.find("transport_methods", "newton" if method == "auto" else method, "method")
    values = _params.field_values(record, fields)
    keep_a, keep_b = a > 0.0, b > 0.0
    if isinstance(costs, MatrixCosts) and costs.forbids:
        refuse_isolated(costs.M, keep_a, keep_b)
    g = np.zeros(len(b)) if start is None else np.array(start, dtype=np.float64)
    if g.shape != b.shape or not np.isfinite(g[keep_b]).all():
        raise ValueError(f"start must be finite and have shape {b.shape}, got {start!r}.")
    a, b, g = a[keep_a], b[keep_b], g[keep_b]
    if start is not None:
        g = _centred_start(g, reg)
    if engine == "numpy":
        from ..reference import load
        from ..reference.transport import Problem, TransportRun

        M = costs.matrix()[np.ix_(keep_a, keep_b)].astype(np.float64)
        twin = getattr(load("transport_methods", record["name"]), record["class_name"])(**values)
        run = TransportRun(Problem(M, a, b), twin, reg, g, tol * a.sum(), max_iter, annealing)
        return NumpyRun(run, lambda at: (at.f, at.g))
    own = [_params.stored(field, values[field["name"]]) for field in record["fields"]]
    cost = costs.make(keep_a, keep_b)
    goal = tol * a.sum()
    scale = costs.scale(keep_a, keep_b)
    return core.TransportRun(
        cost,
        a,
        b,
        reg,
        record["name"],
        own,
        g,
        goal,
        max_iter,
        annealing,
        DROP,
        costs.memory,
        scale,
    )


def _centred_start(g, reg):
    """Potentials less their mean, which does not matter but costs digits."""
    with np.errstate(over="ignore", invalid="ignore"):
        g = g - g.mean()
        lost = np.finfo(float).eps * np.ptp(g) / reg
    if not lost < 1e-2:
        raise ValueError(
            f"start must have a range that leaves the exponents (start - M) / reg some digits, got "
            f"rounding errors of {lost:.2g} in them. Leave it out to start from zeros."
        )
    return g


class NumpyRun:
    """A run of a twin, under the names of the compiled run.

    Parameters
    ----------
    run : StagedRun
        The twin.
    potentials : callable
        Returns (f, g) as the compiled run has them, for a point.
    """

    def __init__(self, run, potentials):
        self._run, self._potentials, self._started = run, potentials, time.perf_counter()
        self.advance, self.settle = run.advance, run.settle

    def __getattr__(self, name):
        """Status, and what the point at hand holds."""
        owner = self._run if name == "status" else self._run.at
        return getattr(owner, name)

    @property
    def record(self):
        """What the last iteration reports."""
        return {**self._run.record, "seconds": time.perf_counter() - self._started}

    @property
    def f(self):
        """Source potentials."""
        return self._potentials(self._run.at)[0]

    @property
    def g(self):
        """Target potentials."""
        return self._potentials(self._run.at)[1]


def _iterate(run):
    while True:
        yield TransportRecord(**run.record, f=np.array(run.f), g=np.array(run.g))
        if not run.advance():
            return


_REMEDIES = {
    "iteration_limit": "Raise max_iter (now {max_iter}), reg or tol.",
    "precision_limit": "Rounding hides what is left: raise tol, or reg.",
    "not_finite": "Divide M and reg by the largest cost.",
}


def _warn(result, asked, max_iter, costs):
    remedy = _REMEDIES.get(result.status, "Raise reg or tol.").format(max_iter=max_iter)
    if _forbids_too_much(result, costs):
        remedy = INFEASIBLE
    lower, upper = result.certificate
    warn_not_converged(
        f"Transport stopped after {result.n_iter} iterations ({result.status}). Reached: marginal "
        f"error {result.marginal_error:.3g}; asked for: {asked:.3g}. {remedy} What was found "
        f"bounds the cost without regularization: it lies in [{lower:.9g}, {upper:.9g}]."
    )


def _forbids_too_much(result, costs):
    """By weak duality: a plan would cost no more than all mass on the dearest link that is left."""
    if not (isinstance(costs, MatrixCosts) and costs.forbids):
        return False
    dearest = float(costs.M[np.isfinite(costs.M)].max())
    return result.certificate[0] > result.a.sum() * (dearest + 1e-6 * abs(dearest))
