"""A random split that a weight changes as often as a repeated row does: not at all."""

import zlib

import numpy as np
import scipy.sparse as sp
from sklearn.utils import _safe_indexing


def split_rows(X, y, weight, share, rng):
    """Draw the rows of a part that has about this share of the weight.

    Equal rows go to one side together, and the draw does not depend on the order of the rows. So a
    row of weight 2 is treated as two equal rows are, and a row of weight 0 as none.

    Parameters
    ----------
    X : array-like, data frame or sparse matrix of shape (n, n_features)
    y : ndarray of shape (n,)
    weight : ndarray of shape (n,) or None
    share : float in (0, 1)
    rng : RandomState

    Returns
    -------
    rest, part : ndarray of int
        Rows of positive weight; neither is empty if two of them differ.
    """
    rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight > 0.0)
    size = np.ones(len(rows)) if weight is None else weight[rows]
    keys, group = np.unique(row_keys(X, y)[rows], return_inverse=True)
    sizes = np.bincount(group, weights=size)
    order = rng.permutation(len(keys))
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = before < share * sizes.sum() * (1.0 - 1e-12)
    chosen[-1:] = False
    in_part = np.zeros(len(keys), dtype=bool)
    in_part[order] = chosen
    return rows[~in_part[group]], rows[in_part[group]]


def row_keys(X, y):
    """Return a number for each row that equal rows share, and others (but for chance 2^-64) not."""
    with np.errstate(over="ignore"):
        if sp.issparse(X):
            X = sp.csr_array(X)
            entries = _mixed(_words(X.data) ^ _mixed(X.indices.astype(np.uint64)))
            sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(entries)])
            keys = sums[X.indptr[1:]] - sums[X.indptr[:-1]]  # modulo 2^64, in any order
        else:
            keys = np.zeros(len(y), dtype=np.uint64)
            for column in range(X.shape[1]):
                keys = _mixed(keys ^ _words(_safe_indexing(X, column, axis=1)))
        return _mixed(keys ^ _words(y))


def _words(values):
    """Return 64 bits for each value."""
    values = np.asarray(values)
    if values.dtype.kind in "biuf":
        return (values.astype(np.float64) + 0.0).view(np.uint64)  # -0.0 + 0.0 is 0.0
    return np.array([zlib.crc32(repr(value).encode()) for value in values], dtype=np.uint64)


def _mixed(words):
    """Scramble 64 bits: the finaliser of Steele, Lea, Flood, Fast splittable generators, 2014."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
