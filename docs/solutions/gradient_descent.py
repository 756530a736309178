"""A solution, and mistakes: for each property a wrong answer that it catches."""


def gradient_descent(gradient, x0, learning_rate, n_steps):
    x = x0.copy()
    for _ in range(n_steps):
        x = x - learning_rate * gradient(x)
    return x


def one_too_many(gradient, x0, learning_rate, n_steps):
    return gradient_descent(gradient, x0, learning_rate, n_steps + 1)


def gradient_at_the_start(gradient, x0, learning_rate, n_steps):
    return x0 - n_steps * learning_rate * gradient(x0)


def shrinking_steps(gradient, x0, learning_rate, n_steps):
    x = x0
    for t in range(n_steps):
        x = x - learning_rate / (t + 1) * gradient(x)
    return x


def short_steps(gradient, x0, learning_rate, n_steps):
    return gradient_descent(gradient, x0, 0.1 * learning_rate, n_steps)


def looks_again(gradient, x0, learning_rate, n_steps):
    x = x0
    for _ in range(n_steps):
        if gradient(x).any():
            x = x - learning_rate * gradient(x)
    return x


MISTAKES = {
    "no_step": one_too_many,
    "quadratic": gradient_at_the_start,
    "interrupted": shrinking_steps,
    "descent": short_steps,
    "cost": looks_again,
}
