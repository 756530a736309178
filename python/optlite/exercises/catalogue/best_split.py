"""The best split of a feature: where should a regression tree cut?

The values of a feature were sorted into bins: row i has the code c_i. A cut at b sends the rows
with c_i <= b to the left. Each side is then predicted by the mean of its targets, and what the cut
is worth, its gain, is the reduction of the sum of squared errors:

    sum_i (t_i - mean)^2 - sum_left (t_i - mean_left)^2 - sum_right (t_i - mean_right)^2.

Neither sum needs the rows one by one: with G the sum and n the number of targets of a side, all
that is left of it is G_left^2 / n_left + G_right^2 / n_right - G^2 / n. Histogram trees add up G
and n of each bin once, and try all cuts. Find the best one that leaves at least min_leaf rows on
either side.

Source: Breiman, Friedman, Olshen and Stone, Classification and regression trees, 1984, section 8.4.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "probabilistic prediction"
difficulty = 2


def returns(codes, targets, min_leaf):
    """Return b and its gain, two numbers; codes are whole numbers >= 0, one for each target.

    There is a cut with min_leaf rows on either side.
    """
    return {"cut": (), "gain": ()}


def draw(rng, n=30, bins=8):
    """Draw codes, targets that depend on them, and the least number of rows on a side."""
    codes = rng.integers(0, bins, size=n)
    effects = rng.normal(size=bins)
    return codes, effects[codes] + 0.3 * rng.normal(size=n), int(rng.integers(2, 6))


def error(targets):
    """Return the sum of squared distances to the mean."""
    return float(np.sum((targets - targets.mean()) ** 2))


def gain_of(codes, targets, cut):
    """Return what a cut is worth, by its definition."""
    left = codes <= cut
    return error(targets) - error(targets[left]) - error(targets[~left])


def sides(codes, cut):
    """Return the number of rows on either side."""
    return int(np.sum(codes <= cut)), int(np.sum(codes > cut))


@holds(
    "the gain is that of the cut",
    "Compute the three sums of squares of the statement for your cut: is each term there, and with "
    "its sign?",
)
def right_gain(answer, rng):
    codes, targets, least = draw(rng)
    cut, gain = answer(codes, targets, least)
    return min(sides(codes, cut)) > 0 and close(gain, gain_of(codes, targets, cut))


@holds(
    "no other cut that is allowed is worth more",
    "Add up targets and rows bin by bin, from the lowest code on, and look at every cut.",
)
def no_better(answer, rng):
    codes, targets, least = draw(rng)
    cut, _ = answer(codes, targets, least)
    allowed = [b for b in range(8) if min(sides(codes, b)) >= least]
    best = max(gain_of(codes, targets, b) for b in allowed)
    return min(sides(codes, cut)) > 0 and gain_of(codes, targets, cut) > best - 1e-9


@holds(
    "either side has min_leaf rows",
    "The best cut is often next to the end, where the few rows of an outlier lie.",
)
def enough_rows(answer, rng):
    codes, targets, least = draw(rng)
    targets[codes == codes.max()] += 50.0
    codes = np.append(codes, 9)
    cut, _ = answer(codes, np.append(targets, 1000.0), least)
    return min(sides(codes, cut)) >= least


@holds(
    "a number that is added to all targets changes nothing",
    "Means move with it, errors do not. Which term undoes the shift?",
)
def shift(answer, rng):
    codes, targets, least = draw(rng)
    one, other = answer(codes, targets, least), answer(codes, targets + 30.0, least)
    return one[0] == other[0] and close(one[1], other[1], 1e-7)


@holds(
    "the order of the rows does not matter",
    "Rows with the same code stay together, wherever they are in the array.",
)
def order(answer, rng):
    codes, targets, least = draw(rng)
    shuffled = rng.permutation(len(codes))
    one, other = answer(codes, targets, least), answer(codes[shuffled], targets[shuffled], least)
    return one[0] == other[0] and close(one[1], other[1])
