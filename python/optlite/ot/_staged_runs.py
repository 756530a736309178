"""What runs of the variants of transport have in common: options, records, the end, its warning."""

import dataclasses
import math
import time

import numpy as np

from .. import _params
from .._warnings import warn_not_converged
from ._result import TransportRecord
from ._run import ENGINES

METHODS = ("auto", "newton", "sinkhorn")


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """Hold what says how a run goes, checked.

    Parameters
    ----------
    method : {"auto", "newton", "sinkhorn"}
        Whether Newton's steps are taken where sweeps are slow ("auto" and "newton").
    tol : float, > 0
        Error at which the run ends, as a share of the mass.
    max_iter : int, >= 0
        Limit of iterations.
    annealing : float, >= 1
        Ratio of successive regularizations.
    engine : {"core", "numpy"}
        The compiled core or its twin.
    trace : bool
        Whether to keep the records.
    callback : callable or None
        Called with each record; may raise StopIteration.
    """

    method: str = "auto"
    tol: float = 1e-9
    max_iter: int = 1000
    annealing: float = 4.0
    engine: str = "core"
    trace: bool = False
    callback: object = None

    def __post_init__(self):
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {list(METHODS)}, got {self.method!r}.")
        check_iteration(self.tol, self.max_iter, self.annealing, self.engine)
        if self.callback is not None and not callable(self.callback):
            raise TypeError(f"callback must be callable or None, got {self.callback!r}.")

    @property
    def newton(self):
        """Whether Newton's steps may be taken."""
        return self.method != "sinkhorn"

    def of_core(self, memory):
        """The last arguments of a run of the core."""
        return self.newton, self.tol, self.max_iter, self.annealing, memory

    def of_twin(self):
        """The last arguments of a run of a twin."""
        return self.newton, self.tol, self.max_iter, self.annealing

    def finish(self, run):
        """Let a run end; return its records, if they are asked for, and how it ended."""
        records, stopped = None, False
        if not self.trace and self.callback is None and self.engine == "core":
            run.run()
        else:
            records = []
            for record in _records_of(run):
                records.append(record)
                try:
                    if self.callback is not None:
                        self.callback(record)
                except StopIteration:
                    stopped = True
                    break
        run.settle()
        return tuple(records) if self.trace else None, "stopped" if stopped else run.status

    def warn(self, what, status, record):
        """Say that the tolerance was not reached, where it was not."""
        if status in ("converged", "stopped"):
            return
        remedy = {
            "iteration_limit": f"Raise max_iter (now {self.max_iter}), reg or tol.",
            "precision_limit": "Rounding hides what is left: raise tol, or reg.",
            "not_finite": "Divide the costs and all regularizations by the largest cost.",
        }.get(status, "Raise reg or tol.")
        warn_not_converged(
            f"{what} stopped after {record['iteration']} iterations ({status}). Reached: marginal "
            f"error {record['marginal_error']:.3g}; asked for: {self.tol:.3g} of the mass. "
            f"{remedy}"
        )


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


def check_reg(reg, owner):
    """Return a positive regularization, or say what is wrong with it."""
    reg = _params.real_number(reg, "reg", owner)
    if not (reg > 0.0 and math.isfinite(reg)):
        raise ValueError(
            f"reg must be > 0 and finite, got {reg!r} ({owner}). result.certificate bounds what "
            "there is without regularization."
        )
    return reg


def _records_of(run):
    while True:
        yield TransportRecord(**run.record, f=np.array(run.f), g=np.array(run.g))
        if not run.advance():
            return


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
