"""Takes the radial part out of a step, where a normalisation seems to follow the weights.

If max over rows |cos(g, x)| < delta / sqrt(columns), each row of the step loses its part along x;
otherwise the same question is asked of the tensor as a whole.

Heo et al., AdamP: slowing down the slowdown for momentum optimizers on scale-invariant weights,
2021, algorithms 1 and 2.
"""

import numpy as np


def project(g, x, step, delta, eps):
    """Return the step, and whether it was projected; vectors never are."""
    if x.ndim < 2:
        return step, False
    for rows in (len(x), 1):
        G, X, U = (array.reshape(rows, -1) for array in (g, x, step))
        size_g, size_x = (np.linalg.norm(array, axis=1) + eps for array in (G, X))
        cosines = np.abs((G * X).sum(axis=1)) / (size_g * size_x)
        if cosines.max() < delta / np.sqrt(X.shape[1]):
            unit = X / size_x[:, None]
            U = U - unit * (unit * U).sum(axis=1, keepdims=True)
            return U.reshape(x.shape), True
    return step, False
