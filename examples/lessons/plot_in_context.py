r"""
Linear regression in a forward pass
===================================

**Question.** A transformer is shown pairs :math:`(x_i, y_i)` and a query x, and predicts y, though
its weights do not change. If the task is linear regression, which algorithm can its layers be?

*One layer of linear attention is one step of gradient descent* (von Oswald et al. 2023). The tokens
are :math:`e_i = (x_i, y_i)`. A layer without softmax adds to each token a sum over the context,

.. math:: e_j \leftarrow e_j + \sum_i P W_V e_i\, (W_K e_i)^\top W_Q e_j .

With :math:`W_K = W_Q` the projection on x and :math:`P W_V` that on y times :math:`- \eta / n`, the
y of a token changes by :math:`- \frac \eta n \sum_i y_i\, x_i^\top x_j`. That is minus the
prediction :math:`w_1^\top x_j` after one step of gradient descent from zero.

*More layers can be Newton's method* (Fu et al. 2024), which inverts :math:`S = X^\top X / n` by
products alone,

.. math:: M_{k+1} = 2 M_k - M_k S M_k, \qquad w_k = M_k X^\top y / n .
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import objectives, optim
from optlite.display import Claims

n, d = 60, 8
random = np.random.default_rng(0)
scales = np.sqrt(np.geomspace(1.0, 0.05, d))
X = random.normal(size=(n, d)) * scales
w_true = random.normal(size=d)
y = X @ w_true
queries = random.normal(size=(200, d)) * scales
S = X.T @ X / n
eigenvalues = np.linalg.eigvalsh(S)
kappa = eigenvalues[-1] / eigenvalues[0]

# %%
# A layer is a step
# -----------------
# Tokens as rows. The last column of a context token holds what is left of its label, and that of a
# query minus the prediction so far: both change by the same rule, so that the next layer makes the
# next step.


def attention_layer(tokens, n_context, rate):
    """Return the tokens after one layer of linear self-attention, in the weights of the paper."""
    d = tokens.shape[1] - 1
    W_K = W_Q = np.hstack([np.eye(d), np.zeros((d, 1))])
    PW_V = np.zeros((d + 1, d + 1))
    PW_V[d, d] = -rate / n_context
    context = tokens[:n_context]
    keys, values = context @ W_K.T, context @ PW_V.T
    return tokens + (tokens @ W_Q.T) @ keys.T @ values


rate = 1.0 / eigenvalues[-1]
context = np.column_stack([X, y])
asked = np.column_stack([queries, np.zeros(len(queries))])
tokens = np.vstack([context, asked])

f = objectives.LeastSquares(X, y)  # mean of half squares
descent = list(optim.steps(f, np.zeros(d), optim.SGD(rate), max_iter=400, tol=0.0))

claims = Claims()
once = attention_layer(tokens, n, rate)
claims.at_most(
    "one layer against one step of gradient descent: largest difference of predictions",
    "von Oswald et al. 2023",
    1e-14,
    np.abs(-once[n:, d] - queries @ descent[1].x).max(),
)
claims.at_most(
    "labels left in the context are the residuals of that step",
    "von Oswald et al. 2023",
    1e-14,
    np.abs(once[:n, d] - (y - X @ descent[1].x)).max(),
)
deep = tokens
for _ in range(20):
    deep = attention_layer(deep, n, rate)
claims.at_most(
    "twenty layers against twenty steps",
    "von Oswald et al. 2023",
    1e-13,
    np.abs(-deep[n:, d] - queries @ descent[20].x).max(),
)

# %%
# Newton's method without a division
# ----------------------------------
# :math:`E_k = I - M_k S` obeys :math:`E_{k+1} = E_k^2`: the number of correct digits doubles. From
# :math:`M_0 = a I` with :math:`a = 1 / \lambda_{\max}` the error of the slowest direction is
# :math:`(1 - 1/\kappa)^{2^k}`, that of gradient descent with rate a
# :math:`(1 - 1/\kappa)^{k}`: k steps of Newton are worth :math:`2^k` of gradient descent, to the
# digit, because both are polynomials of S of which the errors are powers of the same matrix.

M, newton, errors = np.eye(d) / eigenvalues[-1], [], []
for _ in range(12):
    newton.append(M @ X.T @ y / n)
    errors.append(np.eye(d) - M @ S)
    M = 2.0 * M - M @ S @ M

claims.at_most(
    "E after a step is the square of E before: largest difference, 8 steps",
    "Schulz 1933",
    1e-13,
    max(np.abs(errors[k + 1] - errors[k] @ errors[k]).max() for k in range(8)),
)
claims.at_most(
    "Newton after k steps is gradient descent after 2^k, k to 8: largest difference of w",
    "this page",
    1e-12,
    max(np.abs(newton[k] - descent[2**k].x).max() for k in range(9)),
)
claims.equal(
    "slowest direction after 8 steps of Newton: error over (1 - 1/κ)^256",
    "this page",
    1.0,
    np.abs(np.linalg.eigvals(errors[8])).max() / (1.0 - 1.0 / kappa) ** 256,
    rtol=1e-6,
)


# %%
# **Step by step.** What a layer of either kind leaves of the labels: the losses of the records. The
# last column is gradient descent after so many steps as Newton's are worth.

print("layer   gradient descent   iterative Newton   gradient descent, layer 2^k")
for k in range(9):
    print(
        f"{k:5d}   {descent[k].objective:16.2e}   {f.value(newton[k]):16.2e}   "
        f"{descent[2**k].objective:16.2e}"
    )


def query_error(w):
    """Return the root mean square error of the predictions for the queries."""
    return np.sqrt(np.mean((queries @ (w - w_true)) ** 2))


newton_error = np.array([query_error(w) for w in newton])
descent_error = np.array([query_error(record.x) for record in descent])

figure, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
ax.loglog(1 + np.arange(len(descent)), descent_error, color="#0072B2", label="gradient descent")
ax.loglog(
    1 + np.arange(12),
    np.maximum(newton_error, 1e-16),
    "s-",
    color="#D55E00",
    ms=4,
    label="iterative Newton",
)
ax.set(xlabel="layers (steps + 1)", ylabel="error of the predictions", ylim=(1e-16, 10.0))
ax.grid(alpha=0.25)
ax.legend(frameon=False)
plt.show()

# %%
# How many layers for how many digits
# -----------------------------------
# Fu et al. probe the layers of a trained transformer: its error falls like that of iterative
# Newton, each layer worth a few of its steps, and matching one more layer takes exponentially more
# steps of gradient descent. The two algorithms themselves show the same table.

needed = [int(np.argmax(descent_error <= error * (1 + 1e-9))) for error in newton_error[2:8]]
print("steps of Newton            ", list(range(2, 8)))
print("as many of gradient descent", needed)
claims.equal(
    "steps of gradient descent for the error of one more step of Newton: ratio, on average",
    "Fu et al. 2024",
    2.0,
    np.mean(np.array(needed[1:]) / np.array(needed[:-1])),
    rtol=1e-9,
)
digits = int(np.argmax(newton_error < 1e-12))
claims.at_most(
    "steps of Newton for twelve digits, over log2(κ) + log2(ln 1e12) rounded up",
    "Schulz 1933",
    1.0,
    (digits - 1) / np.ceil(np.log2(kappa) + np.log2(np.log(1e12))),
)

# %%
# Exercise
# --------
# Columns of very different scales, :math:`\kappa = 10^4` times as large: how many more steps does
# Newton need, and how many times more gradient descent? (Each doubling of :math:`\kappa` costs
# Newton one step.)


def newton_steps(S, tolerance=1e-6):
    """Return the steps until no direction has an error above the tolerance."""
    M, identity = np.eye(len(S)) / np.linalg.eigvalsh(S)[-1], np.eye(len(S))
    for k in range(200):
        if np.linalg.norm(identity - M @ S, 2) < tolerance:
            return k
        M = 2.0 * M - M @ S @ M
        M = 0.5 * (M + M.T)  # rounding would make it lose its symmetry, and then diverge
    return 200


basis, _ = np.linalg.qr(random.normal(size=(d, d)))
few, many = (newton_steps(basis * np.geomspace(1.0, 1.0 / k, d) @ basis.T) for k in (1e2, 1e6))
claims.equal(
    "exercise: more steps of Newton for 10^4 times the condition number, log2(10^4)",
    "Schulz 1933",
    np.log2(1e4),
    many - few,
    rtol=0.06,
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** G. Schulz, Iterative Berechnung der reziproken Matrix, 1933. J. von Oswald et al.,
# Transformers learn in-context by gradient descent, ICML 2023, arXiv:2212.07677. D. Fu, T. Chen, R.
# Jia and V. Sharan, Transformers learn to achieve second-order convergence rates for in-context
# linear regression, NeurIPS 2024.
