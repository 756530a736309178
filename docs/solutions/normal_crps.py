"""A solution, and mistakes: for each property a wrong answer that it catches."""

import math


def normal_crps(mu, sigma, y):
    z = (y - mu) / sigma
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    inner = z * math.erf(z / math.sqrt(2.0)) + 2.0 * density - 1.0 / math.sqrt(math.pi)
    return sigma * inner


def absolute_error(mu, sigma, y):
    return abs(y - mu)


def larger_is_better(mu, sigma, y):
    return -normal_crps(mu, sigma, y)


def sigma_forgotten(mu, sigma, y):
    return normal_crps(mu, sigma, y) / sigma


def ends_at_a_constant(mu, sigma, y):
    return normal_crps(mu, max(sigma, 0.1), y)


MISTAKES = {
    "integral": absolute_error,
    "proper": larger_is_better,
    "units": sigma_forgotten,
    "sure": ends_at_a_constant,
}
