"""What runs of the variants of transport have in common: options, records, the end, its warning."""

import dataclasses
import math

from .. import _params
from .._warnings import warn_not_converged
from ._run import check_iteration, follow

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

    @classmethod
    def of(cls, owner, **options):
        """Return the options of a function, or say which of them it does not have."""
        names = [field.name for field in dataclasses.fields(cls)]
        unknown = [name for name in options if name not in names]
        if unknown:
            raise TypeError(
                f"{owner} has no option {unknown[0]!r}. Options are: {', '.join(names)}."
            )
        return cls(**options)

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
        return follow(run, self.engine, self.trace, self.callback)

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


def check_reg(reg, owner):
    """Return a positive regularization, or say what is wrong with it."""
    reg = _params.real_number(reg, "reg", owner)
    if not (reg > 0.0 and math.isfinite(reg)):
        raise ValueError(
            f"reg must be > 0 and finite, got {reg!r} ({owner}). result.certificate bounds what "
            "there is without regularization."
        )
    return reg
