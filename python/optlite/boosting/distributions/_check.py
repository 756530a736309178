"""Gradients of scores against differences, and natural gradients against the metric."""

import numpy as np

from ...reference.natural_gradient import natural_gradient

#: Parameters that are moved to both ends of their range: logarithms of scales to 1e-8 and 1e8,
#: logits to probabilities of 1e-12. For shapes outside these bounds y itself has not enough digits.
EXTREMES = {
    "log_sigma": (1e-8, 1e8),
    "log_scale": (1e-8, 1e8),
    "log_mean": (1e-8, 1e8),
    "logit": (1e-12, 1e12),
    "log_shape": (1e-1, 1e3),
    "log_size": (1e-1, 1e3),
    "log_total": (1e-1, 1e3),
    "log_df": (3e-1, 1e3),
}

#: The scale of log y is a shape, a median in the logarithm is a scale, and the odds of a mean are a
#: ratio of shapes.
EXCEPTIONS = {
    ("beta", "logit_mean"): (1e-1, 1e1),
    ("log_normal", "log_sigma"): (1e-2, 20.0),
    ("log_normal", "mu"): (1e-8, 1e8),
    ("weibull", "log_shape"): (1e-1, 20.0),
}

#: Where moderate parameters lie if not about 0: with less, the ends of (0, 1) hold what no double
#: can tell from them.
CENTERS = {"log_total": np.log(4.0)}


def gradient_check(name, random_state=0):
    """Compare every score of a distribution with differences and with its metric.

    At random and at extreme parameters (scales of 1e-8 and 1e8, probabilities of 1e-12), with y
    drawn from the distribution and from its neighbours, and with censored y where a score takes
    them: the gradients are compared with central differences of the score, extrapolated to an error
    of the sixth order in the step, and the metric times the natural gradient with the gradient.

    Parameters
    ----------
    name : str or Distribution
        "normal", "Normal", or a family with hyper-parameters, or one of your own.
    random_state : int, default=0

    Returns
    -------
    float
        The largest relative error. A component near zero is compared with the thousandth part of
        the score for each unit of the Fisher information instead of itself.

    Examples
    --------
    >>> from optlite.boosting import distributions
    >>> distributions.gradient_check("normal") < 1e-6
    True
    """
    from ._family import Distribution, from_name

    family = name if isinstance(name, Distribution) else from_name(name)
    rng = np.random.default_rng(random_state)
    worst = 0.0
    for theta, y in cases(family, rng):
        for score in family.scores:
            for event in (None, np.zeros(len(y))) if family.takes_censored(score) else (None,):
                errors = relative_errors(family, theta, y, score=score, event=event)
                worst = max(worst, *(np.max(error) for error in errors.values()))
    return float(worst)


def cases(family, rng, n=40):
    """Yield parameters and targets: moderate ones, and one extreme parameter at a time."""
    names = family.parameter_names
    p = len(names)
    center = np.array([CENTERS.get(name, 0.0) for name in names])
    shifts = [np.zeros(p)]
    for k, name in enumerate(names):
        usual = EXTREMES.get(name.rstrip("_0123456789"), ())
        ends = EXCEPTIONS.get((family.name, name), usual)
        shifts += [np.log(end) * np.eye(p)[k] for end in ends]
    for shift in shifts:
        theta = 0.5 * rng.normal(size=(n, p)) + center + shift
        neighbour = theta + 0.3 * rng.normal(size=(n, p))
        if names[0] == "mu" and p > 1 and shift[0] == 0.0:  # a location in units of the scale
            theta[:, 0] *= np.exp(theta[:, 1])
            neighbour[:, 0] *= np.exp(theta[:, 1])
        yield theta, _targets(family, theta, neighbour, rng)
    if family.n_outputs > 1:
        theta = 0.5 * rng.normal(size=(n, p))
        for scale in (1e-8, 1e8):
            extreme = _in_units(theta, names, scale)
            yield extreme, _targets(family, extreme, extreme, rng)


def _in_units(theta, names, scale):
    """Multiply the outputs of a multivariate normal distribution by a number."""
    theta = theta.copy()
    for k, name in enumerate(names):
        if name.startswith("mu"):
            theta[:, k] *= scale
        elif name.startswith("log"):
            theta[:, k] -= np.log(scale)
        else:
            theta[:, k] /= scale
    return theta


def _targets(family, theta, neighbour, rng):
    """Draw y; every third row from a neighbour, so that scores are not at their best."""
    y = np.array(family.at(theta).rvs(random_state=rng), dtype=float)
    other = np.array(family.at(neighbour).rvs(random_state=rng), dtype=float)
    y[::3] = other[::3]
    if family.discrete:
        y[:2] = (0.0, 1.0)  # the unlikely class of an extreme probability, too
    if family.name == "laplace":  # the score has a kink at mu, where differences mean nothing
        side = np.where(y < theta[:, 0], -0.01, 0.01) * np.exp(theta[:, 1])
        y = np.where(np.abs(y - theta[:, 0]) < np.abs(side), theta[:, 0] + side, y)
    return _into_support(family, y)


def _into_support(family, y):
    """Move draws that were rounded to the border of the support back into it."""
    targets = family.targets
    if targets in ("positive", "unit"):
        y = np.maximum(y, 1e-300)
    if targets == "unit":
        y = np.minimum(y, 1.0 - 2.0**-53)
    return y


def relative_errors(family, theta, y, *, score, event):
    """Return the relative errors of gradient and natural gradient, shape (n, p) each."""
    options = {"score": score} if event is None else {"score": score, "event": event}
    gradient = family.gradient(theta, y, **options)
    metric = family.metric(theta, score=score)
    fisher = family.metric(theta)
    unit = 1.0 / np.sqrt(np.einsum("nkk->nk", fisher))  # as far as data can tell parameters apart
    step = 1e-3 * np.minimum(unit, np.maximum(1.0, np.abs(theta)))
    value = np.abs(family.score(theta, y, **options))
    if event is not None:  # the score of a time that is far too short vanishes exponentially
        steepest = np.maximum(np.abs(gradient), np.finfo(float).tiny)
        step = np.minimum(step, np.maximum(0.1 * value[:, None] / steepest, 1e-8 * step))
    numeric = np.empty_like(gradient)
    for k in range(theta.shape[1]):
        along = np.eye(theta.shape[1])[k]
        slopes = []
        for h in (step[:, k], step[:, k] / 2, step[:, k] / 4):
            up, down = theta + h[:, None] * along, theta - h[:, None] * along
            rise = family.score(up, y, **options) - family.score(down, y, **options)
            slopes.append(rise / (up[:, k] - down[:, k]))
        once = [(4 * slopes[1] - slopes[0]) / 3, (4 * slopes[2] - slopes[1]) / 3]
        numeric[:, k] = (16 * once[1] - once[0]) / 15
    size = np.maximum(np.abs(gradient), 1e-6 * value[:, None] / step)
    size = np.maximum(size, np.finfo(float).tiny)
    natural = family.natural_gradient(theta, y, **options)
    product = np.einsum("njk,nk->nj", metric, natural)
    # The product is a sum whose terms may cancel: compare with the largest of them.
    terms = np.max(np.abs(metric * natural[:, None, :]), axis=2)
    return {
        "gradient": np.abs(numeric - gradient) / size,
        "natural gradient": np.abs(product - gradient) / np.maximum(terms, size),
    }


def solved(family, theta, y, *, score, event=None):
    """Return the natural gradient by solving with the metric, shape (n, p)."""
    gradient = family.gradient(theta, y, score=score, event=event)
    metric = np.moveaxis(family.metric(theta, score=score), 0, -1)
    return natural_gradient(metric, gradient.T).T
