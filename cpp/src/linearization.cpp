#include "optlite/problems/linearization.hpp"

#include <algorithm>

#include "optlite/core/parallel.hpp"
#include "optlite/problems/generalized_linear.hpp"

namespace optlite {

void Linearization::residuals(const double* y, double* g) const {
  constexpr Index piece = 256;
  const OutputLoss other = loss().with_targets(y);
  const Index n = samples();
  const Index pieces = (n + piece - 1) / piece;
  parallel::for_each(pieces, 40.0 * static_cast<double>(n * outputs()), [&](Index p) {
    const Index first = p * piece;
    const Index count = std::min(piece, n - first);
    Matrix block = margins().middleRows(first, count);
    other.evaluate(first, count, block.data());
    Eigen::Map<RowMatrix>(g + first * outputs(), count, outputs()) = block;
  });
}

namespace {

class LinearModelAt final : public Linearization {
 public:
  LinearModelAt(GeneralizedLinear& model, const Vector& x)
      : model_(model),
        x_(x),
        margins_(margins_at(model, x)),
        loss_(model.loss(), model.options().fields, model.outputs(), model.design().rows(),
              model.targets(), model.weight()),
        curvature_(loss_, margins_) {}

  Index dimension() const override { return model_.dimension(); }
  const OutputLoss& loss() const override { return loss_; }
  const Matrix& margins() const override { return margins_; }
  const OutputCurvature& loss_curvature() const override { return curvature_; }

  /// The outputs are linear, so that their own second derivatives vanish.
  void hessian_product(const Matrix& V, Matrix& out) const override {
    curvature_product(curvature_, V, true, out);
  }
  bool hessian(bool single, Matrix& H) const override {
    Point at;
    at.x = x_;
    at.margins = margins_;
    model_.hessian(at, single, H);
    return true;
  }
  void curvature_product(const OutputCurvature& B, const Matrix& V, bool penalised,
                         Matrix& out) const override {
    model_.curvature_product(x_, B, V, penalised, out);
  }
  void jacobian_product(const Matrix& V, Matrix& out) const override {
    model_.jacobian_product(V, out);
  }
  void jacobian_transposed_product(const Matrix& U, Matrix& out) const override {
    model_.jacobian_transposed_product(U, out);
  }

 private:
  static Matrix margins_at(GeneralizedLinear& model, const Vector& x) {
    Point p;
    p.x = x;
    return model.margins(p);
  }

  GeneralizedLinear& model_;
  Vector x_;
  Matrix margins_;
  OutputLoss loss_;
  LossCurvature curvature_;
};

}  // namespace

std::unique_ptr<Linearization> linearize(GeneralizedLinear& model, const Vector& x) {
  return std::make_unique<LinearModelAt>(model, x);
}

}  // namespace optlite
