r"""
What to do with patients who are still alive
============================================

**Question.** A study ends after a fixed time. Some events have been seen; of the other rows we know
only that nothing has happened *yet*. Can these censored rows be dropped? Can their times be taken
as if they were events?

With a density :math:`f`, the probability :math:`S(t) = P(Y > t)` to survive the time :math:`t`, and
:math:`\delta_i = 1` where the event was observed, the likelihood has a factor for both kinds of
rows:

.. math::

    -\log L = -\sum_i \bigl[ \delta_i \log f(T_i) + (1 - \delta_i) \log S(T_i) \bigr] .

Dropping rows keeps the first factor for the observed ones alone. Ignoring the censoring sets all
:math:`\delta_i = 1`. Both are wrong, by an amount that can be worked out beforehand.
"""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from scipy import optimize, stats

from optlite.boosting import NGBRegressor, NGBSurvival, distributions
from optlite.display import Claims

claims = Claims()
random = np.random.default_rng(0)

# %%
# **Without features.** Exponential times with mean 1, and a study that ends at :math:`c = 1`. A row
# is observed with probability :math:`1 - e^{-c}`, and
#
# .. math::
#
#     \mathbb{E}[\min(Y, c)] = 1 - e^{-c}, \qquad
#     \mathbb{E}[Y \mid Y \le c] = 1 - \frac{c\, e^{-c}}{1 - e^{-c}} .
#
# The likelihood with both factors has its maximum at the total time over the number of events.

n, c = 40_000, 1.0
Y = random.exponential(size=n)
T, event = np.minimum(Y, c), (c >= Y).astype(float)
exponential = distributions.Exponential()


def estimated_mean(T, event=None):
    """Return the mean that maximises the likelihood."""
    return np.exp(exponential.marginal(T, event=event)[0])


claims.equal("censoring ignored: mean", "1 - e⁻ᶜ", 1 - np.exp(-c), estimated_mean(T), rtol=0.02)
claims.equal(
    "censored rows dropped: mean",
    "E[Y | Y ≤ c]",
    1 - c * np.exp(-c) / (1 - np.exp(-c)),
    estimated_mean(T[event == 1]),
    rtol=0.02,
)
claims.equal(
    "likelihood with both factors: mean", "the truth", 1.0, estimated_mean(T, event), rtol=0.02
)
claims.equal(
    "... total time over events",
    "dL / dθ = 0",
    T.sum() / event.sum(),
    estimated_mean(T, event),
    rtol=1e-9,
)

# %%
# **With features.** Log-normal times whose median depends on two features, and a study of length 2
# that people enter at random: about half of the rows are censored.


def make_study(n, seed, hidden=0.0):
    """Return features, times, events, the times that nobody sees, and the true median.

    With ``hidden``, who will have the event early also leaves the study early.
    """
    random = np.random.default_rng(seed)
    X = random.uniform(-1.0, 1.0, size=(n, 3))
    log_median = 0.3 + X[:, 0] - 0.8 * X[:, 1] ** 2
    luck = random.normal(size=n)
    Y = np.exp(log_median + 0.5 * luck)
    stay = random.uniform(0.2, 2.0, size=n)
    stay *= np.exp(hidden * luck)
    return X, np.minimum(Y, stay), stay >= Y, Y, np.exp(log_median)


X, T, event, _, _ = make_study(3000, 1)
X_new, T_new, event_new, Y_new, median_new = make_study(3000, 2)
print(f"{100 * (1 - event.mean()):.0f} % of the rows are censored.")

models = {
    "both factors": NGBSurvival(random_state=0, n_threads=1).fit(X, T, event),
    "dropped": NGBRegressor("log_normal", random_state=0, n_threads=1).fit(X[event], T[event]),
    "ignored": NGBRegressor("log_normal", random_state=0, n_threads=1).fit(X, T),
}
medians = {name: model.predict_quantile(X_new, 0.5) for name, model in models.items()}
bias = {name: np.exp(np.mean(np.log(median / median_new))) for name, median in medians.items()}
claims.equal(
    "both factors: predicted median over the true one",
    "the truth",
    1.0,
    bias["both factors"],
    rtol=0.05,
)
claims.at_most("dropped: the same", "the run", 0.75, bias["dropped"])
claims.at_most("ignored: the same", "the run", 0.75, bias["ignored"])

# %%
# **Step by step.** Kaplan and Meier need no distribution and no feature: at each time of an event,
# the share :math:`1 - d/n` of those still under observation survives. The whole estimator is a loop
# over these times, and here each turn leaves a record:


@dataclass(frozen=True)
class Step:
    """What happens at the time of an event."""

    time: float
    at_risk: int  # n: rows still under observation just before
    events: int  # d
    survival: float  # the product of all 1 - d / n so far


def kaplan_meier_steps(T, event):
    """Yield a record for each time of an event."""
    survival = 1.0
    for time in np.unique(T[event == 1]):
        at_risk, events = int(np.sum(time <= T)), int(np.sum(event[time == T]))
        survival *= 1.0 - events / at_risk
        yield Step(time, at_risk, events, survival)


def kaplan_meier(T, event):
    """Return the times of the events and the probability to survive each of them."""
    records = list(kaplan_meier_steps(T, event))
    return np.array([r.time for r in records]), np.array([r.survival for r in records])


five = np.array([1.0, 2.0, 2.0, 3.0, 4.0]), np.array([1, 1, 0, 1, 0])
for record in kaplan_meier_steps(*five):
    print(f"t = {record.time:g}: {record.events} of {record.at_risk}, S(t) = {record.survival:.2f}")
claims.equal(
    "five rows: S(3) = (4/5) (3/4) (1/2)", "Kaplan & Meier 1958", 0.3, record.survival, rtol=1e-12
)

# %%
# It describes the rows together. So does the mean of the predicted :math:`S(t \mid x_i)` over new
# rows, if censoring depends on nothing. Both can be compared with what nobody sees in practice: the
# uncensored times.

grid = np.linspace(0.02, 1.9, 95)
times, survival = kaplan_meier(T_new, event_new)
steps = np.concatenate([[1.0], survival])
curves = {"Kaplan-Meier": steps[np.searchsorted(times, grid, side="right")]}
for name, model in models.items():
    curves[name] = model.pred_dist(X_new).sf(grid[:, None]).mean(axis=1)
truth = np.array([(Y_new > t).mean() for t in grid])
gaps = {name: np.abs(curve - truth).max() for name, curve in curves.items()}
claims.at_most(
    "Kaplan-Meier: largest error of S(t), t < 1.9",
    "Kaplan & Meier 1958",
    0.04,
    gaps["Kaplan-Meier"],
)
claims.at_most("both factors: the same", "the run", 0.04, gaps["both factors"])
claims.at_least("dropped: the same", "the run", 0.15, gaps["dropped"])
claims.at_least("ignored: the same", "the run", 0.15, gaps["ignored"])

# %%
# The average of five minutes' work in NumPy is as good as that of the model. But it is one curve
# for everyone. The model has one for each row, and they are calibrated: the transforms
# :math:`F_i(Y_i)` of the times that nobody sees are uniform.

transform = {name: model.pred_dist(X_new).cdf(Y_new) for name, model in models.items()}
distance = {name: stats.kstest(u, "uniform").statistic for name, u in transform.items()}
claims.at_most(
    "both factors: distance of F(Y) to uniform", "Dawid 1984", 0.05, distance["both factors"]
)
claims.at_least("dropped: the same", "the run", 0.15, distance["dropped"])

# %%
# **What the usual score does not see.** Harrell's concordance is the share of pairs in the right
# order, of those pairs whose order is known: the one who had the event first was seen to have it.
# The biased models have nearly the same: their times are wrong, and the order of them is right.


def concordance(T, event, predicted):
    """Return the share of known pairs in the right order; equal predictions count one half."""
    known = event[:, None] & (T[:, None] < T)
    right = 1.0 * (predicted[:, None] < predicted) + 0.5 * (predicted[:, None] == predicted)
    return right[known].mean()


order = {
    name: concordance(T_new, event_new, model.predict(X_new)) for name, model in models.items()
}
for name in models:
    print(f"{name:12s} median over truth {bias[name]:.2f}, concordance {order[name]:.3f}")
claims.equal(
    "the five lines are what NGBSurvival.score returns",
    "Harrell et al. 1982",
    order["both factors"],
    models["both factors"].score(X_new, T_new, event_new),
    rtol=1e-9,
)
claims.at_most(
    "concordance: both factors minus ignored",
    "the run",
    0.02,
    abs(order["both factors"] - order["ignored"]),
)

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.3), layout="constrained")
COLORS = {"both factors": "#0072B2", "dropped": "#D55E00", "ignored": "#CC79A7"}
left.plot(grid, truth, color="0.75", linewidth=6, label="truth")
left.step(grid, curves["Kaplan-Meier"], where="post", color="k", linewidth=1, label="Kaplan-Meier")
styles = {"both factors": "-", "dropped": "--", "ignored": ":"}
for name, color in COLORS.items():
    left.plot(grid, curves[name], styles[name], color=color, label=name)
    right.plot(median_new, medians[name], ".", color=color, markersize=2, alpha=0.4)
    right.plot([], [], ".", color=color, label=name)
left.set(title="Who survives", xlabel="time", ylabel="share of all", ylim=(0, 1.02))
left.legend()
right.plot([0.2, 4], [0.2, 4], color="0.4", linewidth=1, linestyle="-.", label="predicted = true")
right.axvline(2.0, color="0.4", linewidth=1, linestyle=":")
right.text(2.05, 0.22, "end of the study", rotation=90, fontsize="small", color="0.3")
right.set(xscale="log", yscale="log", xlim=(0.2, 4), ylim=(0.2, 4))
right.set(title="Median of each row", xlabel="true time", ylabel="predicted time")
ticks = [0.25, 0.5, 1, 2, 4]
right.set_xticks(ticks, ticks)
right.set_yticks(ticks, ticks)
right.minorticks_off()
right.legend(loc="upper left")
plt.show()

# %%
# Medians to the right of the dotted line lie beyond the end of the study: of such people, less than
# half can have been seen to have the event. There the model goes on with the shape of its
# distribution, which happens to be the true one here. Nothing in the data can check it.
#
# Exercises
# ---------
# **1.** People who feel worse leave the study early, and feeling is not among the features. In
# which direction is the model biased now? And the curve of Kaplan and Meier?

X_ill, T_ill, event_ill, Y_ill, median_ill = make_study(3000, 3, hidden=0.7)
ill = NGBSurvival(random_state=0, n_threads=1).fit(X_ill, T_ill, event_ill)
times, survival = kaplan_meier(T_ill, event_ill)
at_one = survival[np.searchsorted(times, 1.0, side="right") - 1]
claims.at_least(
    "exercise 1: median over the true one",
    "this lesson",
    1.1,
    np.exp(np.mean(np.log(ill.predict_quantile(X_ill, 0.5) / median_ill))),
)
claims.at_least(
    "exercise 1: Kaplan-Meier's S(1) minus the truth",
    "this lesson",
    0.03,
    at_one - (Y_ill > 1).mean(),
)

# %%
# **2.** The CRPS of a censored row is :math:`\int_0^T F(t)^2 dt`: what lies before its time. Take
# exponential times of mean 1, and people who leave after an exponential time of mean 1, too: half
# of the rows are censored, and T has the mean 1/2 in both kinds. Is the expected score lowest at
# the mean 1?

t = np.linspace(0.0, 20.0, 20_001)
density = 2.0 * np.exp(-2.0 * t)  # of T


def expected_score(mean):
    """Return the expected CRPS, half of the rows being observed."""
    params = np.full((len(t), 1), np.log(mean))
    kinds = [
        exponential.score(params, t, score="crps", event=np.full(len(t), kind))
        for kind in (0.0, 1.0)
    ]
    return np.trapezoid(density * np.mean(kinds, axis=0), t)


lowest = optimize.minimize_scalar(expected_score, bounds=(0.2, 2.0), method="bounded").x
claims.equal(
    "exercise 2: mean with the lowest expected censored CRPS",
    "this lesson",
    0.72,
    lowest,
    rtol=0.01,
)

# %%
# It is not: an observed row is charged for what its distribution says after its time, a censored
# one is not. The log score, the default, has no such defect.
#
# Claims
# ------

claims

# %%
# **Sources.** Kaplan and Meier, Nonparametric estimation from incomplete observations, 1958. Avati,
# Duan, Zhou, Jung, Shah and Ng, Countdown regression: sharp and calibrated survival predictions,
# 2019, for both scores of censored rows. Harrell, Califf, Pryor, Lee and Rosati, Evaluating the
# yield of medical tests, 1982. Dawid, Statistical theory: the prequential approach, 1984. The
# numbers behind ≤ and ≥ are ours.
