"""Figures of runs and models, following scikit-learn's Display conventions.

A display object holds the numbers; ``plot`` draws them. Make one with a class method
(``from_trace``, ``from_estimator``) or from arrays. After ``plot``, ``ax_`` and ``figure_`` are the
matplotlib objects. matplotlib is imported only when something is drawn. :class:`Claims` is a table:
measured values beside what was predicted of them.
"""

from ._claims import Claims
from ._convergence import ConvergenceDisplay
from ._regularization_path import RegularizationPathDisplay

__all__ = ["Claims", "ConvergenceDisplay", "RegularizationPathDisplay"]
