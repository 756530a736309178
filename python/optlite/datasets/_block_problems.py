"""The five families of problems in the paper on faster block coordinate descent.

Recipes: Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster
greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022, section 6.
"""

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_random_state

from .._validation import check_integer, check_number


def scaled_regression(n_samples=1000, n_features=10_000, *, random_state=None):
    """Draw a sparse matrix whose columns have very different sizes, and a response (family A).

    Parameters
    ----------
    n_samples : int, >= 2, default=1000
        Rows.
    n_features : int, >= 1, default=10000
        Columns.
    random_state : int, RandomState or None, default=None
        Determines all numbers.

    Returns
    -------
    A : csc_array of shape (n_samples, n_features)
        Normal numbers plus 1, each column times ten times a normal number of its own; an entry is
        kept with probability 10 log(n_samples) / n_samples.
    b : ndarray of shape (n_samples,)
        A w plus normal noise; a tenth of w is not zero, and normal.

    References
    ----------
    Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster, 2022.

    Examples
    --------
    >>> from optlite.datasets import scaled_regression
    >>> A, b = scaled_regression(100, 300, random_state=0)
    >>> A.shape, b.shape
    ((100, 300), (100,))
    """
    rng, A = _scaled_matrix(n_samples, n_features, random_state)
    w = rng.standard_normal(A.shape[1]) * (rng.uniform(size=A.shape[1]) < 0.1)
    return A, A @ w + rng.standard_normal(A.shape[0])


def scaled_labels(n_samples=1000, n_features=10_000, *, random_state=None):
    """Draw the matrix of :func:`scaled_regression`, and two classes (family B).

    Parameters
    ----------
    n_samples, n_features, random_state
        As there.

    Returns
    -------
    A : csc_array of shape (n_samples, n_features)
        As there.
    y : ndarray of shape (n_samples,)
        The sign of A w, -1 or 1, flipped with probability 0.1.

    Examples
    --------
    >>> from optlite.datasets import scaled_labels
    >>> A, y = scaled_labels(100, 300, random_state=0)
    >>> sorted(set(y.tolist()))
    [-1.0, 1.0]
    """
    rng, A = _scaled_matrix(n_samples, n_features, random_state)
    w = rng.standard_normal(A.shape[1]) * (rng.uniform(size=A.shape[1]) < 0.1)
    y = np.where(A @ w >= 0.0, 1.0, -1.0)
    return A, np.where(rng.uniform(size=len(y)) < 0.1, -y, y)


def scaled_classes(n_samples=1000, n_features=1000, n_classes=50, *, random_state=None):
    """Draw the matrix of :func:`scaled_regression`, and many classes (family C).

    Parameters
    ----------
    n_samples, n_features, random_state
        As there.
    n_classes : int, >= 2, default=50
        Classes.

    Returns
    -------
    A : csc_array of shape (n_samples, n_features)
        As there.
    y : ndarray of int of shape (n_samples,)
        The largest of the scores A W plus normal noise, with a normal W.

    Examples
    --------
    >>> from optlite.datasets import scaled_classes
    >>> A, y = scaled_classes(100, 30, 4, random_state=0)
    >>> sorted(set(y.tolist()))
    [0, 1, 2, 3]
    """
    n_classes = check_integer(n_classes, "n_classes", 2, "scaled_classes")
    rng, A = _scaled_matrix(n_samples, n_features, random_state)
    scores = A @ rng.standard_normal((A.shape[1], n_classes))
    return A, np.argmax(scores + rng.standard_normal(scores.shape), axis=1)


def lattice_labels(side=50, n_labelled=100, weight=1e5, *, random_state=None):
    """Draw values at some nodes of a square lattice (family D).

    Parameters
    ----------
    side : int, >= 2, default=50
        Nodes in a row and in a column.
    n_labelled : int, >= 1, default=100
        Nodes with a value; fewer than all.
    weight : float, > 0, default=1e5
        Of the edges between neighbours, four at most for a node.
    random_state : int, RandomState or None, default=None
        Determines all numbers.

    Returns
    -------
    weights : csc_array of shape (side^2, side^2)
        Node r side + c is in row r and column c.
    labelled : ndarray of int of shape (n_labelled,)
        Nodes that have a value, in increasing order.
    labels : ndarray of shape (n_labelled,)
        Normal numbers of variance 100.

    Examples
    --------
    >>> from optlite import bcd, datasets
    >>> f = bcd.LabelPropagation(*datasets.lattice_labels(10, 5, random_state=0))
    >>> f.dim, f.H.nnz
    (95, 417)
    """
    side = check_integer(side, "side", 2, "lattice_labels")
    weight = check_number(weight, "weight", "lattice_labels", positive=True)
    rng = check_random_state(random_state)
    labelled = _drawn_nodes(rng, n_labelled, side * side, "lattice_labels")
    line = sp.diags_array([1.0, 1.0], offsets=[-1, 1], shape=(side, side))
    weights = weight * (sp.kron(line, sp.eye_array(side)) + sp.kron(sp.eye_array(side), line))
    return sp.csc_array(weights), labelled, 10.0 * rng.standard_normal(len(labelled))


def two_moons_labels(n_nodes=2000, n_labelled=100, n_neighbors=5, *, random_state=None):
    """Draw two moons and join each point to its neighbours; some know their moon (family E).

    Parameters
    ----------
    n_nodes : int, >= 2, default=2000
        Points.
    n_labelled : int, >= 1, default=100
        Points with a label. One at least is drawn in each connected part of the graph, so that the
        energy has one minimiser; there may be more of them therefore.
    n_neighbors : int, >= 1, default=5
        Fewer than the points. An edge of weight 1 joins two points if one is among so many nearest
        ones of the other.
    random_state : int, RandomState or None, default=None
        Determines all numbers.

    Returns
    -------
    weights : csc_array of shape (n_nodes, n_nodes)
        0 and 1.
    labelled : ndarray of int
        Nodes that have a label, in increasing order.
    labels : ndarray
        Their moons, -1 or 1.
    points : ndarray of shape (n_nodes, 2)
        Where the nodes lie.

    Examples
    --------
    >>> from optlite import bcd, datasets
    >>> *graph, points = datasets.two_moons_labels(200, 10, random_state=0)
    >>> f = bcd.LabelPropagation(*graph)
    >>> bcd.solve(f, "forest", "gsd", block_size=None).converged
    True
    """
    from sklearn.datasets import make_moons
    from sklearn.neighbors import kneighbors_graph

    n_nodes = check_integer(n_nodes, "n_nodes", 2, "two_moons_labels")
    n_neighbors = check_integer(n_neighbors, "n_neighbors", 1, "two_moons_labels")
    if n_neighbors >= n_nodes:
        raise ValueError(
            f"n_neighbors must be less than the number of points, {n_nodes}, got {n_neighbors} "
            "(two_moons_labels)."
        )
    rng = check_random_state(random_state)
    points, moons = make_moons(n_nodes, noise=0.1, random_state=rng)
    directed = kneighbors_graph(points, n_neighbors)
    weights = sp.csc_array(directed.maximum(directed.T))
    labelled = _drawn_nodes(rng, n_labelled, n_nodes, "two_moons_labels")
    _, part = sp.csgraph.connected_components(weights, directed=False)
    blind = np.setdiff1d(part, part[labelled])
    first = [np.flatnonzero(part == k)[0] for k in blind]
    labelled = np.sort(np.concatenate([labelled, np.array(first, dtype=int)]))
    return weights, labelled, 2.0 * moons[labelled] - 1.0, points


def _drawn_nodes(rng, count, n_nodes, owner):
    count = check_integer(count, "n_labelled", 1, owner)
    if count >= n_nodes:
        raise ValueError(
            f"n_labelled must be less than the number of nodes, {n_nodes}, got {count} ({owner})."
        )
    return np.sort(rng.permutation(n_nodes)[:count])


def _scaled_matrix(n_samples, n_features, random_state):
    """Return the generator, advanced, and the matrix of families A, B and C."""
    m = check_integer(n_samples, "n_samples", 2, "datasets")
    n = check_integer(n_features, "n_features", 1, "datasets")
    rng = check_random_state(random_state)
    share = min(1.0, 10.0 * np.log(m) / m)
    kept = rng.uniform(size=(m, n)) < share
    values = (rng.standard_normal((m, n)) + 1.0) * (10.0 * rng.standard_normal(n))
    return rng, sp.csc_array(np.where(kept, values, 0.0))
