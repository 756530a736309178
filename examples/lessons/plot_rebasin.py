r"""
Are two networks the same? Ask the assignment
=============================================

**Question.** Two networks learn the same task from different random starts. Half-way between their
weights lies a network that is worse than both. Are there two valleys with a ridge between, or one
valley that is seen in two mirrors?

The hidden units of a layer have no order. Permute them, and with them the columns of the weights
that come in and the rows of those that go out, and the function is the same. So each network has
:math:`k!` copies, and a straight line between two networks depends on which copies one takes. Git
Re-Basin (Ainsworth, Hayase and Srinivasa) claims that, modulo permutations, trained networks of
enough width lie in one basin. With one hidden layer the copy nearest to a given network is an
*assignment problem*. Write :math:`u_i` for all weights of unit :math:`i` (in, bias, out), then

.. math::

    \min_\pi \sum_i |u_i - v_{\pi(i)}|^2
    \quad \Longleftrightarrow \quad
    \min_\pi \langle C, P_\pi \rangle, \qquad C_{ij} = -\, u_i \cdot v_j ,

transport between units of mass one. SciPy solves it exactly; entropic transport says how sure the
matching is.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from optlite import exercises, ot
from optlite.display import Claims

claims = Claims()
data, digits = load_digits(return_X_y=True)
split = train_test_split(data / 16.0, digits, test_size=0.4, random_state=0)
X_train, X_test, y_train, y_test = split


def train(width, seed):
    """Return W1, b1, W2, b2 of a network with one hidden layer."""
    model = MLPClassifier((width,), random_state=seed, max_iter=60, learning_rate_init=3e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # sixty epochs are enough
        model.fit(X_train, y_train)
    (W1, W2), (b1, b2) = model.coefs_, model.intercepts_
    return W1, b1, W2, b2


def log_probabilities(network, X):
    """Return the logarithms of the probabilities of the ten digits."""
    W1, b1, W2, b2 = network
    z = np.maximum(X @ W1 + b1, 0.0) @ W2 + b2
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def loss(network):
    """Return the mean log loss on the training rows."""
    return -log_probabilities(network, X_train)[np.arange(len(y_train)), y_train].mean()


def accuracy(network):
    """Return the share of test rows that are right."""
    return np.mean(log_probabilities(network, X_test).argmax(axis=1) == y_test)


# %%
# **Matching** is a matrix of inner products and one call.


def units(network):
    """Return all weights of each hidden unit, one unit a row."""
    W1, b1, W2, _ = network
    return np.hstack([W1.T, b1[:, None], W2])


def permuted(network, order):
    """Return a copy with its hidden units in another order."""
    W1, b1, W2, b2 = network
    return W1[:, order], b1[order], W2[order], b2


def matched(network, other):
    """Return the copy of the other network that is nearest to this one."""
    return permuted(other, linear_sum_assignment(-units(network) @ units(other).T)[1])


A, B = train(128, seed=1), train(128, seed=2)
near = matched(A, B)
claims.at_most(
    "permuted: largest change of a log probability",
    "symmetry",
    1e-9,
    np.abs(log_probabilities(near, X_test) - log_probabilities(B, X_test)).max(),
)

# %%
# **The line between.** The *barrier* is the largest height of the loss above the straight line
# between the losses of the ends.

LINE = np.linspace(0.0, 1.0, 21)


def along(network, other):
    """Return the losses on the straight line between two networks."""
    pairs = list(zip(network, other, strict=True))
    return np.array([loss([(1 - t) * x + t * y for x, y in pairs]) for t in LINE])


def barrier(losses):
    """Return the largest height above the chord."""
    return (losses - (1 - LINE) * losses[0] - LINE * losses[-1]).max()


before, after = along(A, B), along(A, near)
middle = [[0.5 * (x + y) for x, y in zip(A, other, strict=True)] for other in (B, near)]
print(f"accuracy of the two networks {accuracy(A):.3f}, {accuracy(B):.3f}")
print(f"half-way: {accuracy(middle[0]):.3f}; after matching: {accuracy(middle[1]):.3f}")
rebasin = "Ainsworth et al. 2022"
claims.at_least("barrier before matching", "Frankle et al. 2020", 0.1, barrier(before))
claims.at_most(
    "barrier after over before matching", rebasin, 0.25, barrier(after) / barrier(before)
)
claims.at_least(
    "accuracy half-way after matching, over that of the worse end",
    rebasin,
    0.97,
    accuracy(middle[1]) / min(accuracy(A), accuracy(B)),
)

# %%
# **Width.** The claim is about wide networks: there a unit finds a partner that does nearly the
# same.

WIDTHS = (8, 32, 128, 512)
barriers = []
for width in WIDTHS:
    one, two = (A, B) if width == 128 else (train(width, seed=1), train(width, seed=2))
    barriers.append([barrier(along(one, two)), barrier(along(one, matched(one, two)))])
barriers = np.array(barriers)
claims.at_most(
    "512 units over 32: barrier after matching", rebasin, 0.5, barriers[3, 1] / barriers[1, 1]
)

# %%
# **How sure is the matching?** Entropic transport between the units spreads a unit over all
# partners that are nearly as good. As :math:`\varepsilon` falls, its plan becomes the assignment,
# and the certificate bounds the cost of the assignment without having solved it.

C = -units(A) @ units(B).T
order = linear_sum_assignment(C)[1]
optimum = C[np.arange(128), order].mean()
sure = {}
for reg in (1.0, 0.1, 0.01, 0.001):
    result = ot.solve(None, None, C, reg)
    lower, upper = result.certificate
    sure[reg] = 128 * result.plan[np.arange(128), order]
    print(
        f"ε = {reg:5.3f}: optimum {optimum:.4f} in [{lower:.4f}, {upper:.4f}], "
        f"{np.mean(sure[reg] > 0.5):3.0%} of the units give it more than half"
    )
    assert lower <= optimum + 1e-12 and optimum <= upper + 1e-12
claims.equal(
    "ε = 0.001: share of the mass on the assignment",
    "the linear program",
    1.0,
    sure[0.001].mean(),
    rtol=0.05,
)
claims.at_most(
    "ε = 0.001: width of the certificate over the optimum",
    "weak duality",
    1e-3,
    abs((upper - lower) / optimum),
)

# %%
# **Step by step.** A run lets :math:`\varepsilon` fall by itself. Its records show when each unit
# makes up its mind. (The first three try the last :math:`\varepsilon` at once and give up: what is
# "sure" there is far from a plan, as the marginal error says.)

print("iteration        ε   marginal error   units that give one partner more than half")
decided = []
for record in ot.steps(None, None, C, 0.001):
    plan = 128 * np.exp((record.f[:, None] + record.g - C) / record.reg)
    decided.append(np.sum(plan.max(axis=1) > 0.5))
    print(
        f"{record.iteration:9d}   {record.reg:.4f}   {record.marginal_error:14.2e}   "
        f"{decided[-1]:3d}"
    )
claims.at_least("units that are sure at the end of the run", "the linear program", 120, decided[-1])

# %%
# Left: the ridge goes away when the second network is seen in the right mirror. Right: the more
# units, the less is left of it.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
BLUE, ORANGE = "#0072B2", "#D55E00"
left.plot(LINE, before, "o-", color=ORANGE, markersize=4, label="as trained")
left.plot(LINE, after, "s-", color=BLUE, markersize=4, label="matched")
left.set(title="128 hidden units", xlabel="share of the second network", ylabel="training loss")
right.loglog(WIDTHS, barriers[:, 0], "o-", color=ORANGE, label="as trained")
right.loglog(WIDTHS, barriers[:, 1], "s-", color=BLUE, label="matched")
right.set(title="The barrier", xlabel="hidden units", ylabel="barrier of the training loss")
for ax in (left, right):
    ax.grid(alpha=0.25)
    ax.legend()
plt.show()

# %%
# Twin and kernel
# ---------------
# What this page asked of transport, twice: the NumPy twin, and the C++ that the library runs.
#
# .. tab-set::
#
#    .. tab-item:: NumPy twin
#
#       .. literalinclude:: ../../../python/optlite/reference/transport_methods/newton.py
#          :language: python
#          :caption: python/optlite/reference/transport_methods/newton.py
#
#    .. tab-item:: C++ kernel
#
#       .. literalinclude:: ../../../cpp/include/optlite/transport_methods/newton.hpp
#          :language: cpp
#          :caption: cpp/include/optlite/transport_methods/newton.hpp

# %%
# Exercises
# ---------
# **1.** Shuffle the units of a network at random, and add a little noise to its weights. Does
# matching find the shuffle? Up to which noise? (What is the distance between two of its units?)

shuffle = np.random.default_rng(0).permutation(128)
hidden = units(A)[shuffle] + 0.05 * np.random.default_rng(1).normal(size=units(A).shape)
found = linear_sum_assignment(-units(A) @ hidden.T)[1]
claims.equal(
    "exercise 1: share of units that are found",
    "nearest copy",
    1.0,
    np.mean(shuffle[found] == np.arange(128)),
    rtol=1e-9,
)

# %%
# **2.** Match by the incoming weights only. Is the barrier higher than with all weights, and is it
# still lower than without matching?

incoming = linear_sum_assignment(-A[0].T @ B[0])[1]
partly = barrier(along(A, permuted(B, incoming)))
claims.at_least(
    "exercise 2: barrier with incoming weights only, over that with all",
    "the run",
    1.0,
    partly / barrier(after),
)
claims.at_most(
    "exercise 2: ... over that without matching", "the run", 0.7, partly / barrier(before)
)

# %%
# **To write yourself**, and to be checked on random problems, are two functions of
# :doc:`/exercises`:

for name in ("sinkhorn", "c-transform"):
    exercise = exercises.get(name)
    print(f"{exercise.title}\n    exercises.check({name!r}, {exercise.function_name})")

# %%
# Claims
# ------

claims

# %%
# **Sources.** Ainsworth, Hayase and Srinivasa, Git Re-Basin: merging models modulo permutation
# symmetries, 2022, sections 3.2 and 5, arXiv:2209.04836. Frankle, Dziugaite, Roy and Carbin, Linear
# mode connectivity and the lottery ticket hypothesis, 2020, for the barrier. The paper is about
# deep networks, whose layers have to be matched in turn; here one layer is matched at once. The
# numbers behind ≤ and ≥ are ours.
