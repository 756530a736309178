"""Training in random subspaces."""

import numpy as np
import pytest

from optlite import optim
from optlite.curvature import SubspaceObjective, intrinsic_dimension
from optlite.objectives import LeastSquares, Logistic, Rosenbrock

RNG = np.random.default_rng(0)


def test_gradient_of_a_subspace_is_that_of_differences():
    X = RNG.normal(size=(50, 8))
    f = Logistic(X, X[:, 0] > 0.0, alpha=0.1)
    inside = SubspaceObjective(f, RNG.normal(size=8), 3, random_state=1)
    assert np.abs(inside.P.T @ inside.P - np.eye(3)).max() < 1e-14
    z, step = RNG.normal(size=3), 1e-6
    differences = [
        (inside.value(z + step * e) - inside.value(z - step * e)) / (2 * step) for e in np.eye(3)
    ]
    assert inside.gradient(z) == pytest.approx(differences, abs=1e-8)
    whole = SubspaceObjective(f, np.zeros(8), 8)
    record = list(optim.steps(whole, np.zeros(8), "momentum", learning_rate=0.5, max_iter=300))[-1]
    minimum = optim.minimize(f, method="newton", tol=1e-12).fun
    assert whole.value(record.x) == pytest.approx(minimum, rel=1e-9)


def test_least_squares_needs_as_many_directions_as_it_has_equations():
    """n equations are solved in a random subspace of dimension n, and not in a smaller one."""
    n, d = 12, 400
    f = LeastSquares(RNG.normal(size=(n, d)), RNG.normal(size=n))
    found = intrinsic_dimension(f, np.zeros(d), [3, 6, 11, 12, 30], share=0.999, n_repeats=3)
    assert found.dimension == 12
    assert found.scores.shape == (5, 3)
    assert found.baseline == pytest.approx(f.value(np.zeros(d)), rel=1e-6)
    assert (np.median(found.scores, axis=1)[:2] < 0.9 * found.baseline).all()


def test_scores_of_ones_own():
    X = RNG.normal(size=(300, 40))
    y = X @ RNG.normal(size=40) > 0.0
    f = Logistic(X, y, alpha=0.01)

    def accuracy(w):
        return np.mean((X @ w > 0.0) == y)

    found = intrinsic_dimension(f, np.zeros(40), [1, 40], accuracy)
    assert found.dimension == 40 and found.baseline > 0.95
    assert found.threshold == pytest.approx(0.9 * found.baseline)
    none = intrinsic_dimension(f, np.zeros(40), [1], accuracy)
    assert none.dimension is None


def test_bad_arguments_are_refused():
    f = Rosenbrock()
    with pytest.raises(TypeError, match="objective must have value_and_gradient"):
        SubspaceObjective(np.sum, [0.0], 1)
    with pytest.raises(ValueError, match=r"n_directions must be in \[1, 2\], got 3"):
        SubspaceObjective(f, [0.0, 0.0], 3)
    with pytest.raises(ValueError, match="w0 must hold 2 finite numbers"):
        SubspaceObjective(f, [0.0, np.nan], 1)
    with pytest.raises(ValueError, match="dimensions must hold an integer at least"):
        intrinsic_dimension(f, [0.0, 0.0], [])
    with pytest.raises(ValueError, match=r"share must be in \(0, 1\], got 2"):
        intrinsic_dimension(f, [0.0, 0.0], [1], share=2.0)
    with pytest.raises(ValueError, match="score must be > 0 and finite after training"):
        intrinsic_dimension(f, [0.0, 0.0], [1], lambda w: -1.0)
    with pytest.raises(ValueError, match="score must be > 0 and finite after training"):
        intrinsic_dimension(f, [0.0, 0.0], [1], lambda w: np.nan)


def test_variables_keep_their_shape():
    class Sides:
        dim, shape = 6, (2, 3)

        def value_and_gradient(self, w):
            assert w.shape == (2, 3)
            return np.sum((w - 1.0) ** 2), 2.0 * (w - 1.0)

    found = intrinsic_dimension(Sides(), np.zeros((2, 3)), [6])
    assert found.dimension == 6 and found.baseline == pytest.approx(6.0)
