#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <type_traits>
#include <vector>

#include "optlite/transport/cost_rows.hpp"
#include "optlite/transport/row_parts.hpp"

namespace optlite::transport {

namespace {

template <class Scalar>
class MatrixCost final : public Cost {
 public:
  MatrixCost(const Scalar* data, Index sources, Index targets, Index stride)
      : Cost(sources, targets), data_(data), stride_(stride) {}

  const double* row(Index i, double* buffer) const override {
    const Scalar* from = data_ + i * stride_;
    if constexpr (std::is_same_v<Scalar, double>) {
      (void)buffer;
      return from;
    } else {
      std::copy(from, from + targets(), buffer);
      return buffer;
    }
  }

 private:
  const Scalar* data_;
  Index stride_;
};

}  // namespace

template <class Scalar>
std::unique_ptr<Cost> matrix_cost(const Scalar* data, Index sources, Index targets, Index stride) {
  return std::make_unique<MatrixCost<Scalar>>(data, sources, targets, stride);
}
template std::unique_ptr<Cost> matrix_cost(const double*, Index, Index, Index);
template std::unique_ptr<Cost> matrix_cost(const float*, Index, Index, Index);

namespace {

template <class Scalar>
struct Bits;
template <>
struct Bits<double> {
  using type = std::uint64_t;
};
template <>
struct Bits<float> {
  using type = std::uint32_t;
};

template <class Scalar>
std::uint64_t sum_of_bits(const Scalar* row, Index columns) {
  std::uint64_t bits = 0;
  for (Index j = 0; j < columns; ++j) {
    typename Bits<Scalar>::type pattern;
    std::memcpy(&pattern, row + j, sizeof pattern);
    bits += pattern;
  }
  return bits;
}

/// Rows of a matrix in parts that are read by one thread each.
Index parts_of(Index rows, double entries) {
  return std::clamp<Index>(static_cast<Index>(entries / 65536.0), 1, rows);
}

template <class Scalar>
void survey_row(const Scalar* row, Index columns, double share, Survey& own, double& finite) {
  double smallest = own.smallest, largest = own.largest, sum = 0.0, count = 0.0, nans = 0.0;
#pragma omp simd reduction(min : smallest) reduction(max : largest) reduction(+ : sum, count, nans)
  for (Index j = 0; j < columns; ++j) {
    const double x = static_cast<double>(row[j]);
    smallest = x < smallest ? x : smallest;
    largest = x > largest ? x : largest;
    const bool usable = std::fabs(x) < infinity;
    sum += usable ? x * share : 0.0;  // no overflow
    count += usable ? 1.0 : 0.0;
    nans += x != x ? 1.0 : 0.0;
  }
  own.smallest = smallest;
  own.largest = largest;
  own.has_nan = own.has_nan || nans > 0.0;
  own.mean += sum;
  own.bits += sum_of_bits(row, columns);
  finite += count;
}

}  // namespace

template <class Scalar>
Survey survey(const Scalar* data, Index rows, Index columns, Index stride) {
  const double entries = static_cast<double>(rows) * static_cast<double>(columns);
  const Index parts = parts_of(rows, entries);
  std::vector<Survey> found(static_cast<std::size_t>(parts));
  std::vector<double> finite(static_cast<std::size_t>(parts), 0.0);
  parallel::for_each(parts, entries, [&](Index part) {
    const auto at = static_cast<std::size_t>(part);
    for (Index i = rows * part / parts; i < rows * (part + 1) / parts; ++i) {
      survey_row(data + i * stride, columns, 1.0 / entries, found[at], finite[at]);
    }
  });
  Survey all;
  double count = 0.0;
  for (std::size_t part = 0; part < found.size(); ++part) {
    all.has_nan = all.has_nan || found[part].has_nan;
    all.smallest = std::min(all.smallest, found[part].smallest);
    all.largest = std::max(all.largest, found[part].largest);
    all.mean += found[part].mean;
    all.bits += found[part].bits;
    count += finite[part];
  }
  all.mean *= entries / std::max(1.0, count);
  return all;
}
template Survey survey(const double*, Index, Index, Index);
template Survey survey(const float*, Index, Index, Index);

template <class Scalar>
std::uint64_t bits_of_costs(const Scalar* data, Index rows, Index columns, Index stride) {
  const double entries = static_cast<double>(rows) * static_cast<double>(columns);
  const Index parts = parts_of(rows, entries);
  std::vector<std::uint64_t> found(static_cast<std::size_t>(parts), 0);
  parallel::for_each(parts, entries, [&](Index part) {
    for (Index i = rows * part / parts; i < rows * (part + 1) / parts; ++i) {
      found[static_cast<std::size_t>(part)] += sum_of_bits(data + i * stride, columns);
    }
  });
  return std::accumulate(found.begin(), found.end(), std::uint64_t{0});
}
template std::uint64_t bits_of_costs(const double*, Index, Index, Index);
template std::uint64_t bits_of_costs(const float*, Index, Index, Index);

double cost_scale(const Cost& cost) {
  RowParts parts(cost);
  const double entries = static_cast<double>(cost.sources()) * static_cast<double>(cost.targets());
  Vector sums(cost.sources());
  Vector counts(cost.sources());
  Vector smallest(cost.sources());
  parts.each(
      1.0, 0.0,
      [&](Index, Index first, Index last, double* buffer, Vector&) {
        CostRows rows(cost, last, buffer);
        for (Index i = first; i < last; ++i) {
          const ConstVectorMap row(rows.row(i, buffer), cost.targets());
          const auto finite = (row.array().abs() < infinity);
          sums[i] = (finite.select(row.array(), 0.0) / entries).sum();  // no overflow
          counts[i] = static_cast<double>(finite.count());
          smallest[i] = row.minCoeff();
        }
      },
      [](const Vector&) {});
  return sums.sum() * (entries / std::max(1.0, counts.sum())) - smallest.minCoeff();
}

}  // namespace optlite::transport
