r"""
Double descent is a matter of conditioning
==========================================

**Question.** A linear model with as many features as samples predicts worst; with more of them it
predicts better again. What happens in between?

Among all w that fit best, the one of least norm is :math:`w = X^+ y`, with the pseudo-inverse. If
:math:`y = X w_* + \varepsilon`, the noise arrives in w as :math:`X^+ \varepsilon`, of mean square
:math:`\sigma^2 \sum_i 1 / s_i^2` over the singular values of X that are not zero. The smallest of
them is near zero just where X is square.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import objectives, optim
from optlite.curvature import HessianOperator, condition_number
from optlite.display import Claims

claims = Claims()

# %%
# Where theory is exact
# ---------------------
# Independent normal features of variance 1, d = 120 of them with true coefficients of norm 1, of
# which a model sees the first p; n = 40 samples with noise of deviation 0.5. What it does not see
# is noise for it, of variance :math:`\tau_p = 0.25 + 1 - \|w_{*, p}\|^2`. On average the squared
# error of a prediction is (Belkin, Hsu and Xu 2020)
#
# .. math::
#
#     R(p) = \begin{cases}
#         \tau_p \left( 1 + \dfrac{p}{n - p - 1} \right) & p \le n - 2 \\
#         \|w_{*, p}\|^2 \left( 1 - \dfrac np \right) + \tau_p \left( 1 + \dfrac{n}{p - n - 1}
#         \right) & p \ge n + 2,
#     \end{cases}
#
# and infinite between.

n, d, sigma = 40, 120, 0.5
w_true = np.full(d, 1.0 / np.sqrt(d))
SIZES = np.unique(np.r_[2:36:4, 36, 38, 39, 40, 41, 42, 44, 46:d:8, d])


def theory(p):
    """Return the expected squared error of a prediction."""
    signal = p / d
    hidden = sigma**2 + 1.0 - signal
    if p <= n - 2:
        return hidden * (1.0 + p / (n - p - 1.0))
    if p >= n + 2:
        return signal * (1.0 - n / p) + hidden * (1.0 + n / (p - n - 1.0))
    return np.inf


random = np.random.default_rng(0)
REPEATS = 200
risk = np.empty((len(SIZES), REPEATS))
smallest = np.empty((len(SIZES), REPEATS))
for r in range(REPEATS):
    X = random.normal(size=(n, d))
    y = X @ w_true + sigma * random.normal(size=n)
    for i, p in enumerate(SIZES):
        U, s, Vt = np.linalg.svd(X[:, :p], full_matrices=False)
        w = np.zeros(d)
        w[:p] = Vt.T @ ((U.T @ y) / s)
        # The features are normal: the error is known without test samples.
        risk[i, r] = sigma**2 + np.sum((w - w_true) ** 2)
        smallest[i, r] = s[-1]

measured, expected = risk.mean(axis=1), np.array([theory(p) for p in SIZES])
far = np.abs(SIZES - n) >= 6
claims.at_most(
    "largest difference of the mean risk from theory, relative, p not within 6 of n",
    "Belkin, Hsu and Xu 2020",
    0.12,
    np.abs(measured[far] / expected[far] - 1.0).max(),
)
at = int(SIZES[np.argmax(np.median(risk, axis=1))])
claims.equal("p of the largest median risk", "Belkin et al. 2019", n, at, rtol=0.03)
best_small = measured[n - 2 >= SIZES].min()
claims.at_most(
    "risk with all 120 features over the best with p < n",
    "Belkin et al. 2019",
    1.0,
    measured[-1] / best_small,
)

figure, axes = plt.subplots(1, 2, figsize=(10.0, 4.0), layout="constrained")
low, high = np.quantile(risk, [0.1, 0.9], axis=1)
axes[0].fill_between(SIZES, low, high, color="#0072B2", alpha=0.2, lw=0, label="80 % of the fits")
axes[0].semilogy(SIZES, np.median(risk, axis=1), "o-", ms=3, color="#0072B2", label="median")
axes[0].semilogy(SIZES, expected, "--", color="#D55E00", label="expectation, theory")
axes[0].set(xlabel="features p", ylabel="squared error of a prediction", ylim=(0.5, 300))
axes[1].semilogy(SIZES, np.median(smallest, axis=1), "o-", ms=3, color="#009E73", label="median")
edge = np.abs(np.sqrt(SIZES) - np.sqrt(n))
axes[1].semilogy(SIZES, edge, "--", color="0.4", label=r"$|\sqrt{p} - \sqrt{n}|$")
axes[1].set(xlabel="features p", ylabel="smallest singular value that is not 0", ylim=(1e-2, 10))
for ax in axes:
    ax.axvline(n, color="0.7", lw=0.8)
    ax.grid(alpha=0.25)
    ax.legend(frameon=False)
plt.show()

# %%
# The smallest singular value of a matrix of independent numbers is about
# :math:`|\sqrt p - \sqrt n|` (Bai and Yin 1993). Of a square normal one it is of the size of
# :math:`1 / \sqrt n`: in the limit :math:`\sqrt n\, s_{\min}` is at most t with probability
# :math:`1 - e^{- t - t^2 / 2}` (Edelman 1988).

scaled = np.sqrt(n) * smallest[n == SIZES][0]
t = np.array([0.25, 0.5, 1.0, 2.0])
claims.at_most(
    "distribution of √n times the smallest singular value at p = n: largest error at four points",
    "Edelman 1988",
    0.1,  # three standard deviations of 200 draws
    np.abs(np.mean(scaled[:, None] <= t, axis=0) - (1.0 - np.exp(-t - 0.5 * t**2))).max(),
)
wide = 2 * n <= SIZES
claims.at_most(
    "smallest singular value over |√p - √n|, p >= 2 n: largest distance from 1",
    "Bai and Yin 1993",
    0.15,
    np.abs(np.median(smallest, axis=1)[wide] / edge[wide] - 1.0).max(),
)

# %%
# What the optimizer sees
# -----------------------
# The Hessian of least squares is :math:`X^\top X / n`: its condition number on what data can reach,
# :math:`(s_{\max} / s_{\min})^2`, peaks at the same place. Gradient descent needs as many steps,
# and that is a remedy: stopped early, it has not yet fitted the directions in which noise is
# amplified.

X = random.normal(size=(n, d))
y = X @ w_true + sigma * random.normal(size=n)


def condition(p):
    """Return the condition number of the Hessian on the span of the rows."""
    f = objectives.LeastSquares(X[:, :p], y)
    if p <= n:
        return condition_number(HessianOperator(f, np.zeros(p))).value
    kernel = X[:, :p] @ X[:, :p].T / n  # the same eigenvalues, without the zeros
    return condition_number(kernel).value


few, square, many = (condition(p) for p in (n // 4, n, d))
claims.at_least(
    "condition number of the Hessian at p = n over that at p = n / 4",
    "this page",
    100,
    square / few,
)
claims.at_least("and over that at p = 3 n", "this page", 100, square / many)


def error(w):
    """Return the expected squared error of predictions with the first features."""
    whole = np.zeros(d)
    whole[: len(w)] = w
    return sigma**2 + np.sum((whole - w_true) ** 2)


# %%
# **Step by step.** Gradient descent at p = n, a record a step. What is minimised falls all the way.
# The error of predictions rises nearly from the start: forty samples of a third of the features can
# teach little, and what is fitted later is noise, in the directions in which it is amplified.

f = objectives.LeastSquares(X[:, :n], y)
rate = 1.0 / f.lipschitz()
records = list(optim.steps(f, np.zeros(n), optim.SGD(rate), max_iter=3000))
path = np.array([error(record.x) for record in records])
for step in (0, 1, 3, 10, 30, 100, 300, 1000, len(records) - 1):
    print(
        f"step {step:4d}: training loss {records[step].objective:.4f}, error of a prediction "
        f"{path[step]:.3f}"
    )
interpolating = error(np.linalg.lstsq(X[:, :n], y, rcond=None)[0])
claims.at_least(
    "error of the exact fit at p = n over the best along gradient descent",
    "Advani, Saxe and Sompolinsky 2020",
    3.0,
    interpolating / path.min(),
)

# %%
# Exercise
# --------
# A ridge penalty lifts every :math:`s_i^2 / n` by :math:`\alpha`. Predict how much of the peak is
# left with the best :math:`\alpha`, before you look. (For a prior as here, w of variance 1/d, the
# best is :math:`\alpha = d \tau_p / n`, and then the error falls with p all the way: Nakkiran et
# al. 2021.)

ridge = np.empty((len(SIZES), 50))
for r in range(50):
    X = random.normal(size=(n, d))
    y = X @ w_true + sigma * random.normal(size=n)
    for i, p in enumerate(SIZES):
        alpha = d * (sigma**2 + 1.0 - p / d)
        w = np.linalg.solve(X[:, :p].T @ X[:, :p] + alpha * np.eye(p), X[:, :p].T @ y)
        ridge[i, r] = error(w)
claims.at_most(
    "exercise: largest rise of the mean risk between neighbouring p with the best ridge",
    "Nakkiran et al. 2021",
    0.02,
    np.diff(ridge.mean(axis=1)).max(),
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** A. Edelman, Eigenvalues and condition numbers of random matrices, 1988. Z. Bai and
# Y. Yin, Limit of the smallest eigenvalue of a large dimensional sample covariance matrix, 1993.
# M. Belkin, D. Hsu, S. Ma and S. Mandal, Reconciling modern machine-learning practice and the
# classical bias-variance trade-off, 2019. M. Belkin, D. Hsu and J. Xu, Two models of double descent
# for weak features, 2020. M. Advani, A. Saxe and H. Sompolinsky, High-dimensional dynamics of
# generalization error in neural networks, 2020. P. Nakkiran, P. Venkat, S. Kakade and T. Ma,
# Optimal regularization can mitigate double descent, 2021.
