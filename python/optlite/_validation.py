"""Every check of what users pass in, and the wording of every refusal.

The core trusts its input; nothing reaches it that has not been through this module.
"""

import numpy as np
import scipy.sparse as sp

from ._core import core


def as_design(X):
    """Wrap a validated 2-d float array or sparse matrix for the core, copying only if needed.

    Parameters
    ----------
    X : ndarray or scipy.sparse matrix or array, shape (n_samples, n_features)
        float32 or float64. A dense array is read in place when it is contiguous along one axis
        (rows, columns, slices of either); otherwise it is copied once. Sparse input is converted to
        canonical CSR, which costs nothing when it already is.

    Returns
    -------
    core.Design
        It keeps the memory of ``X`` alive.
    """
    if sp.issparse(X):
        return _sparse_design(X)
    return core.dense(_one_contiguous_axis(X))


def _one_contiguous_axis(X):
    """Return X itself if the core can read it in place, else one C-ordered copy."""
    item = X.itemsize
    n, d = X.shape
    rows = (X.strides[1] == item or d == 1) and X.strides[0] % item == 0 and (
        X.strides[0] >= d * item or n == 1
    )
    columns = (X.strides[0] == item or n == 1) and X.strides[1] % item == 0 and (
        X.strides[1] >= n * item or d == 1
    )
    if (rows or columns) and X.flags.aligned and X.dtype.isnative:
        return X
    return np.array(X, dtype=X.dtype.newbyteorder("="), order="C")


def _sparse_design(X):
    """Check the structure in the core before SciPy touches it: a corrupt index must not crash."""
    csr = X if X.format == "csr" else _checked_csc(X) if X.format == "csc" else X.tocsr()
    design = core.csr(csr.data, *_index_arrays(csr), csr.shape[1])
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()
        design = core.csr(csr.data, *_index_arrays(csr), csr.shape[1])
    return design


def _checked_csc(X):
    """Convert CSC to CSR after its indices have been checked (as the CSR form of X^T)."""
    core.csr(X.data, *_index_arrays(X), X.shape[0])
    return X.tocsr()


def _index_arrays(X):
    """Return indices and indptr with one integer type, native and contiguous."""
    wide = X.indices.dtype.itemsize > 4 or X.indptr.dtype.itemsize > 4
    kind = np.int64 if wide else np.int32
    return np.ascontiguousarray(X.indices, kind), np.ascontiguousarray(X.indptr, kind)
