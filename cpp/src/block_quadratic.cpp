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
  constexpr std::size_t together = 64;  // columns between two polls
  gradient_ = -c_;
  Block block;
  Vector d;
  for (Index j = 0; j < x_.size(); ++j) {
    if (x_[j] != 0.0) block.push_back(j);
    if (block.size() < together && j + 1 < x_.size()) continue;
    gather(x_, block, d);
    H_.add_columns(block, d, gradient_);
    block.clear();
    interrupt::poll();
  }
  value_ = value_of(x_, gradient_);
}

double Quadratic::value_of(const Vector& x, const Vector& gradient) const {
  return 0.5 * x.dot(gradient - c_) + constant_;
}

bool Quadratic::jump_if_less(const Vector& x, const Vector& gradient) {
  const double value = value_of(x, gradient);
  if (!(value < value_) || !gradient.allFinite()) return false;
  x_ = x;
  gradient_ = gradient;
  value_ = value;
  return true;
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
