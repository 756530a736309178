"""Wrappers of update rules: what is done to gradients and parameters around the steps of any rule.

Each takes a rule first, has the interface of a :class:`~optlite.optim.Rule`, and can be wrapped
again; the outermost sees the gradient first. The state of the rule inside is ``state["inner"]``.

:class:`~optlite.optim.ScheduleFreeSGD`, :class:`~optlite.optim.ScheduleFreeAdamW` and
:class:`~optlite.optim.SMB` are rules of their own. The first two and :class:`~optlite.optim.XGrad`
hold a second point in their state that goes with the parameters: a wrapper that changes the
parameters, :class:`~optlite.optim.Lookahead` or :class:`~optlite.optim.LAWN`, belongs inside
:class:`~optlite.optim.XGrad` and not around these.
"""

from ._base import PythonRule, Wrapper, WrapperState
from .averaging import EMA, SWA
from .centralization import GradientCentralization
from .clipping import ClipNorm, ClipValue, MedianClip
from .grokfast import Grokfast
from .groups import GroupStates, ParameterGroups
from .lookahead import Lookahead
from .model_building import SMB
from .noise import GradientNoise
from .schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD
from .sharpness import SAM, GradientRegularization
from .weight_normalization import LAWN
from .xgrad import XGrad

__all__ = [
    "EMA",
    "LAWN",
    "SAM",
    "SMB",
    "SWA",
    "ClipNorm",
    "ClipValue",
    "GradientCentralization",
    "GradientNoise",
    "GradientRegularization",
    "Grokfast",
    "GroupStates",
    "Lookahead",
    "MedianClip",
    "ParameterGroups",
    "PythonRule",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
    "Wrapper",
    "WrapperState",
    "XGrad",
]
