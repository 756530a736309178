"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def greedy_coordinate(g, lipschitz):
    return np.argmax(g**2 / lipschitz)


def largest_signed(g, lipschitz):
    return np.argmax(g)


def gauss_southwell(g, lipschitz):
    return np.argmax(np.abs(g))


def longest_step(g, lipschitz):
    return np.argmax(np.abs(g) / lipschitz)


MISTAKES = {
    "largest": largest_signed,
    "smallest_constant": gauss_southwell,
    "units": longest_step,
    "gains_most": longest_step,
}
