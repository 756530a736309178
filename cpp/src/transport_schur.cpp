// The Schur complement of the semi-dual: products, diagonal, elimination; and what they cost.
#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/laplacian.hpp"
#include "transport_passes.hpp"

namespace optlite::transport {

template <class Number, class Kept>
void Problem::schur_product(const StoredPlan<Kept>& plan, const Point& point, const Vector& y,
                            const Vector& degrees, Vector& out) {
  const bool whole = form_ == Form::none;
  const double unit = std::is_same_v<Number, float> ? unit_ : 1.0;
  Vector scaled = whole ? y : Vector(point.v.cwiseProduct(y));
  const double size = scaled.lpNorm<Eigen::Infinity>();
  if (size > 0.0) scaled /= size;  // far from where single precision ends
  multiply<Number>(plan, point, scaled, out, [&](double product, Index i) {
    const double factor = row_factor(point, i);
    return product * factor / a_[i] * (factor / unit);
  });
  work_ += product_work(!std::is_same_v<Number, float>);
  out *= -unit * size;
  if (!whole) out.array() *= point.v.array();
  out += degrees.cwiseProduct(y);
}

void Problem::schur_product(const Point& point, const Vector& y, Vector& out, bool exactly) {
  ++n_products_;
  if (precision_ == Precision::full) {
    return schur_product<double>(full_, point, y, point.column_sums, out);
  }
  if (!exactly || form_ == Form::none) {
    return schur_product<float>(single_, point, y, point.column_sums, out);
  }
  if (degrees_.size() == 0) {
    const Vector ones = Vector::Ones(targets());
    schur_product<double>(single_, point, ones, Vector::Zero(targets()), degrees_);
    degrees_ = -degrees_;
  }
  schur_product<double>(single_, point, y, degrees_, out);
}

template <class Kept>
Vector Problem::squared_entries(const StoredPlan<Kept>& plan, const Point& point) {
  const double unit = std::is_same_v<Kept, float> ? unit_ : 1.0;
  const auto factor = [&](Index i) {
    const double own = row_factor(point, i);
    return own / a_[i] * (own / unit);
  };
  Vector squares;
  parts_.sum(
      form_ == Form::none ? exponential_work : 2.0,
      [&](Index part, Index first, Index last, double* buffer, Vector& sums) {
        if (form_ != Form::none) return plan.add_squares(part, first, last, sums.data(), factor);
        CostRows costs(cost_, last, buffer);
        std::vector<Kept> rows(static_cast<std::size_t>(block * targets()));
        for (Index i = first; i < last; i += block) {
          const Index count = std::min(block, last - i);
          fill_shares(point, i, count, costs, buffer, rows.data());
          StoredPlan<Kept>::squares_of_rows(rows.data(), i, count, targets(), sums.data(), factor);
        }
      },
      squares);
  work_ += product_work(false);
  return unit * squares;
}

Vector Problem::schur_diagonal(const Point& point) {
  Vector squares = precision_ == Precision::full ? squared_entries(full_, point)
                                                 : squared_entries(single_, point);
  if (form_ != Form::none) squares.array() *= point.v.array().square();
  return point.column_sums - squares;
}

Vector Problem::solve_schur(const Point& point, const Vector& right) {
  work_ += elimination_work();
  // The matrix is the Laplacian of the links P^T diag(a)^-1 P between columns. All entries of the
  // plan enter: those that products leave out may be all that holds its parts together.
  // There may be very many sources: some of their rows at a time.
  constexpr Index rows_at_once = 128;
  Matrix plan(targets(), std::min(rows_at_once, sources()));
  RowMatrix links = RowMatrix::Zero(targets(), targets());
  for (Index first = 0; first < sources(); first += rows_at_once) {
    const Index count = std::min(rows_at_once, sources() - first);
    for (Index k = 0; k < count; ++k) {
      double* row = plan.col(k).data();
      plan_row(cost_.row(first + k, row), targets(), point, first + k, row);
      plan.col(k) /= std::sqrt(a_[first + k]);
    }
    links.selfadjointView<Eigen::Upper>().rankUpdate(plan.leftCols(count));
    interrupt::poll();
  }
  return solve_laplacian(links, right);
}

namespace {

// Measured, in passes in single precision over a plan in the last-level cache.
constexpr double single_exponentials = 4.0;
constexpr double exponentials_in_double = 10.0;
constexpr double pass_in_double = 3.0;
constexpr double compressed_entry = 8.0;
constexpr double elimination = 0.5;  // for each target

}  // namespace

double Problem::evaluation_work(Precision precision) const {
  return precision == Precision::single ? single_exponentials : exponentials_in_double;
}

double Problem::pass_work(bool in_double) const {
  if (form_ == Form::compressed) return compressed_entry * density_;
  return in_double ? pass_in_double : 1.0;
}

double Problem::move_work(Precision precision) const {
  const bool anew = form_ == Form::none || precision == Precision::mixed;
  return anew ? evaluation_work(precision) : pass_work(precision == Precision::full);
}

double Problem::product_work(bool exactly) const {
  if (form_ == Form::none) return evaluation_work(precision_);
  return pass_work(exactly || precision_ == Precision::full);
}

double Problem::elimination_work() const {
  return exponentials_in_double + elimination * static_cast<double>(targets());
}

}  // namespace optlite::transport
