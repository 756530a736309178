"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def ensemble_crps(members, y):
    between = np.abs(members[:, None] - members).mean()
    return np.abs(members - y).mean() - 0.5 * between


def half_forgotten(members, y):
    return np.abs(members - y).mean() - np.abs(members[:, None] - members).mean()


def of_the_median(members, y):
    return ensemble_crps(members, y) + 1.0 / len(members) - 1.0 / (len(members) + 1)


def different_pairs_only(members, y):
    m = len(members)
    pairs = np.abs(members[:, None] - members).sum() / max(m * (m - 1), 1)
    return np.abs(members - y).mean() - 0.5 * pairs


def absolute_error(members, y):
    return np.abs(members - y).mean()


def neighbours_as_they_come(members, y):
    return np.abs(members - y).mean() - 0.5 * np.abs(np.diff(members, append=members[0])).mean()


MISTAKES = {
    "integral": half_forgotten,
    "single": of_the_median,
    "twice": different_pairs_only,
    "spread": absolute_error,
    "order": neighbours_as_they_come,
}
