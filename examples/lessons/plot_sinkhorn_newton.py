r"""
From Sinkhorn to Newton
=======================

**Question.** Sinkhorn's iteration is two lines long. Why does it take ten times as many iterations
when the regularization is ten times smaller, and what does Newton's method see that it does not?

Entropic transport moves masses :math:`a` to masses :math:`b` at the least cost. The entry
:math:`P_{ij}` of the plan :math:`P` is the mass that goes from source :math:`i` to target
:math:`j`, the matrix :math:`C` holds the costs of a unit of mass, and
:math:`\langle C, P \rangle = \sum_{ij} C_{ij} P_{ij}` is the total. The regularization
:math:`\varepsilon > 0` gives a bonus for spreading; :math:`\mathbf 1` is a vector of ones:

.. math::

    \min_{P \ge 0} \; \langle C, P \rangle + \varepsilon \sum_{ij} P_{ij} \log P_{ij}
    \quad \text{subject to} \quad P \mathbf 1 = a, \; P^\top \mathbf 1 = b .

Its solution has the form :math:`P_{ij} = e^{(f_i + g_j - C_{ij}) / \varepsilon}`, so that all that
has to be found are the potentials :math:`f` and :math:`g`. For given :math:`g` the best :math:`f`
makes the rows sum to :math:`a`. What is left is one smooth concave function,

.. math::

    q(g) &= \langle a, f(g) \rangle + \langle b, g \rangle, \qquad
    \nabla q = b - P^\top \mathbf 1, \\
    -\varepsilon \nabla^2 q &= S = \operatorname{diag}(P^\top \mathbf 1)
        - P^\top \operatorname{diag}(a)^{-1} P ,

whose gradient is the error of the column sums (Cuturi and Peyré 2018). The sum of its absolute
values is the *marginal error* :math:`\|P^\top \mathbf 1 - b\|_1`: how far the plan is from the
masses. Sinkhorn's iteration sets
:math:`g_j \leftarrow g_j + \varepsilon \log (b_j / (P^\top \mathbf 1)_j)`.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import exercises, ot
from optlite.display import Claims, ConvergenceDisplay, SpectrumDisplay, TransportPlanDisplay
from optlite.reference.transport import Problem
from optlite.trace import Trace

rng = np.random.default_rng(3)
n = 150
X = rng.random((n, 2))
Y = rng.normal([0.7, 0.4], [0.25, 0.1], (n, 2))
C = ((X[:, None] - Y) ** 2).sum(axis=2)
a = b = np.full(n, 1 / n)
mean = C.mean()

# %%
# Where the mass goes, at two regularizations. A plan of small :math:`\varepsilon` is nearly a
# matching, one of large :math:`\varepsilon` blurs.

figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained", sharey=True)
for ax, share in zip(axes, (0.1, 0.003), strict=True):
    result = ot.solve(a, b, C, share * mean)
    TransportPlanDisplay.from_result(result, X, Y, ax=ax)
    ax.set_title(rf"$\varepsilon$ = {share:g} of the mean cost", pad=26)
axes[1].set_ylabel("")
plt.show()

# %%
# Sinkhorn's iteration by hand, with the twin of the library's kernel. Each step fits the columns;
# the evaluation fits the rows.


def sinkhorn(reg, steps):
    """Return the points of Sinkhorn's iteration from g = 0."""
    problem = Problem(C, a, b)
    points = [problem.evaluate(np.zeros(n), reg)]
    for _ in range(steps):
        points.append(problem.evaluate(problem.column_step(points[-1]), reg))
    return points


claims = Claims()
by_hand = sinkhorn(0.1 * mean, 20)
by_library = list(ot.steps(a, b, C, 0.1 * mean, "sinkhorn", annealing=1.0, tol=1e-15, max_iter=20))
claims.at_most(
    "by hand and compiled: largest difference of potentials",
    "the run",
    1e-12,
    max(np.abs(p.g - r.g).max() for p, r in zip(by_hand, by_library, strict=True)),
)

# %%
# Why it is slow
# --------------
# Near the solution a step multiplies the error of :math:`g` by the matrix
# :math:`\operatorname{diag}(b)^{-1} P^\top \operatorname{diag}(a)^{-1} P`. Its eigenvalues are the
# squared singular values of
# :math:`\operatorname{diag}(a)^{-1/2} P \operatorname{diag}(b)^{-1/2}`. The largest is 1, for the
# constant that may be added to :math:`g`; the second, :math:`\theta`, is the factor by which the
# error shrinks. The matrix sends a mass to the other side and back; where the plan is sharp, it
# comes back to where it was, and :math:`\theta` is near 1.

SHARES = (0.1, 0.03, 0.01)
rates, counts, runs = {}, {}, {}
for share in SHARES:
    plan = ot.solve(a, b, C, share * mean, tol=1e-13).plan
    rates[share] = np.linalg.svd(n * plan, compute_uv=False)[1] ** 2
    run = ot.steps(a, b, C, share * mean, "sinkhorn", annealing=1.0, tol=1e-11, max_iter=5000)
    runs[share] = np.array([record.marginal_error for record in run])
    counts[share] = np.argmax(runs[share] <= 1e-9)
    late = runs[share][-60:]
    claims.equal(
        f"ε = {share:g} mean cost: the error shrinks by θ",
        "Knight 2008",
        rates[share],
        (late[-1] / late[0]) ** (1 / (len(late) - 1)),
        rtol=1e-3,
    )
claims.equal(
    "a third of ε takes so many times the iterations",
    "Dvurechensky et al. 2018",
    0.03 / 0.01,
    counts[0.01] / counts[0.03],
    rtol=0.15,
)
claims.equal(
    "a tenth of ε takes so many times the iterations",
    "Dvurechensky et al. 2018",
    0.1 / 0.01,
    counts[0.01] / counts[0.1],
    rtol=0.2,
)

# %%
# Overshooting
# ------------
# An old remedy from linear systems: go :math:`\omega` times as far. With
# :math:`\omega = 2 / (1 + \sqrt{1 - \theta})` for rows and columns the factor becomes
# :math:`\omega - 1` (Young 1954; Thibault et al. 2021). For :math:`\theta` near 1 the number of
# iterations falls to the order of its square root. One must know :math:`\theta`.

reg = 0.01 * mean
omega = 2 / (1 + np.sqrt(1 - rates[0.01]))
relaxed = np.array(
    [
        record.marginal_error
        for record in ot.steps(
            a, b, C, reg, "sinkhorn", annealing=1.0, tol=1e-11, relaxation=omega, max_iter=5000
        )
    ]
)
late = relaxed[len(relaxed) // 2 : -1]
claims.equal(
    "relaxed: the error shrinks by ω - 1",
    "Thibault et al. 2021",
    omega - 1,
    # A double eigenvalue, as of critical momentum: the error is (c + d t) (omega - 1)^t.
    (late[-1] / late[0] * (len(relaxed) // 2) / len(relaxed)) ** (1 / (len(late) - 1)),
    rtol=2e-2,
)
n_relaxed = np.argmax(relaxed <= 1e-9)
print(f"{counts[0.01]} iterations to 1e-9, relaxed {n_relaxed}; root {np.sqrt(counts[0.01]):.0f}")
claims.at_least("relaxed: times fewer iterations", "the run", 5, counts[0.01] / n_relaxed)
claims.at_most(
    "relaxed: iterations over the root of the number without",
    "the run",
    5,
    n_relaxed / np.sqrt(counts[0.01]),
)

# %%
# Newton
# ------
# Newton's step solves :math:`S\,d = \varepsilon\,(b - P^\top \mathbf 1)`. The eigen-directions in
# which Sinkhorn crawls are those in which :math:`S` is nearly singular, and dividing by :math:`S`
# takes out just them. Close to the solution the error is squared in each step, whatever
# :math:`\varepsilon` is. Far from it the quadratic model is worthless. Hence *annealing*: the
# method begins with a large regularization, solves roughly, lowers it, and goes on from the
# potentials it has, in stages, unless a first try at the last value gets there. The equations are
# solved iteratively, by conjugate gradients. Each of their iterations takes a *product* of
# :math:`S` and a vector; the number of products is the price of a step.

newton = {
    share: list(ot.steps(a, b, C, share * mean, "newton", tol=1e-12))
    for share in (*SHARES, 1e-3, 1e-4)
}
last = [record.marginal_error for record in newton[0.01]]
claims.at_most(
    "Newton: iterations at ε = 0.01 mean cost", "the run", 25, newton[0.01][-1].iteration
)
claims.at_most(
    "Newton: iterations at ε = 0.001 mean cost", "the run", 60, newton[1e-3][-1].iteration
)
# How long its plateau is (see the figure) depends on rounding errors.
claims.at_most(
    "Newton: iterations at ε = 0.0001 mean cost", "the run", 250, newton[1e-4][-1].iteration
)
claims.at_least(
    "Sinkhorn at ε = 0.01 mean cost takes so many times more",
    "the run",
    20,
    counts[0.01] / newton[0.01][-1].iteration,
)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
COLORS = dict(zip(SHARES, ("#2e7d4f", "#d9730d", "#1f5fa8"), strict=True))
for share in SHARES:
    left.semilogy(runs[share], color=COLORS[share], label=rf"$\varepsilon$ = {share:g} mean cost")
    t = np.arange(len(runs[share]) // 2, len(runs[share]))
    left.semilogy(t, runs[share][t[0]] * rates[share] ** (t - t[0]), "k--", linewidth=1)
left.plot([], [], "k--", linewidth=1, label=r"$\theta^t$, from the plan")
left.semilogy(
    relaxed,
    ":",
    color=COLORS[0.01],
    label=rf"$\varepsilon$ = 0.01 mean cost, $\omega$ = {omega:.2f}",
)
left.set(title="Sinkhorn", xlabel="iteration", ylabel="marginal error", ylim=(1e-12, 3))
for share, color in ((0.01, COLORS[0.01]), (1e-3, "#8e5ea2"), (1e-4, "0.25")):
    errors = [record.marginal_error for record in newton[share]]
    right.semilogy(errors, ".-", color=color, label=rf"$\varepsilon$ = {share:g} mean cost")
right.set(title="Newton, annealed", xlabel="iteration", xlim=(-3, 105))  # room for the legend
for ax in (left, right):
    ax.grid(alpha=0.25)
    ax.legend(fontsize="small")
plt.show()

# %%
# **Step by step.** Every second record of the middle one of these runs: the regularization of the
# stage, what it has cost so far, and how far the plan is from the masses. Iterations 0 to 3 try the
# last regularization at once; it is too small for that, and the stages begin.

print("iteration   ε / mean   Newton steps   products   dual value   marginal error")
for record in newton[1e-3][::2]:
    print(
        f"{record.iteration:9d}   {record.reg / mean:8.4f}   {record.n_newton:12d}   "
        f"{record.n_products:8d}   {record.value:10.6f}   {record.marginal_error:14.2e}"
    )

# %%
# The jumps upward on the right are new stages: the old potentials do not quite fit a smaller
# :math:`\varepsilon`. On the plateau of the smallest one, parts of the plan that hardly touch are
# brought together one after another.
#
# One step, taken apart
# ---------------------
# :func:`optlite.ot.steps` is a generator: it stops after each iteration and shows the potentials.
# Plan and Hessian are a line each, so that a step can be repeated by hand. (Set to solve the
# equations nearly exactly; by default they are solved only as well as the distance to the solution
# deserves.)

run = ot.steps(a, b, C, reg, "newton", annealing=1.0, tol=1e-12, forcing=1e-12)
here = next(run)
print("iteration   marginal error after it   eigenvalues of S before it, times n: least, largest")
largest_difference, newton_steps = 0.0, 0
for after in run:
    plan = np.exp((here.f[:, None] + here.g - C) / here.reg)
    S = np.diag(plan.sum(axis=0)) - plan.T @ (plan / plan.sum(axis=1, keepdims=True))
    if after.n_newton > here.n_newton:
        step = here.reg * np.linalg.lstsq(S, b - plan.sum(axis=0))[0]
        moved = (after.g - here.g) / after.step_size
        difference = moved - step
        largest_difference = max(largest_difference, np.ptp(difference) / np.ptp(step))
        newton_steps += 1
        values = n * np.linalg.eigvalsh(S)[[1, -1]]  # the first is the zero of the constants
        error = after.marginal_error
        print(f"{after.iteration:9d}   {error:23.2e}   {values[0]:35.2e}   {values[1]:.2e}")
    here = after
claims.at_most(
    "Newton's steps by hand: largest difference of a step, relative",
    "the equation above",
    1e-4,
    largest_difference,
)

# %%
# Why conjugate gradients slow down
# ---------------------------------
# The system is solved by conjugate gradients, in a number of iterations of the order of the root of
# the condition number :math:`\kappa` of :math:`S`. Here are all its eigenvalues along two runs. For
# equal masses the smallest is :math:`(1 - \theta) / n`: what slows Sinkhorn's iteration down slows
# this one, too, but by its root. As the plan becomes sharp, columns share less and less of it with
# others, some of them much less. Scaling by the diagonal of :math:`S`, which is what the library
# does, measures each by what it shares, and gathers the eigenvalues. Those that stay small belong
# to parts of the plan that hardly touch, which no diagonal knows of. (On the right, some steps
# would take longer than n / 2 = 75 products: there the library goes over to elimination.)

figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
conditions, counts_cg = {}, {}
for ax, share in zip(axes, (0.1, 0.001), strict=True):
    run = list(ot.steps(a, b, C, share * mean, "newton", tol=1e-12))
    plain = SpectrumDisplay.from_transport(C, run, scaled=False, name="$S$", ax=ax)
    scaled = SpectrumDisplay.from_transport(C, run, name="scaled $S$", ax=ax)
    products = np.diff([record.n_products for record in run])
    conditions[share] = plain.condition_numbers[-1], scaled.condition_numbers[-1]
    counts_cg[share] = products.max()
    ax.set_title(rf"$\varepsilon$ = {share:g} mean cost: at most {products.max()} products a step")
    if share in rates:
        claims.equal(
            f"ε = {share:g} mean cost: the smallest eigenvalue of S, over (1 - θ) / n",
            "the matrix above",
            1.0,
            n * plain.spectra[-1][0] / (1.0 - rates[share]),
            rtol=1e-5,
        )
axes[1].set_ylabel("")
plt.show()
claims.at_least(
    "condition number of S at ε = 0.001 mean cost, over that at 0.1",
    "parts that hardly touch",
    1e3,
    conditions[0.001][0] / conditions[0.1][0],
)
claims.at_least(
    "ε = 0.001 mean cost: condition number of S, over that of the scaled S",
    "Jacobi 1845",
    10,
    conditions[0.001][0] / conditions[0.001][1],
)


def scaled_condition(plan):
    """Return the condition number of S, scaled by its diagonal, without the zero eigenvalue."""
    S = np.diag(plan.sum(axis=0)) - plan.T @ (plan / plan.sum(axis=1, keepdims=True))
    scale = np.sqrt(np.diag(S))
    values = np.linalg.eigvalsh(S / np.outer(scale, scale))
    return values[-1] / values[1]


# Both of these stay below the n / 2 products at which the library goes over to elimination.
products = {s: np.diff([record.n_products for record in newton[s]]).max() for s in (0.1, 0.01)}
kappa = {s: scaled_condition(ot.solve(a, b, C, s * mean, tol=1e-13).plan) for s in products}
for share, count in products.items():
    print(f"ε = {share:g} mean cost: κ of scaled S {kappa[share]:5.1f}, at most {count} products")
claims.equal(
    "conjugate gradients: most products of a step at ε = 0.01 mean cost, over those at 0.1",
    "the root of the condition number",
    np.sqrt(kappa[0.01] / kappa[0.1]),
    products[0.01] / products[0.1],
    rtol=0.25,
)
claims.equal(
    "ε = 0.001 mean cost: most products of a step, over n / 2",
    "the cap: beyond it, elimination",
    1.0,
    counts_cg[0.001] / (n / 2),
    rtol=0.05,
)

# %%
# All methods at once
# -------------------
# The same problem, :math:`\varepsilon` a hundredth of the mean cost, by each method of the library.
# Over-relaxation and Greenkhorn overshoot a lot at first (out of the picture); Anderson's
# acceleration finds out what over-relaxation has to be told. Greenkhorn updates the row or column
# that is worst, one at a time; here :math:`2n` of its updates count as an iteration.
# Sinkhorn-Newton-Sparse keeps six entries of the plan a row, too few where a plan is not nearly a
# matching, and becomes slow (:ref:`that has a lesson of its own
# <sphx_glr_auto_examples_lessons_plot_newton_sparse.py>`).

METHODS = {
    "Sinkhorn": ("sinkhorn", {}),
    "over-relaxed": ("sinkhorn", {"relaxation": omega}),
    "Anderson": ("anderson", {}),
    "Greenkhorn": ("greenkhorn", {}),
    "Newton, sparse": ("newton_sparse", {"sparsity": 3.5}),
    "Newton": ("newton", {}),
}
traces, reached = {}, {}
for name, (method, options) in METHODS.items():
    run = ot.steps(a, b, C, reg, method, annealing=1.0, tol=1e-10, max_iter=1500, **options)
    # The marginal error is a number >= 0 that a run brings down to 0, and so fit for the display.
    records = [{"iteration": r.iteration, "objective": r.marginal_error} for r in run]
    traces[name] = Trace(records)
    errors = np.array([record["objective"] for record in records])
    reached[name] = np.argmax(errors <= 1e-9) if errors.min() <= 1e-9 else np.inf
    print(f"{name:15s} {reached[name]:6.0f} iterations to 1e-9")
claims.at_least(
    "ε = 0.01 mean cost: iterations of the best other method over Newton's",
    "the run",
    3,
    min(count for name, count in reached.items() if name != "Newton") / reached["Newton"],
)
claims.equal(
    "ε = 0.01 mean cost: iterations of Greenkhorn over Sinkhorn's",
    "this lesson",
    1.0,
    reached["Greenkhorn"] / reached["Sinkhorn"],
    rtol=0.2,
)
ax = ConvergenceDisplay.from_traces(traces, minimum=0.0).ax_
ax.set(xscale="symlog", xlim=(0, 1600), ylim=(1e-11, 10), ylabel="Marginal error")
ax.grid(alpha=0.25)
plt.show()

# %%
# How far from exact?
# -------------------
# The regularised plan is not the cheapest one. How much too much it costs can be bounded without
# knowing the optimum: any :math:`g` gives a feasible point of the dual linear program, and rounding
# the plan gives a feasible plan. The exact cost lies between. On a line, sorting gives it.

x, y = np.sort(X[:, 0]), np.sort(Y[:, 1])
_, exact = ot.transport_on_line(x, y)
print("ε / exact cost   lower bound   exact      upper bound")
for share in (1e-1, 1e-2, 1e-3, 1e-4):
    lower, upper = ot.solve_points(x[:, None], y[:, None], reg=share * exact).certificate
    print(f"{share:14g}   {lower:11.6f} {exact:7.6f} {upper:11.6f}")
    assert lower <= exact <= upper
claims.at_most(
    "certificate at ε = 0.0001 of the cost: its width, relative",
    "weak duality",
    1e-3,
    (upper - lower) / exact,
)

# %%
# Exercises
# ---------
# 1. Add a constant to one cost matrix: :math:`C + 5`. Which of the potentials, the plan, the number
#    of Sinkhorn iterations change? (What does a constant do to the exponent that a potential cannot
#    undo?)
# 2. Give half of the sources no mass. Does :math:`\theta` rise, fall, or stay? Why?

shifted = ot.steps(a, b, C + 5.0, reg, "sinkhorn", annealing=1.0, tol=1e-9, max_iter=5000)
claims.equal(
    "exercise 1: iterations with C + 5, over those with C",
    "potentials absorb it",
    1.0,
    max(record.iteration for record in shifted) / counts[0.01],
    rtol=1e-9,
)
half = np.where(np.arange(n) % 2 == 0, 2 / n, 0.0)
plan = ot.solve(half, b, C, reg, tol=1e-12).plan[::2]
claims.equal(
    "exercise 2: 1 - θ with half of the sources, over 1 - θ with all",
    "half the points show the same geometry",
    1.0,
    (1 - np.linalg.svd(n / np.sqrt(2) * plan, compute_uv=False)[1] ** 2) / (1 - rates[0.01]),
    rtol=0.05,
)

# %%
# **To write yourself**, and to be checked on random problems, are two functions of
# :doc:`/exercises`:

for name in ("relaxation-factor", "transport-newton-step"):
    exercise = exercises.get(name)
    print(f"{exercise.title}\n    exercises.check({name!r}, {exercise.function_name})")

# %%
# Claims
# ------

claims

# %%
# Twin and kernel
# ---------------
# The methods of this page twice: the NumPy twin, which ``engine="numpy"`` steps through, and the
# C++ that the library runs. Newton's does two things that the twin leaves out: it begins in single
# precision, and scales a plan in memory where the twin takes all exponentials.
#
# .. tab-set::
#
#    .. tab-item:: Sinkhorn, twin
#
#       .. literalinclude:: ../../../python/optlite/reference/transport_methods/sinkhorn.py
#          :language: python
#          :caption: python/optlite/reference/transport_methods/sinkhorn.py
#
#    .. tab-item:: Sinkhorn, kernel
#
#       .. literalinclude:: ../../../cpp/include/optlite/transport_methods/sinkhorn.hpp
#          :language: cpp
#          :caption: cpp/include/optlite/transport_methods/sinkhorn.hpp
#
#    .. tab-item:: Newton, twin
#
#       .. literalinclude:: ../../../python/optlite/reference/transport_methods/newton.py
#          :language: python
#          :caption: python/optlite/reference/transport_methods/newton.py
#
#    .. tab-item:: Newton, kernel
#
#       .. literalinclude:: ../../../cpp/include/optlite/transport_methods/newton.hpp
#          :language: cpp
#          :caption: cpp/include/optlite/transport_methods/newton.hpp
#
#    .. tab-item:: The problem, twin
#
#       .. literalinclude:: ../../../python/optlite/reference/transport.py
#          :language: python
#          :caption: python/optlite/reference/transport.py

# %%
# **Sources.** Sinkhorn and Knopp, Concerning nonnegative matrices and doubly stochastic matrices,
# 1967. Jacobi, Ueber eine neue Auflösungsart der bei der Methode der kleinsten Quadrate
# vorkommenden lineären Gleichungen, 1845. Cuturi, Sinkhorn distances: lightspeed computation of
# optimal transport, 2013, arXiv:1306.0895. Young, Iterative methods for solving partial difference
# equations of elliptic type, 1954. Knight, The Sinkhorn-Knopp algorithm: convergence and
# applications, 2008. Brauer, Clason, Lorenz and Wirth, A Sinkhorn-Newton method for entropic
# optimal transport, 2017, arXiv:1710.06635. Cuturi and Peyré, Semidual regularized optimal
# transport, 2018. Dvurechensky, Gasnikov and Kroshnin, Computational optimal transport: complexity
# by accelerated gradient descent is better than by Sinkhorn's algorithm, 2018. Thibault, Chizat,
# Dossal and Papadakis, Overrelaxed Sinkhorn-Knopp algorithm for regularized optimal transport,
# 2021. The numbers behind ≤ and ≥ of "the run" are ours.
