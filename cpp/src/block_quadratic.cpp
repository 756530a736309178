#include <utility>

#include "optlite/bcd/quadratic.hpp"
#include "optlite/core/interrupt.hpp"

namespace optlite::bcd {

Quadratic::Quadratic(const Curvature& H, Vector c, double constant, Vector x)
    : Smooth(H, std::move(x)), c_(std::move(c)), constant_(constant) {
  refresh();
}

void Quadratic::move(const Block& block, const Vector& d) {
  double twice = 0.0;
  for (std::size_t k = 0; k < block.size(); ++k) {
    twice += d[static_cast<Index>(k)] * gradient_[block[k]];
  }
  H_.add_columns(block, d, gradient_);
  for (std::size_t k = 0; k < block.size(); ++k) {
    twice += d[static_cast<Index>(k)] * gradient_[block[k]];
    x_[block[k]] += d[static_cast<Index>(k)];
  }
  value_ += 0.5 * twice;
  const SparseColumns* columns = H_.columns();
  if (columns == nullptr) return;
  touched_.clear();
  for (const Index j : block) {
    touched_.insert(touched_.end(), columns->indices + columns->starts[j],
                    columns->indices + columns->starts[j + 1]);
  }
}

void Quadratic::refresh() {
  gradient_ = -c_;
  Block one(1);
  Vector d(1);
  for (Index j = 0; j < x_.size(); ++j) {
    if (x_[j] == 0.0) continue;
    if (j % 64 == 0) interrupt::poll();
    one[0] = j;
    d[0] = x_[j];
    H_.add_columns(one, d, gradient_);
  }
  value_ = 0.5 * x_.dot(gradient_ - c_) + constant_;
}

void Quadratic::restrict(const Block& block) {
  H_.entries(block, block_H_);
  gather(gradient_, block, block_gradient_);
}

double Quadratic::change(const Vector& d) { return d.dot(block_gradient_ + 0.5 * (block_H_ * d)); }

void Quadratic::slopes(const Vector& d, Vector& g) {
  g = block_gradient_;
  g.noalias() += block_H_ * d;
}

void Quadratic::hessian(const Vector&, Matrix& H) { H = block_H_; }

}  // namespace optlite::bcd
