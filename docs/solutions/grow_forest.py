"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def grow_forest(neighbours, order):
    tree = np.full(len(neighbours), -1)  # the number of the tree of each added node
    for k, node in enumerate(order):
        near = [tree[j] for j in neighbours[node] if tree[j] >= 0]
        if len(set(near)) == len(near):
            tree[np.isin(tree, near)] = k
            tree[node] = k
    return (tree >= 0).astype(int)


def all_of_them(neighbours, order):
    return np.ones(len(neighbours))


def one_neighbour_at_most(neighbours, order):
    kept = np.zeros(len(neighbours), dtype=bool)
    for node in order:
        kept[node] = kept[neighbours[node]].sum() <= 1
    return kept.astype(int)


def no_neighbour(neighbours, order):
    kept = np.zeros(len(neighbours), dtype=bool)
    for node in order:
        kept[node] = not kept[neighbours[node]].any()
    return kept.astype(int)


MISTAKES = {
    "no_cycle": all_of_them,
    "greedy": one_neighbour_at_most,
    "tree": no_neighbour,
    "ring": all_of_them,
}
