"""Sparse models by accelerated proximal gradients."""

import numpy as np

from .._core import core
from .._estimator import is_accurate

#: Gradient steps that count as one of `max_iter`.
ROUND = 100
#: How a run ended that did, by itself, what it was asked for, but not what is asked of the end.
OUT_OF_STEPS = {
    "status": "iteration_limit",
    "message": "The iteration limit came before the tolerance.",
}
AT_ROUNDING = {
    "status": "precision_limit",
    "message": "The gradient steps see no violation any more: what is left is rounding.",
}


def refuse_unbounded(problem, penalty, loss_name, penalty_name):
    """Refuse losses and penalties whose gradients have no Lipschitz constant."""
    if not np.isfinite(problem.loss.curvature_bound):
        raise ValueError(
            'method="accelerated_gradient" needs a loss with a bounded second derivative, '
            f'"squared" or "huber", got {loss_name!r}. Set method="direct".'
        )
    if not np.isfinite(penalty.record["concavity"]):
        raise ValueError(
            'method="accelerated_gradient" needs a convex penalty, or "mcp" or "scad", got '
            f'{penalty_name!r}. Set method="direct".'
        )


def fit_accelerated(problem, penalty, strengths, tol, max_iter, start):
    """Take gradient steps until the conditions of an optimum are met.

    Returns
    -------
    dict
        As of the other methods. The certificate is the KKT violation, whatever the penalty; the
        duality gap is reported where there is one.
    """
    flat = None if start is None else problem._flat(*start)
    run = core.AcceleratedGradient(
        problem.data,
        problem.loss,
        penalty.record["name"],
        penalty.fields,
        penalty.groups,
        np.ascontiguousarray(strengths),
        flat,
    )
    goal, limit = tol, ROUND * max_iter
    while True:
        run.run(goal, limit - run.state["n_iter"])
        state = run.state
        end = state["aggregate"], state["intercepts"] + problem.centre
        # What the other methods would say of this end; they set columns without penalty apart.
        found = problem.fit(penalty, strengths, tol, 0, end)
        if state["status"] != "converged" or is_accurate(found["violation"], tol):
            break
        if goal == 0.0 or state["n_iter"] >= limit:  # no smaller goal, or no step towards it
            state = {**state, **(OUT_OF_STEPS if state["n_iter"] >= limit else AT_ROUNDING)}
            break
        goal *= 0.5 * tol / found["violation"]
    reached = {name: state[name] for name in ("n_iter", "status", "message")}
    return {**found, **reached, "certificate": found["violation"], "has_gap": False}
