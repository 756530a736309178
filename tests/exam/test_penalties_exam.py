"""What every penalty must satisfy: its prox is optimal, non-expansive and consistent."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from optlite import reference
from optlite._core import core
from optlite._params import records

RECORDS = records("penalties")
SINGLE = sorted(name for name, record in RECORDS.items() if not record["of_groups"])
every = pytest.mark.parametrize("name", SINGLE)
CONVEX = [name for name in SINGLE if RECORDS[name]["concavity"] == 0.0]
convex = pytest.mark.parametrize("name", CONVEX)
concave = pytest.mark.parametrize("name", sorted({*SINGLE} - {*CONVEX}))
certified = pytest.mark.parametrize("name", [n for n in SINGLE if RECORDS[n]["has_gap"]])

POINTS = np.linspace(-3.0, 3.0, 25)
STEPS = (0.01, 0.5, 1.0, 20.0)
GRID = np.linspace(-4.0, 4.0, 8001)
numbers = st.floats(-100.0, 100.0)
steps = st.floats(1e-3, 1e3)


@every
def test_core_matches_the_twin(name):
    twin = reference.load("penalties", name)
    values = [core.penalty_value(name, w) for w in POINTS]
    assert_allclose(values, twin.value(POINTS), rtol=1e-15)
    for step in STEPS:
        prox = [core.penalty_prox(name, v, step) for v in POINTS]
        assert_allclose(prox, twin.prox(POINTS, step), rtol=1e-15)
    for gradient in (-1.5, 0.0, 0.25):
        distance = [core.penalty_subdifferential_distance(name, w, gradient) for w in POINTS]
        assert_allclose(distance, twin.subdifferential_distance(POINTS, gradient), rtol=1e-15)


@every
def test_prox_minimises(name):
    """No point of a fine grid has a lower h(w) + (w - v)^2 / (2 step)."""
    twin = reference.load("penalties", name)
    for step in STEPS:
        for v in POINTS:
            best = core.penalty_prox(name, v, step)
            reached = core.penalty_value(name, best) + (best - v) ** 2 / (2 * step)
            grid = twin.value(GRID) + (GRID - v) ** 2 / (2 * step)
            assert reached <= grid.min() + 1e-14 * max(1.0, abs(reached))


@every
@given(v=numbers, step=steps)
def test_prox_is_a_fixed_point_of_the_subdifferential(name, v, step):
    """(v - prox) / step is a subgradient at the prox."""
    p = core.penalty_prox(name, v, step)
    distance = core.penalty_subdifferential_distance(name, p, (p - v) / step)
    assert distance <= 1e-12 * max(1.0, abs(v), abs(v) / step)


@convex
@given(a=numbers, b=numbers, step=steps)
def test_prox_is_firmly_non_expansive(name, a, b, step):
    p, q = core.penalty_prox(name, a, step), core.penalty_prox(name, b, step)
    assert (p - q) ** 2 <= (p - q) * (a - b) + 1e-12 * max(1.0, a * a, b * b)


@convex
def test_moreau_decomposition(name):
    """v = p + step u with h(p) + h*(u) = p u: u = (v - p) / step is the dual half of v.

    h*(u) is the supremum of u w - h(w); no point of the grid exceeds the value at p.
    """
    twin = reference.load("penalties", name)
    h = twin.value(GRID)
    for step in STEPS:
        for v in POINTS:
            p = core.penalty_prox(name, v, step)
            u = (v - p) / step
            conjugate = np.max(u * GRID - h)
            assert conjugate <= u * p - core.penalty_value(name, p) + 1e-12 * max(1.0, abs(u))


@convex
def test_convex(name):
    h = reference.load("penalties", name).value(GRID)
    finite = np.isfinite(h)
    # The set where h is finite is an interval, and second differences on it are not negative.
    assert np.all(np.diff(np.flatnonzero(finite)) == 1)
    assert np.all(np.diff(h[finite], 2) >= -1e-12)


@concave
def test_a_parabola_makes_it_convex(name):
    """Second differences fall to minus the concavity, and not below it."""
    twin = reference.load("penalties", name)
    c = core.penalty_concavity(name)
    assert c == twin.concavity() == RECORDS[name]["concavity"] > 0.0
    h = twin.value(GRID)
    bends = np.diff(h, 2) / (GRID[1] - GRID[0]) ** 2
    if np.isfinite(c):
        assert_allclose(bends.min(), -c, rtol=1e-6)
    else:
        assert bends.min() < -1e3


@concave
def test_rises_on_both_sides_of_zero_and_bends_down(name):
    """What newton steps of the solver rely on: symmetry, and slopes of the sign of w."""
    h = core.penalty_value
    values = np.array([h(name, w) for w in GRID[GRID >= 0]])
    assert_allclose(values, [h(name, -w) for w in GRID[GRID >= 0]], rtol=0)
    assert np.all(np.diff(values) >= 0.0)
    assert np.all(np.diff(values, 2) <= 1e-13)


@certified
def test_conjugate(name):
    """It is the supremum of u w - h(w), which the prox attains, and finite up to the reach."""
    twin = reference.load("penalties", name)
    h, wide = twin.value(GRID), np.concatenate([-np.geomspace(1, 1e9, 9), np.geomspace(1, 1e9, 9)])
    for v in POINTS:
        p = core.penalty_prox(name, v, 0.5)
        u = (v - p) / 0.5
        conjugate = core.penalty_conjugate(name, u)
        assert_allclose(conjugate, twin.conjugate(u), rtol=1e-14, atol=1e-14)
        assert_allclose(conjugate, u * p - core.penalty_value(name, p), rtol=1e-12, atol=1e-13)
        assert np.max(u * GRID - h) <= conjugate + 1e-12
        t = core.penalty_reach(name, v)
        assert_allclose(t, twin.reach(v), rtol=1e-14)
        if np.isfinite(t):  # beyond the reach u w - h(w) has no bound
            assert np.max(1.01 * (t + 0.01) * v * wide - twin.value(wide)) > 1e4
        inside = min(t, 1.0) * v
        assert np.max(inside * wide - twin.value(wide)) <= twin.conjugate(inside) + 1e-6


@every
def test_derivatives_exist_exactly_if_smooth(name):
    twin, record = reference.load("penalties", name), RECORDS[name]
    assert record["smooth"] == hasattr(twin, "first") == hasattr(twin, "second")
    if not record["smooth"]:
        return
    h = 1e-3
    first = (twin.value(POINTS + h) - twin.value(POINTS - h)) / (2 * h)
    second = (twin.first(POINTS + h) - twin.first(POINTS - h)) / (2 * h)
    assert_allclose(twin.first(POINTS), first, atol=1e-6)
    assert_allclose(twin.second(POINTS), second, atol=1e-6)
    distance = twin.subdifferential_distance(POINTS, 0.3)
    assert_allclose(distance, np.abs(twin.first(POINTS) + 0.3), atol=1e-14)


@every
def test_twin_has_the_same_hyper_parameters(name):
    fields = {field["name"]: field["default"] for field in RECORDS[name]["fields"]}
    twin = reference.load("penalties", name)
    own = list(inspect.signature(twin.value).parameters.values())[1:]
    assert {p.name: p.default for p in own} == fields
