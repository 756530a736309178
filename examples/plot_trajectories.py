"""
Several optimizers on one landscape
===================================

One call runs several methods from the same point and draws where they went. The same runs can be
played as an animation, compared by the value they reach, and shown in a plane where there are more
variables than two.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from optlite import objectives, optim
from optlite.display import ConvergenceDisplay, LossLandscapeDisplay, TrajectoryDisplay, animate

# %%
# The valley of Rosenbrock's function is easy to find and slow to follow. Gradient descent creeps
# along it; momentum swings from wall to wall, and moves on with what it gathers; Adam takes steps
# of nearly the same length in every coordinate. Contours in equal ratios of the distance from the
# minimum show the bottom of the valley and its walls in the same picture.

valley = objectives.Rosenbrock()
runs = TrajectoryDisplay.from_methods(
    valley,
    [-1.2, 1.0],
    {
        "gradient descent": optim.SGD(1e-3),
        "momentum": optim.Momentum(1e-3),
        "Adam": optim.Adam(0.1),
    },
    max_iter=250,
)
plt.show()

# %%
# The same runs, moving. In a script, ``to_html("valley.html")`` writes a page of one file, and
# ``to_gif("valley.gif")`` a picture that moves everywhere.

animate(runs.traces, valley)

# %%
# Where a run ends depends on the method as well as on the start. Himmelblau's function has four
# minima of the same value, and from the same point two methods end in different ones.

four = objectives.Himmelblau()
ends = TrajectoryDisplay.from_methods(
    four,
    [0.0, 0.0],
    {"gradient descent": optim.SGD(0.01), "momentum": optim.Momentum(0.01)},
    max_iter=150,
    resolution=70,
)
plt.show()

nearest = {
    name: int(np.argmin(np.linalg.norm(four.minimizers - path[-1], axis=1)))
    for name, path in ends.paths.items()
}
assert nearest["gradient descent"] != nearest["momentum"]

# %%
# On a quadratic the speed can be predicted. Gradient descent with rate :math:`\eta` multiplies the
# objective by :math:`(1 - \eta \lambda)^2` along the slowest eigenvector, and heavy-ball momentum
# with the best parameters does so by :math:`((\sqrt \kappa - 1) / (\sqrt \kappa + 1))^2`, but for a
# factor that grows slowly.

smallest, largest = 1.0, 25.0
bowl = objectives.Quadratic([smallest, largest])
root = np.sqrt(largest / smallest)
best = {
    "gradient descent": optim.SGD(2.0 / (largest + smallest)),
    "momentum": optim.Momentum(
        (2.0 / (np.sqrt(largest) + np.sqrt(smallest))) ** 2,
        momentum=((root - 1.0) / (root + 1.0)) ** 2,
    ),
}
quadratic = TrajectoryDisplay.from_methods(
    bowl, [3.0, 1.0], best, max_iter=60, tol=0.0, resolution=60
)
plt.show()

# %%
# Measured are the slopes of the second half of the curves, in grey.

speed = ConvergenceDisplay.from_traces(quadratic.traces, minimum=0.0, show_rate=True)
plt.show()

measured = speed.rate()
assert np.isclose(measured["gradient descent"], (1 - 2 * smallest / (largest + smallest)) ** 2)
assert abs(measured["momentum"] - ((root - 1) / (root + 1)) ** 2) < 0.04

# %%
# A logistic regression of 30 variables: the plane is the one closest to all paths, and each axis
# says how much of the paths it explains. The second picture is the objective around the minimum,
# in two random directions: all of it is one bowl, as it must be of a convex function.

X, y = load_breast_cancer(return_X_y=True)
model = objectives.Logistic(StandardScaler().fit_transform(X), y, alpha=1e-3)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
paths = TrajectoryDisplay.from_methods(
    model,
    np.zeros(model.shape),
    {"gradient descent": optim.SGD(1.0), "Adam": optim.Adam(0.1), "L-BFGS": "lbfgs"},
    max_iter=40,
    resolution=60,
    ax=left,
)
LossLandscapeDisplay.from_objective(
    model, paths.paths["L-BFGS"][-1], random_state=0, n_points=31, ax=right
)
plt.show()
