r"""
Gradient descent in a tiny subspace
===================================

**Question.** A network has hundreds of weights. Where in that space does its gradient point, and is
it there that the network learns?

Let U hold the eigenvectors of the k largest eigenvalues of the Hessian, with k the number of
classes. Gur-Ari, Roberts and Dyer (2018) measured, after a short time of training by SGD,

.. math:: f_\text{top} = \frac{\|U^\top g\|^2}{\|g\|^2} \approx 1,
          \qquad
          \frac1k \| U_{t_1}^\top U_{t_2} \|_F^2 \approx 1 .

The gradient lies almost in that subspace, and the subspace hardly moves. Song, Ahn and Yun (2025)
asked the next question: what if one keeps only that part of each step, or only the rest?
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from optlite import objectives, optim
from optlite.curvature import SharpnessTracker, gradient_in_top_subspace, subspace_overlap
from optlite.display import Claims

claims = Claims()
K, RATE, BATCH = 4, 0.3, 16
data = load_digits(n_class=K)
X = data.data / 16.0 - 0.3


def problem(wrong):
    """Return a network for the digits 0 to 3, a share of whose labels is drawn at random."""
    random = np.random.default_rng(0)
    labels, drawn = data.target.copy(), random.random(len(X)) < wrong
    labels[drawn] = random.integers(0, K, drawn.sum())
    return objectives.MLP(X, labels, hidden=8, loss="softmax")


# %%
# A subspace of four dimensions
# -----------------------------
# Every eighth step of SGD the tracker computes the four top eigenvectors; the gradient that is
# measured in them is that of all samples. A fifth of the labels is wrong, so that the gradients of
# batches stay noisy. Of a random gradient there would be k / dim in the subspace.


def share(U, gradient):
    """Return the share of the squared norm of a gradient in the span of the columns of U."""
    return np.sum((U.T @ gradient) ** 2) / np.sum(gradient**2)


def follow(f, batch, steps=400):
    """Return shares of the gradient in the top subspace, the subspaces, the end, the records."""
    tracker = SharpnessTracker(f, K, every=8, tol=1e-2)
    options = {"tol": 0.0, "batch_size": batch, "random_state": 0}
    run = optim.steps(f, f.init(0), optim.SGD(RATE), max_iter=steps, **options)
    shares, subspaces = [], []
    for record in tracker.follow(run):
        if record.iteration % 8 == 0:
            subspaces.append(tracker.eigenvectors)
            shares.append(share(tracker.eigenvectors, f.gradient(record.x)))
    return np.array(shares), subspaces, record.x, tracker.records


noisy = problem(0.2)
shares, subspaces, end, records = follow(noisy, BATCH)
steps = 8 * np.arange(len(shares))
overlaps = np.array([subspace_overlap(U, subspaces[-1]) for U in subspaces])
large, *_ = follow(noisy, 360)

figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.0), layout="constrained")
axes[0].plot(steps, shares, "o-", ms=3, lw=0.8, color="#0072B2", label=f"SGD, batches of {BATCH}")
axes[0].plot(steps, large, "s-", ms=3, lw=0.8, color="#D55E00", label="SGD, batches of 360")
axes[0].axhline(K / noisy.dim, color="0.3", ls="--", lw=1.0, label="at random, k / dim")
axes[0].set(ylabel="share of the gradient in the top subspace", ylim=(-0.02, 1.35))
axes[1].plot(steps, overlaps, "o-", ms=3, lw=0.8, color="#0072B2", label="with the last subspace")
axes[1].axhline(K / noisy.dim, color="0.3", ls="--", lw=1.0, label="at random, k / dim")
axes[1].set(ylabel="overlap of subspaces", ylim=(-0.02, 1.35))
for ax in axes:
    ax.set(xlabel="Iteration")
    ax.grid(alpha=0.25)
    ax.legend(frameon=False, loc="upper right")
plt.show()

# %%
# **Step by step.** Some records of the tracker: the four eigenvalues, and the share of the gradient
# of all samples in their span.

print("step   four largest eigenvalues of the Hessian   share of the gradient")
for record, each in [*zip(records, shares, strict=True)][::5]:
    values = " ".join(f"{value:8.3f}" for value in record.eigenvalues[::-1])
    print(f"{record.iteration:4d}   {values}       {each:.3f}")

late = steps >= 100
claims.at_least(
    "share of the gradient in 4 of 556 dimensions, median after step 100",
    "Gur-Ari, Roberts and Dyer 2018",
    0.8,
    np.median(shares[late]),
)
found = gradient_in_top_subspace(noisy, end, K, learning_rate=RATE)
claims.equal(
    "share at the end, by gradient_in_top_subspace", "the run", shares[-1], found.share, rtol=0.02
)
claims.at_least(
    "times the share at random",
    "Gur-Ari, Roberts and Dyer 2018",
    100,
    np.median(shares[late]) / (K / noisy.dim),
)
claims.at_least(
    "overlap of the subspaces of step 200 and of step 400",
    "Gur-Ari, Roberts and Dyer 2018",
    0.8,
    overlaps[steps == 200][0],
)

# %%
# It is the noise that points there
# ---------------------------------
# In a direction of large curvature SGD is thrown about: its noise keeps it away from the bottom of
# the valley, and whatever its distance, the gradient there is that times a large eigenvalue. With
# batches of half of the samples the noise is small, and the gradient leaves the subspace.

claims.at_most(
    "share with batches of 360, over that with batches of 16, medians",
    "Song, Ahn and Yun 2025",
    0.5,
    np.median(large[late]) / np.median(shares[late]),
)

# %%
# Where it learns
# ---------------
# From step 60 of a run with the true labels, three continuations with the same batches: all of each
# step, only its part in the top subspace (computed anew every fifth step), only the rest.

f = problem(0.0)
*_, begin = optim.steps(
    f, f.init(0), optim.SGD(RATE), max_iter=60, tol=0.0, batch_size=BATCH, random_state=0
)


def go_on(keep, steps=300):
    """Return the loss, every fifth step, of SGD whose steps are `keep(U, gradient)`."""
    w, random = begin.x.copy(), np.random.default_rng(1)
    tracker, losses = SharpnessTracker(f, K, tol=1e-2), [f.value(begin.x)]
    for step in range(steps):
        if step % 5 == 0:
            tracker.measure(w)
        rows = random.choice(len(X), BATCH, replace=False)
        w = w - RATE * keep(tracker.eigenvectors, f.batch(rows).gradient(w))
        if step % 5 == 4:
            losses.append(f.value(w))
    return np.array(losses)


PARTS = {
    "whole step": lambda U, g: g,
    "top subspace only": lambda U, g: U @ (U.T @ g),
    "rest only": lambda U, g: g - U @ (U.T @ g),
}
losses = {name: go_on(keep) for name, keep in PARTS.items()}

figure, ax = plt.subplots(figsize=(7.5, 4.0), layout="constrained")
for (name, values), color in zip(losses.items(), ("#0072B2", "#D55E00", "#009E73"), strict=True):
    ax.semilogy(60 + 5 * np.arange(len(values)), values, color=color, label=name)
ax.set(xlabel="Iteration", ylabel="Loss of all samples")
ax.set_yticks([0.02, 0.03, 0.05, 0.1], ["0.02", "0.03", "0.05", "0.1"])
ax.minorticks_off()
ax.grid(alpha=0.25)
ax.legend(frameon=False, loc="lower left")
plt.show()

ends = {name: np.median(values[-10:]) / values[0] for name, values in losses.items()}
claims.at_least(
    "loss in the end over that at step 60, top subspace only",
    "Song, Ahn and Yun 2025",
    0.8,
    ends["top subspace only"],
)
claims.at_most("the same, rest only", "Song, Ahn and Yun 2025", 0.3, ends["rest only"])
claims.at_most("the same, whole step", "the run", 0.3, ends["whole step"])

# %%
# Exercise
# --------
# On a quadratic with curvatures :math:`\lambda_j`, SGD whose gradients carry independent noise of
# one variance :math:`\sigma^2` ends with :math:`\mathbb E w_j^2 = \eta \sigma^2 / (\lambda_j (2 -
# \eta \lambda_j))`. Predict the share of :math:`\mathbb E \|g\|^2` along the ten largest of a
# hundred curvatures, ten of them 10 and ninety 0.1, at :math:`\eta = 0.1`.

curvatures = np.r_[np.full(90, 0.1), np.full(10, 10.0)]
random = np.random.default_rng(0)
w, squares = np.zeros(100), np.zeros(100)
for step in range(12_000):
    w -= 0.1 * (curvatures * w + random.normal(size=100))
    squares += (curvatures * w) ** 2 if step >= 2000 else 0.0
expected = curvatures / (2.0 - 0.1 * curvatures)
claims.equal(
    "exercise: share of the squared gradient along ten of a hundred directions",
    "this lesson",
    expected[90:].sum() / expected.sum(),
    squares[90:].sum() / squares.sum(),
    rtol=0.01,
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** G. Gur-Ari, D. A. Roberts and E. Dyer, Gradient descent happens in a tiny subspace,
# 2018, arXiv:1812.04754. M. Song, K. Ahn and C. Yun, Does SGD really happen in tiny subspaces?,
# ICLR 2025.
