// Factorised normal equations, for the solvers that have them.
#pragma once

#include <algorithm>
#include <vector>

#include "optlite/linalg/cholesky.hpp"

namespace optlite {

/// One factorisation for each distinct alpha.
class Factors {
 public:
  /// Lower triangle of H, without the penalty. ok() is false if one is numerically singular.
  Factors(const Matrix& H, const Vector& alphas) : index_(static_cast<std::size_t>(alphas.size())) {
    std::vector<double> seen;
    for (Index t = 0; t < alphas.size() && ok_; ++t) {
      const auto place = std::find(seen.begin(), seen.end(), alphas[t]);
      index_[static_cast<std::size_t>(t)] = static_cast<std::size_t>(place - seen.begin());
      if (place != seen.end()) continue;
      seen.push_back(alphas[t]);
      Matrix shifted = H;
      shifted.diagonal().array() += alphas[t];
      const Vector diagonal = shifted.diagonal();
      factors_.emplace_back(std::move(shifted));
      ok_ = usable(factors_.back(), diagonal);
    }
  }

  bool ok() const { return ok_; }
  const CholeskyFactor& of(Index target) const {
    return factors_[index_[static_cast<std::size_t>(target)]];
  }
  Matrix solve(const Matrix& B) const {
    Matrix X(B.rows(), B.cols());
    for (Index t = 0; t < B.cols(); ++t) {
      X.col(t) = factors_[index_[static_cast<std::size_t>(t)]].solve(Vector(B.col(t)));
    }
    return X;
  }

 private:
  /// A pivot is the share of a column that the columns before it do not explain.
  static bool usable(const CholeskyFactor& factor, const Vector& diagonal) {
    const double floor = 64.0 * epsilon * static_cast<double>(diagonal.size());
    return factor.ok() && (factor.pivots().array() > floor * diagonal.array()).all();
  }

  std::vector<CholeskyFactor> factors_;
  std::vector<std::size_t> index_;
  bool ok_ = true;
};

}  // namespace optlite
