#include "optlite/problems/columns.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "optlite/linalg/small_matrices.hpp"

namespace optlite {

namespace {

/// Squared size below which what is left of a column is rounding: relative to the column, and to
/// the mean that was taken from its values.
Vector rounding_floor(const GeneralizedLinear& model, const Vector& diagonal) {
  const Index d = model.features();
  Vector floor = 64.0 * epsilon * static_cast<double>(diagonal.size()) * diagonal;
  if (model.intercept() && model.shift().size() > 0) {
    Vector lost = 64.0 * epsilon * model.shift();
    if (model.scale().size() > 0) lost.array() *= model.scale().array();
    floor.head(d) += diagonal[d] * lost.cwiseAbs2();
  }
  return floor;
}

}  // namespace

ColumnGram::ColumnGram(const GeneralizedLinear& model, Matrix G, bool every_row)
    : matrix_(std::move(G)), final_(every_row) {
  floor_ = rounding_floor(model, matrix_.diagonal());
}

ColumnGram ColumnGram::of_hessian(const GeneralizedLinear& model, const Vector& x, Matrix H,
                                  bool every_row, bool single) {
  ColumnGram columns;
  columns.final_ = every_row && !single;
  columns.matrix_ = std::move(H);
  columns.floor_ = rounding_floor(model, columns.matrix_.diagonal());
  columns.matrix_.diagonal().head(model.features()) -= model.penalty_curvature(x).col(0);
  if (single) {
    const double loss = Design::single_precision_loss(columns.matrix_.rows());
    columns.floor_ += 2.0 * loss * columns.matrix_.diagonal();
  }
  return columns;
}

double gram_work(const GeneralizedLinear& model) {
  const double n = static_cast<double>(std::max<Index>(model.design().rows(), 1));
  const double d = static_cast<double>(model.features() + 1);
  const double entries = static_cast<double>(model.design().entries());
  // Sparse rows: each entry meets those of its own row.
  return entries * std::min(d, entries / n) / 2.0 + d * d * d / 6.0;
}

ColumnGram read_column_gram(GeneralizedLinear& model, bool every_row) {
  Matrix G;
  model.design().weighted_gram(model.gram_task(model.weight()), G);
  G /= model.total_weight();
  return ColumnGram(model, std::move(G), every_row);
}

void share_effects(const GeneralizedLinear& model, const CholeskyFactor& columns,
                   Vector& coefficients) {
  const Index d = model.features();
  // Entries at rounding are zeros: the units could make large numbers of them.
  const Matrix basis =
      columns.null_space().unaryExpr([](double x) { return std::fabs(x) < 1e-11 ? 0.0 : x; });
  Matrix effects = basis.topRows(d);
  if (model.scale().size() > 0) effects = model.scale().asDiagonal() * effects;
  Matrix constants = Matrix::Zero(1, basis.cols());
  if (model.intercept()) {
    constants = basis.row(d);
    if (model.shift().size() > 0) constants -= model.shift().transpose() * effects;
  }
  // Columns of one length: their units must not decide which of them count.
  for (Index k = 0; k < basis.cols(); ++k) {
    const double size = effects.col(k).norm();
    effects.col(k) /= size;
    constants.col(k) /= size;
  }
  const Index stride = d + (model.intercept() ? 1 : 0);
  MatrixMap W(coefficients.data(), stride, model.outputs());
  const Matrix common = least_squares(effects, W.topRows(d));
  W.topRows(d) -= effects * common;
  if (model.intercept()) W.row(d) -= constants * common;
}

}  // namespace optlite
