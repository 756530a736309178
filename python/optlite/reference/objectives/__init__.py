"""Losses of one sample, as functions of the margin z and the target y.

Each file defines ``value(z, y)``, ``first(z, y)`` and ``second(z, y)``, the derivatives with
respect to z, elementwise on arrays; ``curvature_bound()``, the largest second derivative; and
``self_concordance``, a number c with |third derivative| <= c * second derivative (infinite if there
is none). Hyper-parameters are keyword arguments with the defaults of the C++ header.

``multinomial`` has one margin for each class instead: z of shape (n, K).
"""
