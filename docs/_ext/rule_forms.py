"""What the named options of update rules change, measured: a table on the page of each rule.

Papers and the codes that people use do not always agree. Where they differ in a rule, the paper's
form is the default and the other a named option; here both run on the same gradients.
"""

import functools

import numpy as np

from optlite import optim

STEPS = 60
SHAPES = ((5, 4), (4,))
#: Numbers that codes choose otherwise than the paper, beside the options that have words.
OTHER_NUMBERS = {
    "adagrad": {"initial_accumulator": 0.1},
    "adamw": {"weight_decay": 1e-4},
    "lamb": {"clamp": 10.0},
    "radam": {"threshold": 5.0},
}
#: Without these the options below would have nothing to decide.
USUAL = {
    "core": {"learning_rate": 0.01, "largest": 1.0},
    "fira": {"rank": 2},
    "oasis": {"alpha": 0.1},
    "polyak": {"minimum": 0.7},
    "psps": {"minimum": 0.7},
    "sania_adagrad_sqr": {"minimum": 0.7},
    "sania_adam_sqr": {"minimum": 0.7},
    "shampoo_grafted": {"update_every": 7},
    "sps_max": {"minimum": 0.7},
    "sps_momentum": {"minimum": 0.7},
    "sps_safe": {"minimum": 0.7},
    "swats": {"tolerance": 0.1},
}


@functools.cache
def draws():
    """Return a start, gradients that have a mean, and what rules need beside them."""
    rng = np.random.default_rng(0)
    start = [3.0 * rng.normal(size=shape) for shape in SHAPES]
    grads = [[rng.normal(size=shape) + 0.5 for shape in SHAPES] for _ in range(STEPS)]
    noise = [[np.abs(rng.normal(size=shape)) + 0.1 for shape in SHAPES] for _ in range(STEPS)]
    losses = 1.0 / np.arange(1.0, STEPS + 1.0) + 0.1 * rng.normal(size=STEPS) + 0.5
    return start, grads, noise, losses


def path(name, **hyper):
    """Return the parameters after each step."""
    start, grads, noise, losses = draws()
    rule = optim.from_name(name, {**USUAL.get(name, {}), **hyper})
    extra = next(row["extra"] for row in optim.list_rules() if row["name"] == name)
    params = [x.copy() for x in start]
    state, points = rule.init(params), []
    for gs, positive, loss in zip(grads, noise, losses, strict=True):
        known = {"loss": float(loss), "hessian_diag": positive, "probe": positive, "hvp": gs}
        known["squared_grads"] = [g**2 + z for g, z in zip(gs, positive, strict=True)]
        rule.step(params, gs, state, **{each: known[each] for each in extra})
        points.append(np.concatenate([x.ravel() for x in params]))
    return np.array(points)


def difference(name, **hyper):
    """Return the largest difference from the default, relative to the distance travelled."""
    usual, other = path(name), path(name, **hyper)
    start = np.concatenate([x.ravel() for x in draws()[0]])
    return float(np.abs(other - usual).max() / np.abs(usual - start).max())


def options(name):
    """Return pairs of an option and a value that is not the default."""
    fields = [f for f in optim.from_name(name)._record["fields"] if not f.get("driver")]
    pairs = []
    for field in fields:
        values = [{"true": True, "false": False}.get(word, word) for word in field["words"]]
        pairs += [(field["name"], value) for value in values if value != field["default"]]
    return pairs + list(OTHER_NUMBERS.get(name, {}).items())


def section(record):
    """Return the lines of the page's section; none for a rule without named options."""
    rows = [
        (f"``{key}={value!r}``", f"{difference(record['name'], **{key: value}):.1e}")
        for key, value in options(record["name"])
    ]
    if not rows:
        return []
    given = USUAL.get(record["name"], {})
    here = f" (here with {', '.join(f'{k}={v:g}' for k, v in given.items())})" if given else ""
    lines = [
        f"Largest difference of the parameters from those of the default{here} in {STEPS} steps on",
        "the same drawn gradients of a 5 x 4 matrix and a vector, relative to the distance",
        "travelled; measured while this page was built:",
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
    ]
    for pair in [("Option", "Difference"), *rows]:
        lines += [f"   * - {pair[0]}", f"     - {pair[1]}"]
    return [*lines, ""]
