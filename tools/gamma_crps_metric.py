#!/usr/bin/env python3
"""Write the table from which the metric of the gamma distribution's CRPS is computed.

With F(u) the distribution function for the shape a and the mean 1, F' its derivative in log a and f
its density, two entries of the metric are integrals without a closed form,

    2 int F'(u)^2 du = a c r(a) / (1 + 8 a),    -2 int F'(u) u f(u) du = a c q(a) / (1 + a),

with c = Gamma(a + 1/2) / (sqrt(pi) Gamma(a + 1)). The factors beside r and q are chosen so that
both are smooth in s = (a - 1) / (a + 1) on all of [-1, 1], with limits at both ends. They are
computed here at Chebyshev's points: F' by cumulative Gauss-Legendre quadrature in log u from above,

    F'(u) = int_u^inf a (v - 1 - log v + psi(a) - log a) f(v) dv,

the integrals on the same nodes. Coefficients below 3e-14 are left out.

usage: gamma_crps_metric.py        (needs NumPy and SciPy; tests compare the metric that the library
                                    returns with another quadrature)
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.special import digamma, gammaln, roots_legendre

HEADER = Path(__file__).resolve().parent.parent / "cpp/include/optlite/core/gamma_crps_table.hpp"
DEGREE = 36  # of the polynomials before small coefficients are left out
PANELS, NODES = 120, 24

TEXT = """\
// Written by tools/gamma_crps_metric.py, which says what it is; do not edit.
#pragma once

#include <array>

namespace optlite::special::detail {{

/// Coefficients of Chebyshev's polynomials in (a - 1) / (a + 1), of r and of q.
inline constexpr std::array<std::array<double, 2>, {count}> gamma_crps_table{{{{
{rows}
}}}};

}}  // namespace optlite::special::detail
"""


def stirling(a):
    """Return log Gamma(a) - a log a + a and psi(a) - log a."""
    if a < 12.0:
        return gammaln(a) - a * np.log(a) + a, digamma(a) - np.log(a)
    r = 1.0 / a**2
    powers = r ** np.arange(6)
    reduced = powers @ (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360) / a
    slope = powers @ (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760) * r
    return reduced + 0.5 * np.log(2.0 * np.pi / a), -0.5 / a - slope


def half_difference(a):
    """Return c."""
    over = np.log1p(0.5 / (a + 0.5))
    log_gammas = stirling(a + 0.5)[0] - stirling(a + 1.0)[0] - (a + 0.5) * over + 0.5
    return np.exp(log_gammas) / np.sqrt(np.pi * (a + 1.0))


def exp_minus(t):
    """Return e^t - 1 - t."""
    small = np.abs(t) < 0.1
    series = sum(t**k / np.prod(np.arange(1.0, k + 1.0)) for k in range(2, 14))
    return np.where(small, series, np.expm1(t) - t)


def ends(a):
    """Return where a (e^t - 1 - t) is 60, or t = -60 if that is farther."""
    found = []
    for low, high in ((-60.0, 0.0), (0.0, 200.0)):
        for _ in range(80):
            middle = 0.5 * (low + high)
            outside = a * exp_minus(np.array(middle)) > 60.0
            if outside == (middle < 0.0):
                low = middle
            else:
                high = middle
        found.append(0.5 * (low + high))
    return found


def entries(a):
    """Return r(a) and q(a)."""
    reduced, excess = stirling(a)
    bottom, top = ends(a)
    x, weights = roots_legendre(NODES)
    # above[i, j]: the integral from node i to the upper end of the j-th polynomial of Lagrange
    basis = np.linalg.inv(np.polynomial.legendre.legvander(x, NODES - 1))
    primitive = np.polynomial.legendre.legint(np.eye(NODES), axis=0)
    above = (
        np.polynomial.legendre.legval(1.0, primitive)[None, :]
        - np.polynomial.legendre.legval(x, primitive).T
    ) @ basis
    edges = np.linspace(bottom, top, PANELS + 1)
    half = 0.5 * (edges[1] - edges[0])
    later = square = mixed = 0.0  # later: F' at the upper end of a panel
    for edge in edges[:0:-1]:
        t = edge - half + half * x
        growth = exp_minus(t)
        density = np.exp(-a * growth - reduced)  # of t = log u: u f(u)
        integrand = a * (growth + excess) * density
        slope = later + half * (above @ integrand)
        later += half * weights @ integrand
        square += half * weights @ (slope**2 * np.exp(t))
        mixed += half * weights @ (slope * density * np.exp(t))
    unit = a * half_difference(a)
    return 2.0 * square / unit * (1.0 + 8.0 * a), -2.0 * mixed / unit * (1.0 + a)


def coefficients():
    """Return Chebyshev coefficients of r and q, shape (n, 2)."""
    points = np.polynomial.chebyshev.chebpts1(DEGREE + 1)
    values = np.array([entries((1.0 + s) / (1.0 - s)) for s in points])
    transform = np.polynomial.chebyshev.chebvander(points, DEGREE).T * 2.0 / (DEGREE + 1)
    transform[0] /= 2.0
    series = transform @ values
    keep = np.flatnonzero(np.abs(series).max(axis=1) > 3e-14)[-1] + 1
    return series[:keep]


def main():
    """Write the header."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    series = coefficients()
    rows = "\n".join(f"    {{{{{r:.16e}, {q:.16e}}}}}," for r, q in series)
    HEADER.write_text(TEXT.format(count=len(series), rows=rows), encoding="utf-8")


if __name__ == "__main__":
    main()
