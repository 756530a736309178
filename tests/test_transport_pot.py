"""What POT's own tests ask of its functions, asked of ours, with POT 0.9.7 as the judge.

POT's wheel brings no tests, so that they cannot be run from an installation as scikit-learn's are
(``test_peer_suites.py``); ``peer/run_pot_tests.py`` runs those of its source archive, or of a
clone, with ours swapped in: a part of ``.ci/run``. Each line names one of them, or several, and the
test of ours that asks the same or more, or why none does.

    test_bregman.py
    test_sinkhorn                         test_marginals_are_met_and_one_iteration_warns
    test_convergence_warning              test_a_limit_of_iterations_is_said
    test_not_implemented_method           test_bad_input_is_refused_in_words
    test_nan_warning                      test_exact_transport_is_left_to_pot (reg=0 means exact)
    test_sinkhorn_stabilization           test_a_tiny_regularization_closes_on_exact_transport
    test_sinkhorn_empty                   test_no_masses_are_uniform_masses
    test_sinkhorn_variants                test_all_methods_have_the_plan_of_pot
    test_sinkhorn_variants_dtype_device   test_layouts_and_types_of_the_costs_do_not_matter
    test_sinkhorn_variants_log            test_potentials_are_the_logarithms_of_pots_scalings
    test_sinkhorn2_gradients              test_gradients_are_those_of_finite_differences
    test_empirical_sinkhorn               test_points_and_their_potentials_are_those_of_pot
    test_lazy_empirical_sinkhorn          test_points_and_their_potentials_are_those_of_pot
    test_empirical_sinkhorn_divergence    test_the_divergence_beside_that_of_pot
    test_empirical_sinkhorn_divergence_gradient   test_gradients_in_positions
    test_stabilized_vs_sinkhorn_multidim  test_masses_that_nearly_vanish_do_not_matter
    test_implemented_methods              test_all_methods_have_the_plan_of_pot
    test_sinkhorn_warmstart               test_where_a_run_starts_does_not_matter
    test_empirical_sinkhorn_warmstart     test_where_a_run_starts_does_not_matter
    test_empirical_sinkhorn_divergence_warmstart  -: the divergence takes no start: of three runs
    test_barycenter                       test_the_barycenter_is_that_of_pot
    test_barycenter_assymetric_cost       test_transport_to_each_histogram_has_the_same_gradient
    test_barycenter_debiased              test_between_two_gaussians_lies_one
    test_barycenter_stabilization         test_small_regularizations_converge
    test_*_backends, test_*_device*       -: NumPy only
    test_sinkhorn_multi_b, test_*_multi_b, test_*_multib   -: one b a call
    test_*free_support*, test_*bary_2d*, test_convolutional*   -: not offered
    test_unmix, test_screenkhorn, test_geomloss_solver     -: not offered

    test_ot.py
    test_emd_dimension_and_mass_mismatch  test_bad_input_is_refused_in_words
    test_emd_emd2, test_emd_empty         test_exact_transport_to_itself_is_the_identity
    test_emd2_gradients                   test_potentials_of_exact_transport_certify_it
    test_dual_variables                   test_potentials_of_exact_transport_certify_it
    test_emd_sparse_vs_dense              test_links_left_out_of_a_sparse_matrix_are_forbidden
    test_emd2_sparse_vs_dense             test_links_left_out_of_a_sparse_matrix_are_forbidden
    test_emd2_multi, test_warnings, test_emd__dual_warmstart, test_emd_lazy*, test_emd2_lazy*,
    test_emd_sparse_warmstart, test_omp_emd2   -: about their network simplex itself
    test_*lp_barycenter*, test_*free_support*, test_*gluing*   -: not offered

    test_1d_solver.py
    test_emd_1d_emd2_1d*                  test_transport_on_a_line_is_the_network_simplex
    test_wasserstein_1d                   test_transport_on_a_line_shifts_and_stretches
    test_wasserstein_1d_plan              test_transport_on_a_line_is_the_network_simplex
    test_emd1d_dual*, test_index_quantile_function   -: not offered

    test_gaussian.py
    test_bures_wasserstein_mapping        test_the_gradient_between_gaussians_holds_the_map_of_pot
    test_bures_wasserstein_distance       test_gaussians_are_as_far_apart_as_pot_says
    test_bures_wasserstein_barycenter     test_the_barycenter_of_gaussians_is_that_of_pot
    test_fixedpoint_vs_gradientdescent*   test_at_a_barycenter_the_gradients_cancel
    test_stochastic_gd*, test_*batch, test_empirical*, test_gaussian_gromov*   -: not offered

    test_da.py
    test_sinkhorn_transport_class         test_a_map_moves_the_points_that_pots_class_moves
    test_emd_transport*, test_*lpl1*, test_*l1l2*, test_*mapping*, test_*jcpot*   -: not offered

    test_solvers.py
    test_solve, test_solve_envelope       test_the_result_says_what_pots_result_says
    test_solve_sample, test_solve_sample_lazy    test_points_and_their_potentials_are_those_of_pot
    test_solve_grid, test_solve_gromov*, test_solve_last_step, test_solve_detach   -: not offered

    unbalanced/test_sinkhorn.py, test_partial.py, batch/test_solve_batch.py
    test_unbalanced_convergence           test_the_plan_satisfies_the_optimality_conditions
    test_unbalanced_relaxation_parameters_pair   test_the_plan_is_that_of_pot
    test_stabilized_vs_sinkhorn    test_small_regularizations_converge_and_the_certificate_closes
    test_entropic_partial_wasserstein_*   test_the_plan_is_that_of_pot
    test_*_approaches_exact_at_small_reg  test_the_certificate_closes_on_the_linear_program
    test_solve_batch                      test_a_batch_has_the_numbers_of_its_problems
    test_unbalanced_warmstart, test_unbalanced_reference_measure   -: not offered
    test_unbalanced_barycenter, test_partial_gromov*, test_partial_wasserstein_1d   -: not offered
"""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from scipy.stats import wasserstein_distance
from sklearn.exceptions import ConvergenceWarning

from optlite import ot
from optlite._params import records

pot = pytest.importorskip("ot", reason="POT is a requirement of the tests")

METHODS = sorted(records("transport_methods"))
TIGHT = {"numItermax": 100_000, "stopThr": 1e-13, "warn": False}


def cloud(n, seed=0):
    """Return normal points in the plane and their squared distances, up to about 40."""
    X = np.random.default_rng(seed).normal(size=(n, 2))
    return X, ((X[:, None] - X) ** 2).sum(axis=2)


def bell(n, mean, deviation):
    """Return a Gaussian histogram; its smallest entries are far below the rounding of 1."""
    h = np.exp(-0.5 * ((np.arange(n) - mean) / deviation) ** 2)
    return h / h.sum()


def line(n):
    """Return the squared distances of the bins of a histogram."""
    x = np.arange(float(n))
    return (x[:, None] - x) ** 2


def up_to_a_constant(found, expected):
    difference = found - expected
    return difference - difference.mean()


def test_the_table_names_tests_that_exist():
    text = "".join(path.read_text() for path in Path(__file__).parent.rglob("test_transport*.py"))
    named = re.findall(r"^    test_\S+.*  (test_\w+)(?: \(.*\))?$", __doc__, re.M)
    assert len(named) > 25
    for name in named:
        assert f"\ndef {name}(" in text, name


def test_marginals_are_met_and_one_iteration_warns():
    _, M = cloud(100)
    plan = ot.sinkhorn(None, None, M, 1.0, tol=1e-10).plan
    assert np.abs(plan.sum(axis=1) - 0.01).sum() + np.abs(plan.sum(axis=0) - 0.01).sum() <= 1.01e-10
    with pytest.warns(ConvergenceWarning, match="after 1 iterations"):
        ot.sinkhorn(None, None, M, 1.0, max_iter=1)


@pytest.mark.parametrize("empty", [None, [], np.zeros(0)])
def test_no_masses_are_uniform_masses(empty):
    _, M = cloud(20)
    uniform = np.full(20, 0.05)
    expected = ot.solve(uniform, uniform, M, 1.0)
    found = ot.solve(empty, empty, M, 1.0)
    assert found.plan == pytest.approx(expected.plan, rel=1e-12)
    one_empty = ot.solve(uniform, empty, M, 1.0)
    assert one_empty.plan == pytest.approx(expected.plan, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_all_methods_have_the_plan_of_pot(method):
    _, M = cloud(40)
    a, b = bell(40, 15.0, 8.0), np.full(40, 1 / 40)
    expected = pot.sinkhorn(a, b, M, 1.0, **TIGHT)
    for variant in ("sinkhorn_log", "sinkhorn_stabilized"):
        assert pot.sinkhorn(a, b, M, 1.0, variant, **TIGHT) == pytest.approx(expected, abs=1e-11)
    found = ot.solve(a, b, M, 1.0, method, tol=1e-11, max_iter=20_000)
    assert found.converged and found.plan == pytest.approx(expected, rel=1e-8, abs=1e-11)


def test_potentials_are_the_logarithms_of_pots_scalings():
    """f = reg log u and g = reg log v, up to the constant that the plan does not see."""
    _, M = cloud(50)
    u = np.full(50, 0.02)
    _, log = pot.sinkhorn(u, u, M, 1.0, log=True, **TIGHT)
    result = ot.sinkhorn(u, u, M, 1.0, tol=1e-12, trace=True)
    f, g = result.potentials
    assert up_to_a_constant(f, np.log(log["u"])) == pytest.approx(0.0, abs=1e-9)
    assert up_to_a_constant(g, np.log(log["v"])) == pytest.approx(0.0, abs=1e-9)
    assert (f - np.log(log["u"])).mean() == pytest.approx(-(g - np.log(log["v"])).mean(), abs=1e-9)
    errors = [record.marginal_error for record in result.trace]
    # Each half step of Sinkhorn's brings the plan nearer in the sum of absolute errors.
    assert errors == sorted(errors, reverse=True) and errors[-1] <= 1e-12


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
def test_points_and_their_potentials_are_those_of_pot(metric):
    rng = np.random.default_rng(2)
    X, Y = rng.normal(size=(12, 2)), rng.normal(size=(9, 2)) + 0.5
    options = {"metric": metric, "numIterMax": 20_000, "stopThr": 1e-13, "warn": False}
    plan = pot.bregman.empirical_sinkhorn(X, Y, 1.0, **options)
    f, g = pot.bregman.empirical_sinkhorn(X, Y, 1.0, isLazy=True, batchSize=(5, 4), **options)
    result = ot.solve_points(X, Y, reg=1.0, metric=metric, tol=1e-13)
    assert result.plan == pytest.approx(plan, rel=1e-8)
    assert up_to_a_constant(result.potentials[0], f) == pytest.approx(0.0, abs=1e-9)
    assert up_to_a_constant(result.potentials[1], g) == pytest.approx(0.0, abs=1e-9)


def test_the_divergence_beside_that_of_pot():
    """POT subtracts costs of the three plans, we the regularised minima, which is positive."""
    a = np.arange(1.0, 11.0) / 55.0
    X, Y = np.arange(10.0)[:, None], 2.0 * np.arange(10.0)[:, None]
    theirs = pot.bregman.empirical_sinkhorn_divergence(
        X, Y, 1.0, a=a, b=pot.unif(10), numIterMax=100_000, stopThr=1e-13, warn=False
    )
    ours = ot.sinkhorn_divergence(X, Y, a, reg=1.0, tol=1e-12)
    across, within_X, within_Y = (result.cost for result in ours.results)
    assert across - 0.5 * (within_X + within_Y) == pytest.approx(theirs, abs=1e-8)
    assert ours.value > 0.0


@pytest.mark.parametrize("domain", ["scaling", "logarithm"])
def test_masses_that_nearly_vanish_do_not_matter(domain):
    """Of 100 bins most hold less than 1e-20 of the mass; theirs is stopped by an L2 norm."""
    a, M = bell(100, 20.0, 5.0), line(100)
    M /= np.median(M)
    for b in (bell(100, 60.0, 8.0), bell(100, 30.0, 4.0)):
        expected = pot.sinkhorn(a, b, M, 0.1, "sinkhorn_log", **TIGHT)
        found = ot.sinkhorn(a, b, M, 0.1, tol=1e-11, domain=domain)
        assert found.plan == pytest.approx(expected, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("reg", [1e-5, 1e-3])
def test_a_tiny_regularization_closes_on_exact_transport(reg):
    """Costs up to 9801: exponents of nearly 1e9, whose rounding alone is an error of 1e-6.

    Whether the iterations get there with reg = 1e-5 is a matter of the last bits; the interval
    and the cost of the rounded plan hold in any case, and an early end is said.
    """
    a, b, M = bell(100, 30.0, 10.0), bell(100, 40.0, 10.0), line(100)
    exact = pot.emd2(a, b, M)
    with np.errstate(all="raise"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = ot.solve(a, b, M, reg, tol=1e-6)
    lower, upper = result.certificate
    assert lower <= exact * (1 + 1e-9) and exact <= upper * (1 + 1e-9)
    assert result.cost == pytest.approx(exact, abs=1e-3)
    assert result.converged == (not caught)
    assert result.converged or reg < 1e-4


@pytest.mark.parametrize("method", METHODS)
def test_where_a_run_starts_does_not_matter(method):
    """From the potentials of exact transport, and from numbers without sense."""
    X, Y = np.arange(10.0)[:, None], np.arange(20.0)[:, None]
    M = (X - Y.T) ** 2
    _, log = pot.emd([], [], M, log=True)
    options = {"reg": 1.0, "method": method, "tol": 1e-10, "max_iter": 20_000}
    expected = ot.solve(None, None, M, **options).plan
    for start in (log["v"], np.random.default_rng(3).normal(size=20)):
        assert ot.solve(None, None, M, start=start, **options).plan == pytest.approx(
            expected, abs=1e-9
        )
        found = ot.solve_points(X, Y, start=start, **options)
        assert found.plan == pytest.approx(expected, abs=1e-9)


def test_exact_transport_to_itself_is_the_identity():
    _, M = cloud(40)
    result = ot.solve([], [], M, 0)
    assert result.plan == pytest.approx(np.eye(40) / 40, abs=1e-15) and result.cost == 0.0


def test_potentials_of_exact_transport_certify_it():
    """f + g <= M, <a, f> + <b, g> is the cost, and its gradient is f, g and the plan."""
    a, b = bell(50, 25.0, 4.0), bell(60, 35.0, 8.0)
    M = np.abs(np.arange(50.0)[:, None] - np.arange(60.0))
    result = ot.solve(a, b, M, 0)
    f, g = result.potentials
    assert (f[:, None] + g - M).max() <= 1e-9
    assert a @ f + b @ g == pytest.approx(result.cost, rel=1e-9)
    # On a line, all that is too much to the left of a place has to pass it.
    passing = np.cumsum(np.append(a, np.zeros(10)) - b)
    assert result.cost == pytest.approx(np.abs(passing).sum(), rel=1e-9)
    in_a, in_b, in_M = result.gradient()
    assert in_a == pytest.approx(f - f.mean()) and in_b == pytest.approx(g - g.mean())
    assert np.array_equal(in_M, result.plan)


def test_links_left_out_of_a_sparse_matrix_are_forbidden():
    rng = np.random.default_rng(4)
    n = 30
    allowed = np.zeros((n, n), dtype=bool)
    for shift in (0, 1, 7):
        allowed[np.arange(n), (np.arange(n) + shift) % n] = True
    costs = rng.random((n, n)) + 0.1
    exact = pot.emd2([], [], scipy.sparse.coo_array(np.where(allowed, costs, 0.0)))
    M = np.where(allowed, costs, np.inf)
    assert ot.solve(None, None, M, 0).cost == pytest.approx(exact, rel=1e-12)
    result = ot.solve(None, None, M, 1e-3)
    lower, upper = result.certificate
    assert lower <= exact + 1e-12 and exact - 1e-12 <= upper
    assert result.cost == pytest.approx(exact, abs=1e-2) and not result.plan[~allowed].any()


def test_transport_on_a_line_shifts_and_stretches():
    rng = np.random.default_rng(5)
    x = np.sort(rng.normal(size=40))
    a, b = rng.dirichlet(np.ones(40)), rng.dirichlet(np.ones(40))
    assert ot.transport_on_line(x, x + 1.0)[1] == pytest.approx(1.0)
    _, cost = ot.transport_on_line(x, x, a, b)
    assert cost == pytest.approx(pot.wasserstein_1d(x, x, a, b, p=2), rel=1e-10)
    assert ot.transport_on_line(10.0 * x, 10.0 * x, a, b)[1] == pytest.approx(100.0 * cost)
    _, cost = ot.transport_on_line(x, x, a, b, p=1)
    assert cost == pytest.approx(wasserstein_distance(x, x, a, b), rel=1e-10)
    with pytest.raises(ValueError, match="x must be a vector of positions, got shape"):
        ot.transport_on_line(x[:, None], x)


def gaussians(k, seed=6):
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(k, 3, 3))
    return rng.normal(size=(k, 3)), roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(3)


def test_gaussians_are_as_far_apart_as_pot_says():
    (m, n), (A, B) = gaussians(2)
    theirs = pot.gaussian.bures_wasserstein_distance(m, n, A, B)
    assert ot.bures_wasserstein(m, A, n, B) == pytest.approx(theirs, rel=1e-9)
    assert ot.bures_wasserstein([0.0], [[1.0]], [10.0], [[1.0]]) == pytest.approx(10.0)


def test_the_gradient_between_gaussians_holds_the_map_of_pot():
    """The optimal map is x -> n + T (x - m), and T = I - 2 times the gradient; T A T = B."""
    (m, n), (A, B) = gaussians(2)
    T = np.eye(3) - 2.0 * ot.bures_wasserstein_gradient(m, A, n, B)[1]
    theirs, constant = pot.gaussian.bures_wasserstein_mapping(m, n, A, B)
    assert pytest.approx(theirs, rel=1e-7, abs=1e-9) == T
    assert n - m @ T == pytest.approx(np.ravel(constant), rel=1e-7, abs=1e-9)
    assert pytest.approx(B, rel=1e-9) == T @ A @ T


def test_the_barycenter_of_gaussians_is_that_of_pot():
    means, covariances = gaussians(4)
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    theirs = pot.gaussian.bures_wasserstein_barycenter(
        means, covariances, weights=weights, num_iter=2000, eps=1e-12
    )
    for found, expected in zip(
        ot.bures_wasserstein_barycenter(means, covariances, weights), theirs, strict=True
    ):
        assert found == pytest.approx(np.reshape(expected, found.shape), rel=1e-6, abs=1e-8)
    # Of covariances with common axes: deviations are averaged.
    diagonal = np.array([np.diag(np.diag(C)) for C in covariances])
    found = ot.bures_wasserstein_barycenter(means, diagonal)[1]
    assert found == pytest.approx(np.sqrt(diagonal).mean(axis=0) ** 2, rel=1e-9, abs=1e-12)


def test_a_map_moves_the_points_that_pots_class_moves():
    rng = np.random.default_rng(7)
    X, Y = rng.normal(size=(40, 2)), rng.normal(size=(50, 2)) @ [[1.0, 0.4], [0.0, 0.7]] + 2.0
    theirs = pot.da.SinkhornTransport(
        reg_e=0.5, method="sinkhorn_log", max_iter=50_000, tol=1e-13, norm=None
    ).fit(Xs=X, Xt=Y)
    ours = ot.TransportMap(reg=0.5).fit(X, target=Y)
    assert ours.result_.plan == pytest.approx(theirs.coupling_, rel=1e-6, abs=1e-10)
    assert ours.transform(X) == pytest.approx(theirs.transform(Xs=X), abs=1e-7)
    assert ours.inverse_transform(Y) == pytest.approx(theirs.inverse_transform(Xt=Y), abs=1e-7)
    new = rng.normal(size=(41, 2))
    assert ours.transform(new).shape == theirs.transform(Xs=new).shape


def test_the_result_says_what_pots_result_says():
    """Theirs: value_linear, plan, potentials, marginals, and gradients by the envelope."""
    rng = np.random.default_rng(8)
    M = rng.random((10, 7))
    theirs = pot.solve(M, reg=0.1, reg_type="entropy", max_iter=100_000, tol=1e-13)
    ours = ot.solve(None, None, M, 0.1, tol=1e-12)
    assert ours.plan == pytest.approx(theirs.plan, rel=1e-8)
    assert ours.cost == pytest.approx(theirs.value_linear, rel=1e-9)
    assert ours.plan_sparse().toarray() == pytest.approx(theirs.plan, rel=1e-8)
    marginals = ours.plan.sum(axis=1), ours.plan.sum(axis=0)
    for found, expected in zip(marginals, theirs.marginals, strict=True):
        assert found == pytest.approx(expected, abs=1e-11)
    for found, expected in zip(ours.potentials, theirs.potentials, strict=True):
        # Theirs are exponents: divided by the regularization.
        assert up_to_a_constant(found, 0.1 * expected) == pytest.approx(0.0, abs=1e-8)
