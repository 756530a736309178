"""Weight decay, in every form, of every update rule: what the equations of the forms say.

With w the strength and eta the learning rate, a step with decay is

    l2               the step of the rule without decay, with g + w x for g
    decoupled        that step from (1 - eta w) x
    fixed            that step from (1 - w) x
    proximal         that step, and then x / (1 + eta w)
    decoupled_after  that step, and then (1 - eta w) x

written here in NumPy around the rule with weight_decay=0. Gradients, and the sums that some rules
take over them, belong to x before any decay. What a rule remembers of places moves along with x.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from rule_data import draw, extras, family

from optlite import optim, reference
from optlite._params import records

RULES = sorted(records("rules"))
FORMS = {
    "l2": lambda eta, w: (w, 1.0, 1.0),
    "decoupled": lambda eta, w: (0.0, 1.0 - eta * w, 1.0),
    "fixed": lambda eta, w: (0.0, 1.0 - w, 1.0),
    "proximal": lambda eta, w: (0.0, 1.0, 1.0 / (1.0 + eta * w)),
    "decoupled_after": lambda eta, w: (0.0, 1.0, 1.0 - eta * w),
}
#: Adafactor measures the parameters before they decay; with a large eps2 it does not go by them.
#: Yogi's moments do not start at zero: it moves without gradients.
USUAL = {"adafactor": {"eps2": 10.0}, "yogi": {"initial_accumulator": 0.0}}
W = 0.3

every_rule = pytest.mark.parametrize("name", RULES)
every_form = pytest.mark.parametrize("form", FORMS)


def eta_of(rule, x):
    """Return the learning rate of a tensor: some rules for matrices have another for vectors."""
    hyper = rule.hyperparameters()
    vectors = hyper.get("vector_learning_rate", hyper["learning_rate"])
    return vectors if x.ndim < 2 else hyper["learning_rate"]


def move_places(rule, state, by):
    """Move what the rule remembers of places, as its twin says."""
    twin = reference.load("rules", rule.name)
    if hasattr(twin, "shift"):
        names = [slot["name"] for slot in rule._record["slots"]]
        for k, each in enumerate(by):
            own = {name: state[name][k].copy() for name in names}
            twin.shift(each, own)
            for name in names:
                state[name][k][...] = own[name]


def step_with_decay(rule, form, xs, gs, state, extra):
    """Return the parameters after a step with decay, from a rule that has none."""
    factors = [FORMS[form](eta_of(rule, x), W) for x in xs]
    start = [before * x for (_, before, _), x in zip(factors, xs, strict=True)]
    gs = [g + w * x for (w, _, _), g, x in zip(factors, gs, xs, strict=True)]
    if family(rule.name) == "element-wise":  # otherwise sums were taken before
        move_places(rule, state, [a - x for a, x in zip(start, xs, strict=True)])
    rule.step(start, gs, state, **extra)
    return [after * x for (_, _, after), x in zip(factors, start, strict=True)]


@every_form
@every_rule
def test_a_step_with_decay_is_what_its_equation_says(name, form):
    xs, grads = draw(20, steps=6)
    rule = optim.from_name(name, weight_decay=W, weight_decay_form=form, **USUAL.get(name, {}))
    plain = rule.replace(weight_decay=0.0, weight_decay_form="l2")
    state = rule.init(xs)
    for t, gs in enumerate(grads):
        extra = extras(name, gs, t)
        expected = step_with_decay(plain, form, xs, gs, state.copy(), extra)
        rule.step(xs, gs, state, **extra)
        for x, other in zip(xs, expected, strict=True):
            assert_allclose(x, other, rtol=1e-11, atol=1e-13, err_msg=f"step {t + 1}")


@pytest.mark.parametrize("form", [form for form in FORMS if form != "l2"])
@every_rule
def test_decay_alone_shrinks_parameters_by_its_factor_in_every_step(name, form):
    """Without gradients nothing else moves x: the factors of all steps multiply."""
    xs, grads = draw(21, steps=5)
    rule = optim.from_name(name, weight_decay=W, weight_decay_form=form, **USUAL.get(name, {}))
    factors = [np.prod(FORMS[form](eta_of(rule, x), W)[1:]) for x in xs]
    expected = [factor**5 * x for factor, x in zip(factors, xs, strict=True)]
    state = rule.init(xs)
    for t, gs in enumerate(grads):
        zero = [np.zeros_like(g) for g in gs]
        rule.step(xs, zero, state, **extras(name, zero, t))
    for x, other in zip(xs, expected, strict=True):
        assert_allclose(x, other, rtol=1e-12)


@every_rule
def test_the_form_is_named_and_its_own_comes_first(name):
    """A rule with an equation of its own for decay calls it "paper", and has the others besides."""
    rule = optim.from_name(name)
    field = next(f for f in rule._record["fields"] if f["name"] == "weight_decay_form")
    own = "weight_decay" in {f["name"] for f in records("rules")[name]["fields"]}
    assert field["words"] == ["paper"] * own + list(FORMS)
    assert (rule.hyperparameters()["weight_decay_form"] == "paper") is own
    assert "weight_decay_form : {" in type(rule).__doc__


@every_rule
def test_without_strength_every_form_is_the_rule_itself(name):
    xs, grads = draw(22, steps=3)
    paths = []
    for form in [*FORMS, *(f["default"] for f in optim.from_name(name)._record["fields"][-1:])]:
        mine = [x.copy() for x in xs]
        rule = optim.from_name(name, weight_decay=0.0, weight_decay_form=form)
        state = rule.init(mine)
        for t, gs in enumerate(grads):
            rule.step(mine, gs, state, **extras(name, gs, t))
        paths.append([x.tobytes() for x in mine])
    assert all(path == paths[0] for path in paths)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["dog", "ldog"])
def test_the_distance_of_dog_is_that_of_the_parameters(name, form):
    xs, grads = draw(23)
    start = [x.copy() for x in xs]
    rule = optim.from_name(name, weight_decay=0.1, weight_decay_form=form, relative_distance=1e-3)
    state = rule.init(xs)
    for gs in grads:
        rule.step(xs, gs, state)
    for moved, x, x0 in zip(state.moved, xs, start, strict=True):
        assert_allclose(moved, x - x0, rtol=1e-10, atol=1e-13)
    assert all(np.linalg.norm(x - x0) > 0.0 for x, x0 in zip(xs, start, strict=True))


@pytest.mark.parametrize("form", FORMS)
def test_the_last_step_of_oasis_is_that_of_the_parameters(form):
    xs, grads = draw(24, steps=8)
    rule = optim.OASIS(weight_decay=0.1, weight_decay_form=form, adaptive=True)
    state = rule.init(xs)
    for t, gs in enumerate(grads):
        before = [x.copy() for x in xs]
        rule.step(xs, gs, state, **extras("oasis", gs, t))
        for moved, x, old in zip(state.moved, xs, before, strict=True):
            assert_allclose(moved, x - old, rtol=1e-9, atol=1e-12)


# --- rules and wrappers written in Python ---------------------------------------------------------


@every_form
@pytest.mark.parametrize(
    "make",
    [
        lambda rule: optim.Lookahead(rule, k=3),
        lambda rule: optim.EMA(rule),
        lambda rule: optim.SWA(rule, start=1),
        lambda rule: optim.LAWN(rule, free_steps=10),
    ],
    ids=["lookahead", "ema", "swa", "lawn"],
)
def test_around_a_rule_its_decay_acts_as_on_its_own(make, form):
    """Wrappers that leave the gradient alone: between their own changes they step as the rule."""
    xs, grads = draw(25, steps=2)
    rule = optim.Adam(weight_decay=W, weight_decay_form=form, learning_rate=0.05)
    wrapped = make(rule)
    mine = [x.copy() for x in xs]
    states = rule.init(xs), wrapped.init(mine)
    for gs in grads:
        rule.step(xs, gs, states[0])
        wrapped.step(mine, gs, states[1])
    for x, other in zip(mine, xs, strict=True):
        assert_allclose(x, other, rtol=1e-14)


class ScheduleFreeByHand:
    """The three sequences as the paper has them, each stored."""

    def __init__(self, ys, interpolation, rate, form, beta2=None):
        self.xs, self.zs = [y.copy() for y in ys], [y.copy() for y in ys]
        self.v = [np.zeros_like(y) for y in ys]
        self.b, self.rate, self.form, self.beta2, self.t = interpolation, rate, form, beta2, 0

    def points(self):
        """Return where gradients are taken."""
        pairs = zip(self.zs, self.xs, strict=True)
        return [(1.0 - self.b) * z + self.b * x for z, x in pairs]

    def step(self, gs):
        """Make a step with a constant rate: the average is a plain one."""
        self.t += 1
        w, before, after = FORMS.get(self.form, lambda *_: (0.0, 1.0, 1.0))(self.rate, W)
        for k, (y, g) in enumerate(zip(self.points(), gs, strict=True)):
            d = g + w * y
            if self.beta2 is not None:
                self.v[k] = self.beta2 * self.v[k] + (1.0 - self.beta2) * d**2
                d = d / (np.sqrt(self.v[k] / (1.0 - self.beta2**self.t)) + 1e-8)
            if self.form == "paper":
                d = d + W * y
            self.zs[k] = after * (before * self.zs[k] - self.rate * d)
            self.xs[k] = self.xs[k] + (self.zs[k] - self.xs[k]) / self.t


@pytest.mark.parametrize(
    ("rule", "form"),
    [(optim.ScheduleFreeSGD, form) for form in FORMS]
    + [(optim.ScheduleFreeAdamW, form) for form in ["paper", *FORMS]],
)
def test_schedule_free_rules_decay_the_point_of_the_steps(rule, form):
    ys, grads = draw(26, steps=12)
    rule = rule(0.1, weight_decay=W, weight_decay_form=form)
    twin = ScheduleFreeByHand(ys, 0.9, 0.1, form, getattr(rule, "beta2", None) or None)
    state = rule.init(ys)
    for gs in grads:
        rule.step(ys, gs, state)
        twin.step(gs)
        for y, other in zip(ys, twin.points(), strict=True):
            assert_allclose(y, other, rtol=1e-10, atol=1e-12)
        for x, other in zip(rule.evaluation_point(ys, state), twin.xs, strict=True):
            assert_allclose(x, other, rtol=1e-9, atol=1e-12)


def test_the_usual_forms_of_rules_in_python():
    assert optim.ScheduleFreeSGD().weight_decay_form == "l2"  # the paper's
    assert optim.ScheduleFreeAdamW().weight_decay_form == "paper"
    assert optim.SMB().weight_decay_form == "l2"


def steep(x, w=0.0):
    """Return a loss for which trial steps fail at first, its gradient and both with l2."""
    h = np.array([1.0, 50.0, 4.0])
    return 0.5 * x @ ((h + w) * x), (h + w) * x


@every_form
def test_smb_decays_as_its_equation_says(form):
    """l2: the steps on the loss with w |x|^2 / 2 in it. Otherwise: the step of x before, and x."""
    x = np.array([1.0, -2.0, 0.5])
    rule = optim.SMB(learning_rate=0.04, weight_decay=W, weight_decay_form=form)
    plain = rule.replace(weight_decay=0.0)
    w, before, after = FORMS[form](0.04, W)
    state, models = rule.init(x), []
    for _ in range(8):
        other = state.copy()
        expected = x.copy()
        plain.step(
            expected,
            steep(x, w)[1],
            other,
            loss=steep(x, w)[0],
            loss_function=lambda z: steep(z, w)[0],
            gradient_function=lambda z: steep(z, w)[1],
        )
        expected = after * (before * x + (expected - x))
        loss, g = steep(x)
        rule.step(
            x,
            g,
            state,
            loss=loss,
            loss_function=lambda z: steep(z)[0],
            gradient_function=lambda z: steep(z)[1],
        )
        assert_allclose(x, expected, rtol=1e-12, atol=1e-15)
        models.append(state["models"])
        assert other["models"] == state["models"]
    assert 0 < models[-1] < 8  # both kinds of steps were made
