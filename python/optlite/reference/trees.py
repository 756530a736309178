"""Regression trees on histograms: bins, sums by bin, the best split, growth.

A split of a node with weight W and sums of weighted targets G_k is worth

    sum_k c_k [G_kL^2 / (W_L + l2) + G_kR^2 / (W_R + l2) - G_k^2 / (W + l2)],

the reduction of the weighted squared error, which needs nothing but sums by bin. A leaf has the
value G / (W + l2). The twin of ``cpp/include/optlite/trees``, without its limits on rows.

Breiman, Friedman, Olshen, Stone, Classification and regression trees, 1984, section 8.4;
Fisher, On grouping for maximum homogeneity, 1958 (order of the levels of a category).
"""

from dataclasses import dataclass, field

import numpy as np

TIE = 1.0 + 1e-10  # splits whose worth agrees to ten digits are ties; the first one wins


@dataclass
class Feature:
    """Thresholds of a numeric feature, or levels of a categorical one."""

    values: np.ndarray
    categorical: bool = False

    @property
    def missing(self):
        """Return the code of NaN and of unknown levels."""
        return len(self.values) + (0 if self.categorical else 1)

    def encode(self, x):
        """Return codes: how many thresholds lie below x, or the place of the level."""
        code = np.searchsorted(self.values, x, side="left")
        if self.categorical:
            near = np.append(self.values, np.nan)[np.minimum(code, len(self.values))]
            known = near == x
        else:
            known = ~np.isnan(x)
        return np.where(known, code, self.missing)


def find_bins(x, weight=None, max_bins=255, categorical=False):
    """Return the bins of one feature; a row of weight 2 counts as two rows."""
    x = np.asarray(x, dtype=float) + 0.0  # -0 becomes 0
    weight = np.ones(len(x)) if weight is None else weight
    keep = ~np.isnan(x) & (weight > 0)
    values, place = np.unique(x[keep], return_inverse=True)
    if categorical:
        return Feature(values, True)
    if len(values) < 2:
        return Feature(np.empty(0))
    below, above = values[:-1], values[1:]
    middle = 0.5 * below + 0.5 * above
    middle = np.where((middle >= below) & (middle < above), middle, below)
    if len(values) <= max_bins:
        return Feature(middle)
    mass = np.cumsum(np.bincount(place, weights=weight[keep]))
    cuts, step = [], mass[-1] / max_bins
    limit = step
    for i in range(len(middle)):
        if mass[i] >= limit and len(cuts) < max_bins - 1:
            cuts.append(middle[i])
            while limit <= mass[i]:
                limit += step
    return Feature(np.array(cuts))


@dataclass
class Split:
    """Where a node is cut; ``left`` says of each code whether it goes left."""

    score: float
    gain: float
    feature: int
    left: np.ndarray


@dataclass
class Node:
    """A node; a leaf has no split."""

    rows: np.ndarray
    depth: int
    lower: float = -np.inf  # bounds on the first output, set by monotone features above
    upper: float = np.inf
    weight: float = 0.0
    sums: np.ndarray = None
    value: np.ndarray = None
    split: Split = None
    left: int = -1  # place of the left child; the right one follows


@dataclass
class Tree:
    """Grow a least-squares tree on codes (n_rows, n_features) and targets (n_rows, n_outputs)."""

    features: list
    max_depth: int = 3
    max_leaf_nodes: int = None
    min_leaf_weight: float = 1.0
    l2: float = 0.0
    monotonic: tuple = None
    nodes: list = field(default_factory=list)

    def fit(self, codes, targets, weight=None, factors=None):
        """Grow the tree and return it."""
        for _ in self.steps(codes, targets, weight, factors):
            pass
        return self

    def steps(self, codes, targets, weight=None, factors=None):
        """Yield each node that is split, with its histograms still at hand in ``codes``."""
        self.codes = codes
        self.targets = np.asarray(targets, dtype=float).reshape(len(codes), -1)
        self.weight = np.ones(len(codes)) if weight is None else np.asarray(weight, dtype=float)
        self.factors = np.ones(self.targets.shape[1]) if factors is None else factors
        self.nodes = [self.summarize(Node(np.flatnonzero(self.weight > 0), 0))]
        self.search(self.nodes[0])
        open_nodes = [self.nodes[0]] if self.nodes[0].split else []
        leaves = 1
        while open_nodes and not (self.max_leaf_nodes and leaves >= self.max_leaf_nodes):
            node = open_nodes[-1]  # depth first, or the largest gain first
            if self.max_leaf_nodes:
                node = max(open_nodes, key=lambda n: n.split.gain)
            open_nodes = [n for n in open_nodes if n is not node]
            yield node
            children = self.divide(node)
            leaves += 1
            for child in reversed(children):
                self.search(child)
                if child.split:
                    open_nodes.append(child)
        for node in open_nodes:
            node.split = None

    def summarize(self, node):
        """Fill in sums and the value of a leaf."""
        w = self.weight[node.rows]
        node.weight = w.sum()
        node.sums = w @ self.targets[node.rows]
        node.value = node.sums / (node.weight + self.l2)
        node.value[0] = np.clip(node.value[0], node.lower, node.upper)
        return node

    def divide(self, node):
        """Make the two children of a node."""
        goes_left = node.split.left[self.codes[node.rows, node.split.feature]]
        children = [
            Node(node.rows[side], node.depth + 1, node.lower, node.upper)
            for side in (goes_left, ~goes_left)
        ]
        children = [self.summarize(child) for child in children]
        sign = self.sign(node.split.feature)
        if sign:
            middle = 0.5 * (children[0].value[0] + children[1].value[0])
            low, high = children if sign > 0 else children[::-1]
            low.upper = high.lower = middle
            children = [self.summarize(child) for child in children]
        node.left = len(self.nodes)
        self.nodes += children
        return children

    def sign(self, feature):
        """Return how the first output must move with a feature: +1, -1 or 0."""
        return 0 if self.monotonic is None else self.monotonic[feature]

    def search(self, node):
        """Find the best split of a node."""
        deep = self.max_depth is not None and node.depth >= self.max_depth
        if deep or len(node.rows) < 2 or node.weight < 2 * self.min_leaf_weight * (1 - 1e-9):
            return
        for j, feature in enumerate(self.features):
            for left in candidates(*self.histogram(node, j), feature, self.l2):
                self.offer(node, j, left)

    def histogram(self, node, j):
        """Return the sums of weights and of weighted targets by code of feature j."""
        codes, w = self.codes[node.rows, j], self.weight[node.rows]
        size = self.features[j].missing + 1
        sums = [
            np.bincount(codes, weights=w * g, minlength=size) for g in self.targets[node.rows].T
        ]
        return np.bincount(codes, weights=w, minlength=size), np.array(sums)

    def offer(self, node, j, left):
        """Take a split if it is allowed and better than the one that the node has."""
        W, G = self.histogram(node, j)
        WL, GL = W[left].sum(), G[:, left].sum(axis=1)
        WR, GR = node.weight - WL, node.sums - GL
        if min(WL, WR) < self.min_leaf_weight * (1 - 1e-9) or min(WL, WR) <= 1e-11 * node.weight:
            return
        values = np.clip([GL[0] / (WL + self.l2), GR[0] / (WR + self.l2)], node.lower, node.upper)
        if self.sign(j) * (values[1] - values[0]) < 0:
            return
        parent = self.factors @ (node.sums**2 / (node.weight + self.l2))
        score = self.factors @ (GL**2 / (WL + self.l2) + GR**2 / (WR + self.l2))
        best = node.split.score * TIE if node.split else parent * TIE
        if score > best:
            here = present(W)
            unseen = np.full(len(W), bool(WL > WR))  # they follow the heavier side
            if not self.features[j].categorical:  # thresholds hold for all codes but the missing
                here[:-1] = True
            node.split = Split(score, score - parent, j, np.where(here, left, unseen))

    def predict(self, codes):
        """Return the values (n_rows, n_outputs) of the leaves that rows end in."""
        return np.array([self.nodes[self.leaf(row)].value for row in codes])

    def leaf(self, row):
        """Return the number of the leaf of one row of codes."""
        place = 0
        while self.nodes[place].split:
            split = self.nodes[place].split
            place = self.nodes[place].left + (0 if split.left[row[split.feature]] else 1)
        return place


def present(W):
    """Say which codes have rows; a sum of weights may be off by rounding."""
    return np.greater(W, 1e-11 * W.sum())


def candidates(W, G, feature, l2):
    """Yield the sets of codes that may go left, in the order in which ties are decided."""
    size = len(W)
    here = present(W)
    if feature.categorical:
        codes = np.flatnonzero(here)
        for sums in G:
            order = codes[np.argsort(sums[codes] / (W[codes] + l2), kind="stable")]
            for i in range(1, len(order)):
                yield np.isin(np.arange(size), order[:i])
        return
    missing = size - 1
    for missing_left in [False, True][: 1 + int(here[missing])]:
        last = missing if here[missing] and not missing_left else missing - 1
        for code in np.flatnonzero(here[:last]):
            left = np.arange(size) <= code
            left[missing] = missing_left
            yield left
