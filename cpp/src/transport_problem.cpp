#include "optlite/transport/problem.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/kernels.hpp"
#include "optlite/linalg/laplacian.hpp"
#include "optlite/transport/exponentials.hpp"

namespace optlite::transport {

namespace {

/// Below this density, products with the kept entries alone are faster than with whole rows.
constexpr double sparse_density = 0.25;

/// Multiplications that cost as much as one exponential.
constexpr double exponential_work = 30.0;

Index count_above(const double* values, Index count, double threshold) {
  double above = 0.0;  // as a double: the loop becomes vector code
#pragma omp simd reduction(+ : above)
  for (Index j = 0; j < count; ++j) above += values[j] >= threshold ? 1.0 : 0.0;
  return static_cast<Index>(above);
}

}  // namespace

Problem::Problem(const Cost& cost, Vector a, Vector b, double drop, double memory)
    : cost_(cost),
      a_(std::move(a)),
      b_(std::move(b)),
      memory_(memory),
      parts_(cost.sources(), cost.targets()) {
  const double n = static_cast<double>(sources());
  const double m = static_cast<double>(targets());
  threshold_ = drop * (a_ / m).cwiseMin(b_.minCoeff() / n);
}

/// The row of the plan, but for the factor that is returned, into `buffer`; and its potential.
double Problem::evaluate_row(Point& point, Index i, double relaxation, double* buffer) const {
  const double shift =
      exponents(cost_.row(i, buffer), point.g.data(), point.reg, targets(), buffer);
  const double sum = exponentials(shift, targets(), buffer);
  const double exact = point.reg * (std::log(a_[i] / sum) - shift);
  if (relaxation == 1.0) {
    point.f[i] = exact;
    return a_[i] / sum;
  }
  const double rest = (1.0 - relaxation) * (point.f[i] - exact);
  point.f[i] = exact + rest;
  return a_[i] / sum * std::exp(rest / point.reg);
}

void Problem::choose_storage(bool keep) {
  const double entries = static_cast<double>(sources()) * static_cast<double>(targets());
  kept_ = keep;
  if (!keep) return;
  if (density_ < sparse_density && 1.5 * density_ * entries <= memory_) {
    storage_ = Storage::compressed;
    compressed_.resize(static_cast<std::size_t>(parts_.count()));
  } else if (entries <= memory_) {
    storage_ = Storage::dense;
    dense_.resize(sources(), targets());
  } else {
    storage_ = Storage::none;
  }
}

void Problem::keep_row(Index part, Index i, const double* values) {
  if (storage_ == Storage::dense) {
    dense_.row(i) = Eigen::Map<const Eigen::RowVectorXd>(values, targets());
  } else if (storage_ == Storage::compressed) {
    Part& own = compressed_[static_cast<std::size_t>(part)];
    const auto used = static_cast<std::size_t>(own.starts.back());
    const auto room = used + static_cast<std::size_t>(targets());
    if (own.values.size() < room) {
      own.values.resize(room + room / 2);
      own.columns.resize(room + room / 2);
    }
    double* value = own.values.data() + used;
    std::int32_t* column = own.columns.data() + used;
    const double threshold = threshold_[i];
    Index kept = 0;  // every entry is written, those that matter are written over by none
    for (Index j = 0; j < targets(); ++j) {
      value[kept] = values[j];
      column[kept] = static_cast<std::int32_t>(j);
      kept += values[j] >= threshold ? 1 : 0;
    }
    own.starts.push_back(own.starts.back() + kept);
  }
}

void Problem::evaluate(Point& point, bool keep, double relaxation) {
  ++n_evaluations_;
  choose_storage(keep);
  point.f.conservativeResize(sources());
  point.row_sums.resize(sources());
  Eigen::Matrix<Index, Eigen::Dynamic, 1> above(parts_.count());
  parts_.sum(
      exponential_work,
      [&](Index part, Index first, Index last, double* buffer, Vector& sums) {
        if (keep && storage_ == Storage::compressed) {
          compressed_[static_cast<std::size_t>(part)].starts.assign(1, 0);
        }
        above[part] = 0;
        for (Index i = first; i < last; ++i) {
          const double factor = evaluate_row(point, i, relaxation, buffer);
          double* into = sums.data();
          double total = 0.0;
#pragma omp simd reduction(+ : total)
          for (Index j = 0; j < targets(); ++j) {
            buffer[j] *= factor;
            into[j] += buffer[j];
            total += buffer[j];
          }
          point.row_sums[i] = total;
          above[part] += count_above(buffer, targets(), threshold_[i]);
          if (keep) keep_row(part, i, buffer);
        }
      },
      point.column_sums);
  density_ = static_cast<double>(above.sum()) /
             (static_cast<double>(sources()) * static_cast<double>(targets()));
  point.value = a_.dot(point.f) + b_.dot(point.g);
  point.error = (point.column_sums - b_).lpNorm<1>();
  if (relaxation == 1.0) return;
  point.value -= point.reg * (point.row_sums.sum() - a_.sum());
  point.error += (point.row_sums - a_).lpNorm<1>();
}

/// visit(count, values, columns or nullptr) for one row of the kept plan.
template <class Visit>
void Problem::visit_row(const Point& point, Index part, Index i, double* buffer,
                        Visit&& visit) const {
  if (storage_ == Storage::dense) {
    visit(targets(), dense_.row(i).data(), static_cast<const std::int32_t*>(nullptr));
  } else if (storage_ == Storage::compressed) {
    const Part& own = compressed_[static_cast<std::size_t>(part)];
    const auto k = static_cast<std::size_t>(i - parts_.first(part));
    const Index start = own.starts[k];
    visit(own.starts[k + 1] - start, own.values.data() + start, own.columns.data() + start);
  } else {
    exponents(cost_.row(i, buffer), point.g.data(), point.reg, targets(), buffer);
    const double shift = -point.f[i] / point.reg;
    exponentials(shift, targets(), buffer);
    visit(targets(), static_cast<const double*>(buffer), static_cast<const std::int32_t*>(nullptr));
  }
}

namespace {

double dot(Index count, const double* values, const std::int32_t* columns, const double* y) {
  double sum = 0.0;
  if (columns == nullptr) {
#pragma omp simd reduction(+ : sum)
    for (Index j = 0; j < count; ++j) sum += values[j] * y[j];
  } else {
    double odd = 0.0;  // two chains of additions hide each other's delay
    Index k = 0;
    for (; k + 2 <= count; k += 2) {
      sum += values[k] * y[columns[k]];
      odd += values[k + 1] * y[columns[k + 1]];
    }
    if (k < count) sum += values[k] * y[columns[k]];
    sum += odd;
  }
  return sum;
}

void add(Index count, const double* values, const std::int32_t* columns, double factor,
         double* out) {
  if (columns == nullptr) {
#pragma omp simd
    for (Index j = 0; j < count; ++j) out[j] += factor * values[j];
  } else {
    for (Index k = 0; k < count; ++k) out[columns[k]] += factor * values[k];
  }
}

void add_squares(Index count, const double* values, const std::int32_t* columns, double factor,
                 double* out) {
  if (columns == nullptr) {
#pragma omp simd
    for (Index j = 0; j < count; ++j) out[j] += factor * values[j] * values[j];
  } else {
    for (Index k = 0; k < count; ++k) out[columns[k]] += factor * values[k] * values[k];
  }
}

}  // namespace

/// sums += sum_i factor(P_i . y, i) P_i over some rows of a plan in memory, eight rows at a time.
template <class Factor>
void Problem::dense_product(Index first, Index last, const Vector& y, Vector& sums,
                            Factor&& factor) const {
  double products[8];
  for (Index i = first; i < last; i += 8) {
    const Index count = std::min<Index>(8, last - i);
    const double* rows = dense_.row(i).data();
    kernels::dot_rows(rows, targets(), count, targets(), y.data(), products);
    for (Index k = 0; k < count; ++k) products[k] = factor(products[k], i + k);
    kernels::add_rows(rows, targets(), count, targets(), products, sums.data());
  }
}

void Problem::schur_product(const Point& point, const Vector& y, Vector& out) {
  ++n_products_;
  const double work = storage_ == Storage::none ? exponential_work : 2.0 * density_;
  parts_.sum(
      work,
      [&](Index part, Index first, Index last, double* buffer, Vector& sums) {
        const auto factor = [&](double product, Index i) { return -product / a_[i]; };
        if (storage_ == Storage::dense) return dense_product(first, last, y, sums, factor);
        for (Index i = first; i < last; ++i) {
          visit_row(point, part, i, buffer, [&](Index count, const double* p, const auto* columns) {
            add(count, p, columns, factor(dot(count, p, columns, y.data()), i), sums.data());
          });
        }
      },
      out);
  out += point.column_sums.cwiseProduct(y);
}

Vector Problem::schur_diagonal(const Point& point) {
  Vector diagonal;
  const double work = storage_ == Storage::none ? exponential_work : 2.0 * density_;
  parts_.sum(
      work,
      [&](Index part, Index first, Index last, double* buffer, Vector& sums) {
        for (Index i = first; i < last; ++i) {
          visit_row(point, part, i, buffer, [&](Index count, const double* p, const auto* columns) {
            add_squares(count, p, columns, -1.0 / a_[i], sums.data());
          });
        }
      },
      diagonal);
  return diagonal + point.column_sums;
}

Vector Problem::solve_schur(const Point& point, const Vector& right) const {
  // The matrix is the Laplacian of the links P^T diag(a)^-1 P between columns. All entries of the
  // plan enter: those that products leave out may be all that holds its parts together.
  // There may be very many sources: some of their rows at a time.
  constexpr Index block = 128;
  Matrix plan(targets(), std::min(block, sources()));
  Matrix lower = Matrix::Zero(targets(), targets());
  for (Index first = 0; first < sources(); first += block) {
    const Index count = std::min(block, sources() - first);
    for (Index k = 0; k < count; ++k) {
      plan_row(cost_, point, first + k, plan.col(k).data());
      plan.col(k) /= std::sqrt(a_[first + k]);
    }
    lower.selfadjointView<Eigen::Lower>().rankUpdate(plan.leftCols(count));
    interrupt::poll();
  }
  RowMatrix links = lower.transpose();
  return solve_laplacian(links, right);
}

double Problem::scaled_row_step(const Vector& v, double relaxation, Vector& u, Point& point) {
  point.row_sums.resize(sources());
  parts_.sum(
      2.0,
      [&](Index, Index first, Index last, double*, Vector& sums) {
        dense_product(first, last, v, sums, [&](double product, Index i) {
          const double exact = a_[i] / product;
          u[i] = relaxation == 1.0 ? exact : exact * std::pow(u[i] / exact, 1.0 - relaxation);
          point.row_sums[i] = u[i] * product;
          return u[i];
        });
      },
      point.column_sums);
  point.column_sums.array() *= v.array();
  return relaxation == 1.0 ? 0.0 : (point.row_sums - a_).lpNorm<1>();
}

Vector Problem::column_step(const Point& point) const {
  Vector g(targets());
  std::vector<Index> lost;
  for (Index j = 0; j < targets(); ++j) {
    if (point.column_sums[j] > 1e-290) {
      g[j] = point.g[j] + point.reg * std::log(b_[j] / point.column_sums[j]);
    } else {
      lost.push_back(j);
    }
  }
  if (lost.empty()) return g;
  // log sum_i exp((f_i - C_ij) / reg) of these columns, one row at a time.
  Vector largest = Vector::Constant(static_cast<Index>(lost.size()), -infinity);
  Vector sum = Vector::Zero(largest.size());
  Vector buffer(targets());
  for (Index i = 0; i < sources(); ++i) {
    const double* cost = cost_.row(i, buffer.data());
    for (std::size_t k = 0; k < lost.size(); ++k) {
      const auto at = static_cast<Index>(k);
      const double z = (point.f[i] - cost[lost[k]]) / point.reg;
      if (z > largest[at]) {
        sum[at] = sum[at] * std::exp(largest[at] - z) + 1.0;
        largest[at] = z;
      } else {
        sum[at] += std::exp(z - largest[at]);
      }
    }
    if (i % 64 == 0) interrupt::poll();
  }
  for (std::size_t k = 0; k < lost.size(); ++k) {
    const auto at = static_cast<Index>(k);
    g[lost[k]] = point.reg * (std::log(b_[lost[k]] / sum[at]) - largest[at]);
  }
  return g;
}

double plan_row(const Cost& cost, const Point& point, Index i, double* buffer) {
  const double* costs = cost.row(i, buffer);
  exponents(costs, point.g.data(), point.reg, cost.targets(), buffer);
  return exponentials(-point.f[i] / point.reg, cost.targets(), buffer);
}

template <class Scalar>
void write_plan(const Cost& cost, const Point& point, Scalar* plan, const Vector* row_sums) {
  RowParts parts(cost.sources(), cost.targets());
  parts.each(
      30.0, 0.0,
      [&](Index, Index first, Index last, double* buffer, Vector&) {
        for (Index i = first; i < last; ++i) {
          const double sum = plan_row(cost, point, i, buffer);
          const bool fits = row_sums != nullptr && sum > 0.0;
          const double factor = fits ? (*row_sums)[i] / sum : 1.0;
          for (Index j = 0; j < cost.targets(); ++j) {
            plan[i * cost.targets() + j] = static_cast<Scalar>(factor * buffer[j]);
          }
        }
      },
      [](const Vector&) {});
}
template void write_plan(const Cost&, const Point&, double*, const Vector*);
template void write_plan(const Cost&, const Point&, float*, const Vector*);

}  // namespace optlite::transport
