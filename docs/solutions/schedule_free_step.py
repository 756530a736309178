"""A solution, and mistakes: for each property a wrong answer that it catches."""


def schedule_free_step(gradient, x, z, t, learning_rate, beta):
    y = (1.0 - beta) * z + beta * x
    z = z - learning_rate * gradient(y)
    return x + (z - x) / (t + 1), z


def shares_swapped(gradient, x, z, t, learning_rate, beta):
    return schedule_free_step(gradient, x, z, t, learning_rate, 1.0 - beta)


def moves_from_y(gradient, x, z, t, learning_rate, beta):
    y = (1.0 - beta) * z + beta * x
    z = y - learning_rate * gradient(y)
    return x + (z - x) / (t + 1), z


def without_the_start(gradient, x, z, t, learning_rate, beta):
    z = z - learning_rate * gradient((1.0 - beta) * z + beta * x)
    return x + (z - x) / t, z


def shares_do_not_add_up(gradient, x, z, t, learning_rate, beta):
    z = z - learning_rate * gradient((1.0 - beta) * z + beta * x)
    return x * (1.0 - 1.0 / t) + z / (t + 1), z


def uphill(gradient, x, z, t, learning_rate, beta):
    return schedule_free_step(gradient, x, z, t, -learning_rate, beta)


MISTAKES = {
    "between": shares_swapped,
    "moves_z": moves_from_y,
    "mean_of_z": without_the_start,
    "fixed_point": shares_do_not_add_up,
    "no_schedule": uphill,
}
