"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def sign_descent(g, L):
    return -np.abs(g).sum() / L * np.sign(g)


def gradient_step(g, L):
    return -g / L


def largest_entry(g, L):
    return -np.abs(g).max() / L * np.sign(g)


def only_the_sign(g, L):
    return -np.sign(g) / L


def divides_by_the_length(g, L):
    return sign_descent(g, L) * np.linalg.norm(g) / np.linalg.norm(g)


MISTAKES = {
    "one_size": gradient_step,
    "minimiser": largest_entry,
    "promised": only_the_sign,
    "units": only_the_sign,
    "zero": divides_by_the_length,
}
