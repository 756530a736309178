r"""
Progressive sharpening and the edge of stability
================================================

**Question.** Gradient descent on a quadratic diverges if its learning rate exceeds
:math:`2 / \lambda_{\max}`. Networks are trained at rates that nobody has computed. Why do they not
diverge?

Along an eigenvector of curvature :math:`\lambda` a step of any rule with momentum is a linear
recurrence of two terms. Its roots leave the unit circle where

.. math::

    \lambda = \frac{2}{\eta} \;\text{(gradient descent)}, \qquad
    \lambda = \frac{2 (1 + \mu)}{\eta} \;\text{(heavy ball)}, \qquad
    \lambda = \frac{2 (1 + \mu)}{\eta\, (1 + 2 \mu)} \;\text{(Nesterov)} .

Cohen et al. (2021) measured :math:`\lambda_{\max}` while networks were trained with all samples. It
rises (*progressive sharpening*) until it is at the threshold of the rule, and stays there (*the
edge of stability*), while the loss goes on falling, though no longer in every step.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq

from optlite import objectives, optim
from optlite.curvature import SharpnessTracker, growth_factor
from optlite.display import Claims, StabilityDisplay

claims = Claims()

# %%
# Three rates, three plateaus
# ---------------------------
# A network with two hidden layers learns a hundred random labels by heart, by gradient descent with
# all of them. The tracker computes the largest eigenvalue of the Hessian now and then, starting
# from the last eigenvectors: some ten products each time.

random = np.random.default_rng(1)
X, labels = random.normal(size=(100, 4)), random.choice([-1.0, 1.0], size=100)
f = objectives.MLP(X, labels, hidden=(20, 20))
start = f.init(random_state=0)


def train(rule, steps):
    """Return the tracker of a run, and the loss after each step."""
    tracker = SharpnessTracker(f, rule=rule, every=steps // 50)
    run = tracker.follow(optim.steps(f, start, rule, max_iter=steps, tol=0.0))
    return tracker, np.array([record.objective for record in run])


def plateau(tracker):
    """Return the median of the sharpness in the last third of a run."""
    return np.median(tracker.sharpness[-len(tracker.records) // 3 :])


RATES = [2 / 25, 2 / 15, 2 / 10]
runs = {rate: train(optim.SGD(rate), 2500) for rate in RATES}

figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained")
for rate, (tracker, losses) in runs.items():
    display = StabilityDisplay.from_tracker(
        tracker, name=f"η = 2/{2 / rate:.0f}", threshold_name="", ax=axes[0], marked=False
    )
    axes[1].semilogy(losses, color=display.line_.get_color(), lw=0.8, label=f"η = 2/{2 / rate:.0f}")
axes[0].set(title="dashed: 2/η")
axes[1].set(xlabel="Iteration", ylabel="Loss")
axes[1].grid(alpha=0.25)
plt.show()

for rate, (tracker, _) in runs.items():
    claims.equal(
        f"sharpness in the last third, η = 2/{2 / rate:.0f}",
        "Cohen et al. 2021",
        2 / rate,
        plateau(tracker),
        rtol=0.1,
    )
claims.at_least(
    "sharpness in the end over that at the start, η = 2/25",
    "Cohen et al. 2021",
    5.0,
    runs[2 / 25][0].sharpness[-1] / runs[2 / 25][0].sharpness[0],
)
tracker, losses = runs[2 / 10]
onset = StabilityDisplay(tracker.iterations, tracker.sharpness, tracker.threshold).reached
claims.at_most(
    "η = 2/10: rises of the loss before its sharpness is at the threshold",
    "theory of smooth functions",
    0,
    np.sum(np.diff(losses[:onset]) > 0.0),
)
claims.at_least(
    "share of the steps after it in which the loss rises",
    "Cohen et al. 2021",
    0.2,
    np.mean(np.diff(losses[onset:]) > 0.0),
)
claims.at_least(
    "loss then over the loss in the end: it falls nevertheless",
    "Cohen et al. 2021",
    5.0,
    losses[onset] / losses[-1],
)

# %%
# **Step by step.** A record of the tracker has the largest eigenvalue, how far from one it is at
# most, and the Hessian products that it took. For the middle rate the sharpness climbs above 15,
# comes back and stays there, while the loss goes on falling:

print("iteration   sharpness   bound     products   loss")
for record in runs[2 / 15][0].records[::5]:
    print(
        f"{record.iteration:9d}   {record.sharpness:9.3f}   {record.residual_bound:.1e}   "
        f"{record.n_products:8d}   {record.objective:.2e}"
    )

# %%
# Other rules, other edges
# ------------------------
# The rates below are chosen so that three rules stand the same curvature, 15, though they differ by
# a factor of two. Adam divides its steps by the root of a mean of squared gradients, P: its
# threshold :math:`2 (1 + \beta_1) / (\eta (1 - \beta_1)) = 38 / \eta` is one for the eigenvalues of
# :math:`P^{-1/2} H P^{-1/2}` (Cohen et al. 2022). Its P adapts, and yet it stays at its edge.

RULES = {
    "heavy ball, μ = 0.9": (optim.Momentum(3.8 / 15, momentum=0.9), 600),
    "Nesterov, μ = 0.5": (optim.Nesterov(1.5 / 15, momentum=0.5), 1500),
    "Adam": (optim.Adam(0.01), 600),
}
others = {name: train(*given)[0] for name, given in RULES.items()}
others = {"gradient descent": runs[2 / 15][0], **others}
for name, tracker in others.items():
    if name != "Adam":
        claims.equal(
            f"threshold of {name}", "Cohen et al. 2021", 15.0, tracker.threshold, rtol=1e-9
        )
        claims.equal(
            f"growth per step on a quadratic of that curvature, {name}",
            "roots of the recurrence",
            1.0,
            growth_factor(tracker.rule, 15.0),
            rtol=1e-6,
        )
    claims.equal(
        f"sharpness in the last third over the threshold, {name}",
        "Cohen et al. 2021, 2022",
        1.0,
        plateau(tracker) / tracker.threshold,
        rtol=0.1,
    )
claims.equal(
    "threshold of Adam times its rate",
    "Cohen et al. 2022",
    38.0,
    0.01 * others["Adam"].threshold,
    rtol=1e-9,
)

figure, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
for i, (name, tracker) in enumerate(others.items()):
    share = tracker.iterations / tracker.iterations[-1]
    color = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")[i]
    ax.plot(share, tracker.sharpness / tracker.threshold, color=color, lw=1.5, label=name)
ax.axhline(1.0, color="0.3", lw=1.0, ls="--")
ax.set(xlabel="share of the run", ylabel="sharpness over the threshold of the rule")
ax.grid(alpha=0.25)
ax.legend(frameon=False)
plt.show()

# %%
# A theorem: the sharpness that the gradient flow would find
# ----------------------------------------------------------
# Why does it not explode at the edge? There is an answer for the smallest of all networks, a
# product of numbers that should be 1: :math:`f(w) = \frac12 (w_1 w_2 \cdots w_D - 1)^2`. The
# gradient flow keeps all differences :math:`w_i^2 - w_j^2`, so that from each w it ends in a
# minimum that can be computed: :math:`w_i^2 + c` for one c. The sharpness there is :math:`\sum_i 1
# / (w_i^2 + c)`. Kreisler et al. (2023) prove that a step of *gradient descent* never raises this
# number (in a region around the minima): each time the iterate jumps across the valley, it lands
# on the flow to a flatter minimum, until the minimum is flat enough for the rate.


def flow_sharpness(w):
    """Return the sharpness of the minimum to which the gradient flow leads from w > 0."""
    squares = w**2
    c = brentq(lambda c: np.sum(np.log(squares + c)), -squares.min() * (1 - 1e-14), 2.0, xtol=1e-15)
    return np.sum(1.0 / (squares + c))


def descend(w, rate, steps):
    """Return the flow's sharpness and the loss along gradient descent."""
    found = []
    for _ in range(steps):
        product = w.prod()
        found.append((flow_sharpness(w), 0.5 * (product - 1.0) ** 2))
        w = w - rate * (product - 1.0) * product / w
    return np.array(found).T


rate = 0.2
sharp, loss = descend(np.array([3.0, 2.0, 0.5, 0.3]), rate, 400)

figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.0), layout="constrained")
StabilityDisplay(
    np.arange(400), sharp, 2 / rate, name="minimum of the flow", threshold_name="2/η"
).plot(axes[0])
axes[0].set(ylabel="sharpness", ylim=(8, 15))
axes[1].semilogy(loss, color="#D55E00", lw=0.8)
axes[1].set(xlabel="Iteration", ylabel="Loss", ylim=(1e-7, 1))
axes[1].grid(alpha=0.25)
plt.show()

claims.at_least(
    "the flow from the start leads to a minimum too sharp: over 2/η",
    "the run",
    1.3,
    sharp[0] * rate / 2,
)
claims.at_most(
    "largest rise of the flow's sharpness in a step, relative (rounding)",
    "Kreisler et al. 2023",
    1e-14,
    np.max(np.diff(sharp) / sharp[:-1]),
)
claims.at_least("steps in which the loss rises", "the run", 50, np.sum(np.diff(loss) > 0.0))
claims.at_most("its end, over 2/η", "Kreisler et al. 2023", 1.0, sharp[-1] * rate / 2)
claims.at_least(
    "and it ends close to the edge, over 2/η", "Kreisler et al. 2023", 0.95, sharp[-1] * rate / 2
)

# %%
# Exercise
# --------
# Two factors: :math:`f = \frac12 (x y - 1)^2`. Show that a step of gradient descent multiplies
# :math:`x^2 - y^2` by :math:`1 - \eta^2 (x y - 1)^2`. The flow's minimum has
# :math:`x^2 + y^2 = \sqrt{(x^2 - y^2)^2 + 4}` for its sharpness: there is the theorem in one line.

x, y = 2.5, 0.6
residual = x * y - 1.0
after = np.array([x - rate * residual * y, y - rate * residual * x])
claims.equal(
    "exercise: factor of x² - y² in a step",
    "this lesson",
    1.0 - rate**2 * residual**2,
    (after[0] ** 2 - after[1] ** 2) / (x**2 - y**2),
    rtol=1e-12,
)
claims.equal(
    "exercise: sharpness of the flow's minimum after it",
    "this lesson",
    np.sqrt((after[0] ** 2 - after[1] ** 2) ** 2 + 4.0),
    flow_sharpness(after),
    rtol=1e-9,
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** J. Cohen, S. Kaur, Y. Li, J. Z. Kolter and A. Talwalkar, Gradient descent on neural
# networks typically occurs at the edge of stability, ICLR 2021, arXiv:2103.00065. J. Cohen et al.,
# Adaptive gradient methods at the edge of stability, 2022, arXiv:2207.14484. I. Kreisler, M. S.
# Nacson, D. Soudry and Y. Carmon, Gradient descent monotonically decreases the sharpness of
# gradient flow solutions in scalar networks and beyond, ICML 2023.
