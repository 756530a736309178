"""Data on which ngboost and this library are compared, the same in every environment.

Each problem gives training and test rows for a seed. Those without a data set behind them are
drawn from formulas whose shape is that of a data set of the paper of NGBoost.
"""

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, make_friedman1
from sklearn.model_selection import train_test_split

SEEDS = range(5)


def diabetes(seed):
    """442 patients."""
    return _split(*load_diabetes(return_X_y=True), seed)


def breast_cancer(seed):
    """569 tumours of two classes."""
    return _split(*load_breast_cancer(return_X_y=True), seed)


def friedman(seed, n=600):
    """Friedman's first problem with a standard deviation that rises with the fourth feature."""
    X, y = make_friedman1(n, noise=0.0, random_state=seed)
    noise = np.random.default_rng(seed).normal(size=n)
    return _split(X, y + (0.5 + 2.0 * X[:, 3]) * noise, seed)


def houses(seed, n=600):
    """Prices like those of California: skewed features, two centres, noise in per cent, a cap."""
    rng = np.random.default_rng(seed)
    income = rng.gamma(4.0, 1.0, n)
    age = rng.integers(1, 53, n).astype(float)
    rooms = 3.0 + 0.5 * income + rng.gamma(2.0, 0.5, n)
    occupants = 1.5 + rng.gamma(3.0, 0.5, n)
    place = rng.uniform(0.0, 10.0, (n, 2))
    near = sum(np.exp(-np.hypot(*(place - centre).T)) for centre in ([2.0, 3.0], [7.0, 8.0]))
    value = (0.4 * income + 0.01 * age + 2.0 * near) / (1.0 + 0.1 * occupants)
    price = value * rng.lognormal(0.0, 0.1 + 0.15 * near, n)
    return _split(
        np.column_stack([income, age, rooms, occupants, place]), np.minimum(price, 5), seed
    )


def robot_arm(seed, n=600):
    """Distance between the hand of a plane arm of eight links and a point, as in kin8nm."""
    rng = np.random.default_rng(seed)
    angles = rng.uniform(-0.5 * np.pi, 0.5 * np.pi, (n, 8))
    towards = np.cumsum(angles, axis=1)
    hand = 0.25 * np.array([np.cos(towards).sum(axis=1), np.sin(towards).sum(axis=1)])
    distance = np.hypot(hand[0] - 0.5, hand[1] - 0.5)
    return _split(angles, distance + 0.05 * rng.normal(size=n), seed)


def power_plant(seed, n=600):
    """Output of a plant that falls with the temperature outside, as in the power data."""
    rng = np.random.default_rng(seed)
    temperature = rng.uniform(2.0, 37.0, n)
    vacuum = 35.0 + 1.1 * temperature + rng.normal(0.0, 6.0, n)
    pressure = rng.normal(1013.0, 6.0, n)
    humidity = np.clip(95.0 - 1.1 * temperature + rng.normal(0.0, 12.0, n), 20.0, 100.0)
    output = (
        492.0
        - 50.0 / (1.0 + np.exp(-(temperature - 15.0) / 6.0))
        - 0.25 * (vacuum - 35.0)
        + 0.1 * (pressure - 1013.0)
        - 0.002 * temperature * humidity
    )
    features = np.column_stack([temperature, vacuum, pressure, humidity])
    return _split(features, output + rng.standard_t(6, n) * 3.0, seed)


def _split(*arrays):
    return train_test_split(*arrays[:-1], test_size=0.25, random_state=arrays[-1])


def log_normal_times(seed, n=800):
    """Times whose logarithm is normal; four in ten are censored at random."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.0, 1.0, (n, 4))
    spread = np.exp(-0.7 + 0.5 * X[:, 2])
    return _censored(X, np.exp(X[:, 0] + X[:, 1] ** 2 + spread * rng.normal(size=n)), rng, seed)


def exponential_times(seed, n=800):
    """Times of a constant hazard that depends on two features."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.0, 1.0, (n, 4))
    return _censored(X, np.exp(X[:, 0] + X[:, 1] ** 2) * rng.exponential(size=n), rng, seed)


def _censored(X, time, rng, seed):
    """Return features, times and events of training and test rows: X, X', T, T', E, E'."""
    limit = rng.exponential(2.5, size=len(time))
    return _split(X, np.minimum(time, limit), (time <= limit).astype(float), seed)


REGRESSION = {f.__name__: f for f in (diabetes, friedman, houses, robot_arm, power_plant)}
CLASSIFICATION = {"breast_cancer": breast_cancer}
#: The name is that of the distribution, too.
SURVIVAL = {"LogNormal": log_normal_times, "Exponential": exponential_times}
