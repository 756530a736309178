"""Every registered block selection and block update minimises problems as its twin does."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp

from optlite import bcd
from optlite._params import default, records

SELECTIONS = records("block_selections")
UPDATES = records("block_updates")


def data(seed=0, n=18):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(3 * n, n)) * rng.uniform(0.5, 2.0, n)
    return A, rng.normal(size=3 * n)


def chain(seed=0, n=18):
    """A graph with a few cycles."""
    rng = np.random.default_rng(seed)
    W = sp.lil_array((n + 2, n + 2))
    for i in range(n + 1):
        W[i, i + 1] = W[i + 1, i] = rng.uniform(0.5, 2.0)
    for i in range(0, n - 4, 5):
        W[i, i + 4] = W[i + 4, i] = 1.0
    return bcd.LabelPropagation(W.tocsc(), [0, n + 1], rng.normal(size=2))


def problem(kind, seed=0):
    """One problem of each kind of F = f + g."""
    A, b = data(seed)
    f = bcd.LeastSquares(A, b, alpha=0.1)
    if kind == "logistic":
        return bcd.Logistic(A, np.sign(b), alpha=0.1)
    if kind == "softmax":
        return bcd.Softmax(A[:, :6], (np.arange(len(b)) + (b > 0)) % 3, alpha=0.1)
    if kind == "graph":
        return chain(seed)
    if kind == "l1":
        return bcd.Composite(f, l1=0.05 * np.abs(f.c).max())
    if kind == "logistic_l1":
        return bcd.Composite(bcd.Logistic(A, np.sign(b), alpha=0.1), l1=0.5)
    if kind == "bounds":
        return bcd.Composite(f, l1=0.1, lower=-0.2, upper=np.linspace(0.0, 0.2, f.dim))
    if kind == "groups":
        groups = [[0, 5, 17], [1, 2], [3, 4, 6, 7], [8], list(range(9, 17))]
        return bcd.Composite(f, groups=groups, group_l1=0.2 * np.abs(f.c).max())
    return f


TAKES = {
    "quadratic": {"any", "separable", "smooth"},
    "logistic": {"any", "separable", "smooth"},
    "softmax": {"any", "separable", "smooth"},
    "graph": {"any", "separable", "smooth", "graph"},
    "l1": {"any", "separable"},
    "logistic_l1": {"any", "separable"},
    "bounds": {"any", "separable"},
    "groups": {"any"},
}


def variants(record):
    """Each word of each hyper-parameter that is a choice."""
    yield {}
    for field in record["fields"]:
        for word in field["words"]:
            if word != default(field):
                yield {field["name"]: word}


def ways(kind):
    """Each selection with the update of the defaults, each update with two selections."""
    fitting = TAKES[kind]
    smooth = "smooth" in fitting
    for name, record in SELECTIONS.items():
        if record["takes"] not in fitting:
            continue
        whole = record["needs_partition"]
        for partition in ["sort"] if whole else ["sort", "variable"]:
            for fields in variants(record):
                yield partition, name, None, fields
    for name, record in UPDATES.items():
        if record["takes"] not in fitting:
            continue
        trees = name == "message_passing"
        for fields in variants(record):
            yield ("trees" if trees else "sort"), "cyclic", name, fields
            yield ("forest" if trees else "variable"), "gsd" if smooth else "gs_q", name, fields


WAYS = [
    pytest.param(
        kind,
        {"partition": "groups" if kind == "groups" else p, "selection": s, "update": u, **fields},
        id="-".join(map(str, (kind, p, s, u, *fields.values()))),
    )
    for kind in TAKES
    for p, s, u, fields in ways(kind)
]


def moved(record, before, kind):
    """The block, or where kinks and bounds hold variables, so that they tie, those that moved."""
    if kind in ("quadratic", "logistic", "softmax", "graph"):
        return record.block.tolist()
    return np.flatnonzero(np.abs(record.x - before) > 1e-11).tolist()


@pytest.mark.parametrize(("kind", "choices"), WAYS)
def test_core_and_twin_take_the_same_path(kind, choices):
    F = problem(kind)
    options = {"max_iter": 25, "tol": 1e-13, "random_state": 3, "final_phase": False}
    if kind == "graph":  # from zero, most gradients are zero: ties, up to rounding
        options["x0"] = np.random.default_rng(1).normal(size=F.dim)
    runs = [
        list(bcd.steps(F, block_size=4, engine=engine, **options, **choices))
        for engine in ("core", "numpy")
    ]
    compared, before = 0, runs[0][0].x
    for one, other in zip(*runs, strict=False):
        if one.gradient_norm <= 1e-8 * runs[0][0].gradient_norm:
            break  # scores are rounding only
        compared += 1
        assert moved(one, before, kind) == moved(other, before, kind)
        before = one.x
        assert one.x == pytest.approx(other.x, rel=1e-10, abs=1e-11)
        assert one.score == pytest.approx(other.score, rel=1e-8, abs=1e-10)
        assert one.objective == pytest.approx(other.objective, rel=1e-12, abs=1e-12)
        assert one.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-8, abs=1e-9)
        assert one.active_set.tolist() == other.active_set.tolist()
        assert one.identified == other.identified
    assert compared > 3


@pytest.mark.parametrize(("kind", "choices"), WAYS)
def test_no_step_raises_the_objective_and_records_are_true(kind, choices):
    F = problem(kind, 2)
    run = list(bcd.steps(F, block_size=4, max_iter=20, random_state=1, **choices))
    values = np.array([record.objective for record in run])
    assert (np.diff(values) <= 1e-12 * np.abs(values[0])).all()
    for record in run[:: max(1, len(run) - 1)]:
        assert record.objective == pytest.approx(F.value(record.x), rel=1e-11, abs=1e-12)
        assert record.active_set.tolist() == np.flatnonzero(F.at_kink(record.x)).tolist()


def minimum(F):
    """Least value of F, found by SciPy: with |x_i| as the sum of two parts, neither negative."""
    l1 = F.l1
    n = F.dim

    def split(z):
        x = z[:n] - z[n:]
        g = F.smooth.gradient(x)
        return F.smooth.value(x) + l1 @ (z[:n] + z[n:]), np.concatenate([g + l1, l1 - g])

    upper = np.concatenate([np.maximum(F.upper, 0.0), np.maximum(-F.lower, 0.0)])
    bounds = scipy.optimize.Bounds(np.zeros(2 * n), upper)
    options = {"maxiter": 20000, "maxfun": 200000, "ftol": 1e-16, "gtol": 1e-11}
    found = scipy.optimize.minimize(
        split, np.zeros(2 * n), jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    return found.fun


MINIMA = [way for way in WAYS if way.values[0] in ("quadratic", "l1", "logistic_l1", "bounds")]


@pytest.mark.parametrize(("kind", "choices"), MINIMA)
def test_it_reaches_the_minimum(kind, choices):
    F = problem(kind, 1)
    result = bcd.solve(F, block_size=4, tol=1e-11, random_state=0, **choices)
    assert result.converged
    if kind == "quadratic":
        distance = np.linalg.norm(result.x - np.linalg.solve(F.H, F.c))
        assert distance <= np.sqrt(2.0 * result.certificate / F.strong_convexity) < 1e-4
    else:
        assert result.objective == pytest.approx(minimum(F), rel=1e-10)


@pytest.mark.parametrize("kind", ["logistic", "softmax", "graph", "groups"])
def test_the_gradient_vanishes_at_the_end(kind):
    F = problem(kind, 1)
    result = bcd.solve(F, block_size=4, tol=1e-11)
    assert result.converged
    g = F.smooth.gradient(result.x)
    if kind != "groups":
        assert np.linalg.norm(g) <= 1.1e-5 * np.linalg.norm(F.gradient(np.zeros(F.dim)))
        return
    for block, weight in zip(F.groups, F.group_l1, strict=True):
        norm = np.linalg.norm(result.x[block])
        if norm > 0.0:
            assert g[block] == pytest.approx(-weight * result.x[block] / norm, abs=1e-5)
        else:
            assert np.linalg.norm(g[block]) <= weight * (1 + 1e-9)


@pytest.mark.parametrize("selection", SELECTIONS)
def test_sparse_and_dense_take_the_same_path(selection):
    rng = np.random.default_rng(4)
    A = sp.random_array((60, 30), density=0.15, rng=rng, format="coo")
    A = sp.vstack([A, A[:5]])
    b = rng.normal(size=65)
    runs = [
        bcd.solve(bcd.LeastSquares(M, b, 0.1), "sort", selection, max_iter=5000, random_state=0)
        for M in (A.toarray(), A.tocsr(), A.tocsc())
    ]
    for run in runs[1:]:
        assert run.x == pytest.approx(runs[0].x, rel=1e-9, abs=1e-11)
        assert run.n_iter == runs[0].n_iter
