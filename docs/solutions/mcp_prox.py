"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def mcp_prox(z, alpha, gamma):
    shrunk = np.sign(z) * np.maximum(np.abs(z) - alpha, 0.0) / (1.0 - 1.0 / gamma)
    return np.where(np.abs(z) <= gamma * alpha, shrunk, z)


def soft_threshold(z, alpha, gamma):
    return np.sign(z) * np.maximum(np.abs(z) - alpha, 0.0)


def soft_or_nothing(z, alpha, gamma):
    return np.where(np.abs(z) <= gamma * alpha, soft_threshold(z, alpha, gamma), z)


def shrinks_all(z, alpha, gamma):
    return np.where(np.abs(z) <= gamma * alpha, z / gamma, z)


def hard_threshold(z, alpha, gamma):
    return np.where(np.abs(z) > alpha, z, 0.0)


MISTAKES = {
    "minimiser": soft_threshold,
    "exact_zero": shrinks_all,
    "unbiased": soft_threshold,
    "continuous": soft_or_nothing,
    "lasso_limit": hard_threshold,
}
