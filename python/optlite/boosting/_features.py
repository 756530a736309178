"""From X as users have it to bytes: categories, missing values, sparse columns."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import validate_data

from .._core import core
from .._validation import check_sparse_structure, position

#: Kinds of columns of data frames that hold categories.
_CATEGORY_KINDS = ("category", "object", "string", "str", "bool", "boolean")


def check_X(estimator, X, *, categories, reset):
    """Validate features: numbers that may be NaN but not infinite; categories become codes.

    Parameters
    ----------
    estimator : BaseEstimator
    X : array-like, data frame or sparse matrix, shape (n_samples, n_features)
    categories : dict
        Known categories of columns that hold no numbers, by place; see `learn_categories`.
    reset : bool
        Whether this is a fit.

    Returns
    -------
    ndarray or sparse matrix of float32 or float64
        A dense array of numbers is read in place, whatever its strides.
    """
    check_sparse_structure(X)
    X = validate_data(
        estimator,
        encode_categories(X, categories),
        accept_sparse=["csr", "csc"],
        dtype=[np.float64, np.float32],
        ensure_all_finite=False,  # NaN is a value of its own; infinity is looked for below
        reset=reset,
    )
    if sp.issparse(X):
        infinite = np.isinf(X.data)
        if infinite.any():
            _refuse_infinity(estimator, X, int(np.argmax(infinite)))
        return X
    if not (X.flags.aligned and X.dtype.isnative):
        X = np.array(X, dtype=X.dtype.newbyteorder("="), order="C")
    at = core.first_infinity(X)
    if at >= 0:
        _refuse_infinity(estimator, X, at)
    return X


def _refuse_infinity(estimator, X, at):
    row, column = position(X, at)
    raise ValueError(
        f"Input X contains infinity or a value too large for {X.dtype!r} at row {row}, column "
        f"{column}. "
        f"{type(estimator).__name__} takes NaN for missing values, but no infinity."
    )


def learn_categories(X, categorical):
    """Return the sorted categories of each categorical column that does not hold numbers.

    Parameters
    ----------
    X : data frame or array-like
    categorical : ndarray of bool, shape (n_features,), or None

    Returns
    -------
    dict
        Place of a column: ndarray of its categories.
    """
    found = {}
    if categorical is None or sp.issparse(X):
        return found
    for j in np.flatnonzero(categorical):
        values = _column(X, j)
        if values is not None and values.dtype == object:
            known = [v for v in values if not _is_missing(v)]
            found[int(j)] = np.array(sorted(set(known), key=lambda v: (str(type(v)), v)), object)
    return found


def encode_categories(X, categories):
    """Replace categories by their places; missing and unknown ones by NaN."""
    if not categories:
        return X
    polars = hasattr(X, "with_columns")
    frame = X
    if not polars:
        frame = X.copy(deep=False) if hasattr(X, "columns") else np.array(X, dtype=object)
    for j, known in categories.items():
        if _column(X, j) is None:
            return X  # too few columns: validation words the error
        place = {value: float(i) for i, value in enumerate(known)}
        codes = [np.nan if _is_missing(v) else place.get(v, -1.0) for v in _column(X, j)]
        if polars:
            series = X[X.columns[j]]
            frame = frame.with_columns(type(series)(series.name, np.array(codes, dtype=float)))
        elif hasattr(X, "columns"):
            frame[frame.columns[j]] = np.array(codes)
        else:
            frame[:, j] = codes
    return frame


def _column(X, j):
    """Column j as an array; None if there is none. Numbers keep their type, all else is object."""
    if hasattr(X, "columns"):
        if j >= len(X.columns):
            return None
        column = X[X.columns[j]]
        named = str(column.dtype).lower() in _CATEGORY_KINDS
        return np.asarray(column, dtype=object if named else None)
    X = np.asarray(X)
    if X.ndim != 2 or j >= X.shape[1]:
        return None
    return X[:, j].astype(object) if X.dtype.kind in "USO" else X[:, j]


def _is_missing(value):
    return value is None or value != value or str(value) == "<NA>"


def categorical_mask(estimator, X, given):
    """Return which columns are categories, as the parameter `categorical_features` says.

    Parameters
    ----------
    estimator : BaseEstimator
    X : data frame, array-like or sparse matrix
    given : None, "from_dtype" or array-like of bool, int or str

    Returns
    -------
    ndarray of bool, shape (n_features,), or None
        None stands for numbers only.
    """
    if given is None or (isinstance(given, str) and given != "from_dtype"):
        if given is None:
            return None
        raise ValueError(
            'categorical_features must be None, "from_dtype" or a list of columns, got '
            f"{given!r} ({type(estimator).__name__})."
        )
    names = list(X.columns) if hasattr(X, "columns") else None
    if isinstance(given, str):
        if names is None:
            return None
        kinds = [str(dtype).lower() for dtype in X.dtypes]
        return np.array([kind.startswith(("categor", "enum")) for kind in kinds], dtype=bool)
    shape = X.shape if sp.issparse(X) or names is not None else np.asarray(X).shape
    width = shape[1] if len(shape) == 2 else 0
    mask = np.zeros(width, dtype=bool)
    given = np.asarray(given)
    if given.dtype == bool:
        if given.shape != (width,):
            raise ValueError(
                f"categorical_features must have one entry for each of {width} features, got "
                f"shape {given.shape}."
            )
        return given
    for which in given.ravel().tolist():
        place = names.index(which) if names is not None and which in names else which
        if not isinstance(place, (int, np.integer)) or not 0 <= place < width:
            raise ValueError(
                f"categorical_features must name columns of X, got {which!r}; X has {width} "
                f"columns{'' if names is None else f': {names}'}."
            )
        mask[place] = True
    return mask


def monotone_signs(estimator):
    """Return the parameter `monotonic_cst` as one sign a feature, or None."""
    if estimator.monotonic_cst is None:
        return None
    given = estimator.monotonic_cst
    if isinstance(given, dict):
        names = list(getattr(estimator, "feature_names_in_", []))
        given = [given.get(name, 0) for name in names]
    signs = np.asarray(given)
    if signs.shape != (estimator.n_features_in_,) or not np.isin(signs, (-1, 0, 1)).all():
        raise ValueError(
            f"monotonic_cst must have one of -1, 0, 1 for each of {estimator.n_features_in_} "
            f"features, got {estimator.monotonic_cst!r}."
        )
    if (signs[estimator._categorical] != 0).any():
        raise ValueError("monotonic_cst must be 0 for categorical features.")
    return np.ascontiguousarray(signs, dtype=np.int8)


def some_columns(X, features):
    """Return these columns (increasing places) of X: itself where they are all."""
    return X if len(features) == X.shape[1] else X[:, features]


def find_bins(data, categorical, max_bins):
    """Return the bins of the features of `data`: a dict of arrays, to be stored."""
    flags = np.ascontiguousarray(categorical, dtype=np.uint8)
    if sp.issparse(data.X):
        parts = core.find_bins_of_columns(*data.columns, data.weight, flags, max_bins)
    else:
        parts = core.find_bins(data.X, data.weight, flags, max_bins, data.rows)
    return dict(zip(("starts", "values", "categorical"), parts, strict=True))


def encode(data, bins):
    """Return the codes (n_features, n_samples) of the features of `data`, one byte each."""
    checked = core.Bins(bins["starts"], bins["values"], bins["categorical"])
    if sp.issparse(data.X):
        return core.encode_columns(*data.columns, checked)
    return core.encode(data.X, checked, data.rows)


def columns_of(X):
    """Return what the core asks of sparse columns: sums of duplicates, 64-bit indices."""
    X = X.tocsc()
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return (
        np.ascontiguousarray(X.data, dtype=np.float64),
        np.ascontiguousarray(X.indices, dtype=np.int64),
        np.ascontiguousarray(X.indptr, dtype=np.int64),
        X.shape[0],
    )
