#include <cmath>
#include <numeric>

#include "optlite/drivers/elastic_net.hpp"
#include "optlite/drivers/ridge.hpp"

namespace optlite {

ElasticNetData::ElasticNetData(const ColumnDesign& columns, const Design* design,
                               const double* weight, bool intercept)
    : columns_(columns), design_(design), weight_(weight), intercept_(intercept) {
  total_weight_ = static_cast<double>(rows());
  if (weight == nullptr) return;
  const Vector weights = ConstVectorMap(weight, rows());
  total_weight_ = weights.sum();
  root_weight_ = weights.cwiseSqrt();
}

void ElasticNetData::centre(const Vector& weight) {
  const Vector counts = (weight.array() > 0.0).cast<double>();
  const ColumnDesign::Moments m = columns_.moments(counts.data(), weight.data());
  // So far about the centers: move to the means, or to zero.
  const Vector mean = m.center + m.products / weight.sum();
  mean_ = intercept_ ? mean : Vector::Zero(features());
  const Vector moved = mean_ - m.center;
  const Vector squares =
      m.squares - 2.0 * moved.cwiseProduct(m.sums) + counts.sum() * moved.cwiseAbs2();
  norms_ = squares.cwiseMax(0.0).cwiseSqrt();
}

Vector ElasticNetData::moments(const Vector& y) {
  if (mean_.size() > 0) return products(nullptr, y);
  Vector v(rows());
  for (Index i = 0; i < rows(); ++i) v[i] = weight_of(i) * y[i];
  ColumnDesign::Moments m = columns_.moments(weight_, v.data());
  // So far about the centers: move to the means, or to zero.
  const Vector moved = m.sums / total_weight_;
  Vector squares = (m.squares - moved.cwiseProduct(m.sums)).cwiseMax(0.0);
  const Vector mean = m.center + moved;
  const double sum = v.sum();
  if (intercept_) {
    mean_ = mean;
    m.products -= sum * moved;
  } else {
    mean_ = Vector::Zero(features());
    squares += total_weight_ * mean.cwiseAbs2();
    m.products += sum * m.center;
  }
  norms_ = squares.cwiseSqrt();
  return m.products;
}

const Matrix& ElasticNetData::gram(const Vector& y, Vector& found) {
  if (gram_.size() > 0) {
    found = moments(y);
    return gram_;
  }
  if (design_ != nullptr) {
    RidgeProblem problem(*design_, y.data(), 1, weight_, intercept_);
    gram_ = problem.gram();
    found = problem.target_moments().col(0);
    mean_ = problem.mean();
    for (Index j = 0; j < features(); ++j) {
      for (Index i = 0; i < j; ++i) gram_(i, j) = gram_(j, i);
    }
  } else {
    found = moments(y);
    Columns all(static_cast<std::size_t>(features()));
    std::iota(all.begin(), all.end(), Index{0});
    columns_.products(all, all, root_weight(), mean_, gram_);
  }
  norms_ = gram_.diagonal().cwiseMax(0.0).cwiseSqrt();
  return gram_;
}

Vector ElasticNetData::products(const Columns* list, const Vector& r) const {
  Vector v(rows());
  for (Index i = 0; i < rows(); ++i) v[i] = weight_of(i) * r[i];
  Vector out(list == nullptr ? features() : static_cast<Index>(list->size()));
  if (list == nullptr) columns_.dots(v.data(), out.data());
  else columns_.dots(*list, v.data(), out.data());
  if (!intercept_) return out;
  const double sum = v.sum();  // rounding of the centring
  for (Index k = 0; k < out.size(); ++k) {
    out[k] -= sum * mean_[list == nullptr ? k : (*list)[static_cast<std::size_t>(k)]];
  }
  return out;
}

Vector ElasticNetData::product_rounding() const {
  return rounding_of_sum(rows()) * (norms_ + std::sqrt(total_weight_) * mean_.cwiseAbs());
}

double ElasticNetData::dot(const Vector& a, const Vector& b) const {
  if (weight_ == nullptr) return a.dot(b);
  return a.cwiseProduct(b).dot(Vector(ConstVectorMap(weight_, rows())));
}

/// About the first value, so that a large common shift does not cancel.
double weighted_mean(const ElasticNetData& data, const Vector& y) {
  const double base = y[0];
  double sum = 0.0;
  for (Index i = 0; i < y.size(); ++i) sum += data.weight_of(i) * (y[i] - base);
  return base + sum / data.total_weight();
}

}  // namespace optlite
