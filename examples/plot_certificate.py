"""
A certificate against the truth
===============================

A fit stops when its certificate is small. Is the certificate honest? Here the minimum is computed
to the last digit first, so that the true suboptimality of every iterate is known. The duality gap
must never be below it, and it must not be far above it either: a bound that is a million times too
large would cost iterations for nothing.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from optlite import objectives, optim

X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)
f = objectives.Logistic(X, y, alpha=1e-2, fit_intercept=True)
minimum = optim.minimize(f, method="newton", tol=1e-15).fun

# %%
# Three methods, one objective. ``steps`` yields every iterate; ``duality_gap`` bounds its distance
# to the minimum. Far from the minimum, with an intercept that is far from its best value, the gap
# is infinite: no claim is made there.

METHODS = {"newton": "#d9730d", "lbfgs": "#1f5fa8", "steepest_descent": "#2e7d4f"}
runs = {method: list(optim.steps(f, method=method, tol=1e-10, max_iter=400)) for method in METHODS}
for method, records in runs.items():
    print(f"{method:17s} {len(records) - 1:4d} iterations, {records[-1].n_passes:5d} reads of X")

# %%
# The bound holds at each of these points, to the rounding error of the objective. An ``assert`` in
# this script fails the build of the site if it ever stops being true.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for method, color in METHODS.items():
    gap = np.array([f.duality_gap(record.x) for record in runs[method]])
    true = np.array([record.objective - minimum for record in runs[method]])
    assert np.all(gap >= true - 1e-15 * minimum), f"{method}: the bound is broken"
    k = np.arange(len(gap))
    visible = true > 1e-15
    left.semilogy(k[visible], true[visible], color=color, label=method.replace("_", " "))
    finite = np.isfinite(gap)
    left.semilogy(k[finite], gap[finite], "--", color=color, linewidth=1)
    both = finite & (true > 1e-13)
    right.loglog(true[both], gap[both], ".", color=color, label=method.replace("_", " "))

left.plot([], [], "k-", label="true suboptimality")
left.plot([], [], "k--", linewidth=1, label="duality gap")
left.set(xlabel="Iteration", ylabel="Above the minimum", title="Suboptimality and its bound")
left.set(xlim=(-1, 100), ylim=(1e-13, 1e2))
left.legend(loc="lower right")
line = np.array([1e-13, 1e0])
right.loglog(line, line, color="0.4", linewidth=1)
right.text(3e-9, 1e-10, "gap = suboptimality", color="0.35")
right.set(xlabel="True suboptimality", ylabel="Duality gap", title="Every point is above the line")
right.legend()
for ax in (left, right):
    ax.grid(alpha=0.25)
plt.show()
