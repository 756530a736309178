"""What the exams of update rules feed to them: starts, gradients and what rules need besides."""

import numpy as np

from optlite import optim
from optlite._params import records

SHAPES = [(5, 4), (7,), (2, 3, 2)]


def family(name):
    return next(rule["family"] for rule in optim.list_rules() if rule["name"] == name)


def draw(seed, dtype=np.float64, shapes=SHAPES, steps=25):
    """Draw a start, and gradients whose signs and sizes change."""
    rng = np.random.default_rng(seed)
    params = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    grads = [
        [(rng.normal(size=shape) + 0.3).astype(dtype) for shape in shapes] for _ in range(steps)
    ]
    return params, grads


def extras(name, grads, seed=0):
    """Draw what a rule needs beside the gradient: positive arrays and numbers."""
    rng = np.random.default_rng(seed)
    record = records("rules")[name]
    drawn = {
        each["name"]: [np.asarray(np.abs(rng.normal(size=g.shape)), dtype=g.dtype) for g in grads]
        for each in record["inputs"]
    }
    if "squared_grads" in drawn:  # a mean of squares is no less than the square of the mean
        pairs = zip(drawn["squared_grads"], grads, strict=True)
        drawn["squared_grads"] = [np.asarray(g**2 * (1.0 + z), dtype=g.dtype) for z, g in pairs]
    given = [each["name"] for each in record["scalars"] if each["is_given"]]
    return drawn | {each: float(np.abs(rng.normal())) for each in given}


def only(extra):
    """Extras of a single tensor."""
    return {key: value[0] if isinstance(value, list) else value for key, value in extra.items()}


def as_list(values):
    """What a state holds for all tensors, or for each of them."""
    return values if isinstance(values, list) else [values]


def run(name, params, grads, state=None, **hyper):
    """Step a rule through all gradients, on copies."""
    rule = optim.from_name(name, **hyper)
    params = [param.copy() for param in params]
    state = rule.init(params) if state is None else state
    for t, g in enumerate(grads):
        rule.step(params, g, state, **extras(name, g, t))
    return params, state
