#include "optlite/linalg/conditioning.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/linalg/small_matrices.hpp"

namespace optlite {

namespace {

Vector eigenvalues_of_tridiagonal(const Vector& diagonal, const Vector& beside) {
  if (diagonal.size() == 0 || !diagonal.allFinite() || !beside.allFinite()) return Vector();
  return tridiagonal_eigenvalues(diagonal, beside);
}

Vector vector_of(const std::vector<double>& values) {
  return ConstVectorMap(values.data(), static_cast<Index>(values.size()));
}

}  // namespace

double largest_ritz_value(Vector start, FunctionRef<void(Vector&)> product) {
  const Index steps = std::min(lanczos_steps, start.size());
  Matrix basis(start.size(), steps);
  std::vector<double> diagonal;
  std::vector<double> beside;
  Vector v = start / start.norm();
  for (Index k = 0; k < steps; ++k) {
    basis.col(k) = v;
    product(v);
    diagonal.push_back(v.dot(basis.col(k)));
    // Against all vectors so far, twice: rounding would let the first ones come back.
    const auto known = basis.leftCols(k + 1);
    for (int pass = 0; pass < 2; ++pass) v -= known * Vector(known.transpose() * v);
    const double size = v.norm();
    if (k + 1 == steps || !(size > 1e-14 * diagonal.front())) break;
    beside.push_back(size);
    v /= size;
  }
  const Vector ritz = eigenvalues_of_tridiagonal(vector_of(diagonal), vector_of(beside));
  return ritz.size() > 0 ? ritz[ritz.size() - 1] : std::numeric_limits<double>::quiet_NaN();
}

void RitzValues::add(double step, double momentum) {
  if (diagonal_.size() >= most || !(step > 0.0)) return;
  double diagonal = 1.0 / step;
  if (!diagonal_.empty()) {
    diagonal += momentum / last_step_;
    beside_.push_back(std::sqrt(momentum) / last_step_);
  }
  diagonal_.push_back(diagonal);
  last_step_ = step;
}

Vector RitzValues::values() const {
  return eigenvalues_of_tridiagonal(vector_of(diagonal_), vector_of(beside_));
}

Spectrum RitzValues::spectrum() const {
  const Vector ritz = values();
  return ritz.size() > 0 ? Spectrum{ritz[0], ritz[ritz.size() - 1]} : Spectrum{};
}

RitzValues RitzValues::head(std::size_t iterations) const {
  RitzValues first = *this;
  if (iterations >= size()) return first;
  first.diagonal_.resize(iterations);
  first.beside_.resize(iterations > 0 ? iterations - 1 : 0);
  return first;
}

Index RitzValues::count_above(double level) const {
  const Vector ritz = values();
  if (ritz.size() == 0) return 0;
  const double apart = 1e-6 * ritz[ritz.size() - 1];
  Index count = 0;
  double last = -infinity;
  for (const double value : ritz) {
    if (!(value > level) || !(value > last + apart)) continue;
    last = value;
    ++count;
  }
  return count;
}

Index rank_bound(const Matrix& A) {
  double trace = 0.0;
  double squares = 0.0;
  for (Index j = 0; j < A.cols(); ++j) {
    if (!(A(j, j) > 0.0)) continue;
    trace += 1.0;
    squares += 1.0;
    for (Index i = j + 1; i < A.rows(); ++i) {
      if (A(i, i) > 0.0) squares += 2.0 * (A(i, j) / A(i, i)) * (A(i, j) / A(j, j));
    }
  }
  // A little less, so that rounding cannot lift it over a whole number.
  return trace > 0.0 ? static_cast<Index>(std::ceil(trace / squares * trace * (1.0 - 1e-9))) : 0;
}

}  // namespace optlite
