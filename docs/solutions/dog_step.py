"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def dog_step(x, g, start, r, G):
    r = max(r, np.linalg.norm(x - start))
    G = G + g @ g
    return (x - r / np.sqrt(G) * g if G > 0.0 else x), r, G


def forgets_the_root(x, g, start, r, G):
    r, G = max(r, np.linalg.norm(x - start)), G + g @ g
    return (x - r / G * g if G > 0.0 else x), r, G


def now_and_no_more(x, g, start, r, G):
    after, _, G = dog_step(x, g, start, r, G)
    return after, np.linalg.norm(x - start), G


def mean_of_squares(x, g, start, r, G):
    r, G = max(r, np.linalg.norm(x - start)), 0.9 * G + 0.1 * (g @ g)
    return (x - r / np.sqrt(G) * g if G > 0.0 else x), r, G


def guards_with_a_constant(x, g, start, r, G):
    r, G = max(r, np.linalg.norm(x - start)), G + g @ g
    return x - r / (np.sqrt(G) + 0.1) * g, r, G


def never_grows(x, g, start, r, G):
    G = G + g @ g
    return (x - r / np.sqrt(G) * g if G > 0.0 else x), r, G


def divides_by_zero(x, g, start, r, G):
    r, G = max(r, np.linalg.norm(x - start)), G + g @ g
    return x - r / np.sqrt(G) * g, r, G


MISTAKES = {
    "first_step": forgets_the_root,
    "largest_distance": now_and_no_more,
    "sum_of_squares": mean_of_squares,
    "units": guards_with_a_constant,
    "finds_the_length": never_grows,
    "stays": divides_by_zero,
}
