// What a file in this folder declares: the function g of a unit of a network, and two derivatives.
//
//     static constexpr auto doc, formula, reference;
//     static constexpr bool smooth;          g has two derivatives everywhere
//     static constexpr bool straight_line;   `at` makes no branches and no calls but stable.hpp's:
//                                            loops over units then become vector code
//     Unit at(double a) const;               g(a), g'(a), g''(a)
//
// Where a derivative does not exist `at` gives one from the side of g = 0.
#pragma once

#include <vector>

#include "optlite/core/registry.hpp"

namespace optlite {

/// The activation of one unit and its first two derivatives with respect to what goes in.
struct Unit {
  double value;
  double first;
  double second;
};

/// A type-erased activation. `a` is overwritten by g(a), `first` by g'(a) and `second` by g''(a);
/// without derivatives both are null. Computed in double, stored in the type of the arrays.
struct ActivationRow {
  Record record;
  bool smooth;
  void (*evaluate_f32)(Index count, float* a, float* first, float* second);
  void (*evaluate_f64)(Index count, double* a, double* first, double* second);

  void evaluate(Index count, float* a, float* first, float* second) const {
    evaluate_f32(count, a, first, second);
  }
  void evaluate(Index count, double* a, double* first, double* second) const {
    evaluate_f64(count, a, first, second);
  }
};

/// One row for each header of the folder.
const std::vector<ActivationRow>& activation_table();

namespace detail {

template <class Activation, class T, bool straight_line>
struct Units;

template <class Activation, class T>
struct Units<Activation, T, true> {
  static void evaluate(Index count, T* a, T* first, T* second) {
    const Activation g{};
    if (first == nullptr) {
#pragma omp simd
      for (Index i = 0; i < count; ++i)
        a[i] = static_cast<T>(g.at(static_cast<double>(a[i])).value);
      return;
    }
#pragma omp simd
    for (Index i = 0; i < count; ++i) {
      const Unit unit = g.at(static_cast<double>(a[i]));
      a[i] = static_cast<T>(unit.value);
      first[i] = static_cast<T>(unit.first);
      second[i] = static_cast<T>(unit.second);
    }
  }
};

template <class Activation, class T>
struct Units<Activation, T, false> {
  static void evaluate(Index count, T* a, T* first, T* second) {
    const Activation g{};
    for (Index i = 0; i < count; ++i) {
      const Unit unit = g.at(static_cast<double>(a[i]));
      a[i] = static_cast<T>(unit.value);
      if (first == nullptr) continue;
      first[i] = static_cast<T>(unit.first);
      second[i] = static_cast<T>(unit.second);
    }
  }
};

}  // namespace detail

template <class Activation>
ActivationRow make_activation_row(const Entry<Activation>& entry) {
  constexpr bool straight = Activation::straight_line;
  return {describe("activations", entry), Activation::smooth,
          &detail::Units<Activation, float, straight>::evaluate,
          &detail::Units<Activation, double, straight>::evaluate};
}

}  // namespace optlite
