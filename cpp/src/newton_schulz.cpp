#include "optlite/linalg/newton_schulz.hpp"

#include <algorithm>
#include <utility>

#include "optlite/linalg/products.hpp"

namespace optlite {

template <class T>
void newton_schulz(T* X, Index rows, Index cols, Index steps, const QuinticStep& step,
                   Workspace& work) {
  const Workspace::Mark before = work.mark();
  const bool tall = rows > cols;
  const Index side = std::min(rows, cols);
  T* A = work.take<T>(side * side);
  T* B = work.take<T>(side * side);
  T* now = X;
  T* next = work.take<T>(rows * cols);
  const Factor<T> square_a(A, side, side), square_b(B, side, side);
  for (Index k = 0; k < steps; ++k) {
    const Factor<T> x(now, rows, cols);
    multiply_symmetric(tall ? x.t() : x, tall ? x : x.t(), A, work);
    multiply_symmetric(square_a, square_a, B, work, T(step.c), T(step.b), A);
    multiply(tall ? x : square_b, tall ? square_b : x, next, work, T(1), T(step.a), now);
    std::swap(now, next);
  }
  if (now != X) std::copy_n(now, rows * cols, X);
  work.release(before);
}

template void newton_schulz(double*, Index, Index, Index, const QuinticStep&, Workspace&);
template void newton_schulz(float*, Index, Index, Index, const QuinticStep&, Workspace&);

}  // namespace optlite
