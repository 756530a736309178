"""Small decompositions leave the processors to the core's threads."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from optlite import _validation
from optlite._blas_threads import single_blas_thread_if_small
from optlite.linear_model import RidgeCV


def blas_threads():
    """Numbers of threads of the BLAS libraries in this process."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture
def two_threads():
    """BLAS with two threads, as on a machine with two processors."""
    with threadpool_limits(2, user_api="blas"):
        if blas_threads() != {2}:
            pytest.skip("this BLAS has one thread only")
        yield


@pytest.mark.usefixtures("two_threads")
def test_small_matrices_get_one_thread_and_large_ones_all():
    with single_blas_thread_if_small(100):
        assert blas_threads() == {1}
    assert blas_threads() == {2}
    with single_blas_thread_if_small(1000):
        assert blas_threads() == {2}


@pytest.mark.usefixtures("two_threads")
def test_leave_one_out_of_few_columns_decomposes_with_one_thread(monkeypatch):
    seen = []

    def spy(A):
        seen.append(blas_threads())
        return decompose(A)

    decompose = np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", spy)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 5))
    RidgeCV().fit(X, X @ np.arange(5.0) + rng.standard_normal(60))
    assert seen == [{1}]
    assert blas_threads() == {2}


@pytest.mark.usefixtures("two_threads")
def test_the_check_of_values_wakes_no_second_thread():
    """Its scalar product comes before everything that the core does."""
    seen = []

    class Spy(np.ndarray):
        def __matmul__(self, other):
            seen.append(blas_threads())
            return np.asarray(self) @ np.asarray(other)

    X = np.arange(6.0).reshape(3, 2).view(Spy)
    assert _validation._sum_of_squares(X) == 55.0
    assert seen == [{1}]
    assert blas_threads() == {2}
