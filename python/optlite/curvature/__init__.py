"""Curvature: Hessians and their relatives as linear operators, and what can be read from them.

An operator is made of an objective and a point; it is a SciPy ``LinearOperator`` that multiplies
blocks of vectors in one read of the data. The algorithms need nothing but such products: they take
arrays, sparse matrices, any ``LinearOperator`` and plain functions as well.

Examples
--------
>>> import numpy as np
>>> from optlite import curvature, objectives
>>> X = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 3.0]])
>>> f = objectives.Logistic(X, [-1, 1, -1], alpha=0.1)
>>> H = curvature.HessianOperator(f, np.zeros(2))
>>> H @ np.eye(2)
array([[0.26666667, 0.25      ],
       [0.25      , 1.18333333]])
"""

from ._alignment import HessianAlignment, hessian_alignment
from ._batch_hessian import BatchHessian, hessian_noise
from ._density import SpectralDensity, spectral_density
from ._diagonal import DiagonalResult, diagonal
from ._eigsh import EigenResult, eigsh
from ._estimate import Estimate
from ._finite_differences import FiniteDifferenceOperator, NoiseEstimate, estimate_noise
from ._functions import SpectralBound, condition_number, logdet, norm, trace_of_function
from ._gradient_statistics import GradientStatistics, gradient_statistics, per_sample_gradients
from ._intrinsic_dimension import IntrinsicDimension, SubspaceObjective, intrinsic_dimension
from ._kpm import ChebyshevDensity
from ._lanczos import LanczosResult, lanczos, lanczos_steps
from ._loss_values import LossOnLine, LossOnPlane, loss_on_line, loss_on_plane
from ._objective_of import objective_of
from ._operators import CurvatureOperator, GaussNewtonOperator, HessianOperator
from ._operators_algebra import DeflatedOperator, ScaledOperator, ShiftedOperator, SumOperator
from ._operators_checks import asymmetry
from ._operators_fisher import EmpiricalFisherOperator, FisherOperator
from ._operators_inverse import InverseOperator
from ._operators_jacobian import JacobianOperator, NTKOperator
from ._operators_kronecker import EKFACOperator, KFACOperator, KroneckerInverseOperator
from ._operators_preconditioned import PreconditionedOperator
from ._sgd_stability import (
    SampleHessians,
    SGDStability,
    sample_hessians,
    second_moment_step,
    sgd_stability,
)
from ._sharpness import SharpnessRecord, SharpnessTracker, sharpness
from ._stability import adam_preconditioner, growth_factor, stability_threshold
from ._surge_law import (
    optimal_learning_rate,
    sgd_noise_scale,
    sign_descent_rate,
    sign_noise_scale,
)
from ._top_subspace import TopSubspace, gradient_in_top_subspace, subspace_overlap
from ._trace import TraceResult, trace

__all__ = [
    "BatchHessian",
    "ChebyshevDensity",
    "CurvatureOperator",
    "DeflatedOperator",
    "DiagonalResult",
    "EKFACOperator",
    "EigenResult",
    "EmpiricalFisherOperator",
    "Estimate",
    "FiniteDifferenceOperator",
    "FisherOperator",
    "GaussNewtonOperator",
    "GradientStatistics",
    "HessianAlignment",
    "HessianOperator",
    "IntrinsicDimension",
    "InverseOperator",
    "JacobianOperator",
    "KFACOperator",
    "KroneckerInverseOperator",
    "LanczosResult",
    "LossOnLine",
    "LossOnPlane",
    "NTKOperator",
    "NoiseEstimate",
    "PreconditionedOperator",
    "SGDStability",
    "SampleHessians",
    "ScaledOperator",
    "SharpnessRecord",
    "SharpnessTracker",
    "ShiftedOperator",
    "SpectralBound",
    "SpectralDensity",
    "SubspaceObjective",
    "SumOperator",
    "TopSubspace",
    "TraceResult",
    "adam_preconditioner",
    "asymmetry",
    "condition_number",
    "diagonal",
    "eigsh",
    "estimate_noise",
    "gradient_in_top_subspace",
    "gradient_statistics",
    "growth_factor",
    "hessian_alignment",
    "hessian_noise",
    "intrinsic_dimension",
    "lanczos",
    "lanczos_steps",
    "logdet",
    "loss_on_line",
    "loss_on_plane",
    "norm",
    "objective_of",
    "optimal_learning_rate",
    "per_sample_gradients",
    "sample_hessians",
    "second_moment_step",
    "sgd_noise_scale",
    "sgd_stability",
    "sharpness",
    "sign_descent_rate",
    "sign_noise_scale",
    "spectral_density",
    "stability_threshold",
    "subspace_overlap",
    "trace",
    "trace_of_function",
]
