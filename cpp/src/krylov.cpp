#include "optlite/linalg/krylov.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/linalg/small_matrices.hpp"

namespace optlite {

KrylovSpace::KrylovSpace(const Vector& start, Index most)
    : basis_(start.size(), std::min(most, start.size())),
      T_(Matrix::Zero(basis_.cols(), basis_.cols())) {
  basis_.col(0) = start / start.norm();
}

bool KrylovSpace::extend(Product product) {
  if (size_ == basis_.cols() || beta_ == 0.0) return false;
  Matrix after;
  product(basis_.col(size_), after);
  Vector r = after.col(0);
  const double whole = r.norm();
  const auto known = basis_.leftCols(size_ + 1);
  // Against all vectors so far, twice: rounding would let the first ones come back.
  Vector along = Vector::Zero(size_ + 1);
  for (int pass = 0; pass < 2; ++pass) {
    const Vector part = known.transpose() * r;
    r -= known * part;
    along += part;
  }
  T_(size_, size_) = along[size_];
  ++size_;
  beta_ = r.norm();
  if (!(beta_ > 32.0 * epsilon * whole)) beta_ = 0.0;
  if (size_ < basis_.cols() && beta_ > 0.0) {
    basis_.col(size_) = r / beta_;
    T_(size_, size_ - 1) = T_(size_ - 1, size_) = beta_;
  }
  return true;
}

void KrylovSpace::ritz(Vector& values, Matrix& vectors) const {
  symmetric_eigen(T_.topLeftCorner(size_, size_), values, vectors);
}

bool negative_curvature(Index dimension, Index most, Product product, Curvature& found,
                        Vector& vector) {
  Vector start(dimension);
  // The golden angle: no two entries are alike.
  for (Index i = 0; i < dimension; ++i) {
    start[i] = std::sin(2.399963229728653 * static_cast<double>(i + 1));
  }
  KrylovSpace space(start, most);
  double largest = 0.0;
  found = {};
  while (space.extend(product)) {
    Vector values;
    Matrix vectors;
    space.ritz(values, vectors);
    if (!values.allFinite()) break;
    found = {values[0], space.beta() * std::fabs(vectors(space.size() - 1, 0))};
    vector = space.lift(vectors.col(0));
    largest = values.cwiseAbs().maxCoeff();
    if (found.bound <= 0.01 * std::fabs(found.value)) break;
  }
  return found.value < -1e-8 * largest;
}

namespace {

/// The coefficients for a shift, and for the smallest eigenvalue where its w vanishes.
Vector shifted(const Vector& values, const Vector& w, double lambda) {
  return (w.array() == 0.0).select(0.0, -w.array() / (values.array() + lambda));
}

}  // namespace

Vector minimize_cubic(const Vector& values, const Vector& w, double weight) {
  const double size = w.norm();
  double low = std::max(0.0, -values[0]);
  // From weight |c| (values[0] + weight |c|) <= weight |w|.
  const double root = std::sqrt(values[0] * values[0] + 4.0 * weight * size);
  double high =
      values[0] > 0.0 ? 2.0 * weight * size / (values[0] + root) : 0.5 * (root - values[0]);
  if (!(high > low)) high = low;
  double lambda = high;
  for (int i = 0; i < 200 && high > low; ++i) {
    const Vector c = shifted(values, w, lambda);
    const double length = c.norm();
    const double radius = lambda / weight;
    (length > radius ? low : high) = lambda;
    // Newton's method for 1 / |c| = weight / lambda, in which both sides are nearly straight.
    const double slope = c.cwiseAbs2().cwiseQuotient((values.array() + lambda).matrix()).sum();
    const double step = (1.0 / radius - 1.0 / length) /
                        (slope / (length * length * length) + weight / (lambda * lambda));
    double next = lambda + step;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    if (!(next > low) || std::fabs(next - lambda) <= 4.0 * epsilon * lambda) break;
    lambda = next;
  }
  // The hard case: w has no part along the smallest eigenvalue, or so little that the sum of that
  // and lambda loses its digits. This part of c then is what is missing in length.
  const bool is_hard = values[0] < 0.0 && lambda + values[0] <= 1e-6 * lambda;
  if (is_hard) lambda = std::max(lambda, -values[0] * (1.0 + 2.0 * epsilon));
  Vector c = shifted(values, w, lambda);
  if (is_hard) {
    c[0] = 0.0;
    const double missing = std::pow(lambda / weight, 2) - c.squaredNorm();
    c[0] = std::copysign(std::sqrt(std::max(missing, 0.0)), w[0] > 0.0 ? -1.0 : 1.0);
  }
  return c;
}

}  // namespace optlite
