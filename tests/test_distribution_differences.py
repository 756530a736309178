"""The numbers of the page that says where our distributions differ from ngboost 0.5.11."""

import pathlib

import numpy as np
import pytest
from scipy import integrate, stats

from optlite.boosting import distributions

PAGE = pathlib.Path(__file__).parent.parent / "docs" / "distributions.md"


def says(text):
    """Demand that the page contains a number."""
    assert text in PAGE.read_text(encoding="utf-8"), text


def slope(function, h=1e-3):
    """Differentiate at 0 by central differences of the fourth order."""
    return (8.0 * (function(h) - function(-h)) - (function(2 * h) - function(-2 * h))) / (12.0 * h)


def test_laplace_crps_has_a_constant_term_in_the_scale():
    family, y = distributions.Laplace(), np.array([1.7])
    right = slope(lambda t: family.score([[0.3, t]], y, score="crps")[0])
    D = 1.4
    without = np.exp(-D) * (1.0 + D)
    ours = family.gradient([[0.3, 0.0]], y, score="crps")[0, 1]
    assert ours == pytest.approx(right, abs=1e-10)
    assert without - ours == pytest.approx(0.75, abs=1e-12)
    says("the missing term is 0.75 for $b = 1$")


@pytest.mark.parametrize("scale", [0.1, 2.01, 30.0])
def test_information_of_student_t_on_its_scale_does_not_depend_on_it(scale):
    def integrand(y):
        z2 = (y / scale) ** 2
        return stats.t.pdf(y / scale, 3) / scale * (1.0 - 4.0 * z2 / (3.0 + z2)) ** 2

    right = 2.0 * integrate.quad(integrand, 0.0, np.inf)[0]
    ours = distributions.StudentTFixedDf(df=3).metric([[0.0, np.log(scale)]])[0, 1, 1]
    assert ours == pytest.approx(right, rel=1e-8)
    assert f"{right:.2f}" == "1.00"
    says(r"1.00 by quadrature at $\nu = 3$ and any $s$")


def test_metric_of_the_normal_crps():
    s = 2.01
    dF = (lambda y: stats.norm.pdf(y / s) / s, lambda y: y / s * stats.norm.pdf(y / s))
    right = [2.0 * integrate.quad(lambda y, f=f: f(y) ** 2, -40.0, 40.0)[0] for f in dF]
    for family in (distributions.Normal(), distributions.LogNormal()):
        ours = np.diag(family.metric([[0.0, np.log(s)]], score="crps")[0])
        assert ours == pytest.approx(right, rel=1e-8)
    says(f"{right[0]:.3f} and {right[1]:.3f} by quadrature at $s = 2.01$")
    # What the peer has is s times that, up to its rounding.
    assert s * np.array(right) == pytest.approx([0.564, 1.144], abs=0.005)


def test_censored_log_normal():
    family, s = distributions.LogNormal(), 2.01
    t, y, event = np.log(s), np.array([3.0]), np.zeros(1)
    for score in ("log", "crps"):
        ours = family.gradient([[0.4, t]], y, score=score, event=event)[0]
        right = [
            slope(
                lambda h, k=k, score=score: family.score(
                    [[0.4 + h * (k == 0), t + h * (k == 1)]], y, score=score, event=event
                )[0]
            )
            for k in range(2)
        ]
        assert ours == pytest.approx(right, rel=1e-9)
    z = (np.log(3.0) - 0.4) / s
    hazard = stats.norm.pdf(z) / stats.norm.sf(z)
    ours = family.gradient([[0.4, t]], y, event=event)[0, 1]
    assert ours == pytest.approx(-z * hazard, rel=1e-12)
    says("differences agree to 1e-9")


def test_crps_of_exponential_times():
    family = distributions.Exponential()
    observed, censored = (
        family.score([[0.0]], [1.0], score="crps", event=[event])[0] for event in (1.0, 0.0)
    )
    F = stats.expon.cdf
    below = integrate.quad(lambda x: F(x) ** 2, 0.0, 1.0)[0]
    assert censored == pytest.approx(below, rel=1e-10)
    above = integrate.quad(lambda x: (1.0 - F(x)) ** 2, 1.0, np.inf)[0]
    assert observed == pytest.approx(below + above, rel=1e-8)
    says(f"at $y = b = 1$: {observed:.3f} and {censored:.3f}")


def test_a_tail_is_not_cut_by_a_small_number():
    family = distributions.LogNormal()
    score = family.score([[0.0, 0.0]], [np.exp(10.0)], event=[0.0])[0]
    assert score == pytest.approx(-stats.norm.logsf(10.0), rel=1e-12)
    cut = -np.log(1.0 - stats.norm.cdf(10.0) + 1e-5)
    says(rf"at $z = 10$: {score:.2f}, with $\varepsilon = 10^{{-5}}$: {cut:.2f}")


def test_a_metric_of_a_hundred_draws_is_far_from_the_information():
    family = distributions.StudentT()
    theta = np.tile([[0.0, 0.0, np.log(4.0)]], (100, 1))
    exact = family.metric(theta[:1])[0]
    worst = 0.0
    for seed in range(20):
        g = family.gradient(theta, family.at(theta).rvs(random_state=seed))
        error = np.abs(np.einsum("nj,nk->jk", g, g) / 100.0 - exact)
        worst = max(worst, np.max(np.diag(error) / np.diag(exact)))
    assert worst > 0.3
    says("100 draws: relative error up to 0.3 and more")


def test_the_start_of_a_fit_sees_weights():
    y, weight = np.array([1.0, 2.0, 10.0]), np.array([1.0, 1.0, 0.0])
    weighted = distributions.Exponential().marginal(y, sample_weight=weight)
    assert np.exp(weighted[0]) == pytest.approx(1.5)
    assert np.exp(distributions.Exponential().marginal(y)[0]) == pytest.approx(13.0 / 3.0)


@pytest.mark.parametrize("name", distributions.list_distributions())
def test_the_page_says_which_have_a_crps_and_why_not(name):
    family = distributions.from_name(name)
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    (row,) = [row for row in rows if row.startswith("| `") and f"`{family.class_name}`" in row]
    if "crps" in family.scores:
        assert "| yes" in row
        assert family._record["no_crps"] in row
        assert ("also for censored times" in row) == family.takes_censored("crps")
    else:
        assert f"| no: {family.no_crps} |" in row
        assert not set(family.no_crps) & set("|*`\\_")  # it goes into docstrings as it is


def test_the_crps_of_the_cauchy_distribution_is_finite():
    family, z = distributions.Cauchy(), 1.5
    below = integrate.quad(lambda v: stats.cauchy.cdf(-np.exp(v)) ** 2 * np.exp(v), -40.0, 40.0)[0]
    inner = integrate.quad(lambda x: 2.0 * stats.cauchy.cdf(x) - 1.0, 0.0, z)[0]
    ours = family.score([[0.0, 0.0]], [z], score="crps")[0]
    assert ours == pytest.approx(2.0 * below + inner, rel=1e-8)
    assert np.isnan(family.at([[0.0, 0.0]]).mean()[0])
