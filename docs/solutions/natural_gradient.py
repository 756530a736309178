"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def natural_gradient(mu, log_sigma, y):
    # The Fisher information is diagonal: 1 / sigma^2 and 2.
    sigma = np.exp(log_sigma)
    z = (y - mu) / sigma
    return np.array([-z * sigma, 0.5 * (1.0 - z**2)])


def multiplies(mu, log_sigma, y):
    sigma = np.exp(log_sigma)
    z = (y - mu) / sigma
    return np.array([-z / sigma**3, 2.0 * (1.0 - z**2)])


def of_the_likelihood(mu, log_sigma, y):
    return -natural_gradient(mu, log_sigma, y)


def z_not_squared(mu, log_sigma, y):
    sigma = np.exp(log_sigma)
    z = (y - mu) / sigma
    return np.array([-z * sigma, 0.5 * (1.0 - np.abs(z))])


def plain_gradient(mu, log_sigma, y):
    sigma = np.exp(log_sigma)
    z = (y - mu) / sigma
    return np.array([-z / sigma, 1.0 - z**2])


MISTAKES = {
    "solves": multiplies,
    "descends": of_the_likelihood,
    "mean_zero": z_not_squared,
    "units": plain_gradient,
}
