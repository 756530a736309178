"""Figures of runs and models, following scikit-learn's Display conventions.

A display object holds the numbers; ``plot`` draws them. Make one with a class method
(``from_trace``, ``from_estimator``) or from arrays. After ``plot``, ``ax_`` and ``figure_`` are the
matplotlib objects. matplotlib is imported only when something is drawn. :class:`Claims` is a table:
measured values beside what was predicted of them.
"""

from ._animation import Animation, animate
from ._block_animation import BlockAnimation, animate_blocks
from ._claims import Claims
from ._coefficient import CoefficientDisplay
from ._convergence import ConvergenceDisplay
from ._fan_chart import FanChartDisplay
from ._interval_coverage import IntervalCoverageDisplay
from ._loss_landscape import LossLandscapeDisplay
from ._pit import PITDisplay
from ._regularization_path import RegularizationPathDisplay
from ._reliability import ReliabilityDisplay
from ._spectral_density import SpectralDensityDisplay
from ._spectrum import SpectrumDisplay
from ._stability import StabilityDisplay
from ._trajectory import TrajectoryDisplay
from ._transport_plan import TransportPlanDisplay

__all__ = [
    "Animation",
    "BlockAnimation",
    "Claims",
    "CoefficientDisplay",
    "ConvergenceDisplay",
    "FanChartDisplay",
    "IntervalCoverageDisplay",
    "LossLandscapeDisplay",
    "PITDisplay",
    "RegularizationPathDisplay",
    "ReliabilityDisplay",
    "SpectralDensityDisplay",
    "SpectrumDisplay",
    "StabilityDisplay",
    "TrajectoryDisplay",
    "TransportPlanDisplay",
    "animate",
    "animate_blocks",
]
