// What a file in this folder declares: a penalty that is a sum over coordinates, alpha * h(w_j).
//
//     static constexpr auto doc, formula, reference;
//     static constexpr bool smooth;                   h has two derivatives everywhere
//     double value(double w) const;                   may be infinite (constraints)
//     double prox(double v, double step) const;       argmin_w  h(w) + (w - v)^2 / (2 step)
//     double subdifferential_distance(double w, double gradient) const;
//                                                     distance from -gradient to the set dh(w)
//     double first(double w) const, second(double w) const;      if smooth
//
// A penalty that judges the coordinates of a group together, alpha * h(w_g), is the same for blocks
// (group.hpp is one to copy):
//
//     double value(const double* w, Index size) const;
//     void prox(const double* v, Index size, double step, double* w) const;      w may be v
//     double subdifferential_distance(const double* w, const double* gradient, Index size) const;
#pragma once

#include <cmath>
#include <type_traits>
#include <vector>

#include "optlite/core/registry.hpp"

namespace optlite {

/// Functions of a block: one coordinate, or several that are penalised each for itself or together.
struct PenaltyRow {
  Record record;
  bool smooth;
  bool of_groups;
  double (*value)(const std::vector<double>& fields, const double* w, Index size);
  void (*prox)(const std::vector<double>& fields, const double* v, Index size, double step,
               double* w);
  double (*subdifferential_distance)(const std::vector<double>& fields, const double* w,
                                     const double* gradient, Index size);
  /// Null unless smooth: gradient[j] += strength * h'(w[j]), returns sum of strength * h(w[j]).
  double (*add_gradient)(const std::vector<double>& fields, double strength, Index count,
                         const double* w, double* gradient);
  /// Null unless smooth: curvature[j] += strength * h''(w[j]).
  void (*add_curvature)(const std::vector<double>& fields, double strength, Index count,
                        const double* w, double* curvature);
};

const std::vector<PenaltyRow>& penalty_table();

namespace detail {

template <class Penalty, class = void>
struct judges_groups : std::true_type {};
template <class Penalty>
struct judges_groups<Penalty, std::void_t<decltype(std::declval<const Penalty&>().value(0.0))>>
    : std::false_type {};

/// A penalty of one coordinate, for the coordinates of a block.
template <class Penalty>
struct Separable {
  Penalty each;

  double value(const double* w, Index size) const {
    double sum = 0.0;
    for (Index j = 0; j < size; ++j) sum += each.value(w[j]);
    return sum;
  }
  void prox(const double* v, Index size, double step, double* w) const {
    for (Index j = 0; j < size; ++j) w[j] = each.prox(v[j], step);
  }
  double subdifferential_distance(const double* w, const double* gradient, Index size) const {
    double size_of_all = 0.0;
    for (Index j = 0; j < size; ++j) {
      size_of_all = std::hypot(size_of_all, each.subdifferential_distance(w[j], gradient[j]));
    }
    return size_of_all;
  }
};

template <class Penalty>
auto of_blocks(const std::vector<double>& fields) {
  if constexpr (judges_groups<Penalty>::value) return make_part<Penalty>(fields);
  else return Separable<Penalty>{make_part<Penalty>(fields)};
}

}  // namespace detail

template <class Penalty>
PenaltyRow make_penalty_row(const Entry<Penalty>& entry) {
  using Fields = const std::vector<double>&;
  PenaltyRow row{describe("penalties", entry),
                 Penalty::smooth,
                 detail::judges_groups<Penalty>::value,
                 [](Fields f, const double* w, Index size) {
                   return detail::of_blocks<Penalty>(f).value(w, size);
                 },
                 [](Fields f, const double* v, Index size, double step, double* w) {
                   detail::of_blocks<Penalty>(f).prox(v, size, step, w);
                 },
                 [](Fields f, const double* w, const double* gradient, Index size) {
                   return detail::of_blocks<Penalty>(f).subdifferential_distance(w, gradient, size);
                 },
                 nullptr,
                 nullptr};
  if constexpr (Penalty::smooth) {
    row.add_gradient = [](Fields f, double strength, Index count, const double* w, double* out) {
      const Penalty penalty = make_part<Penalty>(f);
      double sum = 0.0;
      for (Index j = 0; j < count; ++j) {
        sum += penalty.value(w[j]);
        out[j] += strength * penalty.first(w[j]);
      }
      return strength * sum;
    };
    row.add_curvature = [](Fields f, double strength, Index count, const double* w, double* out) {
      const Penalty penalty = make_part<Penalty>(f);
      for (Index j = 0; j < count; ++j) out[j] += strength * penalty.second(w[j]);
    };
  }
  return row;
}

}  // namespace optlite
