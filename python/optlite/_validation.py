"""Every check of what users pass in, and the wording of every refusal.

The core trusts its input; nothing reaches it that has not been through this module.
"""

from contextlib import contextmanager

import numpy as np
import scipy.sparse as sp
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import _check_sample_weight, validate_data

from ._blas_threads import single_blas_thread
from ._core import core
from ._params import real_array, real_number
from ._warnings import warn

# --- data matrices --------------------------------------------------------------------------------


#: Reading X once more to check its values costs a tenth of a fit of tall data: from this number of
#: entries on, estimators that see NaN and overflow in their first gradient check afterwards.
LARGE = 1_000_000


def check_fit_data(
    estimator, X, y, *, multi_output=False, y_numeric=False, values_checked_later=False
):
    """Validate the training data of an estimator without copying what can be read in place.

    Parameters
    ----------
    estimator : BaseEstimator
        It receives ``n_features_in_`` and ``feature_names_in_``.
    X : array-like, data frame or sparse matrix, shape (n_samples, n_features)
        float32 stays float32, every other type becomes float64. Sparse formats other than CSR and
        CSC become CSR.
    y : array-like, shape (n_samples,) or (n_samples, n_targets)
        Targets; two dimensions only with `multi_output`.
    multi_output : bool, default=False
        Whether `y` may have several columns.
    y_numeric : bool, default=False
        Whether `y` is converted to float64 when it holds objects.
    values_checked_later : bool, default=False
        Whether the caller runs `check_magnitudes` itself if a fit of large data ends unusually.

    Returns
    -------
    X : ndarray or sparse matrix of float32 or float64
    y : ndarray

    Raises
    ------
    ValueError
        For NaN and infinity (naming the first row and column), values whose squares overflow,
        corrupt sparse indices, and everything that scikit-learn's ``validate_data`` refuses.
    """
    check_sparse_structure(X)
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse=["csr", "csc"],
        dtype=[np.float64, np.float32],
        ensure_all_finite=False,  # checked below, together with overflow, in one read of X
        multi_output=multi_output,
        y_numeric=y_numeric,
    )
    if not (values_checked_later and is_large(X)):
        check_magnitudes(X, type(estimator).__name__)
    return X, y


def is_large(X):
    """Tell whether one more read of X, to check its values, would be felt."""
    return np.prod(X.shape, dtype=float) >= LARGE


def check_magnitudes(X, estimator_name):
    """Refuse NaN, infinity and columns whose sum of squares overflows.

    One pass of a dot product answers "all is well"; only a suspicious X is looked at closely.
    """
    entries = X.data if sp.issparse(X) else X
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(_sum_of_squares(entries)):
            return
    finite = np.isfinite(entries)
    if not finite.all():
        row, column = position(X, int(np.argmin(finite)))
        try:
            assert_all_finite(entries, estimator_name=estimator_name, input_name="X")
        except ValueError as error:
            message = f"{error}\nThe first such value is at row {row}, column {column}."
            raise ValueError(message) from None
        # scikit-learn was told to assume finite data (``assume_finite``); the core cannot.
        raise ValueError(f"Input X contains NaN or infinity, first at row {row}, column {column}.")
    _check_column_overflow(X, entries)


@contextmanager
def places_named(X):
    """Add row and column to scikit-learn's refusal of NaN or infinity in the X of a prediction."""
    try:
        yield
    except ValueError as error:
        place = _first_not_finite(X)
        if place is None or "contains" not in str(error):
            raise
        row, column = place
        message = f"{error}\nThe first such value is at row {row}, column {column}."
        raise ValueError(message) from None


def _first_not_finite(X):
    try:
        X = check_array(
            X, accept_sparse=["csr", "csc"], dtype=[np.float64, np.float32], ensure_all_finite=False
        )
    except (TypeError, ValueError):
        return None
    finite = np.isfinite(X.data if sp.issparse(X) else X)
    return None if finite.all() else position(X, int(np.argmin(finite)))


def _sum_of_squares(entries):
    """Sum squares without a copy; NaN, infinity or an overflow make the result not finite."""
    if entries.flags.c_contiguous or entries.flags.f_contiguous:
        flat = entries.ravel(order="K")
        with single_blas_thread():  # memory is the limit, and the core comes next
            return flat @ flat
    return np.einsum("ij,ij->", entries, entries)


def position(X, flat_index):
    """Row and column of an entry, counted in C order for arrays and in storage order for sparse."""
    if not sp.issparse(X):
        return tuple(int(i) for i in np.unravel_index(flat_index, X.shape))
    outer = int(np.searchsorted(X.indptr, flat_index, side="right")) - 1
    inner = int(X.indices[flat_index])
    return (outer, inner) if X.format == "csr" else (inner, outer)


def _check_column_overflow(X, entries):
    """Name the column that no double-precision method can work with (float32 always fits)."""
    # The sum of n squares stays below the largest double when every square is below its n-th part.
    limit = np.sqrt(np.finfo(np.float64).max / max(entries.size, 1))
    largest = np.abs(entries)
    if entries.size == 0 or not largest.max() > limit:
        return
    row, column = position(X, int(np.argmax(largest)))
    raise ValueError(
        f"Column {column} of X overflows when squared: it holds {largest.max():.3g} (row {row}), "
        f"and at most {limit:.1g} fits. Divide the column by its largest absolute value, for "
        "example with sklearn.preprocessing.MaxAbsScaler."
    )


def warn_of_underflow(X, coef):
    """Warn if no value of X is large enough for its square to be a normal number.

    Only coefficients next to zero are a reason to look: other fits pay nothing.

    Parameters
    ----------
    X : ndarray or sparse matrix
        The validated data.
    coef : ndarray
        The fitted coefficients.
    """
    if np.abs(coef).max(initial=0.0) > 1e-100:
        return
    smallest = np.sqrt(np.finfo(np.float64).tiny)
    largest = np.abs(X.data if sp.issparse(X) else X).max(initial=0.0)
    if 0.0 < largest < smallest:
        warn(
            f"X is too small: its largest absolute value is {largest:.2g}, and squares of numbers "
            f"below {smallest:.1g} underflow, so that the penalty dominates and the features have "
            "no effect. Divide each column by its largest absolute value, for example with "
            "sklearn.preprocessing.MaxAbsScaler.",
            UserWarning,
        )


# --- sparse structure -----------------------------------------------------------------------------


def check_sparse_structure(X):
    """Refuse a sparse matrix whose indices point outside its arrays; let all else pass.

    SciPy and scikit-learn trust these indices: a matrix edited in place can make them read and
    write foreign memory. This runs before any of their code does.
    """
    if not sp.issparse(X):
        return
    if X.format in ("csr", "csc", "bsr"):
        outer, inner = X.shape if X.format != "csc" else X.shape[::-1]
        if X.format == "bsr":
            outer, inner = outer // X.blocksize[0], inner // X.blocksize[1]
        _check_compressed(X, outer, inner)
    elif X.format == "coo" and X.ndim == 2:
        for name, index, width in (("row", X.row, X.shape[0]), ("col", X.col, X.shape[1])):
            if len(index) != len(X.data):
                _refuse(f"{name} and data must have one length", len(index), None)
            _check_range(name, index, width)


def _check_compressed(X, outer, inner):
    indptr, indices = X.indptr, X.indices
    if len(indptr) != outer + 1:
        _refuse(f"indptr must have length {outer + 1}", len(indptr), None)
    if indptr[0] != 0:
        _refuse("indptr[0] must be 0", indptr[0], 0)
    decreases = indptr[1:] < indptr[:-1]
    if decreases.any():
        at = int(np.argmax(decreases)) + 1
        _refuse("indptr must not decrease", indptr[at], at)
    if indptr[-1] > min(len(indices), len(X.data)):
        _refuse("indptr must not exceed the number of stored entries", indptr[-1], outer)
    _check_range("indices", indices[: indptr[-1]], inner)


def _check_range(name, index, width):
    if len(index) == 0 or (index.min() >= 0 and index.max() < width):
        return
    at = int(np.argmax((index < 0) | (index >= width)))
    _refuse(f"{name} must lie in [0, {width})", index[at], at)


def _refuse(rule, value, position):
    where = "" if position is None else f" at position {position}"
    raise ValueError(
        f"The sparse matrix X is corrupt: {rule}, got {value}{where}. "
        "Rebuild it from its coordinates before fitting."
    )


def as_design(X):
    """Wrap a validated 2-d float array or sparse matrix for the core, copying only if needed.

    Parameters
    ----------
    X : ndarray or scipy.sparse matrix or array, shape (n_samples, n_features)
        float32 or float64. A dense array is read in place when it is contiguous along one axis
        (rows, columns, slices of either); otherwise it is copied once. Sparse input becomes CSR,
        and duplicate entries are added up, which costs nothing when there are none.

    Returns
    -------
    core.Design
        It keeps the memory of ``X`` alive.
    """
    if sp.issparse(X):
        return _sparse_design(X)
    return core.dense(_one_contiguous_axis(X))


def as_columns(X):
    """Wrap a validated 2-d float array or sparse matrix for solvers that go column by column.

    Parameters
    ----------
    X : ndarray or scipy.sparse matrix or array, shape (n_samples, n_features)
        float32 or float64. A dense array is read in place as in `as_design`; sparse input becomes
        CSC, with duplicate entries added up.

    Returns
    -------
    core.Columns
        It keeps the memory of ``X`` alive.
    """
    if not sp.issparse(X):
        return core.dense_columns(_one_contiguous_axis(X))
    csc = X if X.format == "csc" else _checked_csr(X).tocsc()
    columns = core.csc(csc.data, *_index_arrays(csc), csc.shape[0])
    if columns.has_duplicates():  # unsorted indices need no copy
        csc = csc.copy()
        csc.sum_duplicates()
        columns = core.csc(csc.data, *_index_arrays(csc), csc.shape[0])
    return columns


def _checked_csr(X):
    """The core checks the indices of a CSR matrix before SciPy trusts them."""
    csr = X if X.format == "csr" else X.tocsr()
    core.csr(csr.data, *_index_arrays(csr), csr.shape[1])
    return csr


def _one_contiguous_axis(X):
    """Return X itself if the core can read it in place, else one C-ordered copy."""
    item = X.itemsize
    n, d = X.shape
    rows = (
        (X.strides[1] == item or d == 1)
        and X.strides[0] % item == 0
        and (X.strides[0] >= d * item or n == 1)
    )
    columns = (
        (X.strides[0] == item or n == 1)
        and X.strides[1] % item == 0
        and (X.strides[1] >= n * item or d == 1)
    )
    if (rows or columns) and X.flags.aligned and X.dtype.isnative:
        return X
    return np.array(X, dtype=X.dtype.newbyteorder("="), order="C")


def _sparse_design(X):
    """Check the structure in the core before SciPy touches it: a corrupt index must not crash."""
    csr = X if X.format == "csr" else _checked_csc(X) if X.format == "csc" else X.tocsr()
    design = core.csr(csr.data, *_index_arrays(csr), csr.shape[1])
    if design.has_duplicates():  # unsorted indices need no copy
        csr = csr.copy()
        csr.sum_duplicates()
        design = core.csr(csr.data, *_index_arrays(csr), csr.shape[1])
    return design


def _checked_csc(X):
    """Convert CSC to CSR, which costs a copy, once its indices have been checked."""
    core.check_csc(*_index_arrays(X), len(X.data), X.shape[0])
    return X.tocsr()


def _index_arrays(X):
    """Return indices and indptr with one integer type, native and contiguous."""
    wide = X.indices.dtype.itemsize > 4 or X.indptr.dtype.itemsize > 4
    kind = np.int64 if wide else np.int32
    return np.ascontiguousarray(X.indices, kind), np.ascontiguousarray(X.indptr, kind)


# --- weights --------------------------------------------------------------------------------------


def check_weights(sample_weight, X):
    """Validate sample weights.

    Parameters
    ----------
    sample_weight : None, number or array-like, shape (n_samples,)
        Each >= 0 and finite, at least one > 0.
    X : ndarray or sparse matrix
        The validated data.

    Returns
    -------
    ndarray of float64, or None
        None stands for equal weights.

    Raises
    ------
    ValueError
        For a wrong length, NaN, infinity, a negative weight, or weights that are all zero.
    """
    if sample_weight is None:
        return None
    weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(
            f"sample_weight must be >= 0, got {weight[row]:.6g} at row {row}. Negative weights "
            "have no minimiser; drop those rows or set their weight to 0."
        )
    with np.errstate(over="ignore"):
        total = weight.sum()
    if total == 0:
        raise ValueError(
            "sample_weight must contain at least one non-zero number, got a weight of zero for "
            "every row."
        )
    if not np.isfinite(total):
        raise ValueError(
            f"The sum of sample_weight overflows (largest weight {weight.max():.3g}). Divide all "
            "weights by the largest one."
        )
    return weight


def check_class_weight(class_weight):
    """Refuse weights of classes that are negative, infinite or NaN."""
    if not isinstance(class_weight, dict):
        return
    factors = np.array(list(class_weight.values()), dtype=np.float64)
    if not np.isfinite(factors).all() or (factors < 0).any():
        raise ValueError(
            f"class_weight must hold finite numbers >= 0, got {class_weight!r}. "
            "Use 'balanced' for equal totals."
        )


def check_class_totals(classes, codes, weight):
    """Two classes at least must have samples that count."""
    if weight is None:
        return
    totals = np.bincount(codes, weights=weight, minlength=len(classes))
    if (totals > 0).sum() < 2:
        raise ValueError(
            "At least 2 classes must have a positive total weight, got the totals "
            f"{dict(zip(classes.tolist(), totals.tolist(), strict=True))}. Check sample_weight and "
            "class_weight."
        )


# --- problems of the toolbox ----------------------------------------------------------------------


def check_matrix(array, name, owner):
    """Validate a matrix of real numbers that a problem is made of.

    Parameters
    ----------
    array : array-like or sparse matrix
        Never written; returned as it is if it already has the form below.
    name, owner : str
        What messages call the argument, and what it belongs to.

    Returns
    -------
    ndarray, or csc_array with sorted indices and without duplicates, of float64

    Raises
    ------
    TypeError
        If it does not hold real numbers.
    ValueError
        For a corrupt sparse structure, NaN and infinity (naming the first row and column), another
        number of dimensions than two, or a dimension of zero.
    """
    if sp.issparse(array):
        check_sparse_structure(array)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype} ({owner}).")
        matrix = sp.csc_array(array, dtype=np.float64)
        if not matrix.has_canonical_format:
            matrix = matrix.copy()
            matrix.sum_duplicates()
    else:
        matrix = np.asarray(real_array(array, name, owner), dtype=np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(
            f"{name} must have two dimensions and no zero among them, got shape {matrix.shape} "
            f"({owner})."
        )
    check_finite(matrix, name, owner)
    return matrix


def check_finite(array, name, owner):
    """Refuse NaN and infinity, naming where the first one is."""
    entries = array.data if sp.issparse(array) else array
    finite = np.isfinite(entries)
    if finite.all():
        return
    place = position(array, int(np.argmin(finite)))
    at = ", ".join(map(str, place))
    raise ValueError(f"{name} must be finite, got NaN or infinity, first at [{at}] ({owner}).")


def check_vector(array, name, size, owner):
    """Return a new vector of float64 of this size, all of it finite."""
    vector = np.array(real_array(array, name, owner), dtype=np.float64)
    if vector.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), got {vector.shape} ({owner}).")
    check_finite(vector, name, owner)
    return vector


def check_integer(value, name, least, owner):
    """Return an int of at least so much, or say what was found."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least:
        return int(value)
    raise ValueError(f"{name} must be an integer >= {least}, got {value!r} ({owner}).")


def check_number(value, name, owner, *, positive=False):
    """Return a finite float that is not negative, or is positive."""
    number = real_number(value, name, owner)
    if np.isfinite(number) and (number > 0.0 or (number == 0.0 and not positive)):
        return number
    raise ValueError(
        f"{name} must be finite and {'>' if positive else '>='} 0, got {number!r} ({owner})."
    )
