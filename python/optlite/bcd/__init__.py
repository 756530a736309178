"""Block coordinate descent: which blocks there are, which one moves, and how far.

:func:`solve` minimises a quadratic, such as least squares, by moving a few variables at a time.
The choices of partition, selection and update are independent of each other.

Examples
--------
>>> import numpy as np
>>> from optlite import bcd
>>> f = bcd.Quadratic([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]], [1.0, 0.0, 1.0])
>>> bcd.solve(f, block_size=2).x.round(6)
array([ 1., -1.,  1.])
"""

from ._partitions import partition
from ._problems import LeastSquares, Quadratic
from ._run import BlockRecord, BlockResult, solve, steps

__all__ = [
    "BlockRecord",
    "BlockResult",
    "LeastSquares",
    "Quadratic",
    "partition",
    "solve",
    "steps",
]
