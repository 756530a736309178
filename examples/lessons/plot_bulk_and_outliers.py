r"""
A bulk at zero and a few outliers
=================================

**Question.** A network with ten times as many weights as it needs has been trained. Its loss has a
curvature in every direction: how are these numbers distributed, and what decides how many are
large?

Sagun et al. (2017) found two parts: a *bulk* of eigenvalues near zero, which grows with the
network, and a few *outliers*, which belong to the data: about as many as there are classes. The
Hessian of the mean loss over samples with logits :math:`z_i` and Jacobians :math:`J_i` is

.. math:: H = \underbrace{\frac1n \sum_i J_i^\top \big( \operatorname{diag}(p_i) - p_i p_i^\top
          \big) J_i}_{G} + \frac1n \sum_i \sum_c (p_{ic} - y_{ic})\, \nabla^2 z_{ic} .

The matrix between the Jacobians has rank K - 1 for K classes. If the Jacobians of all samples were
one matrix, the Gauss-Newton matrix G would have K - 1 eigenvalues that are not zero; if those of
each class were, at most K (K - 1). Real ones are a mean and something around it.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import objectives, optim
from optlite.curvature import (
    GaussNewtonOperator,
    HessianOperator,
    lanczos_steps,
    spectral_density,
)
from optlite.display import Claims, SpectralDensityDisplay, SpectrumDisplay

claims = Claims()
DIM, N = 10, 300


def data(n_classes, spread=0.3, offset=1.0, size=1.0):
    """Return points around corners, one for each class; a third of the labels is drawn anew."""
    random = np.random.default_rng(0)
    corners = size * np.linalg.qr(random.normal(size=(DIM, DIM)))[0][:n_classes]
    labels = np.arange(N) % n_classes
    X = corners[labels] + spread * random.normal(size=(N, DIM)) + offset
    drawn = random.random(N) < 0.3
    labels[drawn] = random.integers(0, n_classes, drawn.sum())
    return X, labels


def trained(n_classes, width, activation="softplus", **options):
    """Return an objective and where Adam has brought it in 80 steps."""
    X, labels = data(n_classes, **options)
    f = objectives.MLP(X, labels, hidden=width, loss="softmax", activation=activation)
    *_, last = optim.steps(f, f.init(1), optim.Adam(0.02), max_iter=80, tol=0.0)
    return f, last.x


def spectrum(f, w):
    """Return all eigenvalues of the Hessian, in rising order."""
    return np.linalg.eigvalsh(f.hessian(w))


def outliers(values, most=40):
    """Return how many eigenvalues lie above the widest gap, as a ratio, and the gap."""
    top = values[::-1][:most]
    gaps = top[:-1] / top[1:]
    return int(np.argmax(gaps)) + 1, gaps.max()


# %%
# One network, all its eigenvalues
# --------------------------------
# Four classes, 32 hidden units, 484 weights. The density from Lanczos' method, which only
# multiplies by the Hessian, and the eigenvalues of the whole matrix agree: nearly all of them are
# close to zero, on both sides; three are not.

f, w = trained(4, 32)
values = spectrum(f, w)
density = spectral_density(HessianOperator(f, w), n_steps=60, deflate=3)
display = SpectralDensityDisplay.from_density(density, values, log=True)
display.ax_.set(xlim=(-0.3, 7.5), ylim=(1e-4, 1e4))
plt.show()

claims.at_least(
    "share of eigenvalues within 1 % of the largest from zero",
    "Sagun et al. 2017",
    0.9,
    np.mean(np.abs(values) < 0.01 * values[-1]),
)
claims.at_most(
    "most negative eigenvalue, in units of the largest",
    "Sagun et al. 2017",
    0.01,
    -values[0] / values[-1],
)
gauss_newton = np.linalg.eigvalsh(GaussNewtonOperator(f, w).to_dense())
claims.at_most(
    "three largest eigenvalues of G against those of H: largest relative difference",
    "Sagun et al. 2017",
    0.05,
    np.abs(gauss_newton[-3:] / values[-3:] - 1.0).max(),
)
claims.at_most(
    "W1 distance of the density from the eigenvalues over its bound",
    "Chen et al. 2021",
    1.0,
    SpectralDensityDisplay(density, values).distance / density.wasserstein_bound(),
)

# %%
# **Step by step.** Lanczos' method sees the matrix through one product with a vector a step. It
# finds the outliers first, because nothing is near them; what it says of the bulk is coarse. Each
# record has its Ritz values, and how far each is from an eigenvalue at most.

print("step   largest Ritz values      their bounds                 smallest")
for step, found in enumerate(lanczos_steps(HessianOperator(f, w), 20), 1):
    if step >= 4 and step % 4 == 0:
        top = " ".join(f"{value:7.4f}" for value in found.ritz_values[:-4:-1])
        bounds = " ".join(f"{bound:8.1e}" for bound in found.residual_bounds[:-4:-1])
        print(f"{step:4d} {top}   {bounds}   {found.ritz_values[0]:8.4f}")
claims.at_most(
    "three outliers after 20 products with 484 weights: largest relative error",
    "the run",
    1e-6,
    np.abs(found.ritz_values[-3:] / values[-3:] - 1.0).max(),
)

# %%
# The network widens, the classes multiply
# ----------------------------------------

WIDTHS, CLASSES = [8, 16, 32, 64], [2, 3, 4, 6]
by_width = [values if width == 32 else spectrum(*trained(4, width)) for width in WIDTHS]
by_class = [by_width[1] if k == 4 else spectrum(*trained(k, 16)) for k in CLASSES]

figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained", sharey=True)
for ax, spectra, names, title in (
    (axes[0], by_width, [f"{width}" for width in WIDTHS], "hidden units, four classes"),
    (axes[1], by_class, [f"{k}" for k in CLASSES], "classes, sixteen hidden units"),
):
    SpectrumDisplay(spectra, names).plot(ax, s=90.0, alpha=0.8, linewidths=1.2)
    for line in ax.lines:
        line.set_visible(False)
    ax.set(xlabel=title, ylim=(1e-4, 30.0))
    ax.grid(alpha=0.25, axis="y")
axes[1].set(ylabel="")
plt.show()

for width, each in zip(WIDTHS, by_width, strict=True):
    count, gap = outliers(each)
    claims.equal(
        f"outliers, 4 classes, width {width}: K - 1", "Sagun et al. 2017", 3, count, rtol=0
    )
claims.at_least("the gap below them, width 64, as a ratio", "the run", 5.0, gap)
for k, each in zip(CLASSES, by_class, strict=True):
    count, _ = outliers(each)
    claims.equal(f"outliers, {k} classes: K - 1", "Sagun et al. 2017", k - 1, count, rtol=0)
large = [np.sum(each > 0.01 * each[-1]) for each in by_width]
claims.at_most(
    "eigenvalues above 1 % of the largest, width 64 over width 8",
    "Sagun et al. 2017",
    1.25,
    large[-1] / large[0],
)
claims.equal(
    "all eigenvalues, width 64 over width 8",
    "counting",
    964 / 124,
    len(by_width[-1]) / len(by_width[0]),
    rtol=1e-12,
)

# %%
# Why K - 1, and when K (K - 1)
# -----------------------------
# All inputs had a common offset of 1, so that the mean Jacobian is much larger than the differences
# of classes. Without it, and with less spread within a class, the classes' own Jacobians matter:
# each of the K gives K - 1 directions (Papyan 2019 separates the two levels in deep networks).

f, w = trained(4, 10, "relu", spread=0.1, offset=0.0, size=2.0)
apart = spectrum(f, w)
count, gap = outliers(apart)
claims.equal("outliers without an offset, 4 classes: K (K - 1)", "Papyan 2019", 12, count, rtol=0)

figure, ax = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
rank = np.arange(1, 41)
ax.semilogy(
    rank, values[::-1][:40], "o-", ms=4, lw=0.6, color="#0072B2", label="offset 1: K - 1 = 3"
)
ax.semilogy(
    rank, apart[::-1][:40], "s-", ms=4, lw=0.6, color="#D55E00", label="no offset: K (K - 1) = 12"
)
ax.set(xlabel="rank of the eigenvalue", ylabel="eigenvalue")
ax.grid(alpha=0.25)
ax.legend(frameon=False)
plt.show()

# %%
# Exercise
# --------
# Take the spread within the classes away altogether. What is the rank of G then? And that of the
# Hessian, in which the second derivatives of the outputs remain?

f, w = trained(3, 10, spread=0.0, offset=0.0, size=2.0)
gauss_newton = np.linalg.eigvalsh(GaussNewtonOperator(f, w).to_dense())
claims.equal(
    "exercise: rank of G with one input for each of 3 classes, K (K - 1)",
    "this lesson",
    6,
    np.sum(gauss_newton > 1e-10 * gauss_newton[-1]),
    rtol=0,
)
claims.at_least(
    "exercise: rank of H, more",
    "this lesson",
    7,
    np.sum(np.abs(spectrum(f, w)) > 1e-10 * gauss_newton[-1]),
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** L. Sagun, U. Evci, V. U. Guney, Y. Dauphin and L. Bottou, Empirical analysis of the
# Hessian of over-parametrized neural networks, 2017, arXiv:1706.04454. V. Papyan, Measurements of
# three-level hierarchical structure in the outliers in the spectrum of deepnet Hessians, ICML 2019.
# T. Chen, T. Trogdon and S. Ubaru, Analysis of stochastic Lanczos quadrature for spectrum
# approximation, ICML 2021.
