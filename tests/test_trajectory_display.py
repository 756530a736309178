"""Paths over contours: what is drawn is what was recorded."""

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from optlite import objectives, optim
from optlite.display import TrajectoryDisplay
from optlite.display._labels import place, samples
from optlite.display._landscape import contour_levels
from optlite.display._style import COLORS, line_styles, text_color, unique
from optlite.trace import Trace

matplotlib.use("Agg")

BOWL = objectives.Quadratic([1.0, 10.0])


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def run(objective, x0, method, max_iter=20):
    return Trace(optim.steps(objective, x0, method=method, max_iter=max_iter))


def texts(ax):
    """What is written in the axes, beside paths or in the legend."""
    legend = ax.get_legend()
    return sorted(text.get_text() for text in (legend.get_texts() if legend else ax.texts))


def test_the_points_drawn_are_those_of_the_trace(ax):
    trace = run(BOWL, [1.0, 1.0], optim.SGD(0.15))
    display = TrajectoryDisplay.from_trace(trace, BOWL, name="descent", ax=ax)
    np.testing.assert_array_equal(display.lines_["descent"].get_xydata(), trace["x"])
    assert display.ax_ is ax and display.figure_ is ax.figure
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")
    assert texts(ax) == ["descent", "minimum", "start"]
    start, minimum = display.marks_
    np.testing.assert_array_equal(start.get_xydata(), [[1.0, 1.0]])
    np.testing.assert_array_equal(minimum.get_xydata(), [[0.0, 0.0]])


def test_several_methods_in_one_call_are_the_runs_of_steps():
    rule = optim.Adam(0.1)
    display = TrajectoryDisplay.from_methods(
        BOWL, [1.0, 1.0], ["sgd", "momentum", rule, rule], max_iter=15
    )
    names = ["sgd", "momentum", "Adam(learning_rate=0.1)", "Adam(learning_rate=0.1) (2)"]
    assert list(display.traces) == names
    for name, method in zip(names, ["sgd", "momentum", rule, rule], strict=True):
        expected = run(BOWL, [1.0, 1.0], method, max_iter=15)["x"]
        np.testing.assert_array_equal(display.lines_[name].get_xydata(), expected)
    styles = {(line.get_color(), str(line.get_linestyle())) for line in display.lines_.values()}
    assert len(styles) == 4


def test_methods_may_be_named_and_be_directions():
    X = np.random.default_rng(0).normal(size=(40, 2))
    f = objectives.Logistic(X, X @ [1.0, 2.0] + X[:, 0] ** 2 > 0, alpha=0.1)
    display = TrajectoryDisplay.from_methods(
        f, [2.0, -2.0], {"second order": "newton", "first order": optim.SGD(0.5)}
    )
    assert list(display.traces) == ["second order", "first order"]
    best = optim.minimize(f, tol=1e-14).x
    np.testing.assert_allclose(display.points["second order"][-1], best, atol=1e-4)


def test_mini_batches_and_the_twins_run_as_in_steps():
    X = np.random.default_rng(0).normal(size=(40, 2))
    f = objectives.LeastSquares(X, X @ [1.0, -2.0] + 0.1)
    options = {"batch_size": 8, "random_state": 3, "engine": "numpy", "max_iter": 12, "tol": 0.0}
    display = TrajectoryDisplay.from_methods(f, [0.0, 0.0], "sgd", **options)
    expected = Trace(optim.steps(f, [0.0, 0.0], method="sgd", **options))["x"]
    np.testing.assert_array_equal(display.lines_["sgd"].get_xydata(), expected)
    assert len(expected) == 13


def test_levels_increase_and_lie_in_the_picture(ax):
    f = objectives.Rosenbrock()
    display = TrajectoryDisplay.from_methods(f, [-1.2, 1.0], optim.SGD(1e-3), ax=ax)
    levels = display.contours_.levels
    assert len(levels) == 14 and np.all(np.diff(levels) > 0.0)
    # Walls a thousand times as high as the lowest contour, and as many contours in the valley.
    assert levels[0] > 0.0 and levels[-1] / levels[0] > 1e3
    corners = [f.value(w) for w in itertools.product(ax.get_xlim(), ax.get_ylim())]
    assert levels[-1] < max(corners)


def test_log_levels_have_equal_ratios_and_quantile_levels_equal_areas():
    side = np.linspace(-1.0, 1.0, 201)
    values = 7.0 + side[:, None] ** 2 + 1000.0 * side**2
    lowest = values.min()
    ratios = np.diff(np.log(contour_levels(values, "log", 9) - lowest))
    np.testing.assert_allclose(ratios, ratios[0])
    levels = contour_levels(values, "quantile", 9)
    shares = [np.mean(values < level) for level in levels]
    np.testing.assert_allclose(shares, np.arange(1, 10) / 10.0, atol=0.01)
    np.testing.assert_array_equal(contour_levels(values, [7.5, 8.0], 9), [7.5, 8.0])
    assert contour_levels(np.ones((3, 3)), "log", 9).size == 0
    values[0, 0] = np.inf
    assert np.isfinite(contour_levels(values, "log", 9)).all()


def test_contours_are_those_of_the_objective(ax):
    """Each point of a contour line has the value of its level, but for the grid's resolution."""
    display = TrajectoryDisplay.from_methods(
        BOWL, [1.0, 1.0], optim.SGD(0.15), ax=ax, levels=[0.5, 2.0], resolution=300
    )
    for level, path in zip([0.5, 2.0], display.contours_.get_paths(), strict=True):
        values = [BOWL.value(w) for w in path.vertices]
        assert len(values) > 50
        np.testing.assert_allclose(values, level, rtol=1e-2)


def test_the_picture_holds_all_points_that_are_not_worse_than_the_start(ax):
    display = TrajectoryDisplay.from_methods(
        BOWL, [1.0, 1.0], {"good": optim.SGD(0.05), "too long": optim.SGD(0.3)}, max_iter=200, ax=ax
    )
    assert np.abs(display.points["too long"]).max() > 1e50
    assert -2.0 < ax.get_ylim()[0] < ax.get_ylim()[1] < 2.0
    ax.figure.canvas.draw()  # a path of that length is drawn without a complaint


def test_a_run_that_ends_in_infinity_is_drawn(ax):
    points = [[1.0, 1.0], [-2.0, 0.5], [1e200, 1e190], [np.inf, np.nan]]
    trace = [{"x": np.array(x), "objective": BOWL.value(x)} for x in points]
    display = TrajectoryDisplay.from_trace(trace, BOWL, ax=ax)
    np.testing.assert_array_equal(display.lines_["run"].get_xydata()[:3], points[:3])
    assert np.isnan(display.points["run"][3]).all()
    assert ax.get_xlim()[1] < 10.0
    ax.figure.canvas.draw()


def test_limits_aspect_and_minimizers_can_be_given(ax):
    display = TrajectoryDisplay.from_trace(
        run(BOWL, [1.0, 1.0], optim.SGD(0.1)),
        BOWL,
        ax=ax,
        xlim=(-3, 3),
        ylim=(-1, 2),
        aspect="auto",
        minimizer=[[0.5, 0.5], [1.0, 0.0]],
        linewidth=4,
    )
    assert ax.get_xlim() == (-3, 3) and ax.get_ylim() == (-1, 2) and ax.get_aspect() == "auto"
    assert display.marks_[1].get_label() == "minima"
    assert display.lines_["run"].get_linewidth() == 4
    plain = TrajectoryDisplay(display.traces).plot(Figure().subplots())
    assert plain.contours_ is None and len(plain.marks_) == 1


def test_a_figure_of_its_own_is_as_high_as_its_landscape():
    wide = {"xlim": (-3.0, 3.0), "ylim": (-0.5, 0.5)}
    figure = TrajectoryDisplay.from_methods(BOWL, [2.0, 0.2], optim.SGD(0.1), **wide).figure_
    figure.canvas.draw()
    (ax,) = figure.axes
    empty = figure.bbox.height - ax.get_tightbbox().height
    assert 0.0 < empty < 30.0
    given = Figure(figsize=(6.4, 4.8))
    TrajectoryDisplay.from_methods(BOWL, [2.0, 0.2], optim.SGD(0.1), ax=given.subplots(), **wide)
    assert given.get_figheight() == 4.8


def test_several_minima_are_all_marked(ax):
    f = objectives.Himmelblau()
    display = TrajectoryDisplay.from_methods(f, [0.0, 0.0], optim.SGD(0.01), ax=ax)
    np.testing.assert_array_equal(display.marks_[1].get_xydata(), f.minimizers)


# More than two variables --------------------------------------------------------------------------


def test_the_plane_of_principal_components_is_the_best_one():
    """The shares on the axes are the squared singular values; the points keep their distances."""
    f = objectives.Rosenbrock(5)
    trace = run(f, [-1.2, 1.0, 0.5, -0.3, 0.8], optim.SGD(1e-3), max_iter=200)
    display = TrajectoryDisplay(trace, f)
    difference = trace["x"] - trace["x"][-1]
    sizes = np.linalg.svd(difference, compute_uv=False)
    shares = sizes**2 / np.sum(sizes**2)
    for label, share in zip(display.plane.labels, shares, strict=False):
        assert f"({100 * share:.0f} % of the path)" in label
    lengths = np.sum(display.points["run"] ** 2)
    assert lengths == pytest.approx(np.sum(sizes[:2] ** 2), rel=1e-10)
    np.testing.assert_allclose(display.points["run"][-1], 0.0, atol=1e-14)


def test_contours_in_a_plane_are_those_of_the_objective_there(ax):
    f = objectives.Rosenbrock(4)
    display = TrajectoryDisplay.from_methods(
        f, [-1.2, 1.0, 0.5, -0.3], optim.SGD(1e-3), ax=ax, resolution=200
    )
    end = display.traces[next(iter(display.traces))][-1]
    assert f.value(display.plane.point(0.0, 0.0)) == pytest.approx(end.objective)
    level = display.contours_.levels[7]
    vertices = display.contours_.get_paths()[7].vertices
    values = [f.value(display.plane.point(*at)) for at in vertices]
    np.testing.assert_allclose(values, level, rtol=0.05)
    assert "% of the path" in ax.get_xlabel()


def test_given_directions_span_the_plane(ax):
    f = objectives.Quadratic([1.0, 2.0, 3.0])
    trace = run(f, [1.0, 1.0, 1.0], optim.SGD(0.1))
    directions = [[2.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    display = TrajectoryDisplay.from_trace(trace, f, directions=directions, ax=ax)
    # Made orthogonal and of length one: the first two variables.
    np.testing.assert_allclose(display.plane.directions, np.eye(3)[:2], atol=1e-15)
    expected = (trace["x"] - trace["x"][-1])[:, :2]
    np.testing.assert_allclose(display.lines_["run"].get_xydata(), expected, atol=1e-15)
    share = np.sum(expected[:, 0] ** 2) / np.sum((trace["x"] - trace["x"][-1]) ** 2)
    assert ax.get_xlabel() == f"direction 1 ({100 * share:.0f} % of the path)"


def test_variables_that_form_a_matrix(ax):
    X = np.random.default_rng(0).normal(size=(30, 2))
    f = objectives.Multinomial(X, np.argmax(X @ [[1, 0, -1], [0, 1, 0]], axis=1), alpha=0.1)
    display = TrajectoryDisplay.from_methods(f, np.ones(f.shape), ["lbfgs"], ax=ax)
    assert display.paths["lbfgs"].shape[1] == 6
    assert display.contours_ is not None


# Labels -------------------------------------------------------------------------------------------


def test_direct_labels_have_the_colour_of_their_path_and_cover_none(ax):
    f = objectives.Himmelblau()
    methods = {"descent": optim.SGD(1e-2), "momentum": optim.Momentum(1e-2)}
    display = TrajectoryDisplay.from_methods(f, [0.0, 0.0], methods, ax=ax, labels="direct")
    assert ax.get_legend() is None
    ax.figure.canvas.draw()
    boxes = {text.get_text(): text.get_window_extent() for text in ax.texts}
    assert set(boxes) == {"descent", "momentum", "start", "minima"}
    for text, line in display.lines_.items():
        written = next(each for each in ax.texts if each.get_text() == text)
        assert written.get_color() == text_color(line.get_color())
        pixels = ax.transData.transform(line.get_xydata())
        for box in boxes.values():
            assert not any(box.contains(*pixel) for pixel in pixels)
    for one, other in itertools.combinations(boxes.values(), 2):
        assert not one.overlaps(other)


def test_names_that_find_no_room_go_into_a_legend(ax):
    methods = {"a name that is far too long for any place " * 2: optim.SGD(0.1)}
    TrajectoryDisplay.from_methods(BOWL, [1.0, 1.0], methods, ax=ax)
    assert ax.get_legend() is not None and not ax.texts
    with pytest.raises(ValueError, match=r"labels must not be 'direct' here.*labels='legend'"):
        TrajectoryDisplay.from_methods(BOWL, [1.0, 1.0], methods, labels="direct")


def test_a_legend_covers_no_path(ax):
    display = TrajectoryDisplay.from_methods(
        BOWL, [1.0, 1.0], ["sgd", optim.SGD(0.1)], ax=ax, labels="legend"
    )
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent()
    marks = np.concatenate([mark.get_xydata() for mark in display.marks_])
    points = np.concatenate([*display.points.values(), marks])
    assert not any(box.contains(*pixel) for pixel in ax.transData.transform(points))


def test_samples_of_a_path_lie_on_it_and_close_together():
    points = np.array([[0.1, 0.1], [0.9, 0.1], [0.9, 0.5], [5.0, 0.5]])
    along = samples(points)
    assert np.linalg.norm(np.diff(along, axis=0), axis=1).max() < 0.0101
    on_first = (along[:, 1] == 0.1) & (along[:, 0] <= 0.9)
    on_others = np.isclose(along[:, 0], 0.9) | np.isclose(along[:, 1], 0.5)
    assert np.all(on_first | on_others) and along.max() <= 1.0


def test_there_is_no_place_where_points_are_everywhere():
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 50)] * 2), axis=-1).reshape(-1, 2)
    assert place(["name"], [grid], [grid], (0.02, 0.05), (0.01, 0.01)) is None


def test_neighbouring_styles_differ_in_colour_and_dashes_and_none_comes_twice():
    styles = list(line_styles([str(i) for i in range(28)]).values())
    assert len({(s["color"], s["linestyle"]) for s in styles}) == 28
    for one, other in itertools.pairwise(styles):
        assert one["color"] != other["color"] and one["linestyle"] != other["linestyle"]


@pytest.mark.parametrize("color", COLORS)
def test_text_can_be_read_on_white(color):
    rgb = np.array(to_rgb(text_color(color)))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05) >= 4.5


def test_labels_that_come_again_are_numbered():
    assert unique(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]


# What is refused ----------------------------------------------------------------------------------

ON_A_LINE = [{"x": np.full(3, float(k)), "objective": 1.0} for k in range(4)]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: TrajectoryDisplay({}), ValueError, "at least one run, got an empty dict"),
        (lambda: TrajectoryDisplay([]), ValueError, "at least one record each, got none for 'run'"),
        (
            lambda: TrajectoryDisplay([{"objective": 1.0}]),
            ValueError,
            "No record of this trace holds 'x'",
        ),
        (
            lambda: TrajectoryDisplay([{"x": np.array([np.nan, 0.0])}]),
            ValueError,
            r"start at a finite point, got \[nan +0",
        ),
        (
            lambda: TrajectoryDisplay([{"x": np.ones(1)}]),
            ValueError,
            "at least two variables, got 1.*LossLandscapeDisplay",
        ),
        (
            lambda: TrajectoryDisplay({"a": [{"x": np.ones(2)}], "b": [{"x": np.ones(3)}]}),
            ValueError,
            r"points of one size, got \[2, 3\] variables",
        ),
        (
            lambda: TrajectoryDisplay([{"x": np.ones(3)}], BOWL),
            ValueError,
            "objective takes 2 variables, but the points have 3",
        ),
        (
            lambda: TrajectoryDisplay([{"x": np.ones(2)}], objective=3.0),
            TypeError,
            "objective must have value or value_and_gradient, or be a function, got float",
        ),
        (lambda: TrajectoryDisplay(ON_A_LINE), ValueError, r"all points lie on a line.*directions"),
        (
            lambda: TrajectoryDisplay(ON_A_LINE, directions=[[1, 0], [0, 1]]),
            ValueError,
            r"directions must have shape \(2, 3\), got \(2, 2\)",
        ),
        (
            lambda: TrajectoryDisplay(ON_A_LINE, directions=[[1, 0, 2], [2, 0, 4]]),
            ValueError,
            "directions must not be multiples of each other",
        ),
        (
            lambda: TrajectoryDisplay(ON_A_LINE, directions=[[1, 0, 2], [0, 0, 0]]),
            ValueError,
            "directions must not be zero",
        ),
        (
            lambda: TrajectoryDisplay(ON_A_LINE, directions=[[1, 0, 2], [0, np.nan, 0]]),
            ValueError,
            "directions must hold finite numbers",
        ),
        (
            lambda: TrajectoryDisplay([{"x": np.ones(2)}]).plot(labels="none"),
            ValueError,
            "labels must be one of auto, direct, legend, got 'none'",
        ),
        (
            lambda: TrajectoryDisplay([{"x": np.ones(2)}], BOWL).plot(levels="linear"),
            ValueError,
            "levels must be 'log', 'quantile' or a list of numbers, got 'linear'",
        ),
        (
            lambda: TrajectoryDisplay([{"x": np.ones(2)}], BOWL).plot(levels=[2.0, 1.0]),
            ValueError,
            "levels must be a list of increasing numbers",
        ),
        (
            lambda: TrajectoryDisplay([{"x": np.ones(2)}], lambda w: np.nan).plot(),
            ValueError,
            "objective must be finite somewhere in the picture",
        ),
        (
            lambda: TrajectoryDisplay.from_methods(BOWL, [1.0, 1.0], ["sgdd"]),
            ValueError,
            "method must be one of .* got 'sgdd'.*Did you mean 'sgd'",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
