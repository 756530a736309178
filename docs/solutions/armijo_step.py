"""A solution, and mistakes: for each property a wrong answer that it catches."""


def armijo_step(f, x, p, slope, c, r):
    t, value = 1.0, f(x)
    while f(x + t * p) > value + c * t * slope:
        t *= r
    return t


def any_decrease(f, x, p, slope, c, r):
    return armijo_step(f, x, p, slope, 0.0, r)


def once_more(f, x, p, slope, c, r):
    return r * armijo_step(f, x, p, slope, c, r)


def halves(f, x, p, slope, c, r):
    return armijo_step(f, x, p, slope, c, 0.5)


def forgets_c(f, x, p, slope, c, r):
    t = 1.0
    while f(x + t * p) > f(x) + t * slope and t > 1e-3:
        t *= r
    return t


def evaluates_again(f, x, p, slope, c, r):
    t = 1.0
    while f(x + t * p) > f(x) + c * t * slope:
        t *= r
    return t


MISTAKES = {
    "enough": any_decrease,
    "first_of_all": once_more,
    "power": halves,
    "newton": forgets_c,
    "cost": evaluates_again,
}
