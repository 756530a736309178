r"""
Decoupled weight decay is not an L2 penalty
===========================================

**Question.** Adding :math:`w x` to the gradient (an L2 penalty) and shrinking :math:`x` by
:math:`\eta w x` (decoupled decay) are the same thing for gradient descent. What does Adam make of
the two?

Adam divides what it gets by :math:`\sqrt v`, the size of recent gradients. In the first form the
pull towards zero is part of what it gets:

.. math::

    \text{L2:}\quad x \leftarrow x - \eta\, \frac{g + w x}{\sqrt v} \qquad\qquad
    \text{decoupled:}\quad x \leftarrow x - \eta \left( \frac{g}{\sqrt v} + w x \right)

So with L2, a coordinate whose gradients are large or noisy is hardly regularised, and one with
small gradients strongly.
"""

import itertools

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq

from optlite import objectives, optim
from optlite.display import Claims

claims = Claims()
BLUE, ORANGE = "#1f5fa8", "#d9730d"
FORMS = {"l2": BLUE, "decoupled": ORANGE}


def run(rule, x, gradient, steps):
    """Return the points of a run; ``gradient(x, t)`` may be random."""
    x = np.array(x, dtype=float)
    state, points = rule.init(x), [x.copy()]
    for t in range(steps):
        rule.step(x, gradient(x, t), state)
        points.append(x.copy())
    return np.array(points)


# %%
# **Gradient descent** cannot tell the two apart:

random = np.random.default_rng(0)
slopes = random.normal(size=(200, 5))
both = [
    run(
        optim.SGD(0.1, weight_decay=0.3, weight_decay_form=form),
        np.ones(5),
        lambda x, t: slopes[t],
        200,
    )
    for form in FORMS
]
claims.at_most(
    "SGD: largest difference of the two forms in 200 steps",
    "Loshchilov & Hutter, proposition 1",
    1e-13,
    np.abs(both[0] - both[1]).max(),
)

# %%
# **Step by step.** Two coordinates, the second with gradients a hundred times as large, and a
# strong decay. A record has what the rule remembers; with L2 the pull on a coordinate is :math:`w
# x` over :math:`\sqrt v`, which for the second is next to nothing.

slope = np.array([0.1, 10.0])
ramp = objectives.from_callable(lambda x: slope @ x, lambda x: slope, shape=2)
for form in FORMS:
    rule = optim.Adam(0.01, weight_decay=0.5, weight_decay_form=form)
    records = optim.steps(ramp, np.ones(2), rule, max_iter=4, tol=0.0)
    for before, record in itertools.pairwise(records):
        root = np.sqrt(record.state["v"] / (1.0 - 0.999**record.iteration))
        pull = 0.5 * before.x / (root if form == "l2" else 1.0)
        print(
            f"{form:9s} step {record.iteration}: √v = {root[0]:.3f}, {root[1]:.3f}; pull "
            f"{pull[0]:.3f}, {pull[1]:.3f}; x = {record.x[0]:.4f}, {record.x[1]:.4f}"
        )

# %%
# **Adam, shrinkage alone.** Gradients are pure noise, :math:`\pm\sigma`, with a different
# :math:`\sigma` for each group of coordinates: nothing to learn, only the decay acts. Then
# :math:`\sqrt v = \sigma`, and the mean of a group should fall as :math:`e^{-\eta w t / \sigma}`
# with L2, as :math:`e^{-\eta w t}` decoupled. Every second copy gets the noise of its neighbour
# with the opposite sign, so that the noise cancels in the mean and the decay is left.

rate, decay, steps, copies = 1e-3, 0.5, 2000, 40
sigmas = np.array([1.0, 4.0, 16.0])[:, None]


def noise(scale):
    """Return random signs times the scale of each group, in pairs of opposite sign."""
    signs = 2.0 * random.integers(0, 2, size=(len(scale), copies // 2)) - 1.0
    return scale * np.concatenate([signs, -signs], axis=1)


shrunk = {}
for form in FORMS:
    rule = optim.Adam(rate, weight_decay=decay, weight_decay_form=form)
    points = run(rule, np.full((3, copies), 0.2), lambda x, t: noise(sigmas), steps)
    shrunk[form] = points.mean(axis=2)
    for i, sigma in enumerate(sigmas.ravel()):
        pull = decay / sigma if form == "l2" else decay
        claims.equal(
            f"Adam, {form}, noise {sigma:g}: log of the shrinkage in {steps} steps",
            "-η w t / σ" if form == "l2" else "-η w t",
            -rate * pull * steps,
            np.log(shrunk[form][-1, i] / 0.2),
            rtol=0.02,
        )

# %%
# **Adam, where it settles.** Now there is something to learn: the gradient is
# :math:`h + \sigma \epsilon`, with :math:`h = x - b` and :math:`\epsilon = \pm 1`, so that
# :math:`v = \sigma^2 + h^2`. The mean step vanishes where
#
# .. math::
#
#     \text{L2:}\ \ x = \frac{b}{1 + w}, \quad\text{whatever } \sigma; \qquad\qquad
#     \text{decoupled:}\ \ \frac{b - x}{\sqrt{\sigma^2 + (b - x)^2}} = w x .
#
# Decoupled decay pulls noisy coordinates further down: it is an L2 penalty scaled by
# :math:`\sqrt v`. Without noise it does not pull at all, until :math:`|x| = 1 / w`: the left side
# is then a sign.

target, decay, steps = 2.0, 0.2, 9000
levels = np.array([0.0, 0.5, 1.0, 2.0, 4.0, 8.0])[:, None]


def decoupled_point(sigma, target=target, decay=decay):
    """Return where the mean step of decoupled decay vanishes."""
    return brentq(
        lambda x: (target - x) - decay * x * np.hypot(sigma, target - x), 0.0, target + 1e-12
    )


settled = {}
for form in FORMS:
    rule = optim.Adam(5e-3, weight_decay=decay, weight_decay_form=form)
    start = np.full((len(levels), copies), target / 2)
    points = run(rule, start, lambda x, t: x - target + noise(levels), steps)
    settled[form] = points[2 * steps // 3 :].mean(axis=(0, 2))
source = {"l2": "b / (1 + w)", "decoupled": "Loshchilov & Hutter, proposition 3"}
for form in FORMS:
    for i in (0, 2, 5):
        sigma = levels[i, 0]
        expected = target / (1 + decay) if form == "l2" else decoupled_point(sigma)
        claims.equal(
            f"Adam, {form}, noise {sigma:g}: where it settles",
            source[form],
            expected,
            settled[form][i],
            rtol=0.01,
        )

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
left.plot(
    shrunk["decoupled"][:, 0] / 0.2, color=ORANGE, linewidth=5, alpha=0.4, label="decoupled, all σ"
)
for i, style in enumerate(("-", "--", ":")):
    label = f"l2, σ = {sigmas[i, 0]:g}"
    left.plot(shrunk["l2"][:, i] / 0.2, style, color=BLUE, label=label)
left.set(xlabel="step", ylabel="mean over its start", title="Decay only", ylim=(0, 1.05))
left.legend()
fine = np.linspace(0.0, 9.0, 91)
right.axhline(target / (1 + decay), color=BLUE, label="l2, predicted")
right.plot(
    fine, [decoupled_point(each) for each in fine], color=ORANGE, label="decoupled, predicted"
)
for form, color in FORMS.items():
    right.plot(levels.ravel(), settled[form], "o", color=color, label=f"{form}, measured")
right.set(xlabel=r"noise $\sigma$", ylabel="x", title=f"Where Adam settles (target {target:g})")
right.set_ylim(0, 2.2)
right.legend()
for ax in (left, right):
    ax.grid(alpha=0.25)
plt.show()

# %%
# **The box.** Without noise and with :math:`1 / w` below the target, decoupled decay stops at the
# wall :math:`|x| = 1 / w`: full-batch AdamW minimises the loss in a box, not loss plus penalty.

targets = np.array([0.5, 2.0, -3.0, 0.9])
rule = optim.AdamW(optim.schedules.LinearDecay(0.01, n_steps=4000), beta2=0.95, weight_decay=1.0)
end = run(rule, np.zeros(4), lambda x, t: x - targets, 4000)[-1]
claims.at_most(
    "AdamW without noise, w = 1: distance from clip(b, -1, 1)",
    "Xie & Li 2024",
    1e-3,
    np.abs(end - np.clip(targets, -1, 1)).max(),
)

# %%
# Exercise
# --------
# Multiply the loss by ten: :math:`h = 10 (x - b)`, noise :math:`10 \sigma`. Predict where the two
# forms settle for :math:`\sigma = 4`, :math:`w = 0.2`, :math:`b = 2`. (One of them does not move.
# Which?)

tenfold = {}
for form in FORMS:
    rule = optim.Adam(5e-3, weight_decay=decay, weight_decay_form=form)
    start = np.full((1, copies), target / 2)
    loud = np.array([[40.0]])
    points = run(rule, start, lambda x, t, loud=loud: 10 * (x - target) + noise(loud), steps)
    tenfold[form] = points[2 * steps // 3 :].mean()
claims.equal(
    "exercise: decoupled settles where it did",
    "this lesson",
    decoupled_point(4.0),
    tenfold["decoupled"],
    rtol=0.01,
)
claims.equal(
    "exercise: l2 settles at 10 b / (10 + w)",
    "this lesson",
    10 * target / (10 + decay),
    tenfold["l2"],
    rtol=0.01,
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** Loshchilov and Hutter, Decoupled weight decay regularization, 2019, arXiv:1711.05101.
# Xie and Li, Implicit bias of AdamW: l-infinity norm constrained optimization, 2024.
