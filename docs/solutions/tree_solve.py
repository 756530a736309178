"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def tree_solve(diagonal, parent, edge, r):
    D, r = diagonal.copy(), r.copy()
    for u in range(len(r) - 1, 0, -1):
        v = parent[u]
        D[v] -= edge[u] ** 2 / D[u]
        r[v] -= edge[u] * r[u] / D[u]
    x = r / D
    for u in range(1, len(r)):
        x[u] = (r[u] - edge[u] * x[parent[u]]) / D[u]
    return x


def no_way_back(diagonal, parent, edge, r):
    D, r = diagonal.copy(), r.copy()
    for u in range(len(r) - 1, 0, -1):
        D[parent[u]] -= edge[u] ** 2 / D[u]
        r[parent[u]] -= edge[u] * r[u] / D[u]
    return r / D


def parent_is_the_node_before(diagonal, parent, edge, r):
    return tree_solve(diagonal, np.maximum(np.arange(-1, len(r) - 1), 0), edge, r)


def the_root_is_its_own_child(diagonal, parent, edge, r):
    D, r = diagonal.copy(), r.copy()
    for u in range(len(r) - 1, -1, -1):
        v = parent[u]
        D[v] -= edge[u] ** 2 / D[u]
        r[v] -= edge[u] * r[u] / D[u]
    x = r / D
    for u in range(1, len(r)):
        x[u] = (r[u] - edge[u] * x[parent[u]]) / D[u]
    return x


def recursive(diagonal, parent, edge, r):
    children = [[] for _ in r]
    for u in range(1, len(r)):
        children[parent[u]].append(u)
    D, r, x = diagonal.copy(), r.copy(), np.zeros(len(r))

    def collect(v):
        for u in children[v]:
            collect(u)
            D[v] -= edge[u] ** 2 / D[u]
            r[v] -= edge[u] * r[u] / D[u]

    def distribute(v):
        for u in children[v]:
            x[u] = (r[u] - edge[u] * x[v]) / D[u]
            distribute(u)

    collect(0)
    x[0] = r[0] / D[0]
    distribute(0)
    return x


MISTAKES = {
    "one_node": the_root_is_its_own_child,
    "chain": no_way_back,
    "any_tree": parent_is_the_node_before,
    "root": the_root_is_its_own_child,
    "long_chain": recursive,
}
