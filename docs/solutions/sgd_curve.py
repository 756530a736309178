"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def sgd_curve(eigenvalues, start, noise, learning_rate, n_steps):
    second, values = start**2, []
    for _ in range(n_steps + 1):
        values.append(0.5 * eigenvalues @ second)
        second = (1.0 - learning_rate * eigenvalues) ** 2 * second + (learning_rate * noise) ** 2
    return np.array(values)


def without_the_half(eigenvalues, start, noise, learning_rate, n_steps):
    return 2.0 * sgd_curve(eigenvalues, start, noise, learning_rate, n_steps)


def forgets_the_square(eigenvalues, start, noise, learning_rate, n_steps):
    second, values = start**2, []
    for _ in range(n_steps + 1):
        values.append(0.5 * eigenvalues @ second)
        second = (1.0 - learning_rate * eigenvalues) * second + (learning_rate * noise) ** 2
    return np.array(values)


def noise_not_squared(eigenvalues, start, noise, learning_rate, n_steps):
    return sgd_curve(eigenvalues, start, np.sqrt(noise), learning_rate, n_steps)


def largest_direction(eigenvalues, start, noise, learning_rate, n_steps):
    second, values = start**2, []
    for _ in range(n_steps + 1):
        values.append(0.5 * np.max(eigenvalues * second))
        second = (1.0 - learning_rate * eigenvalues) ** 2 * second + (learning_rate * noise) ** 2
    return np.array(values)


def no_floor(eigenvalues, start, noise, learning_rate, n_steps):
    return sgd_curve(eigenvalues, start, 0.0 * noise, learning_rate, n_steps)


def cut_off(eigenvalues, start, noise, learning_rate, n_steps):
    curve = sgd_curve(eigenvalues, start, noise, learning_rate, n_steps)
    return np.minimum(curve, curve[0] + 1.0)


MISTAKES = {
    "begins": without_the_half,
    "no_noise": forgets_the_square,
    "coins": noise_not_squared,
    "adds": largest_direction,
    "floor": no_floor,
    "diverges": cut_off,
}
