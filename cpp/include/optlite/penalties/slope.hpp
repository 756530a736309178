#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "optlite/penalties/concept.hpp"

namespace optlite::penalties {

/// The more coefficients are larger, the less one counts: equal ones form clusters.
struct Slope {
  static constexpr auto title = "SLOPE";
  static constexpr auto doc =
      "Sorted absolute values, each times the level of its rank; equal levels make it the lasso.";
  static constexpr auto formula =
      R"(h(w) = \sum_{i} \lambda_i |w|_{(i)}, \quad |w|_{(1)} \ge |w|_{(2)} \ge \dots, \quad
      \lambda_1 \ge \lambda_2 \ge \dots \ge 0)";
  static constexpr auto reference =
      "Bogdan, van den Berg, Sabatti, Su and Candès, SLOPE: adaptive variable selection via convex "
      "optimization, 2015";
  static constexpr bool smooth = false;

  std::vector<double> levels;  // descending; ranks beyond the last have its level, without any 1

  double level(Index rank) const {
    if (levels.empty()) return 1.0;
    return levels[std::min(static_cast<std::size_t>(rank), levels.size() - 1)];
  }

  double value(const double* w, Index size) const {
    const std::vector<Index> order = by_size(w, size);
    double sum = 0.0;
    for (Index i = 0; i < size; ++i) sum += level(i) * std::fabs(w[at(order, i)]);
    return sum;
  }

  /// The descending fit to |v| - step * levels, where that is positive.
  void prox(const double* v, Index size, double step, double* w) const {
    const std::vector<Index> order = by_size(v, size);
    std::vector<double> left(static_cast<std::size_t>(size));
    for (Index i = 0; i < size; ++i) at(left, i) = std::fabs(v[at(order, i)]) - step * level(i);
    fit_descending(left.data(), size);
    for (Index i = 0; i < size; ++i) {
      const Index j = at(order, i);
      w[j] = at(left, i) > 0.0 ? std::copysign(at(left, i), v[j]) : 0.0;
    }
  }

  /// The subdifferential is a product over clusters of equal size: of vectors whose k largest
  /// entries sum up to the k first levels at most, for all k, and exactly for the whole cluster
  /// unless it is at zero. What a descending fit leaves of a vector is its projection.
  double subdifferential_distance(const double* w, const double* gradient, Index size) const {
    const std::vector<Index> order = by_size(w, size);
    double distance = 0.0;
    for (Index begin = 0, end = 0; begin < size; begin = end) {
      const double height = std::fabs(w[at(order, begin)]);
      while (end < size && std::fabs(w[at(order, end)]) == height) ++end;
      std::vector<double> pull;
      for (Index i = begin; i < end; ++i) {
        const Index j = at(order, i);
        pull.push_back(height > 0.0 ? std::copysign(1.0, w[j]) * -gradient[j]
                                    : std::fabs(gradient[j]));
      }
      std::sort(pull.begin(), pull.end(), larger);
      for (Index i = begin; i < end; ++i) at(pull, i - begin) -= level(i);
      fit_descending(pull.data(), end - begin);
      for (const double x : pull) {
        distance = std::hypot(distance, height > 0.0 ? x : std::max(x, 0.0));
      }
    }
    return distance;
  }

  double conjugate(const double*, Index) const { return 0.0; }

  /// The k largest entries sum up to the k first levels at most.
  double reach(const double* c, Index size) const {
    const std::vector<Index> order = by_size(c, size);
    double room = 0.0;
    double sum = 0.0;
    double least = infinity;
    for (Index i = 0; i < size; ++i) {
      room += level(i);
      sum += std::fabs(c[at(order, i)]);
      if (sum > 0.0) least = std::min(least, room / sum);
    }
    return least;
  }

 private:
  template <class T>
  static T& at(std::vector<T>& v, Index i) {
    return v[static_cast<std::size_t>(i)];
  }
  template <class T>
  static const T& at(const std::vector<T>& v, Index i) {
    return v[static_cast<std::size_t>(i)];
  }

  /// An order of all numbers, NaN first: sorting by another one may run out of the array.
  static bool larger(double a, double b) { return a > b || (a != a && b == b); }

  static std::vector<Index> by_size(const double* w, Index size) {
    std::vector<Index> order(static_cast<std::size_t>(size));
    std::iota(order.begin(), order.end(), Index{0});
    std::sort(order.begin(), order.end(), [w](Index a, Index b) {
      const double x = std::fabs(w[a]);
      const double y = std::fabs(w[b]);
      return larger(x, y) || (!larger(y, x) && a < b);
    });
    return order;
  }

  /// x <- the nearest descending sequence: neighbours that ascend are pooled.
  static void fit_descending(double* x, Index size) {
    std::vector<std::pair<double, Index>> pools;  // mean and length
    for (Index i = 0; i < size; ++i) {
      pools.emplace_back(x[i], 1);
      while (pools.size() > 1 && !(pools.back().first < pools[pools.size() - 2].first)) {
        const auto [mean, length] = pools.back();
        pools.pop_back();
        auto& [before, count] = pools.back();
        before +=
            (mean - before) * (static_cast<double>(length) / static_cast<double>(count + length));
        count += length;
      }
    }
    Index i = 0;
    for (const auto& [mean, length] : pools)
      std::fill_n(x + std::exchange(i, i + length), length, mean);
  }
};

}  // namespace optlite::penalties
