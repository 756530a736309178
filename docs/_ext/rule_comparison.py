"""Sphinx extension: one page that compares all update rules on a few objectives.

Every rule of ``optim.list_rules()`` runs; a new one joins by being registered. All get the same
budget: each rate of one grid and the rule's own default, the same steps, the same start, the same
order of the samples. What cannot run is listed with the reason that the library gives.
"""

import hashlib
import json
import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.preprocessing import StandardScaler

from optlite import objectives, optim
from optlite._core import core

RATES = 10.0 ** np.arange(-4, 2.1, 0.5)
STEPS = 100
BASE = "momentum"  # what wrappers go around
# What wrappers cannot do without, a seed, and the decay of an average that is not longer than the
# runs.
WRAPPER_OPTIONS = {
    "clip_norm": {"max_norm": 1.0},
    "clip_value": {"bound": 1.0},
    "ema": {"decay": 0.9},
    "gradient_noise": {"random_state": 0},
    "median_clip": {"radius": 1.0},
    "swa": {"start": STEPS // 2},
}
LAST = 10  # the worst of so many last values counts, so that no rule wins by a lucky one
FAMILY_COLORS = ("#1f5fa8", "#d9730d", "#2e7d4f", "#8a4fb0", "#b03a48", "#5b6770", "#a08020")


@dataclass(frozen=True)
class Problem:
    """An objective, and how long a run on it is."""

    name: str
    text: str
    objective: object
    start: np.ndarray
    minimum: float
    steps: int
    batch_size: int | None = None

    @property
    def every(self):
        """Steps between two values of the whole objective."""
        if self.batch_size is None:
            return 1
        return self.objective.X.shape[0] // self.batch_size


@dataclass
class Result:
    """What a rule reached on one problem, relative to the start: 1 is no progress."""

    tuned: float
    rate: float | None
    at_default: float
    edge: str = ""


@dataclass
class Row:
    """One rule: its results, and how many oracle calls a step of it costs."""

    name: str
    family: str
    results: dict = field(default_factory=dict)
    calls: dict = field(default_factory=dict)
    reason: str = ""


# Problems -----------------------------------------------------------------------------------------


def make_problems(scale=1.0):
    """Return the objectives; `scale` shortens the runs for a test."""

    def steps(n):
        return max(int(n * scale), 2)

    wine, cancer = load_wine(), load_breast_cancer()
    softmax = objectives.Multinomial(
        StandardScaler().fit_transform(wine.data), wine.target, alpha=1e-2
    )
    logistic = objectives.Logistic(
        StandardScaler().fit_transform(cancer.data), cancer.target, alpha=1e-2
    )
    valley = objectives.Rosenbrock()
    return [
        Problem(
            "quadratic",
            "20 variables as a 4 x 5 matrix, eigenvalues from 1 down to 0.001 in a rotated basis",
            rotated_quadratic(),
            np.ones((4, 5)),
            0.0,
            steps(STEPS),
        ),
        Problem(
            "Rosenbrock",
            "the curved valley in two variables, from (-1.2, 1)",
            valley,
            np.array([-1.2, 1.0]),
            0.0,
            steps(STEPS),
        ),
        Problem(
            "softmax",
            "three wines, 13 standardised columns, penalty 0.01, full gradients",
            softmax,
            np.zeros(softmax.shape),
            best_value(softmax),
            steps(STEPS),
        ),
        Problem(
            "logistic, batches",
            "breast cancer, 30 standardised columns, penalty 0.01, batches of 32, 6 epochs",
            logistic,
            np.zeros(logistic.shape),
            best_value(logistic),
            steps(6) * (569 // 32),
            32,
        ),
    ]


def rotated_quadratic():
    """Return a quadratic of a matrix, whose axes are no coordinates."""
    basis, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 20)))
    hessian = (basis * np.geomspace(1e-3, 1.0, 20)) @ basis.T

    def product(x):
        return (hessian @ x.ravel()).reshape(x.shape)

    return objectives.from_callable(
        lambda x: 0.5 * np.vdot(x, product(x)),
        product,
        shape=(4, 5),
        hvp=lambda x, v: product(v),
        minimum=0.0,
    )


def best_value(objective):
    """Return the minimum of a generalized linear model."""
    return optim.minimize(objective, method="newton", tol=1e-14).fun


# Runs ---------------------------------------------------------------------------------------------


def make_rule(record, rate, minimum):
    """Return a rule, or a wrapper around the base; without decay, and told the minimum."""
    if record["family"] == "wrapper":
        base = make_rule({"name": BASE, "family": ""}, rate, minimum)
        return optim.from_name(record["name"], rule=base, **WRAPPER_OPTIONS.get(record["name"], {}))
    rule = optim.from_name(record["name"])
    hyper = rule.hyperparameters()
    changes = {"weight_decay": 0.0, "minimum": minimum}
    changes = {name: value for name, value in changes.items() if name in hyper}
    if rate is not None:
        # Rules for matrices have a rate of their own for vectors.
        tuned = ("learning_rate", "vector_learning_rate")
        changes |= {name: rate for name in tuned if name in hyper}
    return rule.replace(**changes)


def has_rate(record):
    """Tell whether there is a learning rate to tune."""
    return record["family"] == "wrapper" or "learning_rate" in (
        optim.from_name(record["name"]).hyperparameters()
    )


def run(problem, rule):
    """Return the worst of the last values, relative to the start; infinite after an overflow."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # overflows of rates that are too large
        records = list(
            optim.steps(
                problem.objective,
                problem.start,
                rule,
                max_iter=problem.steps,
                tol=0.0,
                batch_size=problem.batch_size,
                random_state=0,
            )
        )
        if len(records) <= problem.steps:
            return math.inf
        whole = records[:: problem.every]  # between epochs: the values of batches
        first = whole[0].objective - problem.minimum
        values = [value_of(problem, rule, each) for each in whole[-LAST:]]
    worst = np.max(values[-2 if problem.every > 1 else 0 :])
    return max(worst - problem.minimum, 0.0) / first if np.isfinite(worst) else math.inf


def value_of(problem, rule, record):
    """Return the value where a rule wants to be judged: some keep an average for that."""
    if "average" in record.state:
        return problem.objective.value(record.state["average"])
    if rule.name.startswith("schedule_free"):  # the parameters are where gradients are taken
        step = 1.0 - 1.0 / rule._interpolation
        return problem.objective.value(record.x + step * (record.state["z"] - record.x))
    return record.objective


def compare(record, problem, rates=RATES):
    """Return the result of a rule on a problem, from its default and from all rates."""
    at_default = run(problem, make_rule(record, None, problem.minimum))
    if not has_rate(record):
        return Result(at_default, None, at_default, "no rate")
    reached = [run(problem, make_rule(record, rate, problem.minimum)) for rate in rates]
    best = int(np.argmin(reached))
    edge = {0: "lowest", len(rates) - 1: "highest"}.get(best, "")
    return Result(reached[best], float(rates[best]), at_default, edge)


def count_calls(record):
    """Return how many values, gradients and Hessian products a step asks for, in the long run."""
    counts = dict.fromkeys(("value", "gradient", "hvp"), 0)
    inner = rotated_quadratic()

    def counting(name):
        def call(*arguments):
            counts[name] += 1
            return getattr(inner, name)(*arguments)

        return call

    objective = objectives.from_callable(
        counting("value"), counting("gradient"), inner.shape, counting("hvp")
    )
    steps = 20
    for _ in optim.steps(objective, np.ones((4, 5)), make_rule(record, 1e-3, 0.0), max_iter=steps):
        pass
    # The driver itself evaluates the start, and the value for the records.
    counts["value"] -= steps + 1
    counts["gradient"] -= 1
    return {name: count / steps for name, count in counts.items()}


def row_of(record, problems, rates):
    """Return what one rule did."""
    row = Row(record["name"], record["family"])
    try:
        row.calls = count_calls(record)
        for problem in problems:
            row.results[problem.name] = compare(record, problem, rates)
    except TypeError as refusal:  # the library says what it cannot provide
        row.reason = str(refusal)
    return row


def compare_all(problems, rates=RATES, n_jobs=1):
    """Return a row for each rule there is, from so many processes."""
    rows = (delayed(row_of)(record, problems, rates) for record in optim.list_rules())
    return Parallel(n_jobs)(rows)


def ranked(rows, problems):
    """Return the rows that ran, best mean rank first, with that rank."""
    ran = [row for row in rows if not row.reason]
    ranks = np.zeros(len(ran))
    for problem in problems:
        reached = np.array([row.results[problem.name].tuned for row in ran])
        # Below 1e-12 rounding decides; equal results share the mean of their ranks.
        reached = np.maximum(reached, 1e-12)
        ranks += [(reached < own).sum() + ((reached == own).sum() + 1) / 2 for own in reached]
    ranks /= len(problems)
    return [(ran[i], ranks[i]) for i in np.argsort(ranks, kind="stable")]


# Page ---------------------------------------------------------------------------------------------


def number(value):
    """Write a relative suboptimality."""
    return "diverges" if math.isinf(value) else "< 1e-12" if value < 1e-12 else f"{value:.1e}"


def cell(result):
    """Write what was reached, at which rate, and whether the grid ended there."""
    if result.rate is None:
        return f"{number(result.tuned)} (no rate)"
    mark = {"lowest": " ⇤", "highest": " ⇥"}.get(result.edge, "")
    return f"{number(result.tuned)} ({float(f'{result.rate:.2g}'):g}{mark})"


def calls_cell(calls):
    """Write the oracle calls of a step."""
    names = {"gradient": "g", "value": "f", "hvp": "Hv"}
    shown = [f"{calls[key]:.3g} {name}" for key, name in names.items() if calls[key] > 0.0]
    return " + ".join(shown)


def name_cell(row, linked):
    """Write the name of a rule, as a link where it has a page."""
    return linked.get(row.name, f"``{row.name}``")


def page_text(rows, problems, linked):
    """Return the reStructuredText of the page."""
    order = ranked(rows, problems)
    options = ", ".join(
        f"``{name}`` has ``{key}={value!r}``"
        for name, given in WRAPPER_OPTIONS.items()
        for key, value in given.items()
    )
    lines = [".. _rule-comparison:", "", "All update rules compared", "=" * 25, ""]
    lines += [
        f"All {len(rows)} rules of ``optim.list_rules()`` on {len(problems)} small objectives. The",
        "numbers are the relative suboptimality at the end,",
        ":math:`(f(x_T) - f^*) / (f(x_0) - f^*)`: 1 is no progress, 0 the minimum.",
        "",
    ]
    for problem in problems:
        lines += [f":{problem.name}: {problem.text}; {problem.steps} steps."]
    lines += ["", "How each was tuned", "-" * 18, ""]
    lines += [
        f"- Every rule gets the same {len(RATES)} learning rates, {RATES[0]:g} to {RATES[-1]:g},",
        "  half a decade apart, and is shown with the best one, in parentheses beside the result.",
        "  All other hyper-parameters are at their defaults, but weight decay is zero, since it",
        "  would move the minimum, and rules that ask for the minimum are told it.",
        "- ⇤ and ⇥ mark a best rate at the lower or upper end of the grid: a wider one might help.",
        "- The same start, the same steps, the same seed: with batches the same order of samples,",
        "  but for rules that draw random vectors in between.",
        f"- What counts is the *worst* of the last {LAST} values (with batches: of the last two",
        "  epochs), for the choice of the rate, too.",
        f"- Wrappers go around ``{BASE}``, whose rate is tuned; what they cannot do without is",
        f"  given: {options}.",
        "- Averages are judged where their rule says: SWA and EMA at the average, Schedule-Free at",
        "  x.",
        "- Rules of another price per step are not given fewer steps: the last column says what a",
        "  step costs in gradients (g), values (f) and Hessian-vector products (Hv).",
        "",
        "What this is not: a recommendation. The objectives are small, three of four are convex,",
        "and one has noise. A rule for deep networks may be last here and right there. Rules for",
        "large or for several matrices have little to do: with one tensor ScaledGD is gradient",
        "descent, and a rank of 128 leaves GaLore, Fira and Online Subspace Descent nothing to",
        "project away, so that their rows are equal. The order of the rows is by mean rank; click",
        "on a heading to sort by another column.",
        "",
        ".. figure:: rules.png",
        "   :alt: Suboptimality of every rule on every problem, tuned and at the default rate",
        "",
        "   Filled: the best rate of the grid. Hollow: the default rate. The line between them is",
        "   what tuning is worth. Values are cut at 1e-8 and 10; further out, a triangle.",
        "",
    ]
    lines += [".. list-table::", "   :header-rows: 1", "   :class: sortable comparison", ""]
    names = [problem.name for problem in problems]
    table = [("Rule", "Family", "Mean rank", *names, "A step costs")]
    for row, rank in order:
        cells = [cell(row.results[name]) for name in names]
        table.append(
            (name_cell(row, linked), row.family, f"{rank:.1f}", *cells, calls_cell(row.calls))
        )
    for entries in table:
        lines += [("   * - " if i == 0 else "     - ") + each for i, each in enumerate(entries)]
    refused = [row for row in rows if row.reason]
    if refused:
        lines += ["", "Not run", "-" * 7, ""]
        for row in refused:
            lines += [f"- {name_cell(row, linked)}: {row.reason}"]
    return "\n".join(lines) + "\n"


# Figure -------------------------------------------------------------------------------------------

LOWEST, HIGHEST = 1e-8, 10.0


def draw(rows, problems):
    """Return the figure: a line of dots for each rule, a panel for each problem."""
    order = [row for row, _ in ranked(rows, problems)]
    families = list(dict.fromkeys(row.family for row in rows if not row.reason))
    colors = {f: FAMILY_COLORS[i % len(FAMILY_COLORS)] for i, f in enumerate(families)}
    figure = Figure(figsize=(11, 1.6 + 0.165 * len(order)), layout="constrained")
    axes = figure.subplots(1, len(problems), sharey=True)
    for ax, problem in zip(axes, problems, strict=True):
        for height, row in enumerate(order):
            result, color = row.results[problem.name], colors[row.family]
            tuned, default = (
                float(np.clip(value, LOWEST, HIGHEST))
                for value in (result.tuned, result.at_default)
            )
            ax.plot([tuned, default], [height, height], color=color, linewidth=1, alpha=0.5)
            for place, value, fill in (
                (default, result.at_default, "white"),
                (tuned, result.tuned, color),
            ):
                marker = "<" if value < LOWEST else ">" if value > HIGHEST else "o"
                ax.plot(place, height, marker, color=color, markerfacecolor=fill, markersize=4.5)
        ax.set(xscale="log", xlim=(LOWEST / 2, HIGHEST * 2), title=problem.name)
        ax.axvline(1.0, color="0.6", linewidth=0.8, linestyle=":")
        ax.grid(axis="x", alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
    axes[0].set_yticks(range(len(order)), [row.name for row in order], fontsize=7.5)
    for label, row in zip(axes[0].get_yticklabels(), order, strict=True):
        label.set_color(colors[row.family])
    axes[0].set_ylim(len(order) - 0.3, -0.7)
    handles = [axes[0].plot([], [], "o", color=colors[f], label=f)[0] for f in families]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(families), frameon=False)
    figure.supxlabel("relative suboptimality at the end", fontsize=10)
    return figure


# Build --------------------------------------------------------------------------------------------


def fingerprint():
    """Return what the results depend on: the compiled rules, the package, and this file."""
    package = Path(optim.__file__).parents[1]
    sources = [Path(__file__), Path(core.__file__), *sorted(package.rglob("*.py"))]
    digest = hashlib.sha256()
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def links():
    """Return, for each rule, a reference to its page."""
    kinds = ("rules", "matrix_rules")
    pages = {
        record["name"]: f":ref:`{record['name']} <part-{record['kind']}-{record['name']}>`"
        for record in core.registry()
        if record["kind"] in kinds
    }
    classes = [getattr(optim, name) for name in optim.wrappers.__all__]
    written_in_python = {
        each.name: f":doc:`{each.name} </api/generated/optlite.optim.{each.__name__}>`"
        for each in classes
        if isinstance(getattr(each, "name", None), str)
    }
    return written_in_python | pages


def on_builder_inited(app):
    """Write page and figure, unless nothing changed since they were written."""
    folder = Path(app.srcdir) / "comparison"
    stamp, page = folder / "made_from.json", folder / "index.rst"
    now = {"made_from": fingerprint()}
    if page.exists() and stamp.exists() and json.loads(stamp.read_text()) == now:
        return
    folder.mkdir(exist_ok=True)
    problems = make_problems()
    rows = compare_all(problems, n_jobs=-1)
    draw(rows, problems).savefig(folder / "rules.png", dpi=130, metadata={"Software": None})
    page.write_text(page_text(rows, problems, links()), encoding="utf-8")
    stamp.write_text(json.dumps(now))


def setup(app):
    """Register the extension."""
    app.connect("builder-inited", on_builder_inited)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
