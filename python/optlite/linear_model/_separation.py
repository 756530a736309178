"""Does a maximum-likelihood estimate exist? Recession directions of the logistic likelihood.

Write one row for each sample `i` and each class `k` other than its own: `D_ik (w, b)` is the margin
by which class `y_i` wins over `k`. Without penalty the likelihood has no finite maximum exactly if
some direction has ``D direction >= 0`` with a positive entry (Albert and Anderson, 1984). All
entries positive is complete separation; zeros among them make it quasi-complete.

A solver that follows such a direction leaves traces: margins that grow without bound on some rows,
and none on the others, the boundary. These rows decide the question by a rank, almost for free; a
linear program decides what is left (Konis, 2007).
"""

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

#: Entries of D that are written out at most (a few hundred megabytes); beyond, samples of rows.
MOST_ENTRIES = 2e7
#: Entries of D up to which the linear program takes about a second.
MOST_LP_ENTRIES = 1e6
#: Columns of D beyond which its Gram matrix is too large to take apart.
MOST_COLUMNS = 2000


def find_separation(problem, result, X, names):
    """Look for a direction along which the likelihood keeps growing.

    Parameters
    ----------
    problem : object
        With `outputs`, `n_features`, `intercept`, `codes`, `weight`, `total_weight`.
    result : dict
        Of the core's fit: `coefficients`, `certificate`.
    X : ndarray or sparse matrix
        Validated data.
    names : sequence of str or None
        Names of the columns.

    Returns
    -------
    str or None
        A warning for people; None if nothing was found.
    """
    table = result["coefficients"].reshape(problem.outputs, -1)
    pairs = _Pairs(problem, X)
    margins = pairs.margins(table)
    rows = np.arange(X.shape[0], dtype=np.int32 if X.shape[0] < 2**31 else np.intp)
    if problem.weight is not None:
        rows = np.flatnonzero(problem.weight > 0)
        margins = margins[rows]
    if margins.min() > 0:
        return _message("completely", "every row", pairs.spread(table, rows), problem, names)
    level = _level(problem, result, rows)
    moving = (margins > level[:, None]).any(axis=1)
    if not moving.any() or pairs.columns > MOST_COLUMNS:
        return None
    direction = _quasi_direction(pairs, table, rows, margins, level, _unseen(pairs, result))
    if direction is None:
        return None
    gained = (pairs.margins(direction)[rows] > 1e-6).any(axis=1)
    count = f"{int(gained.sum())} of {len(rows)} rows"
    return _message("quasi-completely", count, pairs.spread(direction, rows), problem, names)


def _level(problem, result, rows):
    """Margins that a row which moves along a recession direction has passed by now.

    On that line the loss of a row is close to ``exp(-margin)`` and equals its curvature, so that
    the certificate (the squared Newton decrement) bounds ``s_i exp(-margin_i) / S``.
    """
    certificate = max(result["certificate"], 1e-300)
    weight = 1.0 if problem.weight is None else problem.weight[rows]
    with np.errstate(over="ignore"):
        passed = np.log(weight / problem.total_weight) - np.log(certificate)
    least = 3.0  # not below what any ordinary fit shows
    return np.broadcast_to(np.maximum(passed - 2.0, least), len(rows))


class _Pairs:
    """The matrix D: whole for small data, row by row of X for large data."""

    def __init__(self, problem, X):
        self.X = X
        self.codes = problem.codes
        self.intercept = problem.intercept
        self.features = problem.n_features
        self.stride = self.features + int(problem.intercept)
        # The last class is held at zero: adding one vector to all classes changes no margin.
        self.free = max(problem.outputs - 1, 1)
        self.binary = problem.outputs == 1
        self.columns = self.free * self.stride

    def margins(self, table):
        """D (w, b) for all rows of X: shape (n_samples, number of other classes)."""
        scores = _product(self.X, table[:, : self.features].T)
        if self.intercept:
            scores += table[:, -1]
        if self.binary:
            return np.negative(scores, out=scores, where=self.codes[:, None] == 0)
        own = np.take_along_axis(scores, self.codes[:, None], axis=1)
        gaps = own - scores
        others = np.arange(scores.shape[1]) != self.codes[:, None]
        return gaps[others].reshape(len(scores), -1)

    def matrix(self, rows):
        """D for some rows of X, samples before classes."""
        block = self.X[rows]
        block = block.toarray() if sp.issparse(block) else np.asarray(block, dtype=np.float64)
        if self.intercept:
            block = np.hstack([block, np.ones((len(rows), 1))])
        if self.binary:
            return block * (2.0 * self.codes[rows] - 1.0)[:, None]
        own = self.codes[rows]
        classes = self.free + 1
        D = np.zeros((len(rows), classes, classes, self.stride))
        every = np.arange(len(rows))
        for other in range(classes):
            D[every, other, own] += block
            D[every, other, other] -= block
        keep = np.arange(classes) != own[:, None]
        return D[keep][:, : self.free].reshape(-1, self.columns)

    def table(self, direction):
        """From the free columns back to one row of coefficients for each output."""
        table = direction.reshape(self.free, self.stride)
        return table if self.binary else np.vstack([table, np.zeros(self.stride)])

    def spread(self, table, rows):
        """Largest change of a margin that each feature makes: size of coefficient times range."""
        chosen = self.X[_evenly(rows, int(MOST_ENTRIES // max(self.features, 1)))]
        high = chosen.max(axis=0)
        low = chosen.min(axis=0)
        extent = (
            high.toarray().ravel() - low.toarray().ravel() if sp.issparse(chosen) else high - low
        )
        weights = table[:, : self.features]
        return (
            np.abs(weights - weights.mean(axis=0) if len(weights) > 1 else weights).max(0) * extent
        )


def _product(X, W):
    """X W in double; a block of rows at a time where NumPy would convert all of X."""
    if sp.issparse(X) or X.dtype == W.dtype:
        return X @ W
    out = np.empty((X.shape[0], W.shape[1]))
    for first in range(0, len(X), 4096):
        out[first : first + 4096] = X[first : first + 4096] @ W
    return out


def _unseen(pairs, result):
    """Dimensions that no row sees, because columns depend on each other; zero if unknown."""
    if result["rank_kind"] != "exact":
        return 0
    return pairs.free * (pairs.features - result["rank"])


def _quasi_direction(pairs, table, rows, margins, level, unseen):
    """A direction with D direction >= 0, not all zero, or None."""
    boundary = margins <= level[:, None]
    some = rows[boundary.any(axis=1)]
    for limit in (10 * pairs.columns + 100, int(MOST_ENTRIES // (pairs.free * pairs.columns))):
        null, scale = _null_space(pairs, _evenly(some, limit), rows, margins.shape[1], boundary)
        if null.shape[1] <= unseen:
            return None  # the boundary spans all that any row sees: no direction leaves it in place
        if limit >= len(some):
            break
    relative = table if pairs.binary else table[:-1] - table[-1]
    along = null @ (null.T @ (relative.ravel() * scale)) / scale
    candidate = pairs.table(along)
    gains = pairs.margins(candidate)[rows]
    if gains.max() > 0:
        candidate = candidate / gains.max()
        if gains.min() >= -1e-7 * gains.max():
            return candidate
    if len(rows) * pairs.free * pairs.columns > MOST_LP_ENTRIES:
        return None
    return _linear_program(pairs, rows, scale)


def _null_space(pairs, chosen, rows, others, boundary):
    """Directions that leave the boundary pairs of the chosen rows in place, in scaled variables."""
    D = pairs.matrix(chosen)
    scale = np.sqrt(np.mean(np.square(D), axis=0))
    scale[scale == 0] = 1.0
    keep = boundary[np.searchsorted(rows, chosen)].reshape(-1)
    assert keep.size == len(chosen) * others
    D = D[keep]
    D /= scale
    values, vectors = np.linalg.eigh(D.T @ D)
    return vectors[:, values <= 1e-11 * max(values[-1], 1e-300)], scale


def _linear_program(pairs, rows, scale):
    """Maximise the sum of D direction over 0 <= D direction <= 1 (Konis)."""
    D = pairs.matrix(rows) / scale
    D = D / np.maximum(np.abs(D).max(axis=1, keepdims=True), 1e-300)
    bounds = [(-1.0, 1.0)] * D.shape[1]
    solved = linprog(-D.sum(axis=0), A_ub=-D, b_ub=np.zeros(len(D)), bounds=bounds, method="highs")
    if solved.x is None or (D @ solved.x).max() < 1e-6:
        return None
    direction = pairs.table(solved.x / scale)
    return direction / pairs.margins(direction)[rows].max()


def _evenly(rows, count):
    """At most `count` of the rows, spread over all of them, sorted."""
    if len(rows) <= count:
        return rows
    return rows[np.linspace(0, len(rows) - 1, count).astype(np.intp)]


def _message(how, where, spread, problem, names):
    top = np.argsort(-spread, kind="stable")
    involved = [j for j in top if spread[j] > 0.05 * spread[top[0]]] if spread.size else []
    label = [repr(str(names[j])) if names is not None else f"column {j}" for j in involved[:5]]
    more = f" and {len(involved) - 5} more" if len(involved) > 5 else ""
    features = f" (features involved: {', '.join(label)}{more})" if label else " (the intercept)"
    return (
        f"The classes are {how} separated by a combination of the features{features}: it improves "
        f"{where} and worsens none, so that without a penalty there is no finite optimum. The "
        "coefficients are those where the solver stopped. Use a finite C, for example C=1.0, or "
        "drop the features that give the class away."
    )
