r"""
The mean of twenty sevens
=========================

**Question.** A seven is written by hand twenty times, each time in another place of the page and
with another slant. The mean of the pixels is a cloud. What is the mean of the *shapes*, and what
does the regularization that makes it computable do to it?

A barycenter in the sense of transport is the histogram :math:`x` to which the histograms
:math:`A_1, \dots, A_k` travel at the least mean cost (Agueh and Carlier; Cuturi and Doucet):

.. math::

    \min_x \; \sum_k w_k \min_{P_k} \Bigl\{ \langle M, P_k \rangle + \varepsilon \sum P_k \log P_k
    : P_k \mathbf 1 = A_k, \; P_k^\top \mathbf 1 = x \Bigr\} .

Fitting each plan to its :math:`A_k` by rows, and all of them to a common :math:`x` by columns, in
turn, solves it: :math:`x` is the geometric mean of the column sums (Benamou et al.).
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import shift, zoom
from sklearn.datasets import load_digits

from optlite import exercises, ot
from optlite.display import Claims

claims = Claims()
SIDE = 28
places = np.argwhere(np.ones((SIDE, SIDE))) / SIDE
M = ((places[:, None] - places) ** 2).sum(axis=2)
digits = load_digits()
rng = np.random.default_rng(0)


def page(image):
    """Return a digit somewhere on a page, as a histogram of 28 x 28 pixels."""
    large = np.maximum(zoom(image, 2, order=1), 0.0)
    canvas = np.zeros((SIDE, SIDE))
    canvas[6:22, 6:22] = large
    moved = np.maximum(shift(canvas, rng.uniform(-5.0, 5.0, 2), order=1), 0.0)
    return np.ravel(moved / moved.sum())


def pages(digit, count=20):
    """Return so many pages with a digit, in columns."""
    chosen = np.flatnonzero(digits.target == digit)[:count]
    return np.stack([page(digits.images[i]) for i in chosen], axis=1)


def variance(x):
    """Return the mean squared distance of the ink of a page from its centre."""
    return ((places - places.T @ x) ** 2).sum(axis=1) @ x


sevens = pages(7)
mean = sevens.mean(axis=1)

# %%
# **By hand**, on the 8 x 8 digits as they are. The weighted geometric mean is taken in logarithms.


def by_hand(A, M, reg, iterations):
    """Return the barycenter with equal weights."""
    K = np.exp(-M / reg)
    v = np.ones_like(A)
    for _ in range(iterations):
        u = A / (K @ v)  # rows: the sums of plan k are A_k
        columns = K.T @ u
        x = np.exp(np.log(v * columns).mean(axis=1))
        v = x[:, None] / columns
    return x


small = digits.images[digits.target == 7][:5].reshape(5, 64).T
small = small / small.sum(axis=0)
grid = np.argwhere(np.ones((8, 8))) / 8
M_small = ((grid[:, None] - grid) ** 2).sum(axis=2)
claims.at_most(
    "by hand and compiled: largest difference of a mass",
    "Benamou et al. 2015",
    1e-7,
    np.abs(
        by_hand(small, M_small, 0.01, 300) - ot.barycenter(small, M_small, 0.01).barycenter
    ).max(),
)

# %%
# **Step by step.** The library does the same in logarithms, lets the regularization fall, and goes
# over to Newton's steps. A record holds the barycenter of its iteration; the mean of the shapes is
# there long before the last digit is.

run = ot.barycenter(sevens, M, 0.003, trace=True).trace
print("iteration        ε   marginal error   Newton steps   mass that is still to move")
to_move = [np.abs(record.f - run[-1].f).sum() / 2.0 for record in run]
for record, moved in [*zip(run, to_move, strict=True)][:: len(run) // 6]:
    print(
        f"{record.iteration:9d}   {record.reg:.4f}   {record.marginal_error:14.2e}   "
        f"{record.n_newton:12d}   {moved:.2e}"
    )
claims.at_most(
    "last record: marginal error", "the tolerance asked for", 1e-9, run[-1].marginal_error
)

# %%
# **Place and size.** For squared distances the centre of the barycenter is the mean of the centres,
# as in a mean of numbers. Its variance, though, is not that of the mean of the pixels, to which
# the places of the pages add; it is at most the mean of the variances of the pages.

REGS = (0.01, 0.003, 0.001)
centers = {reg: ot.barycenter(sevens, M, reg, tol=1e-8).barycenter for reg in REGS}
sharpest = centers[0.001]
agueh = "Agueh and Carlier 2011"
claims.at_most(
    "centre of the barycenter to the mean of the centres, in pixels",
    agueh,
    0.01,
    SIDE * np.abs(places.T @ sharpest - (places.T @ sevens).mean(axis=1)).max(),
)
within = np.mean([variance(a) for a in sevens.T])
claims.at_most(
    "variance of the barycenter, less the blur ε, over the mean variance of the pages",
    agueh,
    1.0,
    (variance(sharpest) - 0.001) / within,
)
claims.at_least(
    "the same of the mean of the pixels", "law of total variance", 1.2, variance(mean) / within
)
claims.at_least(
    "darkest pixel of the barycenter over that of the mean",
    "this lesson",
    1.4,
    sharpest.max() / mean.max(),
)

# %%
# **The blur has a size.** Of a single histogram the barycenter should be the histogram. It is that
# histogram convolved with :math:`e^{-|x - y|^2 / \varepsilon}`, a Gaussian of variance
# :math:`\varepsilon / 2` along either axis, as the best plan for a free :math:`x` splits each mass
# freely. (``debiased=True`` takes most of it away again; Janati et al.)

alone = page(digits.images[7])[:, None]
for reg in REGS:
    added = variance(ot.barycenter(alone, M, reg).barycenter) - variance(alone[:, 0])
    pixels = SIDE * np.sqrt(added / 2.0)
    print(f"ε = {reg:5.3f}: variance added {added:.5f}, a deviation of {pixels:.2f} pixels")
    if reg == 0.003:
        claims.equal(
            "ε = 0.003, one page: variance added by the barycenter",
            "Janati et al. 2020",
            reg,
            added,
            rtol=0.05,
        )

# %%
# First row: four of the twenty pages. Second: their means.

figure, axes = plt.subplots(2, 4, figsize=(8, 4.4), layout="constrained")
shown = {"mean of pixels": mean, **{rf"$\varepsilon$ = {reg:g}": x for reg, x in centers.items()}}
for ax, image in zip(axes[0], sevens.T, strict=False):
    ax.imshow(image.reshape(SIDE, SIDE), cmap="gray_r")
for ax, (name, image) in zip(axes[1], shown.items(), strict=True):
    ax.imshow(image.reshape(SIDE, SIDE), cmap="gray_r")
    ax.set_title(name)
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("pages")
axes[1, 0].set_ylabel("means")
plt.show()

# %%
# All digits: above, the mean of the pixels of eight pages; below, the barycenter.

figure, axes = plt.subplots(2, 10, figsize=(11, 2.5), layout="constrained")
for digit, (above, below) in enumerate(axes.T):
    A = pages(digit, count=8)
    above.imshow(A.mean(axis=1).reshape(SIDE, SIDE), cmap="gray_r")
    below.imshow(
        ot.barycenter(A, M, 0.0015, tol=1e-6).barycenter.reshape(SIDE, SIDE), cmap="gray_r"
    )
for ax in axes.flat:
    ax.set(xticks=[], yticks=[], frame_on=False)
axes[0, 0].set_ylabel("pixels")
axes[1, 0].set_ylabel("transport")
plt.show()

# %%
# Twin and kernel
# ---------------
# Barycenters twice: the NumPy twin, and the C++ that the library runs.
#
# .. tab-set::
#
#    .. tab-item:: NumPy twin
#
#       .. literalinclude:: ../../../python/optlite/reference/barycenter.py
#          :language: python
#          :caption: python/optlite/reference/barycenter.py
#
#    .. tab-item:: C++ kernel
#
#       .. literalinclude:: ../../../cpp/src/barycenter.cpp
#          :language: cpp
#          :caption: cpp/src/barycenter.cpp

# %%
# Exercises
# ---------
# **1.** Two pages with weights 1/4 and 3/4: where is the centre of their barycenter, and where is
# that of the mean of the pixels with these weights? What is the difference between the two
# pictures?

pair, weights = sevens[:, :2], np.array([0.25, 0.75])
way = ot.barycenter(pair, M, 0.003, weights).barycenter
claims.at_most(
    "exercise 1: centre of the weighted barycenter to that of the weighted mean, in pixels",
    agueh,
    0.01,
    SIDE * np.abs(places.T @ way - places.T @ pair @ weights).max(),
)

# %%
# **2.** Let :math:`\varepsilon` grow without bound. To what does the barycenter tend?

flat = ot.barycenter(sevens, M, 1e3).barycenter
claims.equal(
    "exercise 2: darkest over lightest pixel (the entropy of the plans is all that counts)",
    "this lesson",
    1.0,
    flat.max() / flat.min(),
    rtol=0.01,
)

# %%
# **To write yourself**, and to be checked on random problems, are two functions of
# :doc:`/exercises`:

for name in ("barycenter-step", "monotone-plan"):
    exercise = exercises.get(name)
    print(f"{exercise.title}\n    exercises.check({name!r}, {exercise.function_name})")

# %%
# Claims
# ------

claims

# %%
# **Sources.** Agueh and Carlier, Barycenters in the Wasserstein space, 2011. Cuturi and Doucet,
# Fast computation of Wasserstein barycenters, 2014, arXiv:1310.4375. Benamou, Carlier, Cuturi,
# Nenna and Peyré, Iterative Bregman projections for regularized transportation problems, 2015,
# arXiv:1412.5154. Janati, Cuturi and Gramfort, Debiased Sinkhorn barycenters, 2020,
# arXiv:2006.02575. The numbers behind ≥ are ours.
