"""
A ridge path, and the strength that cross-validation chooses
============================================================

How strongly should the coefficients be shrunk? Leave-one-out cross-validation answers for a whole
grid of strengths from one decomposition of the data, exactly and without refitting.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from optlite.display import RegularizationPathDisplay
from optlite.linear_model import Ridge, RidgeCV

data = load_diabetes()
X = StandardScaler().fit_transform(data.data)
alphas = np.logspace(-2, 5, 60)

cv = RidgeCV(alphas=alphas, store_cv_results=True).fit(X, data.target)
print(f"alpha = {cv.alpha_:.3g} of {len(alphas)} candidates, R2 = {cv.score(X, data.target):.3f}")

# %%
# The error of leaving each sample out, for every strength: nearly flat until shrinkage begins to
# hurt. The second figure shows what happens to the coefficients meanwhile. Two of them, s1 and s2,
# are large, of opposite sign and strongly correlated: a little shrinkage removes most of both.

errors = np.sqrt(cv.cv_results_.mean(axis=0))
figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 4.2), layout="constrained", width_ratios=(1, 1.3)
)
left.semilogx(alphas, errors, color="#1f5fa8")
left.axvline(cv.alpha_, color="0.3", linestyle="--", linewidth=1, label="chosen")
left.set(xlabel="alpha", ylabel="Leave-one-out error (root mean square)", title="Cross-validation")
left.legend()
left.grid(alpha=0.25)
RegularizationPathDisplay.from_estimator(
    Ridge(),
    X,
    data.target,
    strengths=alphas,
    feature_names=data.feature_names,
    chosen=cv.alpha_,
    ax=right,
)
right.set_title("Coefficients")
right.grid(alpha=0.25)
plt.show()
