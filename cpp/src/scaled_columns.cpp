#include "optlite/operators/scaled_columns.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace optlite {

ScaledColumns::ScaledColumns(const ColumnDesign& columns, Vector factors)
    : ColumnDesign(columns.rows(), columns.cols()),
      columns_(columns),
      factors_(std::move(factors)) {}

ColumnDesign::Moments ScaledColumns::moments(const double* q, const double* v) const {
  Moments m = columns_.moments(q, v);
  m.center.array() *= factors_.array();
  m.sums.array() *= factors_.array();
  m.squares.array() *= factors_.array().square();
  m.products.array() *= factors_.array();
  return m;
}

void ScaledColumns::dots(const double* v, double* out) const {
  columns_.dots(v, out);
  for (Index j = 0; j < cols_; ++j) out[j] *= factors_[j];
}

void ScaledColumns::dots(const Columns& list, const double* v, double* out) const {
  columns_.dots(list, v, out);
  for (std::size_t k = 0; k < list.size(); ++k) out[k] *= factors_[list[k]];
}

void ScaledColumns::add(const Columns& list, const double* coefficients, double* out) const {
  Vector scaled = of(list);
  for (Index k = 0; k < scaled.size(); ++k) scaled[k] *= coefficients[k];
  columns_.add(list, scaled.data(), out);
}

void ScaledColumns::products(const Columns& all, const Columns& fresh, const double* root,
                             const Vector& shift, Matrix& C) const {
  columns_.products(all, fresh, root, shift.cwiseQuotient(factors_), C);
  C = of(all).asDiagonal() * C * of(fresh).asDiagonal();
}

Vector ScaledColumns::of(const Columns& list) const {
  Vector found(static_cast<Index>(list.size()));
  for (std::size_t k = 0; k < list.size(); ++k) found[static_cast<Index>(k)] = factors_[list[k]];
  return found;
}

Vector inverse_deviations(const ColumnDesign& columns, const Vector& weight) {
  const Vector none = Vector::Zero(columns.rows());
  const ColumnDesign::Moments m = columns.moments(weight.data(), none.data());
  const double total = weight.sum();
  Vector factors = Vector::Ones(columns.cols());
  for (Index j = 0; j < factors.size(); ++j) {
    const double mean = m.sums[j] / total;  // from here on about the center
    const double square = m.squares[j] / total;
    const double variance = std::max(square - mean * mean, 0.0);
    const double deviation = std::sqrt(variance);
    // Of a column of one value, rounding is left.
    const bool varies = variance > 1e-13 * square && deviation > 1e-14 * std::fabs(m.center[j]);
    if (varies && std::isfinite(1.0 / deviation)) factors[j] = 1.0 / deviation;
  }
  return factors;
}

}  // namespace optlite
