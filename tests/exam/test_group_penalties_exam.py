"""What every penalty of groups must satisfy: its prox is optimal, non-expansive and consistent."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize

from optlite import reference
from optlite._core import core
from optlite._params import records

RECORDS = records("penalties")
GROUPS = sorted(name for name, record in RECORDS.items() if record["of_groups"])
pytestmark = pytest.mark.parametrize("name", GROUPS)

blocks = st.lists(
    st.floats(-100.0, 100.0).filter(lambda w: w == 0.0 or abs(w) > 1e-100), min_size=1, max_size=5
).map(np.array)
steps = st.floats(1e-3, 1e3)


def some_fields(name):
    """Hyper-parameters at their defaults, at the ends of their ranges, and in between."""
    if RECORDS[name]["of_ranks"]:  # levels stand in their place
        return [[], [1.0, 0.8, 0.5, 0.5, 0.1], [1.0, 1.0, 0.0], [2.0, 0.7]]
    fields = RECORDS[name]["fields"]
    ends = [[field[end] for field in fields] for end in ("lower", "upper")]
    middle = [0.4 * field["lower"] + 0.6 * field["upper"] for field in fields]
    return [[field["default"] for field in fields], middle, *ends]


@given(w=blocks, step=steps, seed=st.integers(0, 1000))
def test_core_matches_the_twin(name, w, step, seed):
    twin = reference.load("penalties", name)
    gradient = np.random.default_rng(seed).normal(size=len(w)) * 10.0 ** (seed % 3 - 1)
    for fields in some_fields(name):
        assert_allclose(core.penalty_value(name, w, fields), twin.value(w, *fields), rtol=1e-14)
        ours = core.penalty_prox(name, w, step, fields)
        assert_allclose(ours, twin.prox(w, step, *fields), rtol=1e-12, atol=1e-13 * abs(w).max())
        ours = core.penalty_subdifferential_distance(name, w, gradient, fields)
        theirs = twin.subdifferential_distance(w, gradient, *fields)
        assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_prox_minimises(name, seed):
    """Neither a search without derivatives nor one along each axis finds a lower point."""
    rng = np.random.default_rng(seed)
    v, step = 2.0 * rng.normal(size=2), 10.0 ** rng.uniform(-1, 0.5)
    axes = np.stack(np.meshgrid(*[np.linspace(-4.0, 4.0, 41)] * 2), axis=-1).reshape(-1, 2)
    for fields in some_fields(name):

        def total(w, fields=fields):
            return core.penalty_value(name, w, fields) + (w - v) @ (w - v) / (2.0 * step)

        reached = total(core.penalty_prox(name, v, step, fields))
        searched = minimize(total, v, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        least = min(searched.fun, min(total(w) for w in axes))
        assert reached <= least + 1e-13 * max(1.0, abs(least))


@given(v=blocks, step=steps)
def test_prox_is_a_fixed_point_of_the_subdifferential(name, v, step):
    for fields in some_fields(name):
        p = core.penalty_prox(name, v, step, fields)
        distance = core.penalty_subdifferential_distance(name, p, (p - v) / step, fields)
        assert distance <= 1e-11 * max(1.0, np.abs(v).max() * max(1.0, 1.0 / step))


@given(a=blocks, step=steps, seed=st.integers(0, 1000))
def test_prox_is_firmly_non_expansive(name, a, step, seed):
    b = np.random.default_rng(seed).normal(size=len(a)) * 10.0 ** (seed % 4 - 1)
    for fields in some_fields(name):
        move = core.penalty_prox(name, a, step, fields) - core.penalty_prox(name, b, step, fields)
        assert move @ move <= move @ (a - b) + 1e-12 * max(1.0, a @ a, b @ b)


@given(seed=st.integers(0, 1000))
def test_convex(name, seed):
    rng = np.random.default_rng(seed)
    a, b, t = rng.normal(size=3), rng.normal(size=3), rng.random()
    for fields in some_fields(name):
        at = [core.penalty_value(name, w, fields) for w in (a, b, t * a + (1 - t) * b)]
        assert at[2] <= t * at[0] + (1 - t) * at[1] + 1e-14


@given(w=blocks)
def test_gradient_away_from_zero(name, w):
    """The distance vanishes at minus a central difference, where no coordinate is near zero."""
    w = np.where(w == 0.0, 1.0, w)
    w = np.copysign(np.clip(np.abs(w), 0.5, 5.0), w)
    if RECORDS[name]["of_ranks"]:  # nor two of one size
        w = np.copysign(np.abs(w) + 10.0 * np.arange(len(w)), w)
    for fields in some_fields(name):
        h = 1e-6
        points = [(w + h * e, w - h * e) for e in np.eye(len(w))]
        ends = [[core.penalty_value(name, p, fields) for p in pair] for pair in points]
        slope = -np.diff(ends, axis=1)[:, 0] / (2 * h)
        assert core.penalty_subdifferential_distance(name, w, -slope, fields) <= 1e-8 * len(w)


def test_blocks_of_one_number_and_zeros(name):
    zeros = np.zeros(3)
    for fields in some_fields(name):
        assert core.penalty_value(name, zeros, fields) == 0.0
        assert_array_equal(core.penalty_prox(name, zeros, 1.0, fields), zeros)
        assert core.penalty_value(name, -2.0, fields) > 0.0
        assert core.penalty_prox(name, 0.5, 1.0, fields) == 0.0


@given(c=blocks, seed=st.integers(0, 1000))
def test_conjugate(name, c, seed):
    """At the reach the conjugate is 0 and u . w <= h(w); just beyond it some w is above."""
    twin = reference.load("penalties", name)
    c = np.copysign(np.clip(np.abs(c), 1e-3, None), c)
    rng = np.random.default_rng(seed)
    for fields in some_fields(name):
        t = core.penalty_reach(name, c, fields)
        assert_allclose(t, twin.reach(c, *fields), rtol=1e-12)
        assert core.penalty_conjugate(name, t * c, fields) == twin.conjugate(t * c, *fields) == 0.0
        for w in (*rng.normal(size=(20, len(c))), c):
            assert t * (c @ w) <= core.penalty_value(name, w, fields) * (1.0 + 1e-12)
        # What the prox leaves of a point that is hardly too large is a direction that says so.
        w = core.penalty_prox(name, 1.001 * t * c, 1.0, fields)
        assert 1.001 * t * (c @ w) > core.penalty_value(name, w, fields) > 0.0


def test_twin_has_the_same_hyper_parameters(name):
    fields = {field["name"]: field["default"] for field in RECORDS[name]["fields"]}
    twin = reference.load("penalties", name)
    own = list(inspect.signature(twin.value).parameters.values())[1:]
    if RECORDS[name]["of_ranks"]:
        assert [p.kind for p in own] == [inspect.Parameter.VAR_POSITIONAL] and not fields
        return
    assert {p.name: p.default for p in own} == fields
