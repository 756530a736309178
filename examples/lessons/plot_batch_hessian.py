r"""
Learning rates from the Hessian of a mini-batch
===============================================

**Question.** A step of SGD sees the Hessian of its batch, not that of all samples. How much sharper
is that, and what does it say about how learning rates grow with the batch size?

Granziol, Zohren and Roberts (2022) write :math:`H_B = H + E` and take E as a symmetric matrix of
independent numbers, whose variance falls with the batch size B. For an outlier :math:`\lambda` of H
random matrix theory then gives the largest eigenvalue of :math:`H_B`:

.. math:: \lambda' = \lambda + \frac{s}{B \lambda} \quad \text{if } \lambda > \sqrt{s / B},
          \qquad \lambda' = 2 \sqrt{s / B} \quad \text{otherwise,}

with s = P times the variance of an entry of one sample's Hessian. A learning rate of at most
:math:`2 / \lambda'` is linear in B for small batches and saturates for large ones.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import objectives, optim
from optlite.curvature import (
    BatchHessian,
    HessianOperator,
    SampleHessians,
    eigsh,
    hessian_noise,
    sgd_stability,
)
from optlite.display import Claims

claims = Claims()
random = np.random.default_rng(0)

# %%
# The model itself
# ----------------
# A matrix of side 300 with one eigenvalue of 1 and noise that is averaged over B samples.

SIDE, NOISE = 300, 20.0
BATCHES = np.array([2, 10, 30, 50, 100, 1000])
E = random.normal(size=(4, SIDE, SIDE))
E = (E + E.transpose(0, 2, 1)) * np.sqrt(NOISE / (2.0 * SIDE))
spike = np.zeros((SIDE, SIDE))
spike[0, 0] = 1.0
model = BatchHessian(eigenvalue=1.0, noise=NOISE)
values, overlaps = np.empty((2, len(BATCHES)))
for i, B in enumerate(BATCHES):
    found, vectors = np.linalg.eigh(spike + E / np.sqrt(B))
    values[i], overlaps[i] = found[:, -1].mean(), np.mean(vectors[:, 0, -1] ** 2)
claims.at_most(
    "largest eigenvalue against the formula: largest relative difference",
    "Granziol, Zohren and Roberts 2022",
    0.05,
    np.abs(values / model.sharpness(BATCHES) - 1.0).max(),
)
claims.at_most(
    "overlap of the eigenvectors against 1 - s / (B λ²): largest difference",
    "Granziol, Zohren and Roberts 2022",
    0.1,
    np.abs(overlaps - model.overlap(BATCHES)).max(),
)

# %%
# Batches of a real problem
# -------------------------
# Least squares with normal features, one of them larger. The Hessian of a batch is
# :math:`X_B^\top X_B / B`, and E is anything but independent entries: the law for such matrices is
# that of Marchenko and Pastur, with an outlier (Baik and Silverstein 2006).

n, d = 2000, 60
X = random.normal(size=(n, d)) * np.r_[2.0, np.ones(d - 1)]
f = objectives.LeastSquares(X, X @ random.normal(size=d))
whole, zero = np.linalg.eigvalsh(f.hessian(np.zeros(d))), np.zeros(d)
pastur = BatchHessian(whole[-1], whole[:-1].mean(), n, "marchenko_pastur", d)
wigner = BatchHessian(whole[-1], hessian_noise(f, zero, n_splits=20).value, n)
SIZES = np.array([4, 8, 16, 32, 64, 128, 256, 512, 1024])


def of_batches(objective, w, size, count):
    """Return the largest eigenvalues of the Hessians of some batches."""
    rows = [random.choice(n, size, replace=False) for _ in range(count)]
    dense = [HessianOperator(objective, w, rows=each).to_dense() for each in rows]
    return np.linalg.eigvalsh(np.array(dense))[:, -1]


measured = np.array([of_batches(f, zero, size, 20).mean() for size in SIZES])
claims.at_most(
    "mean over batches against Marchenko and Pastur's law: largest relative difference",
    "Baik and Silverstein 2006",
    0.1,
    np.abs(measured / pastur.sharpness(SIZES) - 1.0).max(),
)
claims.at_least(
    "sharpness of batches of 4 over that of all samples", "this page", 4.0, measured[0] / whole[-1]
)

# %%
# Which rate does SGD stand?
# --------------------------
# Steps that are too long for a batch are not yet a divergence: the next batch may repair them. The
# exact limit in mean square (see :func:`optlite.curvature.sgd_stability`) is higher. Both are
# linear in B at first and saturate at :math:`2 / \lambda`.

STEPS = np.array([1, 2, 4, 16, 64, 256])
hessians = SampleHessians(factors=X[:300])
stable = np.array([sgd_stability(hessians, int(b)).critical_rate for b in STEPS])
limits = BatchHessian(
    np.linalg.eigvalsh(hessians.mean)[-1], 1.0, 300, "marchenko_pastur", d
).learning_rate_limit(STEPS)
claims.at_least(
    "smallest ratio of the exact limit to that of the batch Hessian",
    "this page",
    1.0,
    (stable / limits).min(),
)
claims.at_most("largest ratio", "this page", 2.0, (stable / limits).max())
slope = np.log(stable[2] / stable[0]) / np.log(STEPS[2] / STEPS[0])
claims.equal(
    "exponent of B in the exact limit, batches of 1 to 4: linear scaling",
    "Granziol, Zohren and Roberts 2022",
    1.0,
    slope,
    rtol=0.15,
)

figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained")
axes[0].loglog(SIZES, measured, "o", color="#0072B2", label="measured, mean of 20 batches")
axes[0].loglog(SIZES, pastur.sharpness(SIZES), color="#0072B2", lw=1, label="Marchenko and Pastur")
axes[0].loglog(SIZES, wigner.sharpness(SIZES), "--", color="#D55E00", label="independent entries")
axes[0].axhline(whole[-1], color="0.3", ls=":", label="all samples")
axes[0].set(xlabel="batch size", ylabel="largest eigenvalue")
axes[1].loglog(STEPS, stable, "s-", ms=4, color="#009E73", label="exact, mean square")
axes[1].loglog(STEPS, limits, "o-", ms=4, color="#0072B2", label="2 / λ' of a batch")
axes[1].axhline(2 / np.linalg.eigvalsh(hessians.mean)[-1], color="0.3", ls=":", label="2 / λ")
axes[1].set(xlabel="batch size", ylabel="largest learning rate")
axes[0].set_xticks([4, 16, 64, 256, 1024], ["4", "16", "64", "256", "1024"])
axes[0].set_yticks([4, 6, 10, 20], ["4", "6", "10", "20"])
axes[1].set_xticks([1, 4, 16, 64, 256], ["1", "4", "16", "64", "256"])
axes[1].set_yticks([0.03, 0.05, 0.1, 0.2, 0.4], ["0.03", "0.05", "0.1", "0.2", "0.4"])
for ax in axes:
    ax.minorticks_off()
    ax.grid(alpha=0.25)
    ax.legend(frameon=False)
plt.show()

# %%
# **Step by step.** Batches of four, at a rate in the middle between the two limits: too long for
# the sharpest directions of most batches, and yet not a divergence. In some steps the distance from
# the solution rises (marked), and the next batches repair it.

B = STEPS[2]
rate = 0.5 * (limits[2] + stable[2])
few = objectives.LeastSquares(X[:300], X[:300] @ np.ones(d))
run = optim.steps(
    few, zero, optim.SGD(rate), max_iter=400, tol=0.0, batch_size=int(B), random_state=0
)
distances = []
for record in run:
    distances.append(np.linalg.norm(record.x - 1.0))
    mark = "<-" if record.iteration > 0 and distances[-1] > distances[-2] else ""
    if record.iteration <= 20 or record.iteration % 100 == 0:
        print(f"step {record.iteration:3d}: distance from the solution {distances[-1]:8.2e} {mark}")
rises = int(np.sum(np.diff(distances) > 0.0))
claims.at_least(
    "a rate between the limits: steps of 400 away from the solution", "the run", 20, rises
)
claims.at_most(
    "... and the distance after 400 steps over that of the start",
    "stable in mean square",
    0.1,
    distances[-1] / distances[0],
)

# %%
# A network
# ---------
# The noise of a network's Hessian is neither of the two: it is largest along the top eigenvector u.
# Two classes of points, a third of whose labels is drawn at random, give one outlier. Perturbation
# theory needs no model of it. To second order the eigenvalue moves up by
# :math:`\mathbb E \|(I - u u^\top) E u\|^2 / \lambda`, and this noise *across* u can be estimated
# with products of half batches.

labels = np.arange(n) % 2
points = 1.0 + labels[:, None] * np.eye(10)[0] + 0.3 * random.normal(size=(n, 10))
drawn = random.random(n) < 0.3
labels[drawn] = random.integers(0, 2, drawn.sum())
network = objectives.MLP(points, labels, hidden=8, loss="logistic")
*_, last = optim.steps(network, network.init(1), optim.Adam(0.02), max_iter=60, tol=0.0)
pair = eigsh(HessianOperator(network, last.x), 1, "LA")
top, u = pair.eigenvalues[0], pair.eigenvectors[:, 0]
across = hessian_noise(network, last.x, vectors=u, across=True, n_splits=20).value
isotropic = hessian_noise(network, last.x, n_splits=20).value
claims.at_least(
    "noise across the top eigenvector over that along random vectors",
    "this page",
    5.0,
    across / isotropic,
)
shift = []
for _ in range(80):
    H = HessianOperator(network, last.x, rows=random.choice(n, 50, replace=False)).to_dense()
    shift.append(np.linalg.eigvalsh(H)[-1] - u @ H @ u)  # without the first order, of mean 0
claims.equal(
    "shift of the largest eigenvalue, batches of 50, second order over all orders but the first",
    "perturbation theory",
    1.0,
    np.mean(shift) / (float(BatchHessian(top, across, n).sharpness(50)) - top),
    rtol=0.35,
)

# %%
# Exercise
# --------
# All features alike: H is the identity. The batch Hessian says
# :math:`\eta \le 2 / (1 + \sqrt{d / B})^2`. Show that in mean square, for normal features and new
# samples in each step, :math:`\eta \le 2 B / (d + B + 1)`. What is the ratio at B = d, and for
# :math:`B \ll d`?

fresh = SampleHessians(factors=np.random.default_rng(1).normal(size=(2000, 20)))
claims.equal(
    "exercise: exact limit, d = B = 20, 2000 samples",
    "this lesson",
    2 * 20 / (20 + 20 + 1),
    sgd_stability(fresh, 20, sampling="with_replacement", tol=1e-4).critical_rate,
    rtol=0.1,
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** D. Granziol, S. Zohren and S. Roberts, Learning rates as a function of batch size: a
# random matrix theory approach to neural network training, JMLR 2022. J. Baik and
# J. W. Silverstein, Eigenvalues of large sample covariance matrices of spiked population models,
# 2006.
