"""Block coordinate descent: which blocks there are, which one moves, and how far.

:func:`solve` minimises least squares, logistic and softmax losses, energies of graphs, also with l1
terms, bounds or groups, by moving a few variables at a time. The choices of partition, selection
and update are independent of each other.

Examples
--------
>>> import numpy as np
>>> from optlite import bcd
>>> f = bcd.Quadratic([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]], [1.0, 0.0, 1.0])
>>> bcd.solve(f, block_size=2).x.round(6)
array([ 1., -1.,  1.])
"""

from ._composite import Composite, SVMDual
from ._models import Logistic, Softmax
from ._partitions import partition
from ._problems import LabelPropagation, LeastSquares, Quadratic
from ._run import BlockRecord, BlockResult, solve, steps

__all__ = [
    "BlockRecord",
    "BlockResult",
    "Composite",
    "LabelPropagation",
    "LeastSquares",
    "Logistic",
    "Quadratic",
    "SVMDual",
    "Softmax",
    "partition",
    "solve",
    "steps",
]
