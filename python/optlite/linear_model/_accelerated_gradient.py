"""Sparse models by accelerated proximal gradients."""

import numpy as np

from .._core import core

#: Gradient steps that count as one of `max_iter`.
ROUND = 100


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
        if state["status"] != "converged" or found["violation"] <= tol:
            break
        goal *= 0.5 * tol / found["violation"]
    reached = {name: state[name] for name in ("n_iter", "status", "message")}
    return {**found, **reached, "certificate": found["violation"], "has_gap": False}
