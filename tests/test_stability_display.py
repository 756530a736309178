"""Pictures of sharpness along a run: what is drawn is what was measured."""

import matplotlib
import numpy as np
import pytest

from optlite import objectives, optim
from optlite.curvature import SharpnessTracker
from optlite.display import StabilityDisplay

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def run(rule, steps=6):
    f = objectives.Quadratic(np.linspace(1.0, 30.0, 4))
    tracker = SharpnessTracker(f, rule=rule)
    for _ in tracker.follow(optim.steps(f, np.full(4, 0.1), rule, max_iter=steps, tol=0.0)):
        pass
    return tracker


def test_curve_band_and_threshold_are_those_of_the_tracker():
    tracker = run(optim.SGD(0.05))
    display = StabilityDisplay.from_tracker(tracker, name="gradient descent")
    x, y = display.line_.get_data()
    assert x.tolist() == list(range(7)) and y == pytest.approx(30.0)
    assert display.threshold_.get_ydata() == pytest.approx([40.0, 40.0])
    assert display.band_ is not None and display.ax_.figure is display.figure_
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["gradient descent", "threshold 40"]
    assert display.reached is None and display.time_above == 0.0
    assert display.ax_.get_ylim()[0] <= 0.0 and display.ax_.get_ylim()[1] > 40.0


def test_a_second_run_on_the_same_axes_has_its_own_colour_and_mark():
    first = StabilityDisplay.from_tracker(run(optim.SGD(0.05)))
    second = StabilityDisplay.from_tracker(
        run(optim.Momentum(0.05, momentum=0.5)), ax=first.ax_, threshold_name="$2(1+\\mu)/\\eta$"
    )
    assert first.line_.get_color() != second.line_.get_color()
    assert first.line_.get_marker() != second.line_.get_marker()
    assert len(first.ax_.get_legend().get_texts()) == 4
    assert first.ax_.get_legend().get_texts()[-1].get_text() == "$2(1+\\mu)/\\eta$"


def test_one_threshold_of_two_runs_is_drawn_once_and_axes_grow():
    first = StabilityDisplay([0, 1], [1.0, 2.0], 3.0, name="a").plot()
    second = StabilityDisplay([0, 1], [1.0, 9.0], 3.0, name="b").plot(first.ax_)
    assert second.threshold_ is first.threshold_
    assert len(first.ax_.get_legend().get_texts()) == 3
    assert first.ax_.get_ylim()[1] > 9.0


def test_what_is_said_of_the_threshold():
    display = StabilityDisplay([0, 5, 10, 15], [1.0, 3.0, 5.0, 3.9], 4.0, bounds=np.ones(4))
    assert (display.reached, display.time_above) == (10, 0.25)
    display.plot(scale="log", marked=False, color="black")
    assert display.line_.get_marker() == "" and display.ax_.get_yscale() == "log"
    bare = StabilityDisplay([0, 1], [1.0, -1.0]).plot()
    assert bare.threshold_ is None and bare.band_ is None and bare.ax_.get_ylim()[0] <= -1.0
    with pytest.raises(ValueError, match="threshold must be given"):
        _ = bare.reached


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StabilityDisplay([], []), "iterations must be a vector of numbers"),
        (lambda: StabilityDisplay([0, 1], [1.0]), "sharpness must have a number for each of the 2"),
        (lambda: StabilityDisplay([0], [1.0], bounds=[1, 2]), "bounds must have a number for each"),
        (lambda: StabilityDisplay([1, 0], [1.0, 1.0]), "iterations must rise"),
        (lambda: StabilityDisplay([0], [1.0], 0.0), "threshold must be > 0, got 0"),
        (lambda: StabilityDisplay([0], [1.0]).plot(scale="x"), "scale must be 'linear' or 'log'"),
        (
            lambda: StabilityDisplay.from_tracker(SharpnessTracker(objectives.Rosenbrock())),
            "tracker must have a record at least",
        ),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
