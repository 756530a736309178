"""Pictures of registered parts, drawn from values that the compiled core returns."""

import functools
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from optlite import objectives, optim
from optlite._core import core

BLUE, ORANGE, GREEN = "#1f5fa8", "#d9730d", "#2e7d4f"


@dataclass(frozen=True)
class Picture:
    """What a page says about its figure."""

    alt: str
    caption: str


def draw(record, path):
    """Draw the picture of a part, save it at ``path`` and describe it; None if it has none."""
    draw_kind = DRAW.get(record["kind"])
    drawn = None if draw_kind is None else draw_kind(record)
    if drawn is None:
        return None
    figure, picture = drawn
    # Without the software's version in the file, equal pictures are equal files.
    figure.savefig(path, dpi=130, metadata={"Software": None})
    return picture


def _axes(columns=1, width=6.4):
    figure = Figure(figsize=(width, 3.4), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for ax in axes:
        ax.grid(alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


# Objectives ---------------------------------------------------------------------------------------

# The target, its name in the label, the margins shown, and the number of margins per sample.
CURVES = {
    "real": (0.0, "y = 0", (-4.0, 4.0), 1),
    "binary": (1.0, "y = +1", (-5.0, 5.0), 1),
    "count": (2.0, "y = 2", (-3.0, 2.2), 1),
    "label": (0.0, "y = 0, K = 3, other margins 0", (-6.0, 6.0), 3),
}


def _loss_curves(record):
    """Value and two derivatives of the loss in the (first) margin, from a one-sample model."""
    y, label, (lower, upper), outputs = CURVES[record["target"]]
    fields = [field["default"] for field in record["fields"]]
    design = core.dense(np.ones((1, 1)))
    model = core.Model(
        design, record["name"], np.array([y]), None, fields, outputs, False, 0.0, "zero"
    )
    margins = np.linspace(lower, upper, 401)
    curves = np.empty((3, margins.size))
    for i, z in enumerate(margins):
        x = np.zeros(outputs)
        x[0] = z
        value, gradient = model.value_and_gradient(x)
        curves[:, i] = value, gradient[0], model.hessian(x)[0, 0]
    return label, margins, curves


def _draw_objective(record):
    label, margins, curves = _loss_curves(record)
    figure, (ax,) = _axes()
    names = (r"$\ell(z, y)$", r"$\ell'(z, y)$", r"$\ell''(z, y)$")
    for values, name, color, style in zip(
        curves, names, (BLUE, ORANGE, GREEN), ("-", "--", ":"), strict=True
    ):
        ax.plot(margins, values, style, color=color, label=name, linewidth=2)
    ax.axhline(0.0, color="0.5", linewidth=0.8)
    ax.set(xlabel="margin z", title=f"{record['class_name']}, {label}", xlim=margins[[0, -1]])
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    caption = "The loss of one sample and its first two derivatives in the margin."
    if record["fields"]:
        caption += " Hyper-parameters at their defaults."
    return figure, Picture(f"Loss and derivatives of {record['name']}", caption)


# Penalties ----------------------------------------------------------------------------------------


def _draw_penalty(record):
    fields = [field["default"] for field in record["fields"]]
    grid = np.linspace(-2.0, 2.0, 401)
    value = np.array([core.penalty_value(record["name"], w, fields) for w in grid])
    prox = np.array([core.penalty_prox(record["name"], v, 1.0, fields) for v in grid])
    figure, (left, right) = _axes(2, width=8.0)
    left.plot(grid, value, color=BLUE, linewidth=2)
    finite = np.isfinite(value)
    if not finite.all():
        left.axvspan(grid[0], grid[finite][0], color="0.85", label="infinite")
        left.legend(frameon=False)
    left.set(xlabel="w", ylabel="h(w)", title="Penalty", ylim=(-0.2, 2.2), xlim=(-2, 2))
    right.plot(grid, grid, color="0.6", linewidth=1, linestyle="--", label="v")
    right.plot(grid, prox, color=ORANGE, linewidth=2, label="prox(v)")
    right.set(xlabel="v", title="Proximal operator, step 1", xlim=(-2, 2), ylim=(-2, 2))
    right.legend(frameon=False, loc="upper left")
    return figure, Picture(
        f"Value and proximal operator of {record['name']}",
        "Left: the penalty of one coordinate. Right: the proximal operator, "
        ":math:`\\arg\\min_w h(w) + \\tfrac12 (w - v)^2`.",
    )


# Descent ------------------------------------------------------------------------------------------


@functools.cache
def _small_data():
    """Two columns that differ in scale and overlap, and labels that no line separates."""
    random = np.random.default_rng(3)
    X = random.normal(size=(200, 2)) @ np.array([[2.0, 0.6], [0.0, 0.7]])
    y = np.where(X @ [0.8, -1.5] + random.logistic(size=200) > 0, 1.0, -1.0)
    return X, y


def _small_problem():
    """A logistic model in two variables."""
    X, y = _small_data()
    return core.Model(core.dense(X), "logistic", y, None, [], 1, False, 1e-2, "squared_l2")


def _path(model, direction, step_size, start, iterations=200):
    """Iterates and values of a run."""
    run = core.Descent(model, direction, [], step_size, [], start, 1e-12, iterations)
    points, values = [run.x], [run.record["objective"]]
    while run.step():
        points.append(run.x)
        values.append(run.record["objective"])
    return np.array(points), np.array(values)


def _draw_descent(record):
    directions = record["kind"] == "directions"
    names = (record["name"], "armijo") if directions else ("newton", record["name"])
    model = _small_problem()
    start = np.array([-2.0, 1.6])
    points, values = _path(model, *names, start)
    best = model.fit(None, "newton-cholesky", 1e-15, 50, False)
    figure, (left, right) = _axes(2, width=8.4)
    _draw_contours(left, best["value"])
    left.plot(*points.T, "o-", color=ORANGE, markersize=4, linewidth=1.5, label="iterates")
    left.plot(*best["coefficients"], "*", color="black", markersize=11, label="minimum")
    left.set(xlabel="$w_1$", ylabel="$w_2$", title="Iterates")
    left.legend(loc="lower left", framealpha=0.9)
    gap = (values - best["value"]) / abs(best["value"])
    shown = gap > 1e-15
    right.semilogy(np.flatnonzero(shown), gap[shown], "o-", color=BLUE, markersize=4)
    right.set(
        xlabel="iteration",
        title="Relative suboptimality",
        ylim=(1e-16, 1e1),
        yticks=10.0 ** np.arange(-16, 1, 4),
    )
    other = f"step size {names[1]}" if directions else f"direction {names[0]}"
    return figure, Picture(
        f"Iterates and suboptimality of {record['name']}",
        f"{record['class_name']} (with {other}) on a logistic model in two variables: the path "
        "over the contours of the objective, and the relative distance of its value from the "
        f"minimum. The run took {len(values) - 1} steps.".replace("_", "\\_"),
    )


@functools.cache
def _surface():
    """The objective of the small problem on a grid."""
    w1, w2 = np.meshgrid(np.linspace(-2.6, 3.4, 61), np.linspace(-3.4, 2.4, 61))
    model = _small_problem()
    values = [model.value_and_gradient(w)[0] for w in np.column_stack([w1.ravel(), w2.ravel()])]
    return w1, w2, np.reshape(values, w1.shape)


def _draw_contours(ax, minimum):
    levels = minimum + np.geomspace(0.01, 3.0, 12)
    ax.contour(*_surface(), levels=levels, cmap="Blues_r", linewidths=0.8)
    ax.grid(visible=False)


# Update rules -------------------------------------------------------------------------------------

RATES = 10.0 ** np.arange(-4, 1.01, 0.25)
RULE_STEPS = 200


def _rule_path(record, options, start):
    """Points and values of a run with full gradients on the small problem."""
    objective = objectives.Logistic(*_small_data(), alpha=1e-2)
    run = optim.steps(
        objective, start, record["name"], max_iter=RULE_STEPS, tol=0.0, random_state=0, **options
    )
    records = list(run)
    points = np.array([each.x for each in records])
    return points, np.array([each.objective for each in records])


def _draw_rule(record):
    """The run of the best rate of a grid, so that no rule suffers from its default."""
    start = np.array([-2.0, 1.6])
    best = _small_problem().fit(None, "newton-cholesky", 1e-15, 50, False)
    has_rate = any(field["name"] == "learning_rate" for field in record["fields"])
    grid = [{"learning_rate": rate} for rate in RATES] if has_rate else [{}]
    needed = optim.list_rules()
    extra = next(rule["extra"] for rule in needed if rule["name"] == record["name"])
    if not set(extra) <= {"loss", "hessian_diag"}:
        return None  # nothing on this problem can stand for what the rule asks for
    runs = [_rule_path(record, options, start) for options in grid]
    last = [
        values[-20:].max() if np.isfinite(values).all() and len(values) > RULE_STEPS else np.inf
        for _, values in runs
    ]
    chosen = int(np.argmin(last))
    points, values = runs[chosen]
    figure, (left, right) = _axes(2, width=8.4)
    _draw_contours(left, best["value"])
    left.plot(*points.T, "o-", color=ORANGE, markersize=2.5, linewidth=1.2, label="iterates")
    left.plot(*best["coefficients"], "*", color="black", markersize=11, label="minimum")
    left.set(xlabel="$x_1$", ylabel="$x_2$", title="Iterates")
    left.legend(loc="lower left", framealpha=0.9)
    gap = np.maximum((values - best["value"]) / abs(best["value"]), 1e-16)
    right.semilogy(gap, color=BLUE, linewidth=1.8)
    right.set(
        xlabel="step",
        title="Relative suboptimality",
        ylim=(1e-16, 1e1),
        yticks=10.0 ** np.arange(-16, 1, 4),
    )
    return figure, Picture(
        f"Iterates and suboptimality of {record['name']}",
        f"{RULE_STEPS} steps with full gradients on a logistic model in two variables: the path "
        "over the contours, and the relative distance of the objective from its minimum. "
        + (
            f"The learning rate, {RATES[chosen]:.3g}, is the best of {len(RATES)} from 1e-4 to 10 "
            "(lowest worst value in the last 20 steps); everything else is at its default."
            if has_rate
            else "All hyper-parameters are the defaults."
        ),
    )


DRAW = {
    "rules": _draw_rule,
    "objectives": _draw_objective,
    "penalties": _draw_penalty,
    "directions": _draw_descent,
    "step_sizes": _draw_descent,
}
