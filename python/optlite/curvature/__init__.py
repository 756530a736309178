"""Curvature: Hessians and their relatives as linear operators, and what can be read from them.

An operator is made of an objective and a point; it is a SciPy ``LinearOperator`` that multiplies
blocks of vectors in one read of the data. The algorithms need nothing but such products.
"""

__all__ = []
