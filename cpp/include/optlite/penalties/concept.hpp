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
// A convex penalty whose problems are to be certified by a duality gap declares, with the conjugate
// h*(u) = sup_w u w - h(w),
//
//     double conjugate(double u) const;               where it is finite
//     double reach(double c) const;                   the largest t >= 0 at which h*(t c) is finite
//
// One that is not convex declares
//
//     double concavity() const;                       the least c with h(w) + c w^2 / 2 convex, or
//                                                     infinity; its prox is one of the minimisers
//     static constexpr bool moves_with_strength;      true if the penalty of strength alpha is
//                                                     alpha^2 h(w / alpha): where h bends moves
//
// A penalty that judges the coordinates of a group together, alpha * h(w_g), is the same for blocks
// (group.hpp is one to copy):
//
//     double value(const double* w, Index size) const;
//     void prox(const double* v, Index size, double step, double* w) const;      w may be v
//     double subdifferential_distance(const double* w, const double* gradient, Index size) const;
//     double conjugate(const double* u, Index size) const;
//     double reach(const double* c, Index size) const;
//
// One that weighs the coordinates by their rank (slope.hpp) has no fields but a sequence,
// `std::vector<double> levels`, which stands in their place.
#pragma once

#include <algorithm>
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
  bool of_ranks;  // of all coordinates: the fields are levels
  bool moves_with_strength;
  double (*concavity)(const std::vector<double>& fields);  // 0: convex
  double (*value)(const std::vector<double>& fields, const double* w, Index size);
  void (*prox)(const std::vector<double>& fields, const double* v, Index size, double step,
               double* w);
  double (*subdifferential_distance)(const std::vector<double>& fields, const double* w,
                                     const double* gradient, Index size);
  /// Null unless declared.
  double (*conjugate)(const std::vector<double>& fields, const double* u, Index size);
  double (*reach)(const std::vector<double>& fields, const double* c, Index size);
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

template <class Penalty, class = void>
struct judges_ranks : std::false_type {};
template <class Penalty>
struct judges_ranks<Penalty, std::void_t<decltype(std::declval<Penalty&>().levels)>>
    : std::true_type {};

template <class Penalty, class = void>
struct has_conjugate : std::false_type {};
template <class Penalty>
struct has_conjugate<Penalty, std::void_t<decltype(&Penalty::conjugate)>> : std::true_type {};

template <class Penalty, class = void>
struct is_concave : std::false_type {};
template <class Penalty>
struct is_concave<Penalty, std::void_t<decltype(&Penalty::concavity)>> : std::true_type {};

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
    if (size == 1) return each.subdifferential_distance(w[0], gradient[0]);
    double size_of_all = 0.0;
    for (Index j = 0; j < size; ++j) {
      size_of_all = std::hypot(size_of_all, each.subdifferential_distance(w[j], gradient[j]));
    }
    return size_of_all;
  }
  double conjugate(const double* u, Index size) const {
    double sum = 0.0;
    for (Index j = 0; j < size; ++j) sum += each.conjugate(u[j]);
    return sum;
  }
  double reach(const double* c, Index size) const {
    double least = infinity;
    for (Index j = 0; j < size; ++j) least = std::min(least, each.reach(c[j]));
    return least;
  }
};

template <class Penalty>
auto of_blocks(const std::vector<double>& fields) {
  if constexpr (judges_ranks<Penalty>::value) return Penalty{fields};
  else if constexpr (judges_groups<Penalty>::value) return make_part<Penalty>(fields);
  else return Separable<Penalty>{make_part<Penalty>(fields)};
}

template <class Penalty>
void set_facts(PenaltyRow& row) {
  row.smooth = Penalty::smooth;
  row.of_groups = judges_groups<Penalty>::value;
  row.of_ranks = judges_ranks<Penalty>::value;
  row.moves_with_strength = false;
  row.concavity = [](const std::vector<double>&) { return 0.0; };
  if constexpr (is_concave<Penalty>::value) {
    row.moves_with_strength = Penalty::moves_with_strength;
    row.concavity = [](const std::vector<double>& fields) {
      return make_part<Penalty>(fields).concavity();
    };
  }
}

}  // namespace detail

template <class Penalty>
PenaltyRow make_penalty_row(const Entry<Penalty>& entry) {
  using Fields = const std::vector<double>&;
  PenaltyRow row{};
  row.record = describe("penalties", entry);
  detail::set_facts<Penalty>(row);
  row.value = [](Fields f, const double* w, Index size) {
    return detail::of_blocks<Penalty>(f).value(w, size);
  };
  row.prox = [](Fields f, const double* v, Index size, double step, double* w) {
    detail::of_blocks<Penalty>(f).prox(v, size, step, w);
  };
  row.subdifferential_distance = [](Fields f, const double* w, const double* gradient, Index size) {
    return detail::of_blocks<Penalty>(f).subdifferential_distance(w, gradient, size);
  };
  if constexpr (detail::has_conjugate<Penalty>::value) {
    row.conjugate = [](Fields f, const double* u, Index size) {
      return detail::of_blocks<Penalty>(f).conjugate(u, size);
    };
    row.reach = [](Fields f, const double* c, Index size) {
      return detail::of_blocks<Penalty>(f).reach(c, size);
    };
  }
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
