"""Trees in plain arrays: cutting, joining, prediction, importances.

A forest is a dict of arrays, as ``cpp/include/optlite/trees/forest.hpp`` describes them; the core
checks them whole before each use.
"""

import numpy as np

from .._core import core

_NODES = ("feature", "left", "code", "missing_left", "level_set", "gain", "weight")


def packed(forest, n_params, joint):
    """Return the core's view of a forest."""
    return core.Forest(forest, n_params if joint else 1, n_params)


def checked_bins(bins):
    """Return the core's view of bins."""
    return core.Bins(bins["starts"], bins["values"], bins["categorical"])


def cut(forest, n_trees):
    """Return the first trees of a forest."""
    nodes = int(forest["starts"][n_trees])
    total = len(forest["feature"])
    outputs = len(forest["value"]) // total if total else 1
    short = {name: forest[name][:nodes].copy() for name in _NODES}
    short["value"] = forest["value"][: nodes * outputs].copy()
    short["starts"] = forest["starts"][: n_trees + 1].copy()
    short["target"] = forest["target"][:n_trees].copy()
    sets = int(short["level_set"].max(initial=-1)) + 1  # they are numbered in the order of nodes
    short["level_sets"] = forest["level_sets"][: 4 * sets].copy()
    return short


def join(first, second):
    """Return the trees of one forest and, behind them, those of another."""
    shift = len(first["level_sets"]) // 4
    level_set = np.where(second["level_set"] < 0, -1, second["level_set"] + shift)
    moved = {
        **second,
        "level_set": level_set.astype(np.int32),
        "starts": second["starts"][1:] + first["starts"][-1],
    }
    return {name: np.concatenate([first[name], moved[name]]) for name in first}


def importances(forest, n_params, n_features, joint, steps):
    """Return the share of each feature in the gain of the trees, for each parameter.

    Each tree's gains are scaled to a sum of 1 and weighted by the step that was taken with it.

    Returns
    -------
    ndarray of shape (n_params, n_features)
        Rows add up to 1; a parameter whose trees have no splits has zeros.
    """
    n_trees = len(forest["target"])
    tree = np.repeat(np.arange(n_trees), np.diff(forest["starts"]))
    split = forest["feature"] >= 0
    tree, gain, feature = tree[split], forest["gain"][split], forest["feature"][split]
    total = np.bincount(tree, weights=gain, minlength=n_trees)
    weight = np.repeat(steps, n_trees // max(len(steps), 1))
    table = np.zeros((n_params, n_features))
    np.add.at(table, (forest["target"][tree], feature), gain / total[tree] * weight[tree])
    if joint:
        table[:] = table[0]
    sums = table.sum(axis=1, keepdims=True)
    return np.divide(table, sums, out=np.zeros_like(table), where=sums > 0)
