"""What pages say of the named options of rules, against paths of the NumPy twins."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from optlite import optim
from optlite._params import records
from optlite.reference.updates import Updates

DOCS = Path(__file__).resolve().parents[1] / "docs"
#: Options that change nothing on the gradients of the pages; what the other form is for.
SAME = {("adafactor", "form")}  # gradients as small as 1e-15


def load(name):
    """Import a module of the documentation as Sphinx does."""
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(DOCS / "_ext"))


FORMS = load("rule_forms")
OPTIONS = [(name, *pair) for name in sorted(records("rules")) for pair in FORMS.options(name)]


def path_of_twin(name, **hyper):
    """Return the parameters after each step of the page's run, without the core."""
    start, grads, noise, losses = FORMS.draws()
    rule = optim.from_name(name, {**FORMS.USUAL.get(name, {}), **hyper})
    needed = next(row["extra"] for row in optim.list_rules() if row["name"] == name)
    twin, points = Updates(name, start, **rule.hyperparameters()), []
    for gs, positive, loss in zip(grads, noise, losses, strict=True):
        known = {"loss": float(loss), "hessian_diag": positive, "probe": positive, "hvp": gs}
        known["squared_grads"] = [g**2 + z for g, z in zip(gs, positive, strict=True)]
        xs = twin.step(gs, **{each: known[each] for each in needed})
        points.append(np.concatenate([x.ravel() for x in xs]))
    return np.array(points)


def printed(name, option, value):
    """Return the number on the page."""
    text = "\n".join(FORMS.section(records("rules")[name]))
    return float(re.search(re.escape(f"``{option}={value!r}``") + r"\n     - (\S+)", text)[1])


@pytest.mark.parametrize(("name", "option", "value"), OPTIONS)
def test_pages_state_the_measured_difference_of_every_named_option(name, option, value):
    usual, other = path_of_twin(name), path_of_twin(name, **{option: value})
    start = np.concatenate([x.ravel() for x in FORMS.draws()[0]])
    expected = np.abs(other - usual).max() / np.abs(usual - start).max()
    stated = printed(name, option, value)
    assert stated == pytest.approx(expected, rel=0.051, abs=1e-12)  # two digits
    assert (stated > 1e-12) is ((name, option) not in SAME)


def test_every_option_with_words_is_measured():
    """Those of weight decay are described by their equations, which an exam checks."""
    for name, record in records("rules").items():
        words = {field["name"] for field in record["fields"] if field["words"]}
        assert words <= {option for owner, option, _ in OPTIONS if owner == name}
    assert len(OPTIONS) >= 40


def test_the_torch_form_of_adafactor_differs_on_tiny_gradients():
    """The one option that needs other gradients than those of the pages."""
    start, grads, *_ = FORMS.draws()
    ends = []
    for form in ("paper", "torch"):
        rule = optim.Adafactor(form=form, eps1=1e-16)
        params = [x.copy() for x in start]
        state = rule.init(params)
        for gs in grads:
            rule.step(params, [1e-10 * g for g in gs], state)
        ends.append(params[0])
    assert np.abs(ends[0] - ends[1]).max() > 1e-3 * np.abs(ends[0] - start[0]).max()
