// Columns in units of their standard deviations, without a copy of X.
#pragma once

#include "optlite/operators/column_design.hpp"

namespace optlite {

/// The columns of another design, each times a factor > 0. The factors go to the vectors that X is
/// multiplied with: neither is X written nor do zeros fill up.
class ScaledColumns final : public ColumnDesign {
 public:
  /// `columns` is kept, not copied.
  ScaledColumns(const ColumnDesign& columns, Vector factors);

  const Vector& factors() const { return factors_; }

  Index entries() const override { return columns_.entries(); }
  bool is_sparse() const override { return columns_.is_sparse(); }
  bool reads_single_columns() const override { return columns_.reads_single_columns(); }
  bool has_duplicates() const override { return columns_.has_duplicates(); }
  Moments moments(const double* q, const double* v) const override;
  void dots(const double* v, double* out) const override;
  void dots(const Columns& list, const double* v, double* out) const override;
  void add(const Columns& list, const double* coefficients, double* out) const override;
  void products(const Columns& all, const Columns& fresh, const double* root, const Vector& shift,
                Matrix& C) const override;

 private:
  Vector of(const Columns& list) const;

  const ColumnDesign& columns_;
  Vector factors_;
};

/// One over the standard deviations of the columns, with weights; 1 for columns without any.
Vector inverse_deviations(const ColumnDesign& columns, const Vector& weight);

}  // namespace optlite
