"""A solution, and mistakes: for each property a wrong answer that it catches."""


def interval_score(lower, upper, y, alpha):
    outside = max(lower - y, 0.0) + max(y - upper, 0.0)
    return upper - lower + 2.0 / alpha * outside


def distance_from_the_middle(lower, upper, y, alpha):
    return interval_score(lower, upper, y, alpha) + 0.1 * abs(y - 0.5 * (lower + upper))


def price_of_one_side(lower, upper, y, alpha):
    outside = max(lower - y, 0.0) + max(y - upper, 0.0)
    return upper - lower + outside / alpha


def upper_end_only(lower, upper, y, alpha):
    return upper - lower + 2.0 / alpha * max(y - upper, 0.0)


def a_fine_for_each_miss(lower, upper, y, alpha):
    return upper - lower + 2.0 / alpha * (y < lower or y > upper)


MISTAKES = {
    "inside": distance_from_the_middle,
    "proper": price_of_one_side,
    "mirror": upper_end_only,
    "units": a_fine_for_each_miss,
}
