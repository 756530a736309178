"""A solution, and mistakes: for each property a wrong answer that it catches."""


def lbfgs_direction(g, S, Y):
    return two_loops(g, S, Y, gamma_of(S, Y) if len(S) else 1.0)


def gamma_of(S, Y):
    return S[-1] @ Y[-1] / (Y[-1] @ Y[-1])


def two_loops(g, S, Y, gamma):
    q, shares = g, []
    for s, y in zip(S[::-1], Y[::-1], strict=True):
        shares.append(s @ q / (y @ s))
        q = q - shares[-1] * y
    d = gamma * q
    for s, y, share in zip(S, Y, shares[::-1], strict=True):
        d = d + (share - y @ d / (y @ s)) * s
    return -d


def needs_a_pair(g, S, Y):
    return -gamma_of(S, Y) * g


def newest_first(g, S, Y):
    return lbfgs_direction(g, S[::-1], Y[::-1])


def first_loop_only(g, S, Y):
    q = g
    for s, y in zip(S[::-1], Y[::-1], strict=True):
        q = q - (s @ q / (y @ s)) * y
    return -q


def uphill(g, S, Y):
    return -lbfgs_direction(g, S, Y)


def without_gamma(g, S, Y):
    return two_loops(g, S, Y, 1.0)


def last_pair_only(g, S, Y):
    return lbfgs_direction(g, S[-1:], Y[-1:])


MISTAKES = {
    "no_pairs": needs_a_pair,
    "secant": newest_first,
    "symmetric": first_loop_only,
    "descends": uphill,
    "scaling": without_gamma,
    "matrices": last_pair_only,
}
