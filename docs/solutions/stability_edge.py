"""A solution, and mistakes: for each property a wrong answer that it catches."""


def stability_edge(learning_rate, beta, nesterov):
    edge = (2.0 + 2.0 * beta) / learning_rate
    return edge / (1.0 + 2.0 * beta) if nesterov else edge


def forgets_the_rate(learning_rate, beta, nesterov):
    return stability_edge(1.0, beta, nesterov)


def gradient_descent(learning_rate, beta, nesterov):
    return 2.0 / learning_rate


def always_heavy_ball(learning_rate, beta, nesterov):
    return stability_edge(learning_rate, beta, False)


MISTAKES = {
    "no_momentum": forgets_the_rate,
    "heavy_ball": gradient_descent,
    "nesterov": always_heavy_ball,
    "momentum": always_heavy_ball,
    "units": forgets_the_rate,
}
