#include <algorithm>

#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/kernels.hpp"
#include "optlite/linalg/products.hpp"
#include "optlite/transport/exponentials.hpp"
#include "optlite/transport/row_parts.hpp"
#include "optlite/transport/shared_kernel.hpp"

namespace optlite::transport {

namespace {

/// Sums below it may have lost terms that underflowed.
constexpr double lost = 1e-290;

/// exp((g - shift) / reg), the largest of each column one.
Matrix factors(const Matrix& g, double reg, Eigen::RowVectorXd& shift) {
  shift = g.colwise().maxCoeff();
  return ((g.rowwise() - shift) / reg).array().exp();
}

}  // namespace

/// Takes the exponentials where they are those of another regularization.
bool SharedKernel::prepare(double reg) {
  if (reg == reg_) return usable_;
  reg_ = 0.0;  // until all is there: an interrupt may come first
  ++n_evaluations_;
  const Index m = cost_.targets();
  kernel_.resize(cost_.sources(), m);
  RowParts parts(cost_);
  smallest_ = infinity;
  parts.each(
      1.0, infinity,
      [&](Index, Index first, Index last, double* buffer, Vector& own) {
        for (Index i = first; i < last; ++i) {
          const ConstVectorMap costs(cost_.row(i, buffer), m);
          own[0] = std::min(own[0], costs.minCoeff());
        }
      },
      [&](const Vector& own) { smallest_ = std::min(smallest_, own[0]); });
  const Vector none = Vector::Zero(m);
  parts.each(
      30.0, 0.0,
      [&](Index, Index first, Index last, double* buffer, Vector&) {
        for (Index i = first; i < last; ++i) {
          double* row = kernel_.row(i).data();
          const double largest = exponents(cost_.row(i, buffer), none.data(), reg, m, row);
          exponentials(-smallest_ / reg, largest, m, row);
        }
      },
      [](const Vector&) {});
  reg_ = reg;
  return usable_ = true;
}

bool SharedKernel::evaluate(const Matrix& g, const Matrix& masses, double reg, Matrix& soft_minima,
                            Matrix& column_sums) {
  if (!prepare(reg)) return false;
  const Index n = cost_.sources(), m = cost_.targets(), count = g.cols();
  Eigen::RowVectorXd shift;
  const Matrix v = factors(g, reg, shift);
  const Factor<double> kernel(kernel_.data(), n, m);
  RowMatrix sums(n, count);  // K v, and then the masses over them
  work_.rewind();
  multiply(kernel, Factor<double>(v.data(), count, m).t(), sums.data(), work_);
  soft_minima.setZero(n, count);
  for (Index k = 0; k < count; ++k) {
    for (Index i = 0; i < n; ++i) {
      const double sum = sums(i, k);
      sums(i, k) = 0.0;
      if (!(masses(i, k) > 0.0)) continue;
      if (!(sum > lost)) return usable_ = false;
      soft_minima(i, k) = smallest_ - shift[k] - reg * std::log(sum);
      sums(i, k) = masses(i, k) / sum;
    }
  }
  RowMatrix products(m, count);
  multiply(kernel.t(), Factor<double>(sums.data(), n, count), products.data(), work_);
  column_sums = v.cwiseProduct(products);
  return usable_ = column_sums.minCoeff() > lost && column_sums.allFinite();
}

bool SharedKernel::soft_minima(const Vector& g, double reg, Vector& result) {
  if (!prepare(reg)) return false;
  Eigen::RowVectorXd shift;
  const Vector v = factors(g, reg, shift);
  result.resize(cost_.sources());
  constexpr Index block = 64;
  const Index blocks = (cost_.sources() + block - 1) / block;
  parallel::for_each(blocks, static_cast<double>(kernel_.size()), [&](Index part) {
    const Index first = part * block;
    kernels::dot_rows(kernel_.row(first).data(), kernel_.cols(),
                      std::min(block, kernel_.rows() - first), kernel_.cols(), v.data(),
                      result.data() + first);
  });
  interrupt::poll();
  if (!(result.minCoeff() > lost)) return usable_ = false;
  result = (smallest_ - shift[0]) - reg * result.array().log();
  return true;
}

}  // namespace optlite::transport
