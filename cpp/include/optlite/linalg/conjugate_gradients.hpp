// Preconditioned conjugate gradients, for any arrays of unknowns and any inner product.
#pragma once

#include "optlite/core/numbers.hpp"

namespace optlite {

enum class Descent {
  enough,  // the caller said so
  limit,   // of products
  flat,    // a direction along which A is hardly positive: rounding, or a singular matrix
};

/// Steps towards A x = b from x, where `residual` is b - A x; both are changed, and `products` is
/// lowered by those that were taken. Where the first direction is flat already, x moves along it.
///
///     multiply(p, out)         out <- A p, A positive semi-definite in the inner product
///     precondition(residual)   an array
///     inner(x, y)              a number
///     stop(x, residual)        whether that is enough, after each step
template <class Array, class Multiply, class Precondition, class Inner, class Stop>
Descent conjugate_gradients(Array& x, Array& residual, Index& products, Multiply&& multiply,
                            Precondition&& precondition, Inner&& inner, Stop&& stop) {
  const bool from_zero = x.isZero(0.0);
  Array z = precondition(residual);
  Array p = z;
  Array product;
  double rho = inner(residual, z);
  for (bool first = true; products > 0; first = false) {
    --products;
    multiply(p, product);
    const double curvature = inner(p, product);
    const double alpha = rho / curvature;
    if (!(curvature > 0.0) || !(alpha * p.template lpNorm<Eigen::Infinity>() < infinity)) {
      if (first && from_zero) x = p;
      return Descent::flat;
    }
    x += alpha * p;
    residual -= alpha * product;
    if (stop(x, residual)) return Descent::enough;
    z = precondition(residual);
    const double next = inner(residual, z);
    p = z + next / rho * p;
    rho = next;
  }
  return Descent::limit;
}

}  // namespace optlite
