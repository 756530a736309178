"""Pictures of registered parts, drawn from values that the compiled core returns."""

import functools
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from optlite import bcd, datasets, objectives, optim, ot
from optlite._core import core
from optlite._params import records
from optlite.display import ConvergenceDisplay, TrajectoryDisplay
from optlite.trace import Trace

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


# Activations --------------------------------------------------------------------------------------


def _draw_activation(record):
    grid = np.linspace(-4.0, 4.0, 401)
    curves = np.array([core.activation(record["name"], a) for a in grid]).T
    figure, (ax,) = _axes()
    names = ("$g(a)$", "$g'(a)$", "$g''(a)$")
    for values, name, color, style in zip(
        curves, names, (BLUE, ORANGE, GREEN), ("-", "--", ":"), strict=True
    ):
        ax.plot(grid, values, style, color=color, label=name, linewidth=2)
    ax.axhline(0.0, color="0.5", linewidth=0.8)
    ax.set(xlabel="a", title=record["class_name"], xlim=grid[[0, -1]], ylim=(-1.2, 2.2))
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure, Picture(
        f"Values and derivatives of {record['name']}",
        "The activation of one unit and its first two derivatives.",
    )


# Penalties ----------------------------------------------------------------------------------------


def _draw_penalty(record):
    fields = [field["default"] for field in record["fields"]]
    if record["of_ranks"]:
        fields = [1.0, 0.4]
    if record["of_groups"]:
        return _draw_group_penalty(record, fields)
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


def _draw_group_penalty(record, fields):
    """Levels of the penalty of two coordinates, and where the proximal operator takes points."""
    name = record["name"]
    grid = np.linspace(-2.0, 2.0, 81)
    plane = np.array(
        [[core.penalty_value(name, np.array([a, b]), fields) for a in grid] for b in grid]
    )
    points = np.stack(np.meshgrid(*[np.linspace(-2.0, 2.0, 9)] * 2), axis=-1).reshape(-1, 2)
    ends = np.array([core.penalty_prox(name, v, 1.0, fields) for v in points])
    figure, (left, right) = _axes(2, width=8.0)
    left.contour(grid, grid, plane, levels=np.arange(0.5, 3.0, 0.5), colors=BLUE)
    left.set(xlabel="$w_1$", ylabel="$w_2$", title="Penalty", aspect="equal")
    right.quiver(
        *points.T, *(ends - points).T, angles="xy", scale_units="xy", scale=1, color=ORANGE
    )
    right.set(xlabel="$v_1$", ylabel="$v_2$", title="Proximal operator, step 1", aspect="equal")
    return figure, Picture(
        f"Levels and proximal operator of {name}",
        "Two coordinates of a group. Left: points of equal penalty. Right: arrows from v to "
        ":math:`\\arg\\min_w h(w) + \\tfrac12 \\|w - v\\|^2`. "
        + ("Levels 1 and 0.4." if fields == [1.0, 0.4] else "Hyper-parameters at their defaults."),
    )


# Runs ---------------------------------------------------------------------------------------------

START = np.array([-2.0, 1.6])


@functools.cache
def _small_problem():
    """A logistic model of two columns that differ in scale, and its minimum."""
    random = np.random.default_rng(3)
    X = random.normal(size=(200, 2)) @ np.array([[2.0, 0.6], [0.0, 0.7]])
    y = np.where(X @ [0.8, -1.5] + random.logistic(size=200) > 0, 1.0, -1.0)
    objective = objectives.Logistic(X, y, alpha=1e-2)
    return objective, optim.minimize(objective, method="newton", tol=1e-15)


def _run(method, **options):
    """The trace of a run on the small problem."""
    options = {"max_iter": 200, "tol": 1e-12, **options}
    return Trace(optim.steps(_small_problem()[0], START, method=method, **options))


def _draw_run(record, trace):
    """Path and suboptimality of a run."""
    objective, best = _small_problem()
    figure, (left, right) = _axes(2, width=8.4)
    left.grid(visible=False)
    TrajectoryDisplay.from_trace(
        trace,
        objective,
        name=record["class_name"],
        minimizer=best.x,
        ax=left,
        xlim=(-2.6, 3.4),
        ylim=(-3.4, 2.4),
        color=ORANGE,
        marker=".",
        markersize=6 if len(trace) <= 61 else 3,
    )
    left.set(title="Iterates")
    ConvergenceDisplay.from_trace(
        trace,
        minimum=best.fun,
        show_certificate=False,
        ax=right,
        color=BLUE,
        linewidth=1.8,
        marker="o" if len(trace) <= 61 else None,
    )
    right.get_legend().remove()
    right.set(
        title="Relative suboptimality", ylim=(1e-16, 1e1), yticks=10.0 ** np.arange(-16, 1, 4)
    )
    right.set(ylabel="")
    return figure


def _draw_descent(record):
    directions = record["kind"] == "directions"
    own = {name: each["step_size"] for name, each in records("directions").items()}
    if directions:
        names = (record["name"], own[record["name"]] or "armijo")
    else:  # of the directions that take this step size only, the last one
        names = (
            ["newton", *(d for d, s in own.items() if s == record["name"])][-1],
            record["name"],
        )
    trace = _run(names[0], step_size=names[1])
    other = f"step size {names[1]}" if directions else f"direction {names[0]}"
    return _draw_run(record, trace), Picture(
        f"Iterates and suboptimality of {record['name']}",
        f"{record['class_name']} (with {other}) on a logistic model in two variables: the path "
        "over the contours of the objective, and the relative distance of its value from the "
        f"minimum. The run took {len(trace) - 1} steps.".replace("_", "\\_"),
    )


def _draw_curvature(record):
    direction, step_size = record["as_method"] or ("newton_cg", "armijo")
    name = record["name"]
    trace = _run(direction, step_size=step_size, curvature=name, random_state=0)
    return _draw_run(record, trace), Picture(
        f"Iterates and suboptimality of {name}",
        f"{record['class_name']} (with direction {direction} and step size {step_size}) on a "
        "logistic model in two variables: the path over the contours of the objective, and the "
        "relative distance of its value from the minimum. The run took "
        f"{len(trace) - 1} steps.".replace("_", "\\_"),
    )


# Update rules -------------------------------------------------------------------------------------

RATES = 10.0 ** np.arange(-4, 1.01, 0.25)
RULE_STEPS = 200


def _draw_rule(record):
    """The run of the best rate of a grid, so that no rule suffers from its default."""
    has_rate = any(field["name"] == "learning_rate" for field in record["fields"])
    grid = [{"learning_rate": rate} for rate in RATES] if has_rate else [{}]
    needed = optim.list_rules()
    extra = next(rule["extra"] for rule in needed if rule["name"] == record["name"])
    if not set(extra) <= {"loss", "hessian_diag", "probe", "hvp"}:
        return None  # nothing on this problem can stand for what the rule asks for
    is_matrix = record["family"] == "matrix" and not extra
    run = _run_of_a_column if is_matrix else _run_of_a_rule
    runs = [run(record["name"], **options) for options in grid]
    chosen = int(np.argmin([_worst_of_the_last(trace["objective"]) for trace in runs]))
    return _draw_run(record, runs[chosen]), Picture(
        f"Iterates and suboptimality of {record['name']}",
        f"{RULE_STEPS} steps with full gradients on a logistic model in two variables: the path "
        "over the contours, and the relative distance of the objective from its minimum. "
        + ("To the rule the variables are a matrix of one column. " if is_matrix else "")
        + (
            f"The learning rate, {RATES[chosen]:.3g}, is the best of {len(RATES)} from 1e-4 to 10 "
            "(lowest worst value in the last 20 steps); everything else is at its default."
            if has_rate
            else "All hyper-parameters are the defaults."
        ),
    )


def _run_of_a_rule(name, **options):
    return _run(name, max_iter=RULE_STEPS, tol=0.0, random_state=0, **options)


def _run_of_a_column(name, **options):
    """The trace of a rule for matrices, many of which leave vectors to another rule."""
    rule, objective = optim.from_name(name, **options), _small_problem()[0]
    x = np.array(START, dtype=float).reshape(2, 1)
    state, entries = rule.init(x), []
    for k in range(RULE_STEPS + 1):
        value, gradient = objective.value_and_gradient(x.ravel())
        entries.append({"iteration": k, "x": x.ravel().copy(), "objective": float(value)})
        if not np.isfinite(value):
            break
        rule.step(x, gradient.reshape(2, 1), state)
    return Trace(entries)


def _worst_of_the_last(values):
    """The largest of the last 20 values of a run; infinity for one that came to no end."""
    complete = np.isfinite(values).all() and len(values) > RULE_STEPS
    return values[-20:].max() if complete else np.inf


# Distributions ------------------------------------------------------------------------------------

# The range of y that is shown for each kind of targets.
TARGET_RANGES = {
    "real": (-5.0, 5.0),
    "positive": (1e-3, 5.0),
    "non_negative": (0.0, 5.0),
    "unit": (1e-3, 1.0 - 1e-3),
    "binary": (0.0, 1.0),
    "count": (0.0, 12.0),
    "label": (0.0, 2.0),
}


def _draw_distribution(record):
    """Densities as one parameter changes and the others are zero: a panel for each parameter."""
    if record["targets"] not in TARGET_RANGES:
        return None
    low, high = TARGET_RANGES[record["targets"]]
    counts = record["targets"] in ("binary", "count", "label")
    y = np.arange(low, high + 1.0) if counts else np.linspace(low, high, 401)
    fields = [field["default"] for field in record["fields"]]
    names = [parameter["name"] for parameter in record["parameters"]]
    figure, axes = _axes(len(names), width=3.2 + 2.9 * len(names))
    for k, (ax, name) in enumerate(zip(axes, names, strict=True)):
        for value, color in ((-1.0, BLUE), (0.0, ORANGE), (1.0, GREEN)):
            theta = np.zeros((len(names), y.size))
            theta[k] = value
            score = core.distribution_evaluate(
                record["name"], fields, "log", "score", theta, y, None
            )
            style = {"marker": "o", "linewidth": 1} if counts else {"linewidth": 2}
            ax.plot(y, np.exp(-score[0]), color=color, label=f"{value:g}", **style)
        ax.set(xlabel="y", title=name.replace("_", " "), ylim=(0.0, None))
        ax.set_ylim(0.0, min(ax.get_ylim()[1], 2.0))
        ax.legend(frameon=False)
    axes[0].set(ylabel="probability" if counts else "density")
    return figure, Picture(
        f"{'Probabilities' if counts else 'Densities'} of {record['name']}",
        f"{'Probabilities' if counts else 'Densities'} for three values of each parameter, the "
        "others at zero. Parameters may be any real numbers.",
    )


# Optimal transport -------------------------------------------------------------------------------


def _draw_transport(record):
    """The marginal error by iteration, at three regularizations."""
    rng = np.random.default_rng(0)
    X, Y = rng.random((150, 2)), rng.normal([0.7, 0.4], [0.25, 0.1], (150, 2))
    M = ((X[:, None] - Y) ** 2).sum(axis=2)
    figure, (ax,) = _axes()
    for share, color in ((0.1, GREEN), (0.03, ORANGE), (0.01, BLUE)):
        run = ot.steps(None, None, M, share * M.mean(), record["name"], annealing=1.0)
        records = [r for r in run if r.marginal_error > 1e-12]
        label = f"$\\varepsilon$ = {share:g} mean cost"
        iterations = [r.iteration for r in records]
        ax.semilogy(iterations, [r.marginal_error for r in records], color=color, label=label)
    ax.set(xlabel="iteration", ylabel="marginal error")
    ax.legend(frameon=False)
    return figure, Picture(
        alt=f"Marginal error of {record['class_name']} by iteration",
        caption="Two clouds of 150 points, squared distances, uniform masses: the sum of absolute "
        "differences between the marginals of the plan and the masses, by iteration.",
    )


# Block coordinate descent -------------------------------------------------------------------------


def _draw_blocks(record):
    """The objective by iteration, for blocks of three sizes, or of three kinds of trees."""
    if record["takes"] == "graph":
        return _draw_trees(record)
    rng = np.random.default_rng(0)
    A = rng.normal(size=(120, 60)) * 10.0 ** rng.uniform(-1.0, 0.5, 60)
    f = bcd.LeastSquares(A, A @ rng.normal(size=60) + rng.normal(size=120))
    minimum = f.value(np.linalg.solve(f.H, f.c))
    part = "selection" if record["kind"] == "block_selections" else "update"
    choices = {"selection": "gsl", part: record["name"]}
    figure, (ax,) = _axes()
    for size, color in ((2, GREEN), (6, ORANGE), (20, BLUE)):
        options = {"block_size": size, "max_iter": 150, "random_state": 0, **choices}
        gaps = np.array([r.objective for r in bcd.steps(f, "sort", **options)]) - minimum
        gaps = gaps[gaps > 1e-12 * abs(minimum)]
        ax.semilogy(gaps, color=color, label=f"blocks of {size}")
    ax.set(xlabel="iteration", ylabel="objective - minimum")
    ax.legend(frameon=False)
    return figure, Picture(
        alt=f"Objective less minimum of {record['class_name']} by iteration",
        caption="Least squares with 60 columns of very different lengths in sorted blocks, 150 "
        "iterations: the objective less its minimum. Selection GSL and matrix update, but for what "
        "this page is about.",
    )


def _draw_trees(record):
    f = bcd.LabelPropagation(*datasets.lattice_labels(20, 20, weight=1.0, random_state=0))
    minimum = f.value(np.linalg.solve(f.H.toarray(), f.c))
    figure, (ax,) = _axes()
    ways = (("red_black", "cyclic", GREEN), ("trees", "cyclic", ORANGE), ("forest", "gsd", BLUE))
    for partition, selection, color in ways:
        choices = (partition, selection, record["name"], None)
        gaps = np.array([r.objective for r in bcd.steps(f, *choices, max_iter=40)]) - minimum
        ax.semilogy(gaps, color=color, label=f"{partition}, {selection}")
    ax.set(xlabel="iteration", ylabel="objective - minimum")
    ax.legend(frameon=False)
    return figure, Picture(
        alt=f"Objective less minimum of {record['class_name']} by iteration",
        caption="Values at 20 of 400 nodes of a lattice: the objective less its minimum, for "
        "blocks of one colour, for one of two trees, and for greedy trees.",
    )


DRAW = {
    "block_selections": _draw_blocks,
    "block_updates": _draw_blocks,
    "distributions": _draw_distribution,
    "transport_methods": _draw_transport,
    "rules": _draw_rule,
    "objectives": _draw_objective,
    "activations": _draw_activation,
    "penalties": _draw_penalty,
    "curvatures": _draw_curvature,
    "directions": _draw_descent,
    "step_sizes": _draw_descent,
}
