r"""
Lanczos by hand
===============

**Question.** A Hessian of a million variables cannot be written down, but it can be multiplied with
a vector. What do thirty such products tell about its eigenvalues, how far can one trust them, and
what goes wrong if the method is run as on paper?

Lanczos (1950) builds orthonormal vectors :math:`q_1, q_2, \dots` of which each new one is what
:math:`A q_j` adds to those before. For a symmetric A only the last two have a part in it:

.. math:: A q_j = \beta_{j-1} q_{j-1} + \alpha_j q_j + \beta_j q_{j+1} .

After :math:`m` steps the vectors are the columns of a matrix :math:`Q = (q_1, \dots, q_m)`, and
:math:`T = Q^\top A Q` is tridiagonal, with the :math:`\alpha_j` on its diagonal and the
:math:`\beta_j` beside it. The eigenvalues :math:`\theta` of T are called Ritz values. The outermost
of them come close to the outermost eigenvalues of A after a few steps.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite.curvature import eigsh, lanczos, lanczos_steps, spectral_density
from optlite.display import Claims, SpectralDensityDisplay, SpectrumDisplay

# %%
# A spectrum as Hessians of networks have: a bulk, and three outliers. The eigenvectors are the
# coordinates, which the method does not know: it starts from the same share of each.

n = 200
values = np.concatenate([np.linspace(0.0, 1.0, n - 3), [1.5, 2.0, 2.5]])
A = np.diag(values)
start = np.ones(n)


def on_paper(A, q, steps):
    """Return alpha, beta and the basis of Lanczos' recurrence, as it is written above."""
    basis, alphas, betas = [q / np.linalg.norm(q)], [], []
    for j in range(steps):
        w = A @ basis[j]
        alphas.append(basis[j] @ w)
        w = w - alphas[j] * basis[j] - (betas[j - 1] * basis[j - 1] if j > 0 else 0.0)
        betas.append(np.linalg.norm(w))
        basis.append(w / betas[j])
    return np.array(alphas), np.array(betas), np.array(basis)


claims = Claims()
alphas, betas, _ = on_paper(A, start, 8)
run = lanczos(A, 8, v0=start)
claims.at_most(
    "by hand and by the library: largest difference of alpha and beta in 8 steps",
    "the run",
    1e-12,
    max(np.abs(alphas - run.alphas).max(), np.abs(betas - run.betas).max()),
)

# %%
# The outliers come first
# -----------------------
# A Ritz value is the best that a polynomial of A, applied to the start, can do. Polynomials that
# are small on the bulk and large at an outlier are easy to find: Chebyshev's. With the outlier at
# distance :math:`\gamma` from the rest, in units of the length of the interval of the rest, the
# error falls about like :math:`e^{-4 m \sqrt \gamma}` in :math:`m` steps if :math:`\gamma` is small
# (Kaniel 1966, Saad 1980); that of the power method, for comparison, only by the square of the
# ratio of two eigenvalues in each step.
#
# In the figure a column of marks shows the Ritz values of one step, a line across an eigenvalue of
# A. The vertical bars are intervals in which an eigenvalue must lie (why, is the next section).

run = list(lanczos_steps(A, 30, start))
SpectrumDisplay.from_lanczos(run, values, name="Ritz values")
plt.show()

# %%
# **Step by step.** A record holds T so far, its eigenvalues, and how far each is from one of A at
# most:

print("step    alpha     beta   largest Ritz value   its error   its bound")
for step, found in enumerate(run[:12], 1):
    print(
        f"{step:4d} {found.alphas[-1]:8.4f} {found.betas[-1]:8.4f}   {found.ritz_values[-1]:18.12f}"
        f"   {2.5 - found.ritz_values[-1]:9.1e}   {found.residual_bounds[-1]:9.1e}"
    )

errors = np.array([2.5 - found.ritz_values[-1] for found in run])
power = start.copy()
for _ in range(10):
    power = A @ power
    power /= np.linalg.norm(power)
claims.at_most("largest eigenvalue after 10 steps: error", "the run", 1e-8, errors[9])
claims.at_least(
    "the power method after 10 steps: so many times that error",
    "Saad 2011",
    1e5,
    (2.5 - power @ A @ power) / errors[9],
)
gap = 0.5 / 2.0  # between 2.5 and 2, to the range of the rest
angle = np.sqrt(n - 1.0)  # tangent of the angle between the start and the eigenvector
chebyshev = [np.cosh((m - 1) * np.arccosh(1.0 + 2.0 * gap)) for m in range(1, 31)]
bound = 2.5 * (angle / np.array(chebyshev)) ** 2
claims.at_most(
    "largest ratio of the error to Kaniel's and Saad's bound, steps 1 to 14",
    "Kaniel 1966, Saad 1980",
    1.0,
    (errors[:14] / bound[:14]).max(),
)

# %%
# A bound that needs no truth
# ---------------------------
# Take an eigenvector s of T, of length one, with the Ritz value :math:`\theta`. The vector
# :math:`y = Q s` is nearly an eigenvector of A. Its residual is
# :math:`\|A y - \theta y\| = \beta_m |s_m|`, with :math:`s_m` the last entry of s: two numbers of
# the recurrence. Some eigenvalue of A is no farther from :math:`\theta` than this residual, because
# A is symmetric. If the others are known to be at distance :math:`\delta` at least, it is even no
# farther than the square of the bound over :math:`\delta` (Parlett 1998).

bounds = np.array([found.residual_bounds[-1] for found in run])
distance = [np.abs(found.ritz_values[:, None] - values).min(axis=1) for found in run]
claims.at_most(
    "largest ratio of a distance to its bound, all Ritz values of 30 steps",
    "Parlett 1998",
    1.0,
    max((d / found.residual_bounds).max() for d, found in zip(distance, run, strict=True)),
)
late = slice(4, 14)  # the second eigenvalue is 0.5 away, a Ritz value not much more
claims.at_most(
    "largest ratio of the error to the square of the bound over the gap",
    "Parlett 1998",
    1.0,
    (errors[late] / (bounds[late] ** 2 / (0.5 - errors[late]) + 1e-14)).max(),
)

figure, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
steps = np.arange(1, 31)
ax.semilogy(steps, np.maximum(errors, 1e-16), "o-", color="#1f5fa8", label="error of the largest")
ax.semilogy(steps, bounds, "s-", color="#d9730d", ms=4, label="residual bound")
ax.semilogy(steps, bounds**2 / 0.5, ":", color="#2e7d4f", label="its square over the gap")
ax.semilogy(steps, bound, "--", color="0.5", label="Kaniel and Saad, beforehand")
ax.set(xlabel="step", ylabel="distance from 2.5", ylim=(1e-16, 1e3))
ax.grid(alpha=0.25)
ax.legend()
plt.show()

# %%
# Ghosts
# ------
# On paper the vectors are orthogonal. In floating point they stop being so, and not at a rate of
# its own: the loss is about :math:`10^{-16}` over the residual bound (dotted in the figure). Paige
# (1971) showed that it happens just when a Ritz value converges, in the direction of its vector.
# The method then finds the eigenvalue a second time. The remedy is to take the old vectors out of
# each new one (full), or to do so only when Simon's (1984) recurrence says that
# :math:`\sqrt \varepsilon` of orthogonality has been lost (selective).

ways = {way: lanczos(A, 60, start, way) for way in ("none", "selective", "full")}
loss = {way: np.abs(found.basis.T @ found.basis - np.eye(60)).max() for way, found in ways.items()}
copies = {way: int(np.sum(found.ritz_values > 2.5 - 1e-6)) for way, found in ways.items()}
claims.at_least("copies of 2.5 after 60 steps, none", "Paige 1971", 2, copies["none"])
claims.equal("copies of 2.5, selective", "Simon 1984", 1, copies["selective"], rtol=0.0)
claims.at_least("loss of orthogonality, none", "Paige 1971", 0.1, loss["none"])
claims.at_most("loss of orthogonality, selective", "Simon 1984", 1e-7, loss["selective"])
claims.at_most("loss of orthogonality, full", "the run", 1e-14, loss["full"])
claims.at_most(
    "steps of 60 that selective takes all old vectors out of",
    "Simon 1984",
    20,
    len(ways["selective"].reorthogonalized),
)
# The onset is where the first Ritz value has converged to half of the digits, or a bit later.
_, _, basis = on_paper(A, start, 30)
lost = np.array([np.abs(basis[:j] @ basis[j]).max() for j in range(1, 31)])
onset = int(np.argmax(lost > 1e-8))
claims.at_most("residual bound of 2.5 when 1e-8 is lost", "Paige 1971", 1e-6, bounds[onset])
grows = slice(4, onset + 1)  # before, it is rounding alone; after, there is little left to lose
follows = lost[grows] * bounds[grows] / 1e-16
print(f"loss times residual bound, over 1e-16: {follows.min():.2g} to {follows.max():.2g}")
claims.at_most(
    "loss of orthogonality and 1e-16 over the residual bound: largest factor between them",
    "Paige 1971",
    10.0,
    max(follows.max(), 1.0 / follows.min()),
)

figure, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
ax.semilogy(steps, lost, "o-", color="#2e7d4f", label="loss of orthogonality, on paper")
ax.semilogy(steps, bounds, "s-", color="#d9730d", ms=4, label="residual bound of the largest")
ax.semilogy(steps, 1e-16 / bounds, ":", color="0.4", label=r"$10^{-16}$ over the bound (Paige)")
ax.set(xlabel="step", ylabel="size of the error", ylim=(1e-17, 10))
ax.grid(alpha=0.25)
ax.legend(loc="center right")
plt.show()

# %%
# The end of the steps
# --------------------
# With k different eigenvalues in the start vector, k steps span an invariant subspace:
# :math:`\beta_k = 0`, and dividing by it would make noise. The Ritz values are then exact, but of a
# multiple eigenvalue the start vector sees one direction only. Restarting from a random vector, or
# a block of vectors, finds the copies.

B = np.diag(np.repeat([1.0, 3.0, 4.0], [50, 40, 2]))
ended = lanczos(B, 60, np.ones(92))
claims.equal(
    "steps until the breakdown, 3 different eigenvalues", "theory", 3, len(ended.alphas), rtol=0.0
)
claims.at_most(
    "error of its Ritz values", "theory", 1e-13, np.abs(ended.ritz_values - [1, 3, 4]).max()
)
pairs = eigsh(B, 3, "LA", block_size=1, method="lanczos")
claims.at_most(
    "eigsh, one vector at a time: error of 3, 4, 4",
    "theory",
    1e-9,
    np.abs(pairs.eigenvalues - [3.0, 4.0, 4.0]).max(),
)

# %%
# All eigenvalues at once
# -----------------------
# T knows more than the outermost eigenvalues: its Ritz values and the squares of the first entries
# of its eigenvectors are Gauss' quadrature for the spectrum as the start vector weighs it. From
# random starts it is the whole density of eigenvalues (Golub and Meurant 2010), with errors that
# the library states.

found = spectral_density(A, n_probes=5, n_steps=30, deflate=3)
display = SpectralDensityDisplay.from_density(found, values)
plt.show()
claims.at_most(
    "density: Wasserstein distance from the truth over its bound",
    "Chen et al. 2021",
    1.0,
    display.distance / found.wasserstein_bound(),
)
moment = run[4].weights @ run[4].ritz_values ** 9
claims.equal(
    "5 steps: moment 9 of the quadrature, over the mean of the ninth powers",
    "Golub and Meurant 2010",
    1.0,
    moment / np.mean(values**9),
    rtol=1e-12,
)

# %%
# Exercises
# ---------
# 1. Where would an eigenvalue at 0.5, in the middle of the bulk, be found? Compare the residual
#    bounds of the inner Ritz values after 30 steps with those of the outer ones.
# 2. Start from a vector that has no part of the eigenvector of 2.5. Is it found?

inner = run[-1].residual_bounds[np.argmin(np.abs(run[-1].ritz_values - 0.5))]
claims.at_least(
    "exercise 1: residual bound near 0.5 over that of 2.5", "the run", 1e8, inner / bounds[-1]
)
blind = start.copy()
blind[-1] = 0.0
claims.at_most(
    "exercise 2: largest Ritz value, a diagonal A leaves it out for good",
    "theory",
    2.0 + 1e-12,
    lanczos(A, 60, blind).ritz_values[-1],
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** C. Lanczos, An iteration method for the solution of the eigenvalue problem of linear
# differential and integral operators, 1950. S. Kaniel, Estimates for some computational techniques
# in linear algebra, 1966. C. C. Paige, The computation of eigenvalues and eigenvectors of very
# large sparse matrices, 1971. Y. Saad, On the rates of convergence of the Lanczos and the
# block-Lanczos methods, 1980. Y. Saad, Numerical methods for large eigenvalue problems, 2011. H. D.
# Simon, The Lanczos algorithm with partial reorthogonalization, 1984. B. N. Parlett, The symmetric
# eigenvalue problem, 1998. G. H. Golub and G. Meurant, Matrices, moments and quadrature with
# applications, 2010. T. Chen, T. Trogdon and S. Ubaru, Analysis of stochastic Lanczos quadrature
# for spectrum approximation, 2021.
