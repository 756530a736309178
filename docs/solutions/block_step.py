"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def block_step(H, x, g, block):
    d = -np.linalg.solve(H[np.ix_(block, block)], g[block])
    x = x.copy()
    x[block] += d
    return x, g + H[:, block] @ d


def newton_of_all(H, x, g, block):
    d = -np.linalg.solve(H, g)
    return x + d, g + H @ d


def each_by_itself(H, x, g, block):
    d = -g[block] / H.diagonal()[block]
    x = x.copy()
    x[block] += d
    return x, g + H[:, block] @ d


def gradient_of_the_block_only(H, x, g, block):
    d = -np.linalg.solve(H[np.ix_(block, block)], g[block])
    x, g = x.copy(), g.copy()
    x[block] += d
    g[block] = 0.0
    return x, g


def part_of_newton(H, x, g, block):
    d = -np.linalg.solve(H, g)[block]
    x = x.copy()
    x[block] += d
    return x, g + H[:, block] @ d


MISTAKES = {
    "others_stay": newton_of_all,
    "minimum_of_block": each_by_itself,
    "gradient_follows": gradient_of_the_block_only,
    "decrease": part_of_newton,
    "whole": each_by_itself,
}
