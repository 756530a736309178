"""Values of objectives on lines and planes."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from optlite import objectives
from optlite.display import LossLandscapeDisplay
from optlite.display._loss_landscape import filter_normalized

matplotlib.use("Agg")


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def test_values_in_a_plane_of_given_directions(ax):
    f = objectives.Rosenbrock(3)
    point, directions = np.array([1.0, -0.5, 2.0]), np.array([[1.0, 0, 0], [0.5, 1.0, -1.0]])
    display = LossLandscapeDisplay.from_objective(
        f, point, directions=directions, span=2.0, n_points=7, ax=ax
    )
    first, second = display.coordinates
    assert first[0] == -2.0 and second[-1] == 2.0 and display.values.shape == (7, 7)
    for i, t in enumerate(second):
        for j, s in enumerate(first):
            expected = f.value(point + s * directions[0] + t * directions[1])
            assert display.values[i, j] == pytest.approx(expected)
    assert np.all(np.diff(display.contours_.levels) > 0)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("direction 1", "direction 2")
    assert display.line_ is None and display.surface_ is None and display.ax_ is ax


def test_values_on_a_line_of_one_direction(ax):
    f = objectives.Quadratic([2.0, 4.0])
    display = LossLandscapeDisplay.from_objective(
        f, [0.0, 0.0], directions=[0.0, 1.0], span=3.0, n_points=5, ax=ax
    )
    np.testing.assert_allclose(display.line_.get_xdata(), [-3.0, -1.5, 0.0, 1.5, 3.0])
    np.testing.assert_allclose(display.line_.get_ydata(), 2.0 * display.line_.get_xdata() ** 2)


def test_each_filter_of_a_random_direction_has_the_norm_of_the_points():
    point = np.array([[3.0, 4.0], [0.0, 0.0], [0.1, 0.0]])
    direction = filter_normalized(point, None, np.random.default_rng(0)).reshape(3, 2)
    np.testing.assert_allclose(np.linalg.norm(direction, axis=1), [5.0, 0.0, 0.1])
    whole = filter_normalized(np.array([3.0, 4.0]), None, np.random.default_rng(0))
    assert np.linalg.norm(whole) == pytest.approx(5.0)
    filters = [7, 2, 7]
    own = filter_normalized(np.array([3.0, 2.0, 4.0]), filters, np.random.default_rng(0))
    assert abs(own[1]) == pytest.approx(2.0) and np.hypot(own[0], own[2]) == pytest.approx(5.0)


def test_filter_normalisation_removes_the_scale_of_a_function_that_does_not_depend_on_it(ax):
    """The claim of the paper: w -> c w with F(c w) = F(w) changes no picture."""

    def scale_free(w):
        return np.cos(3.0 * w[0] / np.linalg.norm(w)) + w[1] / np.linalg.norm(w)

    small, large = (
        LossLandscapeDisplay.from_objective(
            scale_free, scale * np.array([1.0, 2.0, -1.0]), random_state=3, n_points=9
        )
        for scale in (1.0, 100.0)
    )
    np.testing.assert_allclose(small.values, large.values, rtol=1e-10)


def test_a_seed_gives_the_same_picture_again():
    f = objectives.Rosenbrock()
    one, same, other = (
        LossLandscapeDisplay.from_objective(f, [1.0, 1.0], random_state=seed, n_points=5).values
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("dim", [4, 300])
def test_eigenvectors_show_the_largest_curvatures(ax, dim):
    """Along a unit eigenvector a quadratic is half the eigenvalue times t^2; 300: by Lanczos."""
    eigenvalues = np.linspace(0.0, 1.0, dim)
    eigenvalues[1], eigenvalues[2] = 20.0, -30.0
    basis = np.linalg.qr(np.random.default_rng(5).normal(size=(dim, dim)))[0]
    f = objectives.Quadratic(eigenvalues, basis=basis)
    display = LossLandscapeDisplay.from_objective(
        f, np.zeros(dim), directions="eigenvectors", span=2.0, n_points=3, random_state=0, ax=ax
    )
    s, t = display.coordinates
    expected = -15.0 * s**2 + 10.0 * t[:, None] ** 2
    np.testing.assert_allclose(display.values, expected, atol=1e-8)
    assert ax.get_xlabel() == "eigenvector 1 (curvature -30)"
    assert ax.get_ylabel() == "eigenvector 2 (curvature 20)"


def test_a_surface_has_the_values(ax):
    f = objectives.Booth()
    display = LossLandscapeDisplay.from_objective(
        f, [1.0, 3.0], directions=np.eye(2), surface=True, n_points=5
    )
    assert display.ax_.name == "3d" and display.contours_ is None
    assert display.surface_.get_zorder() is not None
    bounds = np.array(display.ax_.get_zlim())
    assert bounds[0] <= display.values.min() and bounds[1] >= display.values.max()
    with pytest.raises(TypeError, match="ax must have projection='3d'"):
        display.plot(ax, surface=True)


def test_interpolation_between_two_points(ax):
    f = objectives.Himmelblau()
    start, end = f.minimizers[:2]
    display = LossLandscapeDisplay.from_interpolation(
        f, start, end, names=("one", "other"), n_points=11, extend=0.2, ax=ax
    )
    (side,) = display.coordinates
    assert side[0] == -0.2 and side[-1] == 1.2 and {0.0, 1.0} <= set(side)
    expected = [f.value(start + s * (end - start)) for s in side]
    np.testing.assert_allclose(display.line_.get_ydata(), expected, atol=1e-12)
    assert display.values.max() > 50.0  # there is a barrier between the minima
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "other"]
    assert ax.get_xlabel() == "position between one (0) and other (1)"


def test_functions_of_a_matrix_and_plain_functions_are_drawn():
    X = np.random.default_rng(0).normal(size=(30, 2))
    f = objectives.Multinomial(X, np.arange(30) % 3, alpha=0.1)
    display = LossLandscapeDisplay.from_objective(f, np.ones(f.shape), n_points=3, random_state=0)
    assert display.values[1, 1] == pytest.approx(f.value(np.ones(f.shape)))
    eigen = LossLandscapeDisplay.from_objective(
        f, np.ones(f.shape), directions="eigenvectors", n_directions=1, n_points=3
    )
    assert eigen.values.shape == (3,)
    plain = LossLandscapeDisplay.from_objective(np.sum, np.ones(3), n_points=3, random_state=0)
    assert plain.values[1, 1] == pytest.approx(3.0)


BOOTH, ONES = objectives.Booth(), np.ones(2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: LossLandscapeDisplay([0, 1], [1.0]),
            ValueError,
            r"values must have shape \(2,\).*got \(1,\)",
        ),
        (
            lambda: LossLandscapeDisplay(([0, 1], [0, 1, 2]), np.ones((2, 3)), labels=("a", "b")),
            ValueError,
            r"values must have shape \(3, 2\)",
        ),
        (
            lambda: LossLandscapeDisplay(([0, 1], [0, 1]), np.ones((2, 2))),
            ValueError,
            "labels must have one name for each of the 2 axes, got 1",
        ),
        (
            lambda: LossLandscapeDisplay([0, 1], [1.0, 2.0]).plot(surface=True),
            ValueError,
            "surface must be False",
        ),
        (
            lambda: LossLandscapeDisplay.from_objective(BOOTH, [0.0, 0.0]),
            ValueError,
            "point must not be zero for random directions",
        ),
        (
            lambda: LossLandscapeDisplay.from_objective(BOOTH, [np.nan, 0.0]),
            ValueError,
            "point must hold finite numbers",
        ),
        (
            lambda: LossLandscapeDisplay.from_objective(BOOTH, ONES, span=0),
            ValueError,
            "span must be a number > 0, got 0",
        ),
        (
            lambda: LossLandscapeDisplay.from_objective(BOOTH, ONES, n_directions=3),
            ValueError,
            "n_directions must be 1 or 2, got 3",
        ),
        (
            lambda: LossLandscapeDisplay.from_objective(BOOTH, ONES, directions="axes"),
            ValueError,
            "directions must be 'random', 'eigenvectors' or one or two arrays, got 'axes'",
        ),
        (
            lambda: LossLandscapeDisplay.from_objective(BOOTH, ONES, directions=np.ones((2, 3))),
            ValueError,
            r"directions must have shape \(1, 2\) or \(2, 2\), got \(2, 3\)",
        ),
        (
            lambda: LossLandscapeDisplay.from_objective(BOOTH, ONES, filters=[0, 1, 2]),
            ValueError,
            "filters must have an integer for each of the 2 variables",
        ),
        (
            lambda: LossLandscapeDisplay.from_objective(np.sum, ONES, directions="eigenvectors"),
            TypeError,
            "objective must have hvp",
        ),
        (
            lambda: LossLandscapeDisplay.from_interpolation(BOOTH, ONES, ONES),
            ValueError,
            "start and end must be two points of one shape, got one twice",
        ),
        (
            lambda: LossLandscapeDisplay.from_interpolation(BOOTH, ONES, np.ones(3)),
            ValueError,
            r"got \(2,\) and \(3,\)",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
