r"""
Rare classes: where sign descent beats gradient descent
=======================================================

**Question.** On language models Adam is far ahead of gradient descent, on images it is not.
Kunstner et al. (2024) point at the words: a few are everywhere, most are rare. Can a *linear* model
show it?

Take one input per class, orthogonal, class :math:`k` with frequency :math:`\pi_k`, and let
:math:`z_k` be how far the right score is ahead of the :math:`K - 1` others. The gradient of class
:math:`k` is proportional to :math:`\pi_k`; its sign is not:

.. math::

    \text{gradient flow:}\quad \dot z_k = \eta\, \pi_k\, \tfrac{K}{K-1}\, (1 - p_k)
    \qquad\qquad
    \text{sign descent:}\quad z_k(t) = 2 \eta t

with :math:`p_k` the probability of the right class. Gradient flow takes :math:`1 / \pi_k` times as
long for a rare class. Sign descent learns all at the same pace.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq

from optlite import objectives, optim
from optlite.display import Claims

claims = Claims()
K = 30
frequency = 1.0 / np.arange(1, K + 1)
frequency /= frequency.sum()
toy = objectives.Multinomial(np.eye(K), np.arange(K), sample_weight=frequency)


def class_losses(W):
    """Return the loss of each class of the toy: input k belongs to class k."""
    scores = W.T  # row k: the scores of input k
    largest = scores.max(axis=1)
    total = np.exp(scores - largest[:, None]).sum(axis=1)
    return np.log(total) + largest - np.diag(scores)


def flow_loss(time):
    """Return the loss of gradient flow at time eta pi_k t: the solution of the equation above."""
    clock = time * K / (K - 1)
    ahead = brentq(lambda z: z + np.expm1(z) / (K - 1) - clock, 0.0, clock)
    return np.log1p((K - 1) * np.exp(-ahead))


rate, steps = 0.5, 2000
*_, end = optim.steps(toy, method="sgd", learning_rate=rate, max_iter=steps, tol=0.0)
losses = class_losses(end.x)
for k in (0, K - 1):
    claims.equal(
        f"toy, gradient descent: loss of class {k + 1} of {K} after {steps} steps",
        "gradient flow",
        flow_loss(rate * frequency[k] * steps),
        losses[k],
        rtol=0.01,
    )

*_, end = optim.steps(toy, method="signsgd", learning_rate=0.01, max_iter=300, tol=0.0)
losses = class_losses(end.x)
expected = np.log1p((K - 1) * np.exp(-2 * 0.01 * 300))
claims.equal(
    "toy, sign descent: the same loss, rarest class", "z = 2ηt", expected, losses[-1], rtol=1e-9
)
claims.equal("toy, sign descent: ... most frequent", "z = 2ηt", expected, losses[0], rtol=1e-9)

*_, end = optim.steps(toy, method="sgd", learning_rate=1e6, max_iter=1, tol=0.0)
claims.at_most(
    "toy, gradient descent, η = 1e6: one step, rarest class",
    "the run",
    1e-9,
    class_losses(end.x)[-1],
)

# %%
# **Step by step.** The losses of the most frequent and of the rarest class, from the records of
# both methods: gradient descent learns one class after the other, sign descent all of them at once.

RUNS = {
    "gradient descent": {"method": "sgd", "learning_rate": rate, "max_iter": steps},
    "sign descent": {"method": "signsgd", "learning_rate": 0.01, "max_iter": 300},
}
for name, options in RUNS.items():
    for record in optim.steps(toy, tol=0.0, **options):
        if record.iteration in (0, 10, 100, 300, 1000, 2000):
            losses = class_losses(record.x)
            print(
                f"{name:16s} step {record.iteration:4d}: loss of class 1 {losses[0]:.4f}, of class "
                f"{K} {losses[-1]:.4f}"
            )

# %%
# **But nothing stops a larger rate** in the toy: with :math:`\eta = 10^6` gradient descent solves
# it in one step. What limits :math:`\eta` in practice is the curvature that the frequent classes
# cause in inputs that all classes share. So now inputs that overlap: uniform on
# :math:`[0, 1]^{64}`, 448 of them, and 127 classes in seven groups. Group :math:`g` has :math:`2^g`
# classes of :math:`2^{6-g}` samples each: every group has a seventh of the samples.

random = np.random.default_rng(0)
sizes = [2 ** (6 - g) for g in range(7) for _ in range(2**g)]
y = np.repeat(np.arange(len(sizes)), sizes)
group = np.repeat(np.repeat(np.arange(7), 2 ** np.arange(7)), sizes)
X = random.random((len(y), 64)) / 8.0
f = objectives.Multinomial(X, y)


def sample_losses(W, y):
    """Return the loss of each sample."""
    scores = X @ W.T
    largest = scores.max(axis=1)
    total = np.exp(scores - largest[:, None]).sum(axis=1)
    return np.log(total) + largest - scores[np.arange(len(y)), y]


# %%
# **Tuning.** Each method makes 60 steps with full gradients, for each of seven rates half a decade
# apart, and is shown with the rate of the lowest final loss. Grids are centred so that the best
# rate is not at an end.

STEPS = 60
GRIDS = {
    "sgd": 10.0 ** np.arange(0.5, 3.6, 0.5),
    "momentum": 10.0 ** np.arange(0.0, 3.1, 0.5),
    "signsgd": 10.0 ** np.arange(-2.5, 0.6, 0.5),
    "adam": 10.0 ** np.arange(-1.5, 1.6, 0.5),
}
NAMES = {
    "sgd": "gradient descent",
    "momentum": "with momentum 0.9",
    "signsgd": "sign descent",
    "adam": "Adam",
}


def tuned(objective, method):
    """Return the records of the best rate and its place in the grid."""
    runs = [
        list(optim.steps(objective, method=method, learning_rate=rate, max_iter=STEPS, tol=0.0))
        for rate in GRIDS[method]
    ]
    best = int(np.argmin([run[-1].objective for run in runs]))
    return runs[best], best


best = {method: tuned(f, method) for method in GRIDS}
curves = {}  # of each method: steps x groups
for method, (run, place) in best.items():
    by_sample = np.array([sample_losses(record.x, y) for record in run])
    curves[method] = np.array([by_sample[:, group == g].mean(axis=1) for g in range(7)]).T
    print(
        f"{NAMES[method]:18s} rate {GRIDS[method][place]:8.3g} (number {place + 1} of 7), loss "
        f"{run[-1].objective:.3f}, rarest classes {curves[method][-1, 6]:.3f}"
    )
claims.at_least(
    "no best rate is at an end of its grid: rates beyond it",
    "the tuning",
    1,
    min(min(place, 6 - place) for _, place in best.values()),
)

source = "Kunstner et al. 2024"
start = curves["sgd"][0]
last = {method: curve[-10:].mean(axis=0) for method, curve in curves.items()}  # they oscillate
claims.at_least(
    "gradient descent: rarest classes, loss over its start",
    source,
    0.9,
    last["sgd"][6] / start[6],
)
claims.at_most(
    "gradient descent: most frequent class, the same", source, 0.5, last["sgd"][0] / start[0]
)
claims.at_most("sign descent: rarest classes", source, 0.1, last["signsgd"][6] / start[6])
claims.at_most("Adam: rarest classes", source, 0.02, last["adam"][6] / start[6])
total = {method: run[-1].objective for method, (run, _) in best.items()}
claims.at_least("gradient descent over Adam: loss", source, 4.0, total["sgd"] / total["adam"])
claims.at_least(
    "gradient descent over sign descent: loss", source, 2.0, total["sgd"] / total["signsgd"]
)
claims.at_least(
    "momentum is not the reason: with it, loss over Adam's",
    source,
    1.5,
    total["momentum"] / total["adam"],
)


def smooth(curve, width=8):
    """Return the mean of the last steps up to each, of fewer at the beginning."""
    return np.array([curve[max(t - width + 1, 0) : t + 1].mean(axis=0) for t in range(len(curve))])


figure, axes = plt.subplots(1, 4, figsize=(12, 3.7), layout="constrained", sharey=True)
colors = plt.colormaps["viridis"](np.linspace(0.0, 0.9, 7))
for ax, (method, curve) in zip(axes, curves.items(), strict=True):
    means = smooth(curve)
    for g in range(7):
        ax.plot(curve[:, g], color=colors[g], linewidth=0.6, alpha=0.35)
        ax.plot(means[:, g], color=colors[g], linewidth=1.8, label=f"{2 ** (6 - g)}")
    ax.plot(means.mean(axis=1), "k--", linewidth=1.5, label="all")
    ax.set(title=NAMES[method], xlabel="step", ylim=(0, 8))
    ax.grid(alpha=0.25)
axes[0].set_ylabel("loss")
axes[-1].legend(title="samples a class", loc="upper right", ncols=2)
plt.show()

# %%
# (Thin lines are the losses; at the best rates they go up and down, and thick lines are means of
# eight steps.) Gradient descent learns group after group, the rarest not at all in 60 steps. Rates
# that would be fast for them make the frequent ones diverge.
#
# Exercise
# --------
# Take the same inputs with 64 classes of 7 samples each. Tune both again: does gradient descent
# still lose to sign descent, and by how much? Predict before you read the last line of the table.

balanced = objectives.Multinomial(X, np.repeat(np.arange(64), 7))
again = {method: tuned(balanced, method)[0][-1].objective for method in ("sgd", "signsgd")}
claims.at_most(
    "exercise: balanced classes, gradient descent over sign descent",
    source,
    1.0,
    again["sgd"] / again["signsgd"],
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** Kunstner, Yadav, Milligan, Schmidt and Bietti, Heavy-tailed class imbalance and why
# Adam outperforms gradient descent on language models, 2024.
