"""Threads of BLAS beside threads of the core."""

from contextlib import nullcontext
from functools import cache

from threadpoolctl import ThreadpoolController

#: Matrices up to this size are decomposed no faster by several threads.
_SMALL = 300


def single_blas_thread():
    """Keep BLAS to one thread, within a ``with``.

    The threads of OpenBLAS watch for work for about 20 ms after a call before they sleep, and
    take the processors from the core's own threads in that time: on two cores, a leave-one-out
    path of 0.05 s took 0.11 to 0.14 s after one scalar product of all entries of X.

    Returns
    -------
    context manager
        The number of threads is as before at its end.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite._blas_threads import single_blas_thread
    >>> with single_blas_thread():
    ...     values = np.linalg.eigvalsh(np.diag([2.0, 1.0]))
    >>> values
    array([1., 2.])
    """
    return _blas().limit(limits=1)


def single_blas_thread_if_small(size):
    """Keep BLAS to one thread for matrices up to 300 x 300; large ones are worth several."""
    return nullcontext() if size > _SMALL else single_blas_thread()


@cache
def _blas():
    """Look for the libraries once: this takes a millisecond."""
    return ThreadpoolController().select(user_api="blas")
