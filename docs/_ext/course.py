"""The course: its lessons in the order in which they are read, and what each is made of.

This table is the one place that knows it. The page of the course, the order of the gallery, the end
of each lesson and the tests of the lessons are made from it. A new lesson is a script
``examples/lessons/plot_NAME.py`` and an entry here, with its name and

- ``exercises``: two or more of ``optlite.exercises`` to do after reading;
- ``parts``: a NumPy twin below ``python/optlite/reference`` and the C++ file that does the same;
  ``rules/adam`` stands for the twin and the header of that name, ``lanczos=src/orthogonalize.cpp``
  names the file below ``cpp``;
- ``tests``: files below ``tests`` that hold the two together.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "auto_examples/lessons"


@dataclass(frozen=True)
class Lesson:
    """A script of the gallery, and what belongs to it."""

    name: str
    exercises: str
    parts: str
    tests: str

    @property
    def document(self):
        """Name of its page."""
        return f"{FOLDER}/plot_{self.name}"

    @property
    def script(self):
        """Path of its source."""
        return ROOT / "examples" / "lessons" / f"plot_{self.name}.py"

    def pairs(self):
        """Return the paths of each twin and its kernel."""
        return [_pair(part) for part in self.parts.split()]

    def test_files(self):
        """Return the paths of its tests."""
        return [ROOT / "tests" / f"{name}.py" for name in self.tests.split()]

    def title(self):
        """Return the first line of its text."""
        return docstring(self.script).split("\n", 1)[0]

    def question(self):
        """Return the question that it answers, in one line."""
        text = docstring(self.script).partition("**Question.**")[2]
        return " ".join(text.strip().split("\n\n", 1)[0].split())


def docstring(script):
    """Return the text at the top of a script of the gallery."""
    return ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))


def _pair(part):
    """Return the twin and the C++ file that one word of a lesson's parts means."""
    twin, _, kernel = part.partition("=")
    path = ROOT / "cpp" / (kernel or f"include/optlite/{twin}.hpp")
    if not kernel and not path.exists():  # a rule that sees a tensor whole
        path = path.parents[1] / "matrix_rules" / path.name
    return ROOT / "python" / "optlite" / "reference" / f"{twin}.py", path


#: Chapters as in ``optlite.exercises.CHAPTERS``: what each is about, and its lessons.
COURSE = {
    "first-order methods": (
        "What gradients alone can do: how far to step, what momentum adds, when to slow down.",
        (
            Lesson(
                "momentum",
                exercises="momentum-rate nesterov-step gradient-descent",
                parts="rules/momentum rules/nesterov",
                tests="exam/test_rules_exam test_rule_properties",
            ),
            Lesson(
                "perceptron",
                exercises="gradient-descent armijo-step",
                parts="objectives/logistic rules/lr_perceptron",
                tests="exam/test_objectives_exam exam/test_rules_exam",
            ),
            Lesson(
                "schedules",
                exercises="schedule-free-step gradient-descent polyak-step",
                parts="rules/sgd",
                tests="test_schedules exam/test_rules_exam",
            ),
            Lesson(
                "learning_curves",
                exercises="sgd-curve gradient-descent",
                parts="rules/sgd",
                tests="exam/test_rules_exam test_rule_properties",
            ),
            Lesson(
                "accelerated_bias",
                exercises="momentum-rate sgd-curve",
                parts="rules/asgd",
                tests="exam/test_rules_exam test_rules",
            ),
        ),
    ),
    "adaptive methods": (
        "A step size for each coordinate, or none to choose: what Adam does, where it fails, and "
        "why it wins where it wins.",
        (
            Lesson(
                "adam_amsgrad",
                exercises="adam-step adam-drift amsgrad-step",
                parts="rules/adam rules/amsgrad",
                tests="exam/test_rules_exam test_rule_properties",
            ),
            Lesson(
                "weight_decay",
                exercises="adamw-step adam-step",
                parts="rules/adamw",
                tests="exam/test_weight_decay_exam exam/test_rules_exam",
            ),
            Lesson(
                "heavy_tails",
                exercises="sign-descent gradient-descent",
                parts="rules/signsgd objectives/multinomial",
                tests="exam/test_rules_exam exam/test_objectives_exam",
            ),
            Lesson(
                "no_tuning",
                exercises="dog-step polyak-step schedule-free-step",
                parts="rules/dog rules/polyak rules/sps_max",
                tests="exam/test_rules_exam test_rule_properties",
            ),
        ),
    ),
    "curvature": (
        "Second derivatives, one product with a vector at a time: what they look like, what they "
        "allow, and how much of them a method survives.",
        (
            Lesson(
                "lanczos",
                exercises="lanczos gauss-quadrature hessian-product",
                parts="lanczos=src/orthogonalize.cpp",
                tests="test_lanczos test_curvature_pairs",
            ),
            Lesson(
                "bulk_and_outliers",
                exercises="net-hessian-product hutchinson-trace lanczos",
                parts="network=src/network.cpp",
                tests="exam/test_networks_exam test_spectral_density",
            ),
            Lesson(
                "edge_of_stability",
                exercises="stability-edge momentum-rate hessian-product",
                parts="network=src/network.cpp rules/nesterov",
                tests="test_stability exam/test_networks_exam",
            ),
            Lesson(
                "tiny_subspace",
                exercises="lanczos sgd-curve",
                parts="block_lanczos=src/orthogonalize.cpp",
                tests="test_curvature_pairs exam/test_networks_exam",
            ),
            Lesson(
                "sgd_stability",
                exercises="sgd-curve stability-edge",
                parts="rules/sgd network=src/network.cpp",
                tests="test_sgd_stability exam/test_networks_exam",
            ),
            Lesson(
                "batch_hessian",
                exercises="hessian-product hutchinson-trace",
                parts="network=src/network.cpp",
                tests="test_batch_hessian exam/test_networks_exam",
            ),
            Lesson(
                "double_descent",
                exercises="conjugate-gradients gradient-descent",
                parts="objectives/least_squares "
                "conjugate_gradients=include/optlite/linalg/conjugate_gradients.hpp",
                tests="exam/test_objectives_exam exam/test_solvers_exam",
            ),
            Lesson(
                "saddle",
                exercises="newton-decrement hessian-product",
                parts="directions/trust_region directions/cubic",
                tests="test_second_order exam/test_solvers_exam",
            ),
            Lesson(
                "influence",
                exercises="leave-one-out conjugate-gradients",
                parts="objectives/logistic "
                "conjugate_gradients=include/optlite/linalg/conjugate_gradients.hpp",
                tests="test_curvature_operators exam/test_objectives_exam",
            ),
            Lesson(
                "in_context",
                exercises="gradient-descent conjugate-gradients",
                parts="directions/schulz",
                tests="test_second_order exam/test_solvers_exam",
            ),
        ),
    ),
    "coordinate methods": (
        "A few variables at a time: which ones, how far, and what it costs to look.",
        (
            Lesson(
                "greedy_blocks",
                exercises="greedy-coordinate block-step",
                parts="bcd=src/block_descent.cpp block_selections/gsd block_updates/matrix",
                tests="exam/test_block_descent_exam test_bcd test_bcd_findings",
            ),
            Lesson(
                "greedy_pays",
                exercises="block-step best-block",
                parts="block_selections/gsl block_selections/gs",
                tests="exam/test_block_descent_exam test_bcd_graphs",
            ),
            Lesson(
                "message_passing",
                exercises="tree-solve grow-forest",
                parts="bcd_graphs=src/block_forest.cpp block_updates/message_passing",
                tests="exam/test_block_descent_exam test_bcd_graphs",
            ),
        ),
    ),
    "sparse models": (
        "Few of many columns: where the path begins, what a duality gap proves, and how not to "
        "shrink what is large.",
        (
            Lesson(
                "duality_gap",
                exercises="lasso-alpha-max lasso-kkt lasso-gap gap-safe-bound fista",
                parts="elastic_net=src/elastic_net.cpp penalties/l1",
                tests="test_elastic_net exam/test_penalties_exam",
            ),
            Lesson(
                "lasso_to_mcp",
                exercises="mcp-prox group-threshold lasso-knot",
                parts="penalties/mcp penalties/l1",
                tests="exam/test_penalties_exam test_elastic_net",
            ),
        ),
    ),
    "transport": (
        "Moving masses at the least cost: Sinkhorn's iteration and Newton's, bounds on the result, "
        "and what the plan is good for.",
        (
            Lesson(
                "sinkhorn_newton",
                exercises="sinkhorn c-transform",
                parts="transport_methods/sinkhorn transport_methods/newton",
                tests="exam/test_transport_methods_exam test_transport",
            ),
            Lesson(
                "newton_sparse",
                exercises="sinkhorn newton-decrement",
                parts="transport_methods/newton_sparse",
                tests="exam/test_transport_methods_exam test_transport_pot",
            ),
            Lesson(
                "choosing_reg",
                exercises="c-transform round-to-marginals",
                parts="transport=src/transport_bounds.cpp",
                tests="test_transport_proof test_transport",
            ),
            Lesson(
                "color_transfer",
                exercises="sinkhorn c-transform",
                parts="transport_methods/newton",
                tests="test_transport_map exam/test_transport_methods_exam",
            ),
            Lesson(
                "barycenters",
                exercises="sinkhorn round-to-marginals",
                parts="barycenter=src/barycenter.cpp",
                tests="test_transport_barycenter",
            ),
            Lesson(
                "rebasin",
                exercises="round-to-marginals sinkhorn",
                parts="transport_methods/newton network=src/network.cpp",
                tests="test_transport exam/test_networks_exam",
            ),
        ),
    ),
    "probabilistic prediction": (
        "Distributions instead of numbers: how to fit them, how to judge them, and what can be "
        "promised about an interval.",
        (
            Lesson(
                "natural_gradient",
                exercises="natural-gradient best-split",
                parts="distributions/normal boosting=src/line_search.cpp",
                tests="exam/test_distributions_exam test_boosting test_line_search",
            ),
            Lesson(
                "crps",
                exercises="normal-crps ensemble-crps",
                parts="distributions/normal",
                tests="exam/test_distributions_exam test_calibration",
            ),
            Lesson(
                "forecast",
                exercises="conformal-width interval-score",
                parts="distributions/normal boosting=src/boosting.cpp",
                tests="test_conformal test_calibration",
            ),
            Lesson(
                "survival",
                exercises="kaplan-meier censored-gradient",
                parts="distributions/exponential distributions/log_normal",
                tests="test_survival exam/test_distributions_exam",
            ),
        ),
    ),
}

LESSONS = [lesson for _, lessons in COURSE.values() for lesson in lessons]
