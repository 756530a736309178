"""Make POT's own tests run our functions: a pytest plugin (``-p pot_plugin``).

It is imported before any test module and rebinds POT's functions, in all modules that have them,
to ours under POT's names of the arguments. It counts the calls, because a swap that did not happen
would pass every test, and writes what each test did. What ours do not offer raises ``NotOffered``.
"""

import functools
import json
import os
import warnings
from pathlib import Path

import numpy as np
import ot as pot
import pytest
from ot.backend import NumpyBackend

from optlite import ot

CALLS, OUTCOMES = {}, {}
RESULTS = Path(os.environ["OPTLITE_PEER_RESULTS"])
METHODS = {
    "sinkhorn": ("sinkhorn", {}),
    "sinkhorn_stabilized": ("sinkhorn", {}),
    "sinkhorn_log": ("sinkhorn", {"domain": "logarithm"}),
    "sinkhorn_epsilon_scaling": ("sinkhorn", {"annealing": 2.0}),
    "greenkhorn": ("greenkhorn", {}),
}


class NotOffered(Exception):
    """Raised for an argument that has no counterpart."""


def swap(*modules):
    """Rebind a function of POT in the modules given, and count its calls.

    POT stays itself inside of our functions, which call it for exact transport.
    """

    def rebind(function):
        name = function.__name__
        originals = {module: getattr(module, name) for module in modules}
        CALLS[name] = depth = 0

        @functools.wraps(function)
        def counted(*args, **kwargs):
            nonlocal depth
            if depth:
                return originals[modules[0]](*args, **kwargs)
            CALLS[name] += 1
            depth += 1
            try:
                return function(*args, **kwargs)
            finally:
                depth -= 1

        for module in modules:
            setattr(module, name, counted)
        return function

    return rebind


def solved(solve, warn, numItermax, stopThr, method="sinkhorn", start=None, annealing=1.0):
    """Call a solver of ours with the options of POT."""
    name, more = METHODS.get(method, (method, {}))
    options = {"annealing": annealing, "start": start, **more}
    with warnings.catch_warnings():
        if not warn:
            warnings.simplefilter("ignore")
        return solve(method=name, tol=max(stopThr, 1e-300), max_iter=numItermax, **options)


def log_of(result):
    """Return POT's dictionary: scalings, errors, iterations, duals of exact transport."""
    f, g = result.potentials
    if result.reg == 0.0:
        return {"cost": result.cost, "u": f, "v": g, "warning": None, "result_code": 1}
    with np.errstate(over="ignore"):
        u, v = np.exp(f / result.reg), np.exp(g / result.reg)
    logs = {"log_u": f / result.reg, "log_v": g / result.reg}
    return {"u": u, "v": v, **logs, "err": [result.marginal_error], "niter": result.n_iter}


def one_sinkhorn(a, b, M, reg, method, numItermax, stopThr, warn, warmstart):
    """Return our result, or exact transport for POT's reg=0."""
    start = None if warmstart is None else reg * np.asarray(warmstart[1])
    return solved(
        functools.partial(ot.solve, a, b, M, reg), warn, numItermax, stopThr, method, start
    )


@swap(pot, pot.bregman, pot.da)
def sinkhorn(
    a,
    b,
    M,
    reg,
    method="sinkhorn",
    numItermax=1000,
    stopThr=1e-9,
    verbose=False,
    log=False,
    warn=True,
    warmstart=None,
    **unused,
):
    """Solve for one target distribution, or for the columns of b."""
    if np.ndim(b) == 2:
        return sinkhorn2(a, b, M, reg, method, numItermax, stopThr, verbose, log, warn, warmstart)
    result = one_sinkhorn(a, b, M, reg, method, numItermax, stopThr, warn, warmstart)
    return (result.plan, log_of(result)) if log else result.plan


@swap(pot, pot.bregman)
def sinkhorn2(
    a,
    b,
    M,
    reg,
    method="sinkhorn",
    numItermax=1000,
    stopThr=1e-9,
    verbose=False,
    log=False,
    warn=False,
    warmstart=None,
    **unused,
):
    """Return the cost, or those of the columns of b."""
    several = [np.asarray(b)] if np.ndim(b) == 1 else list(np.asarray(b).T)
    results = [
        one_sinkhorn(a, each, M, reg, method, numItermax, stopThr, warn, warmstart)
        for each in several
    ]
    costs = np.array([result.cost for result in results], dtype=np.asarray(M).dtype)
    costs = costs[0] if np.ndim(b) == 1 else costs
    return (costs, log_of(results[0])) if log else costs


@swap(pot.bregman)
def empirical_sinkhorn(
    X_s,
    X_t,
    reg,
    a=None,
    b=None,
    metric="sqeuclidean",
    numIterMax=10000,
    stopThr=1e-9,
    isLazy=False,
    batchSize=100,
    verbose=False,
    log=False,
    warn=True,
    warmstart=None,
):
    """Return the plan, or the potentials where it is lazy."""
    start = None if warmstart is None else reg * np.asarray(warmstart[1])
    solve = functools.partial(ot.solve_points, X_s, X_t, a, b, reg, metric)
    result = solved(solve, warn, numIterMax, stopThr, start=start)
    found = tuple(p / reg for p in result.potentials) if isLazy else (result.plan,)
    found = (*found, {**log_of(result), "lazy_plan": result.plan}) if log else found
    return found if len(found) > 1 else found[0]


@swap(pot.bregman)
def empirical_sinkhorn2(X_s, X_t, reg, *args, log=False, isLazy=False, **options):
    """Return the cost."""
    options.pop("batchSize", None)
    result = solved(
        functools.partial(ot.solve_points, X_s, X_t, reg=reg),
        True,
        options.pop("numIterMax", 10000),
        options.pop("stopThr", 1e-9),
    )
    return (result.cost, {**log_of(result), "lazy_plan": result.plan}) if log else result.cost


@swap(pot.bregman)
def empirical_sinkhorn_divergence(
    X_s,
    X_t,
    reg,
    a=None,
    b=None,
    metric="sqeuclidean",
    numIterMax=10000,
    stopThr=1e-9,
    verbose=False,
    log=False,
    warn=True,
    warmstart=None,
    **unused,
):
    """Return the difference of the costs of the three plans, as POT does."""
    if warmstart is not None:
        raise NotOffered("a start of the three runs of the divergence")
    results = ot.sinkhorn_divergence(X_s, X_t, a, b, reg, metric, tol=stopThr).results
    across, one, two = (result.cost for result in results)
    value = max(0.0, across - 0.5 * (one + two))
    return (value, {}) if log else value


@swap(pot, pot.lp)
def emd(a, b, M, *args, log=False, **unused):
    """Solve exact transport, which ours leaves to POT."""
    result = ot.solve(a, b, M, 0)
    return (result.plan, log_of(result)) if log else result.plan


def on_line(x, y, a, b, metric, p):
    """Return the plan and the cost of transport on a line."""
    power = {"sqeuclidean": 2, "euclidean": 1, "cityblock": 1, "minkowski": p}.get(metric)
    if power is None:
        raise ValueError(f"metric {metric!r} is not one of a line")
    x, y = (np.asarray(z)[:, 0] if np.ndim(z) == 2 and np.shape(z)[1] == 1 else z for z in (x, y))
    assert np.ndim(x) == np.ndim(y) == 1  # POT's own check
    return ot.transport_on_line(x, y, a, b, power)


@swap(pot, pot.lp)
def emd_1d(x_a, x_b, a=None, b=None, metric="sqeuclidean", p=1.0, dense=True, log=False, **unused):
    """Return the plan."""
    plan, cost = on_line(x_a, x_b, a, b, metric, p)
    plan = plan.toarray() if dense else plan
    return (plan, {"cost": cost}) if log else plan


@swap(pot, pot.lp)
def emd2_1d(x_a, x_b, a=None, b=None, metric="sqeuclidean", p=1.0, dense=True, log=False):
    """Return the cost."""
    plan, cost = on_line(x_a, x_b, a, b, metric, p)
    return (cost, {"G": plan.toarray()}) if log else cost


@swap(pot, pot.lp)
def wasserstein_1d(
    u_values, v_values, u_weights=None, v_weights=None, p=1, require_sort=True, return_plans=False
):
    """Return the cost, of each column."""
    if return_plans == "coo_tuple":
        raise NotOffered("plans as tuples of POT's")
    u, v = np.asarray(u_values), np.asarray(v_values)
    columns = zip(u.T, v.T, strict=True) if u.ndim == 2 else [(u, v)]
    pairs = [ot.transport_on_line(x, y, u_weights, v_weights, p) for x, y in columns]
    costs = np.array([cost for _, cost in pairs], dtype=u.dtype)
    costs = costs if u.ndim == 2 else costs[0]
    return (costs, [plan for plan, _ in pairs]) if return_plans else costs


@swap(pot.gaussian)
def bures_wasserstein_distance(ms, mt, Cs, Ct, paired=False, log=False):
    """Return the distance of one pair."""
    if np.ndim(ms) != 1 or np.ndim(mt) != 1 or paired:
        raise NotOffered("batches of Gaussian distributions")
    value = ot.bures_wasserstein(ms, Cs, mt, Ct)
    return (value, {}) if log else value


@swap(pot.gaussian)
def bures_wasserstein_barycenter(
    m, C, weights=None, method="fixed_point", num_iter=1000, eps=1e-7, log=False, **unused
):
    """Return mean and covariance."""
    if method != "fixed_point":
        raise NotOffered(f"method {method!r}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = ot.bures_wasserstein_barycenter(m, C, weights, tol=eps, max_iter=num_iter)
    return (*found, {}) if log else found


def scaling_name(method):
    """Return our name of POT's variants of scalings; another name is left to ours to refuse."""
    variants = ("stabilized", "log", "reg_scaling", "translation_invariant")
    known = {"sinkhorn", *(f"sinkhorn_{variant}" for variant in variants)}
    return "sinkhorn" if method.lower() in known else method


@swap(pot, pot.bregman)
def barycenter(
    A,
    M,
    reg,
    weights=None,
    method="sinkhorn",
    numItermax=10000,
    stopThr=1e-4,
    verbose=False,
    log=False,
    warn=True,
    debiased=False,
    **unused,
):
    """Return the barycenter of the columns."""
    with warnings.catch_warnings():
        if not warn:
            warnings.simplefilter("ignore")
        x = ot.barycenter(
            A,
            M,
            reg,
            weights,
            scaling_name(method),
            debiased,
            tol=max(stopThr, 1e-300),
            max_iter=numItermax,
        ).barycenter
    return (x, {}) if log else x


@swap(pot.bregman)
def barycenter_debiased(*args, **options):
    """Return the debiased barycenter."""
    return barycenter(*args, debiased=True, **options)


@swap(pot.unbalanced)
def sinkhorn_unbalanced(
    a,
    b,
    M,
    reg,
    reg_m,
    method="sinkhorn",
    reg_type="kl",
    c=None,
    warmstart=None,
    numItermax=1000,
    stopThr=1e-6,
    verbose=False,
    log=False,
    **unused,
):
    """Return the plan for one target distribution, the costs for the columns of b."""
    if c is not None:
        raise NotOffered("a reference of one's own")
    if np.ndim(b) == 2:
        options = {"method": method, "reg_type": reg_type, "stopThr": stopThr, "log": True}
        pairs = [sinkhorn_unbalanced(a, each, M, reg, reg_m, **options) for each in np.transpose(b)]
        costs = np.array([np.sum(plan * M) for plan, _ in pairs])
        logs = {k: np.stack([each[k] for _, each in pairs], axis=1) for k in ("logu", "logv")}
        return (costs, logs) if log else costs
    reg_m = tuple(np.ravel(reg_m)) if np.size(reg_m) == 2 else float(np.ravel(reg_m)[0])
    result = ot.solve_unbalanced(
        a, b, M, reg, reg_m, scaling_name(method), reg_type.lower(), stopThr, max_iter=numItermax
    )
    f, g = result.potentials
    return (result.plan, {"logu": f / reg, "logv": g / reg}) if log else result.plan


@swap(pot.partial)
def entropic_partial_wasserstein(
    a,
    b,
    M,
    reg,
    m=None,
    method="sinkhorn",
    numItermax=1000,
    stopThr=1e-100,
    verbose=False,
    log=False,
):
    """Return the plan that moves a part of the mass."""
    result = ot.solve_partial(a, b, M, reg, m, scaling_name(method), max(stopThr, 1e-13))
    found = result.plan
    return (found, {"err": [0.0], "partial_w_dist": np.sum(found * M)}) if log else found


@pytest.fixture(params=[NumpyBackend()], ids=["numpy"])
def nx(request):
    """Return the arrays to test with: POT's own fixture, which its source archive leaves out."""
    return request.param


def pytest_configure():
    """Skip nothing: what POT's tests ask to be skipped is with arrays that are not NumPy's."""
    pytest.skip_backend = pytest.skip_arg = lambda *arguments, **options: lambda test: test


def pytest_runtest_logreport(report):
    """Remember the worst outcome of set-up, test and tear-down."""
    name = f"{Path(report.location[0]).stem}::{report.location[2]}"
    if report.failed:
        OUTCOMES[name] = "failed"
    elif report.skipped:
        OUTCOMES.setdefault(name, "skipped")
    elif report.when == "call":
        OUTCOMES.setdefault(name, "passed")


def pytest_sessionfinish(session):
    """Write the counts and the outcomes."""
    RESULTS.write_text(json.dumps({"calls": CALLS, "outcomes": OUTCOMES}))
