"""The lessons run, and their claims hold: the build of the documentation is not the only judge."""

import runpy
from pathlib import Path

import matplotlib
import pytest

from optlite.display import Claims

LESSONS = sorted((Path(__file__).parents[1] / "examples" / "lessons").glob("plot_*.py"))


@pytest.fixture
def figures(monkeypatch):
    """Draw on nothing, and count the figures that a reader would see."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.extend(plt.get_fignums()))
    yield shown
    plt.close("all")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_claims_of_a_lesson_hold(path, figures):
    claims = runpy.run_path(str(path))["claims"]
    assert len(claims.rows) >= 5
    assert any(row.claim.startswith("exercise") for row in claims.rows)
    assert figures
    assert all(row.source for row in claims.rows)


def test_there_are_lessons():
    assert len(LESSONS) >= 12


@pytest.mark.parametrize(
    ("method", "numbers"),
    [
        ("equal", (1.0, 1.02)),
        ("equal", (1.0, float("nan"))),
        ("equal", (float("inf"), float("inf"))),
        ("at_most", (1.0, 1.0000001)),
        ("at_most", (1.0, float("nan"))),
        ("at_most", (1.0, -float("inf"))),
        ("at_least", (1.0, 0.9999999)),
    ],
)
def test_a_claim_that_does_not_hold_is_an_error_that_names_it(method, numbers):
    claims = Claims()
    tolerance = {"rtol": 0.01} if method == "equal" else {}
    with pytest.raises(AssertionError, match=r"does not hold: the sky is green \[a rumour\]"):
        getattr(claims, method)("the sky is green", "a rumour", *numbers, **tolerance)
    assert claims.rows == []


def test_claims_are_shown_with_their_numbers():
    claims = Claims()
    claims.equal("a < b", "algebra", 2.0, 2.00001, rtol=1e-3)
    claims.at_least("many", "the run", 3, 5)
    claims.equal("half of them", "counting", 2, 2, rtol=0.0)
    text, table = str(claims), claims._repr_html_()
    assert "predicted 2 (to 0.1%), measured 2" in text
    assert "predicted >= 3, measured 5" in text
    assert "predicted 2 (exactly), measured 2" in text
    assert "<td>a &lt; b</td>" in table and "<td>≥ 3</td>" in table
