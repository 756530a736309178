"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def hutchinson_trace(multiply, probes):
    values = np.array([z @ multiply(z) for z in probes])
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


def multiplies_twice(multiply, probes):
    return hutchinson_trace(lambda z: 0.5 * (multiply(z) + multiply(z)), probes)


def mean_of_the_diagonal(multiply, probes):
    estimate, error = hutchinson_trace(multiply, probes)
    return estimate / probes.shape[1], error


def median(multiply, probes):
    _, error = hutchinson_trace(multiply, probes)
    return np.median([z @ multiply(z) for z in probes]), error


def divides_by_k(multiply, probes):
    values = np.array([z @ multiply(z) for z in probes])
    return values.mean(), values.std() / np.sqrt(len(values))


def spread_of_one(multiply, probes):
    values = np.array([z @ multiply(z) for z in probes])
    return values.mean(), values.std(ddof=1)


MISTAKES = {
    "cost": multiplies_twice,
    "diagonal": mean_of_the_diagonal,
    "mean": median,
    "two_probes": divides_by_k,
    "theory": spread_of_one,
}
