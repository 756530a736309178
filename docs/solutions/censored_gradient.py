"""A solution, and mistakes: for each property a wrong answer that it catches."""

import math

import numpy as np


def hazard(z):
    if z < 5.0:
        density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        return density / (0.5 * math.erfc(z / math.sqrt(2.0)))
    rest = z
    for k in range(60, 0, -1):
        rest = z + k / rest
    return rest


def censored_gradient(mu, log_sigma, log_time):
    sigma = math.exp(log_sigma)
    z = (log_time - mu) / sigma
    return np.array([-hazard(z) / sigma, -z * hazard(z)])


def of_an_event(mu, log_sigma, log_time):
    sigma = math.exp(log_sigma)
    z = (log_time - mu) / sigma
    return np.array([-z / sigma, 1.0 - z * z])


def with_a_small_number(mu, log_sigma, log_time):
    sigma = math.exp(log_sigma)
    z = (log_time - mu) / sigma
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    h = density / (0.5 * math.erfc(z / math.sqrt(2.0)) + 1e-10)
    return np.array([-h / sigma, -z * h])


def of_the_likelihood(mu, log_sigma, log_time):
    return -censored_gradient(mu, log_sigma, log_time)


def off_by_sigma(mu, log_sigma, log_time):
    g = censored_gradient(mu, log_sigma, log_time)
    return g / [1.0, math.exp(log_sigma)]


def time_instead_of_its_logarithm(mu, log_sigma, log_time):
    return censored_gradient(mu, log_sigma, math.exp(log_time))


MISTAKES = {
    "slope": of_an_event,
    "tail": with_a_small_number,
    "sign": of_the_likelihood,
    "through_z": off_by_sigma,
    "units": time_instead_of_its_logarithm,
}
