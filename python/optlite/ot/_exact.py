"""Exact transport, which POT's network simplex is for."""

import numpy as np

from .._warnings import warn_not_converged
from ._costs import MatrixCosts, refuse_isolated
from ._marginals import check_marginals
from ._result import TransportResult, read_only

INFEASIBLE = "M forbids so many links that no plan moves a to b."


def solve_exactly(a, b, M, method="auto", tol=None, **options):
    """Return the result of exact transport, or say what is missing for it.

    The simplex method takes no tolerance (the default of `ot.solve` is not looked at) and nothing
    else that describes an iteration.
    """
    if method != "auto" or options:
        named = [f"method={method!r}"] if method != "auto" else []
        named += [f"{name}={value!r}" for name, value in options.items()]
        raise ValueError(
            f"reg=0 asks for exact transport by a simplex method, which takes no "
            f"{', '.join(named)}. Leave it out, or choose reg > 0."
        )
    try:
        import ot as pot
    except ImportError:
        raise ValueError(
            "reg must be > 0, got 0.0: exact transport needs the package POT (pip install POT). "
            "With a small reg, result.certificate bounds its cost."
        ) from None
    costs = MatrixCosts(M)
    a, b = check_marginals(a, b, costs.shape)
    M = costs.M
    if costs.forbids:
        refuse_isolated(M, a > 0.0, b > 0.0)
    plan, log = pot.emd(a, b, _without_infinity(M), log=True)
    if plan[np.isinf(M)].any():
        raise ValueError(INFEASIBLE)
    if log["warning"]:
        warn_not_converged(f"POT's network simplex stopped early: {log['warning']}")
    status = "iteration_limit" if log["warning"] else "converged"
    return _result(costs, a, b, plan, log["u"], log["v"], status)


def _without_infinity(M):
    """Costs in float64; a forbidden link costs more than all links of a plan without it could."""
    M = M.astype(np.float64)
    allowed = np.isfinite(M)
    if not allowed.all():
        smallest, largest = M[allowed].min(), M[allowed].max()
        M[~allowed] = largest + sum(M.shape) * max(largest - smallest, abs(largest), 1e-300)
    return M


def _result(costs, a, b, plan, f, g, status):
    """Return the result of exact transport, whose bounds are known from the start."""
    value = float(a @ f + b @ g)
    error = np.abs(plan.sum(axis=1) - a).sum() + np.abs(plan.sum(axis=0) - b).sum()
    record = dict.fromkeys(("iteration", "n_newton", "n_products", "n_evaluations", "work"), 0)
    record.update(value=value, marginal_error=error)
    keep_a, keep_b = a > 0.0, b > 0.0
    result = TransportResult(costs, a, b, 0.0, f[keep_a], g[keep_b], record, status)
    cost = float((plan[plan > 0.0] * costs.M[plan > 0.0]).sum())
    result.__dict__["plan"] = read_only(plan.astype(costs.dtype, copy=False))
    result.__dict__["_bounds"] = {
        "cost": cost,
        "lower": value,
        "upper": cost,
        "regularized": cost,
    }
    return result
