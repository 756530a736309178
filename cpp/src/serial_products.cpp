#include "optlite/linalg/serial_products.hpp"

#include <Eigen/Core>

namespace optlite {

namespace {

template <class T, int Order>
using View = Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Order>, 0,
                        Eigen::OuterStride<>>;

template <class T, int Order>
View<T, Order> view(const Factor<T>& m) {
  return {m.data, m.rows, m.cols, Eigen::OuterStride<>(m.stride)};
}

template <int OrderA, int OrderB, class T>
void add(const Factor<T>& A, const Factor<T>& B, T* C, Index apart) {
  using Result = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<Result, 0, Eigen::OuterStride<>> result(C, A.rows, B.cols,
                                                     Eigen::OuterStride<>(apart));
  result.noalias() += view<T, OrderA>(A) * view<T, OrderB>(B);
}

}  // namespace

template <class T>
void add_serial_product(const Factor<T>& A, const Factor<T>& B, T* C, Index apart) {
  constexpr int by_rows = Eigen::RowMajor, by_cols = Eigen::ColMajor;
  if (A.transposed) {
    B.transposed ? add<by_cols, by_cols>(A, B, C, apart) : add<by_cols, by_rows>(A, B, C, apart);
  } else {
    B.transposed ? add<by_rows, by_cols>(A, B, C, apart) : add<by_rows, by_rows>(A, B, C, apart);
  }
}

template void add_serial_product(const Factor<double>&, const Factor<double>&, double*, Index);
template void add_serial_product(const Factor<float>&, const Factor<float>&, float*, Index);

}  // namespace optlite
