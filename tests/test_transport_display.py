"""What the displays of transport draw."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from optlite import ot
from optlite.display import TransportPlanDisplay


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def solved(n=8, m=6):
    rng = np.random.default_rng(0)
    X, Y = rng.random((n, 2)), rng.random((m, 2)) + 0.5
    return ot.solve_points(X, Y, reg=0.01), X, Y


def test_lines_join_points_that_exchange_mass():
    result, X, Y = solved()
    display = TransportPlanDisplay.from_result(result, X, Y, threshold=0.1)
    pairs = {tuple(np.ravel(segment).round(9)) for segment in display.lines_.get_segments()}
    rows, columns = np.nonzero(result.plan > 0.1 * result.plan.max())
    ends = np.hstack([X[rows], Y[columns]]).round(9)
    assert pairs == {tuple(pair) for pair in ends}
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        "sources",
        "targets",
    ]


def test_the_matrix_is_the_plan():
    result, X, Y = solved()
    display = TransportPlanDisplay.from_result(result)
    assert np.array_equal(display.image_.get_array(), result.plan) and display.lines_ is None
    _, ax = plt.subplots()
    assert TransportPlanDisplay.from_result(result, X, Y, kind="matrix", ax=ax).ax_ is ax


def test_bad_arguments_are_refused_in_words():
    with pytest.raises(ValueError, match="plan must have two dimensions"):
        TransportPlanDisplay([1.0])
    with pytest.raises(ValueError, match=r"X must have shape \(1, 2\), got \(1, 3\)"):
        TransportPlanDisplay([[1.0]], [[0.0, 0.0, 0.0]], [[0.0, 0.0]])
    with pytest.raises(ValueError, match='kind must be "lines" or "matrix"'):
        TransportPlanDisplay([[1.0]]).plot(kind="arrows")
    with pytest.raises(ValueError, match="needs the points"):
        TransportPlanDisplay([[1.0]]).plot(kind="lines")


def test_no_mass_draws_no_lines():
    points = [[0.0, 0.0], [1.0, 1.0]]
    with pytest.raises(ValueError, match="plan must have mass to draw lines, got none"):
        TransportPlanDisplay(np.zeros((2, 2)), points, points).plot()
