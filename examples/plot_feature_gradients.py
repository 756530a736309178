"""
Features that count only together
=================================

A feature without any correlation with the target may still be needed: it can explain what another
one has beside the target. A filter that judges features one by one drops it. Feature gradients see
it, since they ask what the features explain together, and they need no model for that.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_selection import f_regression
from sklearn.linear_model import LinearRegression

from optlite.feature_selection import FeatureGradientSelector

# %%
# Twenty features. The first is the target with an error, the second is that error, three
# know a little, and the rest is noise.

rng = np.random.default_rng(0)
y, error = rng.normal(size=(2, 600))
y -= y.mean()
error -= error.mean() + y * (y @ error) / (y @ y)  # no correlation with y at all
X = np.column_stack([y + error, error, rng.normal(size=(600, 18))])
X[:, 2:5] += 0.3 * y[:, None]

score, _ = f_regression(X, y)
print("F statistic of the second feature:", f"{score[1]:.1e}")
assert score[1] < 1e-10

# %%
# Each feature is in the set with a share between zero and one. The shares follow the gradient of
# an estimate of what they explain, less a price. ``steps`` yields the search one step at a time.

runs = {
    order: list(FeatureGradientSelector(order=order, random_state=0).steps(X, y))
    for order in (1, 4)
}

figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True, layout="constrained")
names = {0: "target + error", 1: "error"}
for ax, (order, records) in zip(axes, runs.items(), strict=True):
    shares = np.array([record.shares for record in records])
    ax.plot(shares[:, 5:], color="0.75", linewidth=0.8)
    ax.plot(shares[:, 2:5], color="#2e7d4f", linewidth=1.2)
    for j, color in ((0, "#1f5fa8"), (1, "#d9730d")):
        ax.plot(shares[:, j], color=color, linewidth=2, label=names[j])
    ax.plot([], [], color="#2e7d4f", label="a little of the target")
    ax.plot([], [], color="0.75", label="noise")
    ax.set(xlabel="Step", title=f"order={order}")
    ax.grid(alpha=0.25)
axes[0].set_ylabel("Share in the set")
axes[0].legend(loc="center right")
plt.show()

# %%
# With ``order=1``, each by itself, the error drops out: it explains nothing alone. With powers of
# the covariance it rises as soon as the first feature is there.

found = {}
for order in (1, 4):
    selector = FeatureGradientSelector(order=order, random_state=0).fit(X, y)
    kept = selector.get_support(indices=True)
    found[order] = LinearRegression().fit(X[:, kept], y).score(X[:, kept], y)
    print(f"order={order}: features {kept.tolist()}, R^2 = {found[order]:.4f}")
assert found[1] < 0.7
assert found[4] > 0.999
