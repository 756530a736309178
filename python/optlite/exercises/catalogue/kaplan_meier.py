"""The estimator of Kaplan and Meier: how many survive a time, if not all are seen to the end?

Of each row a time is known, and whether the event happened then (1) or the row was only observed up
to it (0, censored). Of those still under observation just before a time t, the share d / n has its
event at t; the others go on. The probability to survive t is the product over all event times up to
and including t:

    S(t) = product of (1 - d_j / n_j) over the event times t_j <= t.

A row that is censored at the time of an event was still under observation then: it counts in n.

Source: Kaplan and Meier, Nonparametric estimation from incomplete observations, 1958.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "probabilistic prediction"
difficulty = 2


def returns(times, events, at):
    """Return S at each time of `at`, which is increasing; times and events have one entry a row."""
    return at.shape


def draw(rng, n=25):
    """Draw times with ties, about half of them censored, and times to ask for."""
    times = rng.integers(1, 12, size=n).astype(float)
    events = (rng.random(n) < 0.5).astype(float)
    events[0] = 1.0
    return times, events, np.arange(0.5, 12.5, 0.5)


def redistributed(times, events, at):
    """Give the mass of a censored row to all rows that were observed longer (Efron 1967)."""
    order = np.lexsort((1.0 - events, times))  # of equal times, events come first
    times, events = times[order], events[order]
    mass = np.full(len(times), 1.0 / len(times))
    for i in np.flatnonzero(events == 0.0):
        later = len(times) - i - 1
        if later:
            mass[i + 1 :] += mass[i] / later
            mass[i] = 0.0
    # What the last rows keep is beyond their time: nobody knows where.
    return np.array([1.0 - np.sum(mass[(times <= t) & (events == 1.0)]) for t in at])


@holds(
    "without censoring it is the share of longer times",
    "If all events are seen, n falls by d from one event time to the next, and the product "
    "telescopes.",
)
def all_seen(answer, rng):
    times, events, at = draw(rng)
    return close(answer(times, np.ones_like(events), at), [np.mean(times > t) for t in at])


@holds(
    "it is what is left if each censored row hands its share to those that were observed longer",
    "A censored row must neither be dropped nor be taken as an event: it is in n up to its time, "
    "and then in no number.",
)
def to_the_right(answer, rng):
    times, events, at = draw(rng)
    return close(answer(times, events, at), redistributed(times, events, at))


@holds(
    "at the time of an event it has fallen already",
    "S(t) is the probability of more than t: the product includes t_j = t.",
)
def falls_at_the_event(answer, rng):
    times, events, _ = draw(rng)
    seen = np.unique(times[events == 1.0])
    return close(answer(times, events, seen), answer(times, events, seen + 0.25))


@holds(
    "a row that is censored at the time of an event was under observation then",
    "Of two rows with the same time, one an event and one censored, both are in n.",
)
def ties(answer, rng):
    t, n = float(rng.integers(1, 9)), int(rng.integers(2, 9))
    times, events = np.full(n, t), np.zeros(n)
    events[rng.integers(n)] = 1.0
    return close(answer(times, events, np.array([t])), [1.0 - 1.0 / n])


@holds(
    "each row twice changes nothing, and neither does the order of the rows",
    "Count rows, not places: d and n are both doubled.",
)
def rows(answer, rng):
    times, events, at = draw(rng)
    twice = rng.permutation(np.repeat(np.arange(len(times)), 2))
    return close(answer(times[twice], events[twice], at), answer(times, events, at))
