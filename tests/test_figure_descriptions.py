"""Figures of the site have a text that says what they show."""

import matplotlib.pyplot as plt
from site_extensions import load

descriptions = load("figure_descriptions")


def test_axes_and_legends_are_told_without_markup():
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2], label=r"heavy ball, $\eta\lambda = 0.9$")
    left.plot([1, 3], label='"plain"')
    left.set(title="Way down", xlabel="iteration", ylabel="$f$ > 0")
    left.legend()
    right.set_xlabel("time in s")
    figure.suptitle("Two runs")
    assert descriptions.describe(figure) == (
        "Two runs. Way down: f more than 0 against iteration (heavy ball, eta lambda = 0.9, "
        "plain). time in s"
    )
    plt.close(figure)


def test_colour_bars_say_nothing_and_an_empty_figure_says_so():
    figure, axes = plt.subplots()
    figure.colorbar(axes.imshow([[1, 2]]))
    assert descriptions.describe(figure) == "A figure without texts"
    plt.close(figure)
