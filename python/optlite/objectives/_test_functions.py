"""Functions of a few variables with known minima, on which optimizers are tried and drawn.

A class says its function three times: value, gradient, and products of the Hessian with vectors.
The formulas also pass a complex argument, so that tests can check derivatives by a complex step.
"""

import math
import operator

import numpy as np

from .._params import real_array


class TestFunction:
    """Base of the test functions: what is known of the minimum, and the checks.

    Attributes
    ----------
    shape : tuple
        Shape of w: ``(dim,)``.
    dim : int
        Number of variables.
    minimum : float or None
        The smallest value; None if there is none.
    minimizers : ndarray of shape (n_minimizers, dim)
        Where it is attained: all such points, or one of them where they are not isolated.
    domain : ndarray of shape (dim, 2)
        Lower and upper end of each variable in the usual picture of the function.

    See Also
    --------
    from_callable : An objective of your own.
    """

    __test__ = False  # pytest: this is not a test
    minimum = 0.0

    def __init__(self, minimizers, domain):
        self.minimizers = np.array(minimizers, dtype=np.float64)
        self.domain = np.array(domain, dtype=np.float64)

    @property
    def shape(self):
        """Shape of w."""
        return (self.dim,)

    @property
    def dim(self):
        """Number of variables."""
        return len(self.domain)

    @property
    def minimizer(self):
        """The first of the minimizers, ndarray of shape (dim,); None if there is none."""
        return self.minimizers[0].copy() if len(self.minimizers) else None

    def value(self, w):
        """Return F(w).

        Parameters
        ----------
        w : array-like of shape (dim,)

        Returns
        -------
        float
        """
        w, _ = self._checked(w, "w", (self.shape,))
        with np.errstate(over="ignore", invalid="ignore"):
            return float(self._value(w))

    def gradient(self, w):
        """Return the gradient of F at w.

        Parameters
        ----------
        w : array-like of shape (dim,)

        Returns
        -------
        ndarray of shape (dim,)
            float32 if w is, otherwise float64.
        """
        w, dtype = self._checked(w, "w", (self.shape,))
        with np.errstate(over="ignore", invalid="ignore"):
            return self._gradient(w).astype(dtype)

    def value_and_gradient(self, w):
        """Return F(w) and its gradient."""
        return self.value(w), self.gradient(w)

    def hvp(self, w, V):
        """Return Hessian-vector products.

        Parameters
        ----------
        w : array-like of shape (dim,)
            Where the Hessian is taken.
        V : array-like of shape (dim,) or (n_vectors, dim)
            One vector, or a block of them, one a row.

        Returns
        -------
        ndarray, shaped as V
        """
        w, _ = self._checked(w, "w", (self.shape,))
        V, dtype = self._checked(V, "V", (self.shape, (*np.shape(V)[:1], self.dim)))
        with np.errstate(over="ignore", invalid="ignore"):
            return self._hvp(w, V).astype(dtype)

    def hessian(self, w):
        """Return the Hessian matrix at w, ndarray of shape (dim, dim)."""
        return self.hvp(w, np.eye(self.dim))

    def _checked(self, array, name, shapes):
        owner = type(self).__name__
        array = real_array(array, name, owner)
        if array.shape not in shapes:
            raise ValueError(f"{name} must have shape {self.shape}, got {array.shape} ({owner}).")
        dtype = np.float32 if array.dtype == np.float32 else np.float64
        return array.astype(np.float64), dtype

    def __repr__(self):
        """Show the number of variables where it can be chosen."""
        return f"{type(self).__name__}()"


class _AnyDimension(TestFunction):
    """A function that is defined for any number of variables from a smallest one on."""

    def __init__(self, dim, smallest, at, side):
        try:
            dim = operator.index(dim)
        except TypeError:
            raise TypeError(
                f"dim must be an integer, got {dim!r} ({type(self).__name__})."
            ) from None
        if dim < smallest:
            raise ValueError(f"dim must be >= {smallest}, got {dim} ({type(self).__name__}).")
        super().__init__(np.full((1, dim), at), [side] * dim)

    def __repr__(self):
        return f"{type(self).__name__}(dim={self.dim})"


class Rosenbrock(_AnyDimension):
    r"""A curved valley: easy to find, slow to follow.

    Parameters
    ----------
    dim : int, >= 2, default=2
        Number of variables.

    Notes
    -----
    .. math::

        F(w) = \sum_{i=1}^{d-1} 100\,(w_{i+1} - w_i^2)^2 + (1 - w_i)^2

    Its minimum is 0 at (1, ..., 1), where the largest eigenvalue of the Hessian is about 2500 times
    the smallest if d = 2. The usual start is (-1.2, 1). For d >= 4 there is another local minimum,
    near (-1, 1, ..., 1) [2]_ (a test finds it for d up to 10). Source: [1]_.

    References
    ----------
    .. [1] Rosenbrock, An automatic method for finding the greatest or least value of a function,
       The Computer Journal, 1960.
    .. [2] Kok, Sandrock, Locating and characterizing the stationary points of the extended
       Rosenbrock function, Evolutionary Computation, 2009.

    Examples
    --------
    >>> from optlite.objectives import Rosenbrock
    >>> f = Rosenbrock()
    >>> f.value([-1.2, 1.0]), f.gradient([-1.2, 1.0])
    (24.199999999999996, array([-215.6,  -88. ]))
    >>> f.minimizer
    array([1., 1.])
    """

    def __init__(self, dim=2):
        super().__init__(dim, 2, 1.0, (-2.0, 2.0))
        self.domain[-1] = (-1.0, 3.0)

    def _value(self, w):
        here, after = w[:-1], w[1:]
        return np.sum(100.0 * (after - here**2) ** 2 + (1.0 - here) ** 2)

    def _gradient(self, w):
        here, after = w[:-1], w[1:]
        bend = 200.0 * (after - here**2)
        gradient = np.zeros_like(w)
        gradient[:-1] = -2.0 * bend * here - 2.0 * (1.0 - here)
        gradient[1:] += bend
        return gradient

    def _hvp(self, w, V):
        here, after = w[:-1], w[1:]
        product = np.zeros_like(V)
        product[..., :-1] = (1200.0 * here**2 - 400.0 * after + 2.0) * V[..., :-1]
        product[..., :-1] -= 400.0 * here * V[..., 1:]
        product[..., 1:] += 200.0 * V[..., 1:] - 400.0 * here * V[..., :-1]
        return product


class Rastrigin(_AnyDimension):
    r"""A bowl full of ripples: a local minimum near every point with integer coordinates.

    Parameters
    ----------
    dim : int, >= 1, default=2
        Number of variables.

    Notes
    -----
    .. math::

        F(w) = 10 d + \sum_{i=1}^{d} w_i^2 - 10 \cos 2 \pi w_i

    Its minimum is 0 at the origin. Source: [1]_, where Rastrigin's function of two variables got
    this form.

    References
    ----------
    .. [1] Muehlenbein, Schomisch, Born, The parallel genetic algorithm as function optimizer,
       Parallel Computing, 1991, function F6.

    Examples
    --------
    >>> from optlite.objectives import Rastrigin
    >>> f = Rastrigin(dim=3)
    >>> f.value([0.0, 0.0, 1.0])
    1.0
    """

    def __init__(self, dim=2):
        super().__init__(dim, 1, 0.0, (-5.12, 5.12))

    def _value(self, w):
        return np.sum(w**2 + 10.0 * (1.0 - np.cos(2.0 * math.pi * w)))

    def _gradient(self, w):
        return 2.0 * w + 20.0 * math.pi * np.sin(2.0 * math.pi * w)

    def _hvp(self, w, V):
        return (2.0 + 40.0 * math.pi**2 * np.cos(2.0 * math.pi * w)) * V


class _SumOfSquares(TestFunction):
    """F(w) = sum of r_k(w)^2, from the residuals r, their Jacobian and their second derivatives."""

    def _value(self, w):
        return np.sum(self._residuals(w) ** 2)

    def _gradient(self, w):
        return 2.0 * self._residuals(w) @ self._jacobian(w)

    def _hvp(self, w, V):
        J = self._jacobian(w)
        curved = np.einsum("k,kij->ij", self._residuals(w), self._second(w))
        return 2.0 * (V @ J.T @ J + V @ curved)


class Beale(_SumOfSquares):
    r"""A flat plain with a valley that turns, between steep walls.

    Notes
    -----
    .. math::

        F(x, y) = (1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2

    Its minimum is 0 at (3, 0.5). Source: [1]_.

    References
    ----------
    .. [1] Beale, On an iterative method for finding a local minimum of a function of more than one
       variable, Statistical Techniques Research Group, Princeton University, technical report 25,
       1958.

    Examples
    --------
    >>> from optlite.objectives import Beale
    >>> Beale().value([3.0, 0.5])
    0.0
    """

    _powers = np.array([1.0, 2.0, 3.0])

    def __init__(self):
        super().__init__([[3.0, 0.5]], [(-4.5, 4.5), (-4.5, 4.5)])

    def _residuals(self, w):
        x, y = w
        return np.array([1.5, 2.25, 2.625]) - x * (1.0 - y**self._powers)

    def _jacobian(self, w):
        x, y = w
        return np.column_stack([y**self._powers - 1.0, x * self._slopes(y)])

    def _second(self, w):
        x, y = w
        mixed, pure = self._slopes(y), x * np.array([0.0, 2.0, 6.0 * y])
        return np.moveaxis(np.array([[np.zeros(3), mixed], [mixed, pure]]), 2, 0)

    def _slopes(self, y):
        """Derivatives of y, y^2 and y^3."""
        return np.array([1.0, 2.0 * y, 3.0 * y**2])


class Himmelblau(_SumOfSquares):
    r"""Four minima of the same value: where a run ends depends on where it starts, and how it goes.

    Notes
    -----
    .. math::

        F(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2

    Its minimum is 0 at (3, 2) and, to three decimals, at (-2.805, 3.131), (-3.779, -3.283) and
    (3.584, -1.848). Source: [1]_.

    References
    ----------
    .. [1] Himmelblau, Applied nonlinear programming, McGraw-Hill, 1972.

    Examples
    --------
    >>> from optlite.objectives import Himmelblau
    >>> Himmelblau().minimizers.round(3)
    array([[ 3.   ,  2.   ],
           [-2.805,  3.131],
           [-3.779, -3.283],
           [ 3.584, -1.848]])
    """

    def __init__(self):
        minimizers = [
            [3.0, 2.0],
            [-2.805118086952745, 3.131312518250573],
            [-3.779310253377747, -3.283185991286169],
            [3.584428340330492, -1.848126526964404],
        ]
        super().__init__(minimizers, [(-5.0, 5.0), (-5.0, 5.0)])

    def _residuals(self, w):
        x, y = w
        return np.array([x**2 + y - 11.0, x + y**2 - 7.0])

    def _jacobian(self, w):
        x, y = w
        return np.array([[2.0 * x, 1.0], [1.0, 2.0 * y]])

    def _second(self, w):
        return np.array([[[2.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 2.0]]])


class Booth(_SumOfSquares):
    r"""A tilted bowl: a quadratic whose axes, of curvature 2 and 18, are the diagonals.

    Notes
    -----
    .. math::

        F(x, y) = (x + 2 y - 7)^2 + (2 x + y - 5)^2

    Its minimum is 0 at (1, 3). Source: [1]_.

    References
    ----------
    .. [1] Jamil, Yang, A literature survey of benchmark functions for global optimisation problems,
       International Journal of Mathematical Modelling and Numerical Optimisation, 2013, section 3.

    Examples
    --------
    >>> from optlite.objectives import Booth
    >>> Booth().hessian([0.0, 0.0])
    array([[10.,  8.],
           [ 8., 10.]])
    """

    _matrix = np.array([[1.0, 2.0], [2.0, 1.0]])

    def __init__(self):
        super().__init__([[1.0, 3.0]], [(-10.0, 10.0), (-10.0, 10.0)])

    def _residuals(self, w):
        return self._matrix @ w - np.array([7.0, 5.0])

    def _jacobian(self, w):
        return self._matrix

    def _second(self, w):
        return np.zeros((2, 2, 2))


class Quadratic(TestFunction):
    r"""A quadratic with given eigenvalues: what a method does here can be computed by hand.

    Parameters
    ----------
    eigenvalues : array-like of shape (dim,)
        Curvatures along the eigenvectors. If one is negative there is no minimum.
    basis : array-like of shape (dim, dim), default=None
        Orthogonal matrix, its columns the eigenvectors; None takes the coordinate axes.
    center : array-like of shape (dim,), default=None
        Where the gradient is zero; None takes the origin.

    Raises
    ------
    ValueError
        If the arrays do not fit together or `basis` is not orthogonal.

    Notes
    -----
    .. math::

        F(w) = \tfrac12 (w - c)^T Q \operatorname{diag}(\lambda) Q^T (w - c)

    A step of gradient descent of rate :math:`\eta` multiplies component i of :math:`Q^T (w - c)` by
    :math:`1 - \eta \lambda_i`.

    Examples
    --------
    >>> from optlite import optim
    >>> from optlite.objectives import Quadratic
    >>> f = Quadratic([1.0, 10.0])
    >>> for record in optim.steps(f, [1.0, 1.0], method=optim.SGD(0.15), max_iter=2):
    ...     print(record.x)
    [1. 1.]
    [ 0.85 -0.5 ]
    [0.7225 0.25  ]
    """

    def __init__(self, eigenvalues, *, basis=None, center=None):
        self.eigenvalues = self._finite(eigenvalues, "eigenvalues")
        if self.eigenvalues.ndim != 1 or len(self.eigenvalues) == 0:
            raise ValueError(
                "eigenvalues must be a list of at least one number, got shape "
                f"{self.eigenvalues.shape} (Quadratic)."
            )
        dim = len(self.eigenvalues)
        self.basis = np.eye(dim) if basis is None else self._finite(basis, "basis")
        self.center = np.zeros(dim) if center is None else self._finite(center, "center")
        self._check_fit(dim)
        convex = bool(np.all(self.eigenvalues >= 0.0))
        self.minimum = 0.0 if convex else None
        minimizers = self.center[None] if convex else np.empty((0, dim))
        super().__init__(minimizers, self.center[:, None] + np.array([-2.0, 2.0]))

    def _check_fit(self, dim):
        if self.center.shape != (dim,):
            raise ValueError(
                f"center must have shape ({dim},), as eigenvalues has, got {self.center.shape} "
                "(Quadratic)."
            )
        if self.basis.shape != (dim, dim):
            raise ValueError(
                f"basis must have shape ({dim}, {dim}), one column for each eigenvalue, got "
                f"{self.basis.shape} (Quadratic)."
            )
        error = np.abs(self.basis.T @ self.basis - np.eye(dim)).max()
        if error > 1e-8:
            raise ValueError(
                f"basis must be orthogonal, got an error of {error:.2g} in Q^T Q (Quadratic). "
                "Take the Q of numpy.linalg.qr(basis)."
            )

    @staticmethod
    def _finite(array, name):
        array = np.array(array, dtype=np.float64)
        if not np.isfinite(array).all():
            bad = array[~np.isfinite(array)][0]
            raise ValueError(f"{name} must hold finite numbers, got {bad} (Quadratic).")
        return array

    def _value(self, w):
        return 0.5 * np.sum(self.eigenvalues * (self.basis.T @ (w - self.center)) ** 2)

    def _gradient(self, w):
        return self._hvp(w, w - self.center)

    def _hvp(self, w, V):
        return (V @ self.basis * self.eigenvalues) @ self.basis.T

    def lipschitz(self):
        """Return the Lipschitz constant of the gradient: the largest absolute eigenvalue."""
        return float(np.abs(self.eigenvalues).max())

    def __repr__(self):
        return f"Quadratic(<{self.dim} eigenvalues>)"
