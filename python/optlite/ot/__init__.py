"""Entropic optimal transport that says how far from optimal it is.

:func:`solve` minimises ``<C, P> + reg * sum(P log P)`` over the plans P that move the masses a to
the masses b. It converges at any ``reg``, and its result bounds the cost of unregularised transport
from both sides.

Examples
--------
>>> from optlite import ot
>>> M = [[0.0, 1.0], [1.0, 0.0]]
>>> result = ot.solve([0.5, 0.5], [0.25, 0.75], M, reg=0.01)
>>> result.plan.round(3)
array([[0.25, 0.25],
       [0.  , 0.5 ]])
>>> lower, upper = result.certificate
>>> bool(lower <= 0.25 <= upper)
True
"""

from ._barycenter import BarycenterResult, barycenter
from ._batch import BatchResult, solve_batch
from ._divergence import SinkhornDivergence, sinkhorn_divergence
from ._gaussian import (
    bures_wasserstein,
    bures_wasserstein_barycenter,
    bures_wasserstein_gradient,
)
from ._line import transport_on_line
from ._pooling import PoolingWeights, pooling_weights
from ._relaxed import (
    sinkhorn_unbalanced,
    solve_partial,
    solve_partial_points,
    solve_unbalanced,
    solve_unbalanced_points,
)
from ._relaxed_result import PartialResult, UnbalancedResult
from ._result import TransportRecord, TransportResult
from ._rounding import round_to_marginals
from ._run import steps
from ._solve import (
    sinkhorn,
    sinkhorn_newton,
    sinkhorn_newton_sparse,
    solve,
    solve_points,
)
from .transport_map import TransportMap

__all__ = [
    "BarycenterResult",
    "BatchResult",
    "PartialResult",
    "PoolingWeights",
    "SinkhornDivergence",
    "TransportMap",
    "TransportRecord",
    "TransportResult",
    "UnbalancedResult",
    "barycenter",
    "bures_wasserstein",
    "bures_wasserstein_barycenter",
    "bures_wasserstein_gradient",
    "pooling_weights",
    "round_to_marginals",
    "sinkhorn",
    "sinkhorn_divergence",
    "sinkhorn_newton",
    "sinkhorn_newton_sparse",
    "sinkhorn_unbalanced",
    "solve",
    "solve_batch",
    "solve_partial",
    "solve_partial_points",
    "solve_points",
    "solve_unbalanced",
    "solve_unbalanced_points",
    "steps",
    "transport_on_line",
]
