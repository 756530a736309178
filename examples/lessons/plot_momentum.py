r"""
What momentum buys on a quadratic
=================================

**Question.** Gradient descent crawls along a narrow valley. How much faster is it with momentum,
exactly, and how much momentum is too much?

Gradient descent is :math:`x_{t+1} = x_t - \eta \nabla f(x_t)`, with the learning rate :math:`\eta`.
Momentum adds a share :math:`\beta` of the last step. The heavy ball takes the gradient where it is,
Nesterov's method where the momentum alone would take it:

.. math::

    \begin{aligned}
    \text{heavy ball:} \quad x_{t+1} &= x_t - \eta \nabla f(x_t) + \beta\, (x_t - x_{t-1}), \\
    \text{Nesterov:} \quad y_t &= x_t + \beta\, (x_t - x_{t-1}), \quad
    x_{t+1} = y_t - \eta \nabla f(y_t) .
    \end{aligned}

On a quadratic :math:`f(x) = \tfrac12 x^\top A x` each of them acts on every eigenvector of
:math:`A` alone. The eigenvalues of :math:`A` lie between :math:`\mu` and :math:`L`, and
:math:`\kappa = L / \mu` is the condition number. For one eigenvalue :math:`\lambda`, two
consecutive errors :math:`e_t` follow a 2 by 2 matrix:

.. math::

    \begin{gathered}
    \begin{pmatrix} e_{t+1} \\ e_t \end{pmatrix} = M(\lambda)
    \begin{pmatrix} e_t \\ e_{t-1} \end{pmatrix}, \\
    M_\text{heavy ball} = \begin{pmatrix} 1 + \beta - \eta \lambda & -\beta \\ 1 & 0 \end{pmatrix},
    \quad
    M_\text{Nesterov} = \begin{pmatrix} (1 + \beta)(1 - \eta\lambda) & -\beta (1 - \eta\lambda) \\
    1 & 0 \end{pmatrix}.
    \end{gathered}

The largest modulus of the eigenvalues of :math:`M(\lambda)`, over all :math:`\lambda` in the
spectrum, is the factor by which the error shrinks per step. So the rate can be predicted without
running anything. An eigenvalue :math:`\lambda` is called *critical* if the two eigenvalues, or
roots, of :math:`M(\lambda)` coincide: there real roots turn into complex ones.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import objectives, optim
from optlite.display import Claims, TrajectoryDisplay

low, high = 1.0, 100.0
kappa = high / low
spectrum = np.geomspace(low, high, 30)
f = objectives.from_callable(
    lambda x: 0.5 * x @ (spectrum * x), lambda x: spectrum * x, shape=30, minimum=0.0
)


def heavy_ball(rate, beta, eigenvalue):
    """Return the matrix of one step."""
    return np.array([[1 + beta - rate * eigenvalue, -beta], [1, 0]])


def nesterov(rate, beta, eigenvalue):
    """Return the matrix of one step."""
    shrink = 1 - rate * eigenvalue
    return np.array([[(1 + beta) * shrink, -beta * shrink], [1, 0]])


def predicted(matrix, rate, beta):
    """Return the largest modulus over the spectrum."""
    return max(np.abs(np.linalg.eigvals(matrix(rate, beta, each))).max() for each in spectrum)


# %%
# A picture first: two variables, eigenvalues 1 and 30, and the three methods of this page with
# their best constants. Gradient descent jumps from wall to wall of the valley and hardly moves
# along it. Nesterov's method walks in the middle. Heavy ball first swings further out than it
# started (why: see below), and is near the minimum nevertheless.

valley = np.sqrt(30.0)
best = (valley - 1) / (valley + 1)
TrajectoryDisplay.from_methods(
    objectives.Quadratic([1.0, 30.0]),
    [-4.0, 0.5],
    {
        "gradient descent": optim.SGD(2 / 31),
        "Nesterov": optim.Nesterov(1 / 30, momentum=best),
        "heavy ball": optim.Momentum(4 / (1 + valley) ** 2, momentum=best**2),
    },
    max_iter=25,
)
plt.show()

# %%
# Three methods, each with its best constants, for :math:`\mu = 1` and :math:`L = 100`. Write
# :math:`q = (\sqrt\kappa - 1) / (\sqrt\kappa + 1)`.
#
# - Gradient descent is heavy ball with :math:`\beta = 0`; its rate is :math:`\eta = 2 / (\mu + L)`.
# - For heavy ball :math:`\eta = 4 / (\sqrt\mu + \sqrt L)^2` and :math:`\beta = q^2`, which makes
#   both ends of the spectrum critical.
# - For Nesterov's method we take :math:`\eta = 1/L` and the momentum that makes the smallest
#   eigenvalue critical, :math:`\beta = q`.
#
# The library writes the steps with a buffer :math:`b`, which is the last step divided by
# :math:`-\eta`, and calls :math:`\beta` ``momentum`` (mu in the NumPy twin); for Nesterov's method
# its points are the :math:`y_t`.

root = np.sqrt(kappa)
q = (root - 1) / (root + 1)
METHODS = {
    "gradient descent": (optim.SGD(2 / (low + high)), heavy_ball, 2 / (low + high), 0.0),
    "Nesterov": (optim.Nesterov(1 / high, momentum=q), nesterov, 1 / high, q),
    "heavy ball": (
        optim.Momentum(4 / (np.sqrt(low) + np.sqrt(high)) ** 2, momentum=q**2),
        heavy_ball,
        4 / (np.sqrt(low) + np.sqrt(high)) ** 2,
        q**2,
    ),
}


def errors(rule, steps=600):
    """Return the distance from the minimum after each step, from a start of ones."""
    run = optim.steps(f, np.ones(30), rule, max_iter=steps, tol=0.0)
    return np.array([np.linalg.norm(record.x) for record in run])


def fitted_rate(sizes, first, last, growth=0):
    """Return the factor r of sizes = c (1 + t)^growth r^t, from two steps."""
    ratio = sizes[last] / sizes[first] * ((1 + first) / (1 + last)) ** growth
    return ratio ** (1 / (last - first))


runs = {name: errors(method[0]) for name, method in METHODS.items()}

claims = Claims()
# The two fast methods are fitted early: rounding ends them. Their slowest eigenvalue is critical:
# its matrix has one eigenvector only, and the error is (a + b t) r^t rather than c r^t.
WINDOWS = {"gradient descent": (300, 600), "Nesterov": (150, 300), "heavy ball": (80, 160)}
FORMULAS = {
    "gradient descent": ("(κ - 1) / (κ + 1)", (kappa - 1) / (kappa + 1), "Polyak 1964", 1e-4),
    "Nesterov": ("1 - 1/√κ", 1 - 1 / root, "Nesterov 2004", 1e-3),
    "heavy ball": ("(√κ - 1) / (√κ + 1)", q, "Polyak 1964", 1e-3),
}
for name, (_, matrix, rate, beta) in METHODS.items():
    formula, value, source, rtol = FORMULAS[name]
    # The slack is for double eigenvalues, which come out to the root of the machine precision.
    claims.equal(
        f"{name}: the spectrum predicts {formula}",
        source,
        value,
        predicted(matrix, rate, beta),
        rtol=1e-6,
    )
    measured = fitted_rate(runs[name], *WINDOWS[name], growth=beta > 0)
    claims.equal(f"{name}: the run shrinks by that factor", "the run", value, measured, rtol=rtol)

# %%
# **Step by step.** A rate is a promise about the long run only: the largest eigenvalue is critical,
# too, with the double root :math:`-q`, and its coordinate first *grows*. From a start at rest it is
# :math:`(-q)^t (1 + (1 + q) t)`: it changes side at each step, and heavy ball takes the objective
# up before it takes it down. Each record has the point and the objective:

t = np.arange(30)
record = list(optim.steps(f, np.ones(30), METHODS["heavy ball"][0], max_iter=29, tol=0.0))
print("step   objective   flattest coordinate   steepest coordinate")
for each in record[:8]:
    print(f"{each.iteration:4d}   {each.objective:9.1f}   {each.x[0]:19.4f}   {each.x[-1]:19.4f}")
claims.equal(
    "heavy ball: the steepest coordinate first grows to",
    "double root -q",
    (q**t * (1 + (1 + q) * t)).max(),
    max(abs(each.x[-1]) for each in record),
    rtol=1e-5,
)
claims.at_least(
    "heavy ball: and the objective rises, by the factor",
    "the run",
    2.0,
    max(each.objective for each in record) / record[0].objective,
)

# %%
# The measured curves, with the prediction on the second half of each.

COLORS = {"gradient descent": "#0072B2", "Nesterov": "#D55E00", "heavy ball": "#009E73"}
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for name, sizes in runs.items():
    shown = sizes > 1e-13
    left.semilogy(np.flatnonzero(shown), sizes[shown], color=COLORS[name], label=name)
    first = WINDOWS[name][0]
    t = np.arange(first, min(WINDOWS[name][1], np.flatnonzero(shown)[-1]) + 1)
    growth = ((1 + t) / (1 + first)) ** (METHODS[name][3] > 0)
    left.semilogy(t, sizes[first] * growth * FORMULAS[name][1] ** (t - first), "k--", linewidth=1)
left.plot([], [], "k--", linewidth=1, label="predicted")
left.set(xlabel="step", ylabel=r"$|x - x^\star|$", title="Distance from the minimum")
left.set_ylim(1e-13, 1e2)
left.legend()

# Three regimes of one coordinate, lambda = 1, at one rate: only the momentum differs.
rate = 0.04
critical = (1 - np.sqrt(rate)) ** 2
coordinate = objectives.from_callable(lambda x: 0.5 * x @ x, lambda x: x, shape=1, minimum=0.0)
REGIMES = {"overdamped": 0.3, "critical": critical, "oscillating": 0.95}
paths = {}
for (name, beta), style in zip(REGIMES.items(), ("--", "-", ":"), strict=True):
    run = optim.steps(coordinate, [1.0], optim.Momentum(rate, momentum=beta), max_iter=120, tol=0)
    paths[name] = np.array([record.x[0] for record in run])
    label = rf"{name}, $\beta$ = {beta:.2f}"
    right.plot(paths[name], style, color=COLORS["heavy ball"], label=label)
right.axhline(0, color="0.5", linewidth=0.8)
right.set(xlabel="step", ylabel="x", title=r"Heavy ball, one coordinate, $\eta\lambda$ = 0.04")
right.legend()
for ax in (left, right):
    ax.grid(alpha=0.25)
plt.show()

# %%
# The two roots of one coordinate are real for :math:`\beta < (1 - \sqrt{\eta\lambda})^2` and
# complex above. Take a start at rest. For :math:`\eta\lambda < 1` real roots are positive (the
# overdamped regime), and the path never crosses zero. For :math:`\eta\lambda > 1` they are
# negative, and it changes side at each step. Complex roots have modulus :math:`\sqrt\beta`,
# *whatever* the eigenvalue, and turn by an angle :math:`\theta` with
# :math:`\cos\theta = (1 + \beta - \eta\lambda) / (2\sqrt\beta)` each step. More momentum than
# critical is therefore slower, not faster.

beta = REGIMES["oscillating"]
angle = np.arccos((1 + beta - rate) / (2 * np.sqrt(beta)))


def zero_crossings(path):
    """Return how often the sign changes."""
    return int(np.sum(np.diff(np.sign(path)) != 0))


claims.at_most(
    "overdamped: never crosses zero", "Polyak 1964", 0, zero_crossings(paths["overdamped"])
)
claims.at_most("critical: never crosses zero", "Polyak 1964", 0, zero_crossings(paths["critical"]))
steepest = {
    name: [r.x[-1] for r in optim.steps(f, np.ones(30), METHODS[name][0], max_iter=29, tol=0.0)]
    for name in ("gradient descent", "heavy ball")
}
for name, path in steepest.items():
    claims.equal(
        f"{name}: sign changes of the steepest coordinate in 29 steps, ηλ = "
        f"{METHODS[name][2] * high:.2f}",
        "negative roots",
        29,
        zero_crossings(path),
        rtol=0.0,
    )
claims.equal(
    "oscillating: crossings in 120 steps, θ t / π",
    "complex roots",
    120 * angle / np.pi,
    zero_crossings(paths["oscillating"]),
    rtol=0.1,
)
# The envelope: successive extremes lie half a turn apart.
peaks = np.abs(paths["oscillating"])
tops = np.flatnonzero((peaks[1:-1] > peaks[:-2]) & (peaks[1:-1] > peaks[2:])) + 1
claims.equal(
    "oscillating: the envelope shrinks by √β a step",
    "complex roots",
    np.sqrt(beta),
    (peaks[tops[-1]] / peaks[tops[0]]) ** (1 / (tops[-1] - tops[0])),
    rtol=5e-3,
)

# %%
# Exercise
# --------
# The default momentum of many programs is 0.9. On this spectrum (:math:`\kappa = 100`) that is more
# than the best :math:`\beta = 0.669`. Keep the best rate of heavy ball and set ``momentum=0.9``:
# predict the factor per step before you look at the last line of the table. (Which regime is every
# eigenvalue in? What is its modulus then?)

sizes = errors(optim.Momentum(METHODS["heavy ball"][2], momentum=0.9))
claims.equal(
    "exercise: with β = 0.9 every root is complex, the factor is √0.9",
    "this lesson",
    np.sqrt(0.9),
    fitted_rate(sizes, 200, 500),
    rtol=5e-3,
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964.
# Yu. Nesterov, Introductory lectures on convex optimization, 2004.
