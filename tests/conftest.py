"""Shared fixtures, and a hypothesis profile that draws the same examples in every run."""

import hypothesis
import pytest
from threadpoolctl import threadpool_limits

hypothesis.settings.register_profile(
    "repeatable", derandomize=True, deadline=None, max_examples=40, database=None
)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(params=[1, 2, 3, 7], ids="threads={}".format)
def n_threads(request):
    """Run the test with each of these numbers of OpenMP threads."""
    with threadpool_limits(request.param, user_api="openmp"):
        yield request.param
