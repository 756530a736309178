r"""
The influence of one training point
===================================

**Question.** Which training points does a prediction hang on? One could leave out each in turn and
fit again, n times. What does one fit, and its Hessian, tell of all of them at once?

With :math:`\hat w` the minimum of :math:`F(w) = \frac1n \sum_i \ell_i(w) + \frac\alpha2 \|w\|^2`,
let :math:`g_i = \nabla \ell_i(\hat w)` and :math:`H = \nabla^2 F(\hat w)`. Leaving out sample i
takes :math:`\ell_i / n` away. A Newton step from :math:`\hat w` towards the new minimum is

.. math::

    w_{-i} - \hat w \approx \frac1n \Big( H - \frac1n \nabla^2 \ell_i \Big)^{-1} g_i
    = \frac1n\, \frac{H^{-1} g_i}{1 - h_i},
    \qquad h_i = \frac1n\, \ell_i''\, x_i^\top H^{-1} x_i .

The equality, by Sherman and Morrison, holds for linear models, whose :math:`\nabla^2 \ell_i` has
rank one; :math:`h_i` is the *leverage* (Pregibon 1981). Without it, this is the influence function
(Cook and Weisberg 1982; for networks Koh and Liang 2017).
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from optlite import objectives, optim
from optlite.curvature import HessianOperator
from optlite.display import Claims

claims = Claims()
ALPHA = 1e-2
data = load_breast_cancer()
order = np.random.default_rng(0).permutation(len(data.target))
X = StandardScaler().fit_transform(data.data)[order]
y = np.where(data.target[order] == 1, 1.0, -1.0)
X = np.column_stack([X, np.ones(len(X))])
X, y, X_test, y_test = X[:250], y[:250], X[250:], y[250:]
n = len(X)


def fit(X, y, alpha, start=None):
    """Return the minimum of the logistic loss with its penalty, to the last digits."""
    f = objectives.Logistic(X, y, alpha=alpha)
    return to_rest(f, optim.minimize(f, start, method="newton", tol=1e-14).x)


def to_rest(f, w):
    """Return w after three more Newton steps: differences of two minima are small."""
    for _ in range(3):
        w = w - np.linalg.solve(f.hessian(w), f.gradient(w))
    return w


def slopes(X, y, w):
    """Return the first two derivatives of the loss of each sample in its margin X w."""
    p = 1.0 / (1.0 + np.exp(y * (X @ w)))
    return -y * p, p * (1.0 - p)


def loss(w):
    """Return the mean loss on the test data."""
    return np.mean(np.logaddexp(0.0, -y_test * (X_test @ w)))


# %%
# The truth: fit n times
# ----------------------
# Each fit without sample i starts at :math:`\hat w` and ends at its own minimum. (The penalty is
# scaled by :math:`n / (n - 1)`, so that only :math:`\ell_i` is gone.)

w = fit(X, y, ALPHA)
keep = ~np.eye(n, dtype=bool)
without = np.array([fit(X[keep[i]], y[keep[i]], ALPHA * n / (n - 1), w) for i in range(n)])
truth = without - w

# %%
# One factorisation for all of them
# ---------------------------------

first, second = slopes(X, y, w)
H = X.T @ (second[:, None] * X) / n + ALPHA * np.eye(X.shape[1])
solved = np.linalg.solve(H, X.T).T  # row i is H^-1 x_i
leverage = second * np.sum(X * solved, axis=1) / n
influence = solved * (first / n)[:, None]
newton = influence / (1.0 - leverage)[:, None]


length = np.linalg.norm(truth, axis=1)
moved = length > 1e-6 * length.max()  # a move that is lost in rounding has no relative error


def relative_error(guess):
    """Return the error of each predicted move, relative to the true one, of those that moved."""
    return np.linalg.norm(guess - truth, axis=1)[moved] / length[moved]


print(f"{moved.sum()} of {n} samples move w; the largest leverage is {leverage.max():.2f}")
claims.equal(
    "the leverages sum to the effective dimension tr(H⁻¹ (H - α I))",
    "algebra",
    X.shape[1] - ALPHA * np.trace(np.linalg.inv(H)),
    leverage.sum(),
    rtol=1e-9,
)
heavy = leverage[moved] > 0.2
claims.at_least(
    "samples of leverage above 0.2: median error without the leverage, over that with it",
    "Pregibon 1981",
    2.0,
    np.median(relative_error(influence)[heavy]) / np.median(relative_error(newton)[heavy]),
)
claims.equal(
    "those samples: length of the move without the leverage over the true one, median, is 1 - h",
    "Sherman and Morrison 1950",
    np.median(1.0 - leverage[moved][heavy]),
    np.median(np.linalg.norm(influence, axis=1)[moved][heavy] / length[moved][heavy]),
    rtol=0.05,
)

# %%
# **Step by step.** The formula is the first step of Newton's method for the objective without the
# sample. Its records, for the sample that moves w the most: the first step is the prediction, and
# what the others add is its error.

i = int(np.argmax(length))
weight = np.ones(n)
weight[i] = 0.0
f = objectives.Logistic(X, y, ALPHA * n / (n - 1), sample_weight=weight)
run = list(optim.steps(f, w, method="newton", max_iter=4, tol=0.0))
for record in run:
    off = np.linalg.norm(record.x - without[i]) / length[i]
    print(
        f"step {record.iteration}: gradient {record.gradient_norm:.1e}, distance from the minimum "
        f"without sample {i}, of that at the start: {off:.1e}"
    )
claims.at_most(
    "first step of Newton's method without that sample, and the formula: relative difference",
    "Pregibon 1981",
    1e-9,
    np.linalg.norm(run[1].x - w - newton[i]) / np.linalg.norm(newton[i]),
)

# %%
# **What it is good for**: not the move of w, but of a prediction or a loss, which is a product
# with a gradient. With many parameters one solves for that gradient instead, :math:`v = H^{-1}
# \nabla L_{test}`, one system for all training points. The Hessian is then never written down:
# conjugate gradients need its products only.

test_slopes, _ = slopes(X_test, y_test, w)
test_gradient = X_test.T @ test_slopes / len(X_test)
solve = HessianOperator(objectives.Logistic(X, y, alpha=ALPHA), w).inverse(tol=1e-10)
v = solve @ test_gradient
predicted = (X @ v) * first / n / (1.0 - leverage)
change = np.array([loss(each) for each in without]) - loss(w)
claims.at_most(
    "one system by conjugate gradients, or n by Cholesky: largest relative difference",
    "symmetry of H",
    1e-7,
    np.abs(predicted - newton @ test_gradient).max() / np.abs(predicted).max(),
)
claims.at_least(
    "correlation of predicted and true changes of the test loss, 250 fits",
    "Koh and Liang 2017, section 4",
    0.95,
    np.corrcoef(predicted, change)[0, 1],
)

# %%
# Second order
# ------------
# Leaving out a sample moves w by an amount of the order 1/n; a Newton step is wrong by the square.
# Fitting to m copies of the data, and leaving out one copy of a sample, makes the move m times
# smaller, and nothing else: its relative error must fall like 1/m.

worst = np.flatnonzero(moved)[np.argsort(-relative_error(newton))[:5]]
errors = {}
for m in (1, 4, 16, 64):
    moves = []
    for i in worst:
        weight = np.ones(n)
        weight[i] = (m - 1.0) / m
        f = objectives.Logistic(X, y, ALPHA * n / weight.sum(), sample_weight=weight)
        exact = to_rest(f, w) - w
        guess = influence[i] / m / (1.0 - leverage[i] / m)
        moves.append(np.linalg.norm(guess - exact) / np.linalg.norm(exact))
    errors[m] = np.array(moves)
claims.equal(
    "relative error, 16 copies over 64 copies: median of the five worst samples",
    "Newton's method is of second order",
    4.0,
    np.median(errors[16] / errors[64]),
    rtol=0.1,
)

# %%
# Who is wrong?
# -------------
# A sample with the wrong label pulls hard at the fit. Flip 8% of the labels, fit once, and look
# first at the samples whose own loss would rise most if they were left out, :math:`\ell_i(w_{-i})
# - \ell_i(\hat w)`; a reader who checks labels in this order finds most of the mistakes early
# (Koh and Liang 2017, section 5.4).

flipped = np.random.default_rng(1).choice(n, size=20, replace=False)
noisy = y.copy()
noisy[flipped] *= -1.0
STRONG = 1e-2
w_noisy = fit(X, noisy, STRONG)
first, second = slopes(X, noisy, w_noisy)
H = X.T @ (second[:, None] * X) / n + STRONG * np.eye(X.shape[1])
own = np.sum(X * np.linalg.solve(H, X.T).T, axis=1) / n
rise = first * own * first / (1.0 - second * own)
order = np.argsort(-rise)
found = np.cumsum(np.isin(order, flipped))
checked = 40
claims.at_least(
    "of 20 wrong labels, found among the first 40 samples of 250 (by chance: 3)",
    "Koh and Liang 2017, section 5.4",
    14,
    found[checked - 1],
)

figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
limits = 1e3 * 1.1 * np.array([predicted.min(), change.max()])
axes[0].plot(limits, limits, color="0.5", linewidth=1)
axes[0].plot(1e3 * change, 1e3 * predicted, "o", color="#1f5fa8", markersize=4, alpha=0.7)
axes[0].set(xlabel="change of the test loss, thousandths", ylabel="predicted, thousandths")
axes[0].set_title("Leaving out each of 250 samples")
for guess, color, marker, name in (
    (influence, "#d9730d", "o", "without leverage"),
    (newton, "#1f5fa8", "s", "with leverage"),
):
    shown = {"color": color, "markersize": 4, "label": name}
    axes[1].loglog(leverage[moved], relative_error(guess), marker, **shown)
axes[1].set(
    xlabel="leverage", ylabel="relative error of the move of w", title="What leverage repairs"
)
axes[1].legend()
axes[2].plot(np.arange(1, n + 1), found, color="#1f5fa8", label="by own influence")
axes[2].plot([0, n], [0, 20], "--", color="0.45", label="in random order")
axes[2].set(xlabel="samples checked", ylabel="wrong labels found", title="20 labels are wrong")
axes[2].set_yticks(range(0, 21, 5))
axes[2].legend(loc="lower right")
for ax in axes:
    ax.grid(alpha=0.25)
plt.show()

# %%
# Exercise
# --------
# In ridge regression the loss is quadratic, so the Newton step is not an approximation. What is the
# prediction of sample i without sample i, in terms of the residual and the leverage? And what does
# the influence function, without the leverage, make of it? Compare with fitting again.

target = X_test[:, 0] + 0.3 * np.random.default_rng(2).normal(size=len(X_test))
Z = X_test[:, 5:12]
A = Z.T @ Z + 5.0 * np.eye(Z.shape[1])
residual = target - Z @ np.linalg.solve(A, Z.T @ target)
h = np.sum(Z * np.linalg.solve(A, Z.T).T, axis=1)
i = int(np.argmax(h))
A_without = A - np.outer(Z[i], Z[i])
again = np.linalg.solve(A_without, Z.T @ target - target[i] * Z[i])
claims.equal(
    "exercise: ridge, error of sample i without it is residual / (1 - h)",
    "Allen 1974",
    residual[i] / (1.0 - h[i]),
    target[i] - Z[i] @ again,
    rtol=1e-9,
)
claims.equal(
    "exercise: the influence function says residual · (1 + h), too small by the factor 1 - h²",
    "this lesson",
    1.0 - h[i] ** 2,
    residual[i] * (1.0 + h[i]) / (target[i] - Z[i] @ again),
    rtol=1e-9,
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** J. Sherman and W. J. Morrison, Adjustment of an inverse matrix corresponding to a
# change in one element of a given matrix, 1950. D. M. Allen, The relationship between variable
# selection and data augmentation and a method for prediction, 1974. D. Pregibon, Logistic
# regression diagnostics, 1981. R. D. Cook and S. Weisberg, Residuals and influence in regression,
# 1982. P. W. Koh and P. Liang, Understanding black-box predictions via influence functions, 2017,
# arXiv:1703.04730.
