r"""
Colours of one image for another
================================

**Question.** A photograph of a temple, and one of a dahlia. Paint the temple in the colours of the
flower, each as often as the flower has it, and change every colour as little as possible. What is
the least change, and what does a method get wrong that only looks at means and variances?

A colour is a point in the cube of red, green and blue, an image a cloud of such points: the places
of its pixels do not matter. Transport sends one cloud to the other at the least total squared
distance (Reinhard et al. matched means and deviations; Pitié and Kokaram took the optimal linear
map, Ferradans et al. regularised transport). The entropic plan between a few hundred pixels of
either image has a formula for all the others, the *barycentric projection*:

.. math::

    T(x) = \frac{\sum_j y_j \, e^{(g_j - |x - y_j|^2) / \varepsilon}}
                {\sum_j e^{(g_j - |x - y_j|^2) / \varepsilon}} ,

the mean of the target colours :math:`y_j`, weighted as the plan would split a pixel of colour
:math:`x`. That is :class:`~optlite.ot.TransportMap`. (The images come with scikit-learn, which
reads them with the package Pillow.)"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

from optlite import exercises, ot
from optlite.display import Claims

claims = Claims()
temple, flower = (load_sample_image(name)[::3, ::3] / 255.0 for name in ("china.jpg", "flower.jpg"))
pixels, targets = temple.reshape(-1, 3), flower.reshape(-1, 3)
rng = np.random.default_rng(0)
X, Y = (cloud[rng.choice(len(cloud), 500, replace=False)] for cloud in (pixels, targets))
model = ot.TransportMap(reg=0.005).fit(X, target=Y)
painted = model.transform(pixels)
lower, upper = model.result_.certificate
print(f"{len(pixels)} pixels; the least mean squared change is in [{lower:.4f}, {upper:.4f}]")

# %%
# **By hand**, the formula above:

few = pixels[::9999]


def project(x, g, reg):
    """Return the barycentric projection of some colours."""
    weights = np.exp((g - ((x[:, None] - Y) ** 2).sum(axis=2)) / reg)
    return weights @ Y / weights.sum(axis=1, keepdims=True)


by_hand = project(few, model.target_potentials_, model.reg_)
claims.at_most(
    "by hand and compiled: largest difference of a colour",
    "Ferradans et al. 2014",
    1e-9,
    np.abs(by_hand - model.transform(few)).max(),
)

# %%
# **Step by step.** Any potentials give a map, those of an unfinished run, too. Here are the maps of
# all iterations: how far are their colours from those of the last one? (The first three try the
# last :math:`\varepsilon` at once; then it falls in stages.)

C = ((X[:, None] - Y) ** 2).sum(axis=2)
records = list(ot.steps(None, None, C, model.reg_))
maps = [project(few, record.g, record.reg) for record in records]
moves = [np.abs(colours - maps[-1]).max() for colours in maps]
print("iteration        ε   marginal error   largest difference of a colour")
for record, move in zip(records, moves, strict=True):
    print(f"{record.iteration:9d}   {record.reg:.4f}   {record.marginal_error:14.2e}   {move:.2e}")
claims.at_most(
    "the map of the last iteration, and that of the library: largest difference of a colour",
    "one problem, two clouds or a matrix",
    1e-6,
    np.abs(maps[-1] - by_hand).max(),
)
claims.at_most(
    "two iterations before the end: largest difference of a colour",
    "Newton's last steps",
    1 / 255,
    moves[-3],
)

# %%
# **The linear rival.** Between Gaussian clouds the optimal map is
# :math:`x \mapsto m_Y + A (x - m_X)` with the symmetric :math:`A` that takes one covariance to the
# other, :math:`A \Sigma_X A = \Sigma_Y`. It comes out of the gradient of the Bures-Wasserstein
# distance, which is :math:`(I - A) / 2`.

means = pixels.mean(axis=0), targets.mean(axis=0)
covariances = np.cov(pixels.T), np.cov(targets.T)
gradient = ot.bures_wasserstein_gradient(means[0], covariances[0], means[1], covariances[1])[1]
linear = means[1] + (pixels - means[0]) @ (np.eye(3) - 2.0 * gradient)
claims.at_most(
    "linear map: largest error of the covariance",
    "Pitié and Kokaram 2007",
    1e-12,
    np.abs(np.cov(linear.T) - covariances[1]).max(),
)

# %%
# Means and covariances are right, and yet the colours are not. The flower is dark green and orange,
# two clumps with little between; a linear map can move, turn and stretch the cloud of the temple,
# not split it. The Sinkhorn divergence between fresh samples, zero for equal distributions, says
# how far the clouds are apart.

fresh = rng.choice(len(pixels), 400, replace=False)
sample = targets[rng.choice(len(targets), 400, replace=False)]
clouds = {"temple": pixels, "linear map": linear, "transport": painted}
apart = {
    name: ot.sinkhorn_divergence(cloud[fresh], sample, reg=0.01, tol=1e-6).value
    for name, cloud in clouds.items()
}
noise = ot.sinkhorn_divergence(Y[:400], sample, reg=0.01, tol=1e-6).value
for name, value in apart.items():
    print(f"{name:10s} divergence from the flower {value:.5f}")
print(f"two samples of the flower          {noise:.5f}")
claims.at_least(
    "temple over transport: divergence from the flower",
    "the run",
    20,
    apart["temple"] / apart["transport"],
)
claims.at_least(
    "linear map over transport: the same", "the run", 3, apart["linear map"] / apart["transport"]
)
outside = np.mean((linear < 0.0) | (linear > 1.0))
claims.at_least(
    "linear map: share of channels that are no colours (below 0 or above 1)",
    "the run",
    0.01,
    outside,
)
claims.at_most(
    "transport: the same",
    "means of colours are colours",
    0.0,
    np.mean((painted < 0.0) | (painted > 1.0)),
)

# %%
# **What the regularization does.** A mean of colours is greyer than they are. The spread of the
# painted image is that of the flower less what is lost in averaging, and the loss grows with
# :math:`\varepsilon`.

spreads = {}
for reg in (0.005, 0.02, 0.1, 0.5):
    moved = ot.TransportMap(reg=reg, tol=1e-8).fit(X, target=Y).transform(X)
    spreads[reg] = np.trace(np.cov(moved.T)) / np.trace(np.cov(Y.T))
    print(f"ε = {reg:5.3f}: {spreads[reg]:.1%} of the variance of the flower's colours")
claims.at_least(
    "ε = 0.005: share of the variance that is left", "law of total variance", 0.9, spreads[0.005]
)
claims.at_most("ε = 0.5: the same", "law of total variance", 0.5, spreads[0.5])

# %%
# Pictures, and the clouds behind them, each point in its own colour. Transport has to split the
# sky, as the flower has less orange than the temple has sky, and it does so where the sky's colours
# differ most. A larger :math:`\varepsilon` hides the seam and greys the colours.

blurred = ot.TransportMap(reg=0.1, tol=1e-8).fit(X, target=Y).transform(pixels)
figure, axes = plt.subplots(2, 5, figsize=(13, 4.8), layout="constrained")
columns = {
    "the flower": (flower, targets),
    "the temple": (temple, pixels),
    "linear map": (linear, linear),
    r"transport, $\varepsilon$ = 0.005": (painted, painted),
    r"transport, $\varepsilon$ = 0.1": (blurred, blurred),
}
shown = rng.choice(len(pixels), 1500, replace=False)
for (top, bottom), (name, (image, cloud)) in zip(axes.T, columns.items(), strict=True):
    top.imshow(np.clip(np.reshape(image, temple.shape), 0.0, 1.0))
    top.set_title(name)
    top.set_axis_off()
    points = cloud[shown]
    bottom.scatter(points[:, 0], points[:, 1], c=np.clip(points, 0.0, 1.0), s=5)
    bottom.set(xlim=(-0.15, 1.15), ylim=(-0.15, 1.15), aspect="equal", xlabel="red")
    bottom.add_patch(plt.Rectangle((0, 0), 1, 1, fill=False, color="0.6"))
axes[1, 0].set_ylabel("green")
plt.show()

# %%
# Twin and kernel
# ---------------
# What finds the potentials twice: the problem and its evaluation in NumPy, and in C++. (The map
# itself is ``project`` above: a run of no iterations with the pixels for sources.)
#
# .. tab-set::
#
#    .. tab-item:: NumPy twin
#
#       .. literalinclude:: ../../../python/optlite/reference/transport.py
#          :language: python
#          :caption: python/optlite/reference/transport.py
#
#    .. tab-item:: C++ kernel
#
#       .. literalinclude:: ../../../cpp/src/transport_problem.cpp
#          :language: cpp
#          :caption: cpp/src/transport_problem.cpp

# %%
# Exercises
# ---------
# **1.** Let :math:`\varepsilon` grow without bound. Which colours has the painted temple then?

grey = ot.TransportMap(reg=1e4).fit(X, target=Y).transform(pixels)
claims.at_most(
    "exercise 1: largest distance from the mean colour of the flower's sample",
    "all weights are equal",
    1e-3,
    np.abs(grey - Y.mean(axis=0)).max(),
)

# %%
# **2.** Paint the temple, then paint the result back with ``inverse_transform``. Is it the temple
# again? Where does what is missing go?

back = model.inverse_transform(painted)
error = np.square(back - pixels).sum(axis=1).mean()
claims.at_least(
    "exercise 2: mean squared error of the way there and back", "two means", 1e-5, error
)
claims.at_most(
    "exercise 2: ... over the variance of the temple's colours",
    "the run",
    0.1,
    error / np.trace(covariances[0]),
)

# %%
# **To write yourself**, and to be checked on random problems, are two functions of
# :doc:`/exercises`:

for name in ("barycentric-map", "gaussian-map"):
    exercise = exercises.get(name)
    print(f"{exercise.title}\n    exercises.check({name!r}, {exercise.function_name})")

# %%
# Claims
# ------

claims

# %%
# **Sources.** Reinhard, Ashikhmin, Gooch and Shirley, Color transfer between images, 2001. Pitié
# and Kokaram, The linear Monge-Kantorovitch linear colour mapping for example-based colour
# transfer, 2007. Ferradans, Papadakis, Peyré and Aujol, Regularized discrete optimal transport,
# 2014. The numbers behind ≤ and ≥ that are "of the run" are ours.
