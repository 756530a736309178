// f(x) = x' H x / 2 - c' x + constant.
#pragma once

#include "optlite/bcd/smooth.hpp"

namespace optlite::bcd {

class Quadratic final : public Smooth {
 public:
  Quadratic(const Curvature& H, Vector c, double constant, Vector x);

  double scale() const override { return c_.norm(); }
  /// The change of f is exact: d' (g + g_new) / 2 over the block.
  void move(const Block& block, const Vector& d) override;
  void refresh() override;
  bool quadratic() const override { return true; }
  bool jump_if_less(const Vector& x, const Vector& gradient) override;
  const std::vector<Index>* touched() const override {
    return H_.columns() == nullptr ? nullptr : &touched_;
  }

  void restrict(const Block& block) override;
  double change(const Vector& d) override;
  void slopes(const Vector& d, Vector& g) override;
  void hessian(const Vector& d, Matrix& H) override;
  double rounding() const override { return 0.0; }

 private:
  double value_of(const Vector& x, const Vector& gradient) const;

  Vector c_;
  double constant_;
  std::vector<Index> touched_;
  Matrix block_H_;  // of the restriction
  Vector block_gradient_;
};

}  // namespace optlite::bcd
