"""
Are predicted distributions right? Three pictures, and intervals with a guarantee
=================================================================================

A model that predicts a distribution can be wrong in its spread while its mean is fine. On rows that
it has not seen, that shows in where the targets fall within their distributions.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator

from optlite.boosting import NGBRegressor
from optlite.display import FanChartDisplay, IntervalCoverageDisplay, PITDisplay
from optlite.model_selection import ConformalRegressor

rng = np.random.default_rng(0)
X = np.sort(rng.uniform(0.0, 10.0, (2400, 1)), axis=0)
y = 2.0 * np.sin(X[:, 0]) + (0.2 + 0.15 * X[:, 0]) * rng.normal(size=2400)
train, calibration, new = (np.arange(2400) % 4 == k for k in range(3))

# %%
# The same model twice: stopped where cross-validation says, and run for all its 500 stages. The
# second has followed the noise of its training rows, and takes what is left for the spread.

model = NGBRegressor(random_state=0).fit(X[train], y[train])
overfitted = NGBRegressor(early_stopping_rounds=None, min_samples_leaf=1).fit(X[train], y[train])
for name, each in (("stopped", model), ("overfitted", overfitted)):
    print(f"{name:10s} {each.n_iter_:3d} stages, log score {each.loss(X[new], y[new]):.2f}")

figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained", sharey=True)
FanChartDisplay.from_estimator(model, X[new], y[new], ax=axes[0])
FanChartDisplay.from_estimator(overfitted, X[new], y[new], ax=axes[1])
axes[0].set_title("Stopped early")
axes[1].set_title("Overfitted")
axes[0].set_ylim(-9.0, 6.5)  # room for the legends
plt.show()

# %%
# If F(y | x) is uniform between 0 and 1, the bars of its histogram are of one height. High bars at
# both ends say that targets fall outside of distributions that are too narrow.

figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
PITDisplay.from_estimator(model, X[new], y[new], name="stopped", ax=axes[0])
PITDisplay.from_estimator(overfitted, X[new], y[new], name="overfitted", ax=axes[1])
plt.show()

# %%
# A conformal wrapper asks rows that the model has not seen how wide intervals must be. It repairs
# the coverage of any model, on average over rows; the better the model, the narrower they are.

repaired = ConformalRegressor(FrozenEstimator(overfitted)).fit(X[calibration], y[calibration])
for name, each in (("stopped", model), ("overfitted", overfitted), ("repaired", repaired)):
    lower, upper = each.predict_interval(X[new], 0.9).T
    inside = np.mean((lower <= y[new]) & (y[new] <= upper))
    width = np.median(upper - lower)
    print(f"{name:10s} 90 % intervals hold {100 * inside:.0f} %, median width {width:.1f}")

figure, axes = plt.subplots(1, 3, figsize=(12, 4.6), layout="constrained")
for ax, name, each in zip(
    axes, ("stopped", "overfitted", "repaired"), (model, overfitted, repaired), strict=True
):
    IntervalCoverageDisplay.from_estimator(each, X[new], y[new], name=name, ax=ax)
plt.show()
