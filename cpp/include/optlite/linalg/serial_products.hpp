// Products of matrices by the calling thread alone, in Eigen's own blocks: for parts of a problem
// that threads share already. Compiled once, where every expression of Eigen's would be anew.
#pragma once

#include <type_traits>

#include "optlite/linalg/products.hpp"

namespace optlite {

/// C += A B, row-major with rows `apart` in memory.
template <class T>
void add_serial_product(const Factor<T>& A, const Factor<T>& B, T* C, Index apart);

/// A matrix of Eigen's, or a part or the transpose of one, as a factor of a product.
template <class Expression>
Factor<typename Expression::Scalar> factor(const Expression& m) {
  static_assert(Expression::InnerStrideAtCompileTime == 1, "numbers must lie side by side");
  return {m.data(), m.rows(), m.cols(), m.outerStride(), !Expression::IsRowMajor};
}

/// out += A B, for a matrix of Eigen's or a part of one.
template <class Left, class Right, class Out>
void add_product(const Left& A, const Right& B, Out&& out) {
  if constexpr (std::decay_t<Out>::IsRowMajor) {
    add_serial_product(factor(A), factor(B), out.data(), out.outerStride());
  } else {
    add_serial_product(factor(B).t(), factor(A).t(), out.data(), out.outerStride());
  }
}

/// out = A B.
template <class Left, class Right, class Out>
void set_product(const Left& A, const Right& B, Out&& out) {
  out.setZero();
  add_product(A, B, out);
}

}  // namespace optlite
