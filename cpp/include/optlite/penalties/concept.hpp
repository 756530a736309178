// What a file in this folder declares: a penalty that is a sum over coordinates, alpha * h(w_j).
//
//     static constexpr auto doc, formula, reference;
//     static constexpr bool smooth;                   h has two derivatives everywhere
//     double value(double w) const;                   may be infinite (constraints)
//     double prox(double v, double step) const;       argmin_w  h(w) + (w - v)^2 / (2 step)
//     double subdifferential_distance(double w, double gradient) const;
//                                                     distance from -gradient to the set dh(w)
//     double first(double w) const, second(double w) const;      if smooth
#pragma once

#include <type_traits>
#include <vector>

#include "optlite/core/registry.hpp"

namespace optlite {

struct PenaltyRow {
  Record record;
  bool smooth;
  double (*value)(const std::vector<double>& fields, double w);
  double (*prox)(const std::vector<double>& fields, double v, double step);
  double (*subdifferential_distance)(const std::vector<double>& fields, double w, double gradient);
  /// Null unless smooth: gradient[j] += strength * h'(w[j]), returns sum of strength * h(w[j]).
  double (*add_gradient)(const std::vector<double>& fields, double strength, Index count,
                         const double* w, double* gradient);
  /// Null unless smooth: curvature[j] += strength * h''(w[j]).
  void (*add_curvature)(const std::vector<double>& fields, double strength, Index count,
                        const double* w, double* curvature);
};

const std::vector<PenaltyRow>& penalty_table();

template <class Penalty>
PenaltyRow make_penalty_row(const Entry<Penalty>& entry) {
  using Fields = const std::vector<double>&;
  PenaltyRow row{
      describe("penalties", entry),
      Penalty::smooth,
      [](Fields f, double w) { return make_part<Penalty>(f).value(w); },
      [](Fields f, double v, double step) { return make_part<Penalty>(f).prox(v, step); },
      [](Fields f, double w, double g) {
        return make_part<Penalty>(f).subdifferential_distance(w, g);
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
