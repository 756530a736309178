"""What the displays of transport draw."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.linalg

from optlite import ot
from optlite.display import SpectrumDisplay, TransportPlanDisplay


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


def test_a_spectrum_is_drawn_where_it_was_given():
    display = SpectrumDisplay.from_eigenvalues(
        [[4.0, 1.0], [0.0, 0.5, 2.0]], steps=[3, 10], name="H", x_name="Step"
    )
    assert display.marks_.get_offsets().tolist() == [[3, 1], [3, 4], [10, 0.5], [10, 2]]
    smallest, largest = display.extremes_
    assert smallest.get_xydata().tolist() == [[3, 1], [10, 0.5]]
    assert largest.get_xydata().tolist() == [[3, 4], [10, 2]]
    assert display.condition_numbers.tolist() == [4.0, 4.0]
    ax = display.ax_
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("Step", "Eigenvalue", "log")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["H"]
    other = SpectrumDisplay.from_eigenvalues([[9.0], [8.0]], [3, 10], name="other", ax=ax)
    assert other.extremes_[0].get_color() != largest.get_color()


def test_one_spectrum_and_spectra_with_names():
    display = SpectrumDisplay.from_eigenvalues(np.array([3.0, -1.0, 6.0]))
    assert len(display.spectra) == 1 and display.condition_numbers.tolist() == [2.0]
    named = SpectrumDisplay.from_eigenvalues([[1.0], [2.0]], ["before", "after"])
    assert [label.get_text() for label in named.ax_.get_xticklabels()] == ["before", "after"]
    assert np.isnan(SpectrumDisplay([[-1.0, 0.0]]).condition_numbers).all()
    # What is 1e-18 beside 1 may as well be zero: no solver knows.
    assert SpectrumDisplay([[1e-18, 0.5, 1.0]]).condition_numbers.tolist() == [2.0]


@pytest.mark.parametrize("scaled", [True, False])
def test_the_spectrum_of_transport_is_that_of_the_hessian_of_the_dual(scaled):
    """-reg times the Hessian of q(g), here by differences of its gradient b - P(g)^T 1."""
    rng = np.random.default_rng(1)
    M, reg = rng.random((9, 7)), 0.2
    records = list(ot.steps(None, None, M, reg, "sinkhorn", annealing=1.0, max_iter=3, tol=1e-15))
    display = SpectrumDisplay.from_transport(M, iter(records), scaled=scaled)
    assert display.steps.tolist() == [0, 1, 2, 3] and display.ax_.get_xlabel() == "Iteration"

    def column_sums(g):
        plan = np.exp((g - M) / reg)
        return (plan / plan.sum(axis=1, keepdims=True)).sum(axis=0) / 9

    for record, found in zip(records, display.spectra, strict=True):
        S = np.empty((7, 7))
        for j, direction in enumerate(1e-5 * np.eye(7)):
            difference = column_sums(record.g + direction) - column_sums(record.g - direction)
            S[:, j] = reg * difference / 2e-5
        D = np.diag(np.diag(S)) if scaled else None
        expected = scipy.linalg.eigh(0.5 * (S + S.T), D, eigvals_only=True)
        assert expected[0] == pytest.approx(0.0, abs=1e-9)
        assert found == pytest.approx(expected[1:], abs=1e-9)


def test_bad_spectra_are_refused_in_words():
    with pytest.raises(ValueError, match="spectra must hold at least one spectrum, got none"):
        SpectrumDisplay([])
    with pytest.raises(ValueError, match=r"got shape \(0,\) for spectrum 1"):
        SpectrumDisplay([[1.0], []])
    with pytest.raises(ValueError, match="got NaN or infinity in spectrum 0"):
        SpectrumDisplay([np.nan, 1.0])
    with pytest.raises(ValueError, match="one entry for each of the 2 spectra"):
        SpectrumDisplay([[1.0], [2.0]], steps=[1])
    run = ot.steps(None, None, np.eye(3), 0.1)
    with pytest.raises(ValueError, match=r"shape of the potentials, \(3, 3\), got \(2, 3\)"):
        SpectrumDisplay.from_transport(np.ones((2, 3)), run)
