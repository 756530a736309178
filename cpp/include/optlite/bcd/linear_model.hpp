// f(W) = sum of losses of the margins X W + alpha |W|^2 / 2, one column of W for each output.
#pragma once

#include "optlite/bcd/smooth.hpp"
#include "optlite/operators/column_design.hpp"
#include "optlite/problems/output_loss.hpp"

namespace optlite::bcd {

/// The variables are the columns of W, one after the other: v = k p + j is entry (j, k).
struct LinearModelShape {
  Index features = 0;
  Index feature(Index v) const { return v % features; }
  Index output(Index v) const { return v / features; }
};

/// C (x) X'X + alpha I: no second derivative of the loss in the margins of a row exceeds C.
class LinearModelCurvature final : public Curvature {
 public:
  /// diagonal and row_sums are those of X'X or, the latter, above them. X is kept by reference.
  LinearModelCurvature(const ColumnDesign& X, Matrix C, double alpha, const Vector& diagonal,
                       const Vector& row_sums);

  void entries(const Block& block, Matrix& out) const override;
  void add_columns(const Block& block, const Vector& d, Vector& out) const override;
  const Vector& row_sums() const override { return row_sums_; }

 private:
  const ColumnDesign& X_;
  LinearModelShape shape_;
  Matrix C_;
  double alpha_;
  Vector row_sums_;
};

class LinearModel final : public Smooth {
 public:
  /// X and what the loss refers to must outlive the problem.
  LinearModel(const Curvature& H, const ColumnDesign& X, OutputLoss loss, double alpha, Vector x);

  double scale() const override { return scale_; }
  void move(const Block& block, const Vector& d) override;
  void refresh() override;

  void restrict(const Block& block) override;
  double change(const Vector& d) override;
  void slopes(const Vector& d, Vector& g) override;
  void hessian(const Vector& d, Matrix& H) override;
  double rounding() const override;

 private:
  void evaluate();
  void add_margins(const Block& block, const Vector& d, Matrix& margins) const;
  void seen_from(const Vector& d);

  const ColumnDesign& X_;
  LinearModelShape shape_;
  OutputLoss loss_;
  double alpha_;
  double scale_ = 0.0;
  double loss_value_ = 0.0;
  Matrix margins_, residuals_;
  Block block_;     // of the restriction
  Matrix trial_;    // margins at x_b + d
  Matrix scratch_;
};

}  // namespace optlite::bcd
