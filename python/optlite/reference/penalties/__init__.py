"""Penalties that are a sum over coordinates, alpha * h(w_j).

Each file defines ``value(w)``, ``prox(v, step)`` = argmin_w h(w) + (w - v)^2 / (2 step), and
``subdifferential_distance(w, gradient)``, the distance from -gradient to the subdifferential of h
at w: zero at an optimum. If h has two derivatives, ``first(w)`` and ``second(w)`` too. Convex ones
have ``conjugate(u)`` and ``reach(c)``, the largest t at which the conjugate of t c is finite; the
others ``concavity()``, the least c with h(w) + c w^2 / 2 convex. All act on each coordinate of an
array. Penalties of groups (`group`, `slope`) take one group, and judge it as a whole.
"""
