"""A solution, and mistakes: for each property a wrong answer that it catches."""


def nesterov_step(x, previous, gradient, learning_rate, beta):
    y = x + beta * (x - previous)
    return y - learning_rate * gradient(y)


def heavy_ball(x, previous, gradient, learning_rate, beta):
    return x - learning_rate * gradient(x) + beta * (x - previous)


def always_some_momentum(x, previous, gradient, learning_rate, beta):
    return nesterov_step(x, previous, gradient, learning_rate, beta + 0.1)


def back_from_x(x, previous, gradient, learning_rate, beta):
    return x - learning_rate * gradient(x + beta * (x - previous))


def no_momentum(x, previous, gradient, learning_rate, beta):
    return x - learning_rate * gradient(x)


MISTAKES = {
    "no_momentum": always_some_momentum,
    "looks_ahead": heavy_ball,
    "coasts": back_from_x,
    "accelerates": no_momentum,
}
