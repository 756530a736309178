// What a file in this folder declares: an update rule, by what it does to one coordinate.
//
//     static constexpr auto doc, formula, reference;
//     static constexpr auto title;               how the literature spells it, if not like the file
//     static constexpr WeightDecay decay;        its usual form and strength; none if not declared
//     static constexpr auto slots();             arrays of state, one entry a coordinate
//     static constexpr auto inputs();            arrays besides the gradient, if it needs any; one
//                                                with a period is needed in steps 1, 1 + period,
//                                                ...
//     double learning_rate; ...; static constexpr auto fields();
//     template <class T> struct Step;            everything that depends on the step alone
//     template <class T> Step<T> prepare(Index t) const;                          t = 1, 2, ...
//     template <class T> static void update(const Step<T>&, T& x, T g, [T inputs...,] T& slots...);
//
// update() is straight-line code without branches and calls, or the loop is left scalar and
// tools/check_vectorized.py fails: write a select (c ? a : b) of two values that are both computed.
//
// A rule that needs sums over all coordinates also declares
//
//     static constexpr int n_sums;
//     static constexpr bool global_sums;         over all tensors; otherwise a sum for each tensor
//     static constexpr auto scalars();           numbers of state: one set for each tensor or, if
//                                                the sums are global, for all of them; a given()
//                                                one, such as the loss, comes with every step
//     template <class T> static void measure(const Step<T>&, double (&terms)[n_sums], const T& x, T
//     g,
//                                            [T inputs...,] T& slots...);         may write slots
//     template <class T> void combine(Step<T>&, Index t, const double (&sums)[n_sums], Extent,
//                                     double* scalars) const;
//
// and the driver reads the coordinates twice: measure() of all, combine(), update() of all. With
// `static bool measures(Index t)` it leaves out the first read in the steps that do not need it.
//
// A rule that remembers places, as DoG does the distance from the start, declares
//
//     template <class T> static void shift(T by, [T inputs...,] T& slots...);
//
// and is told what weight decay adds to x, before update() (but after measure(), whose gradient
// belongs to the place before) and once more after it, so that its places move along.
//
// A rule whose step depends on its scalars declares prepare(Index t, double* scalars) instead. One
// without sums that has to look at a tensor whole, as for an order among its entries, declares
//
//     template <class T> void inspect(Step<T>&, Index t, const Tensor<T>&, Workspace&) const;
//
// NaN in a gradient must reach the parameters, never vanish: use the functions below in place of
// comparisons that drop it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include "optlite/core/field.hpp"
#include "optlite/core/registry.hpp"
#include "optlite/core/workspace.hpp"

namespace optlite {

/// How weight decay w enters a step of rate eta; an option of every rule. One with a weight_decay
/// among its hyper-parameters has a form of its own besides.
enum class DecayForm {
  l2,  // g <- g + w x, before anything else
  decoupled,  // x <- (1 - eta w) x, before the step
  fixed,  // x <- (1 - w) x, before the step
  proximal,  // x <- x / (1 + eta w), after the step
  decoupled_after,  // x <- (1 - eta w) x, after the step
};
inline constexpr const char* decay_words = "l2 decoupled fixed proximal decoupled_after";

struct WeightDecay {
  DecayForm form = DecayForm::l2;
  double strength = 0.0;
};

/// The extents of an array. NumPy has up to 64 dimensions, and a state may stack such arrays.
struct Shape {
  int dimensions = 0;
  std::array<Index, 65> extents{};

  Shape() = default;
  Shape(const Index* first, int count) : dimensions(count) { std::copy_n(first, count, begin()); }
  Shape(std::initializer_list<Index> list) : Shape(list.begin(), static_cast<int>(list.size())) {}
  Index* begin() { return extents.data(); }
  const Index* begin() const { return extents.data(); }
  const Index* end() const { return begin() + dimensions; }
  Index size() const { return std::accumulate(begin(), end(), Index{1}, std::multiplies<Index>()); }
};

/// An array or a number of a rule's state; it starts at a constant, at a hyper-parameter, or (an
/// array) as a copy of the parameters. Rules for matrices say what shape it has and may let it
/// start as a multiple of the unit matrix.
template <class Part>
struct Slot {
  const char* name;
  const char* doc;
  double constant = 0.0;
  double Part::* member = nullptr;
  bool copies_x = false;
  bool is_given = false;
  Shape (*shape)(const Part& rule, const Shape& tensor) = nullptr;  // that of the tensor if null
  bool is_diagonal = false;
};

template <class Part>
constexpr Slot<Part> slot(const char* name, const char* doc, double initial = 0.0) {
  return {name, doc, initial, nullptr};
}
template <class Part>
constexpr Slot<Part> slot(const char* name, const char* doc, double Part::* initial) {
  return {name, doc, 0.0, initial};
}

template <class Part>
constexpr Slot<Part> slot_like_x(const char* name, const char* doc) {
  return {name, doc, 0.0, nullptr, true};
}

/// A number that the caller passes with every step.
template <class Part>
constexpr Slot<Part> given(const char* name, const char* doc) {
  return {name, doc, 0.0, nullptr, false, true};
}

/// Coordinates and dimensions of a tensor; of all tensors, their coordinates and 0.
struct Extent {
  Index size = 0;
  int dimensions = 0;
};

/// An array that the caller passes beside the gradient; in the other steps of its period the driver
/// hands the gradient in its place, and the rule must not use it.
template <class Part>
struct Input {
  const char* name;
  const char* doc;
  double Part::* period = nullptr;
};

namespace rules {

/// -1, 0 or 1; NaN stays NaN.
template <class T>
T sign(T z) {
  const T one = z < T(0) ? T(-1) : T(1);
  return (z < T(0)) | (z > T(0)) ? one : z;
}

/// max(a, b), NaN if either is.
template <class T>
T larger(T a, T b) {
  const T most = a > b ? a : b;  // b if either is NaN
  return a != a ? a : most;
}

/// min(a, b), NaN if either is.
template <class T>
T smaller(T a, T b) {
  const T least = a < b ? a : b;
  return a != a ? a : least;
}

template <class T>
T square(T z) {
  return z * z;
}

/// For sums: the square of a float can overflow as a float.
template <class T>
double wide_square(T z) {
  return static_cast<double>(z) * static_cast<double>(z);
}

/// A small positive hyper-parameter that must not become 0 in single precision.
template <class T>
T at_least_tiny(double value) {
  return static_cast<T>(std::fmax(value, static_cast<double>(std::numeric_limits<T>::min())));
}

/// A running mean: mean <- beta mean + (1 - beta) value.
template <class T>
struct Mean {
  T beta, fresh;
  explicit Mean(double decay) : beta(T(decay)), fresh(T(1.0 - decay)) {}
  void take(T& mean, T value) const { mean = beta * mean + fresh * value; }
};

/// 1 - beta^t, without cancellation for beta near 1.
inline double debias(double beta, double t) { return -std::expm1(t * std::log(beta)); }

/// The hyper-parameters of Adam, which many rules share, then those of the rule itself.
template <class Rule, class... More>
constexpr auto moment_fields(More... more) {
  return std::array<Field<Rule>, 4 + sizeof...(More)>{
      field<Rule>("learning_rate", &Rule::learning_rate, non_negative, "Step size eta."),
      field<Rule>("beta1", &Rule::beta1, unit_half_open, "Decay of the mean of the gradients."),
      field<Rule>("beta2", &Rule::beta2, unit_half_open, "Decay of the mean of their squares."),
      field<Rule>("eps", &Rule::eps, positive, "Keeps the denominator away from zero."), more...};
}

/// 1 / (1 - beta1^t) and 1 / sqrt(1 - beta2^t): what corrects the bias of means that start at zero.
struct BiasCorrection {
  double first, root;
  BiasCorrection(double beta1, double beta2, Index t)
      : first(1.0 / debias(beta1, static_cast<double>(t))),
        root(1.0 / std::sqrt(debias(beta2, static_cast<double>(t)))) {}
};

}  // namespace rules

/// Where the driver finds one tensor: n coordinates of x and g, then inputs and slots.
template <class T>
struct Tensor {
  Index size;
  int dimensions;
  const Index* extents;
  T* x;
  const T* g;
  T* const* arrays;
  double* scalars;
};

struct SlotRecord {
  std::string name;
  std::string doc;
  double constant;
  int field;  // which hyper-parameter it starts at, or has as its period; -1: none
  bool copies_x;
  bool is_given;
  bool is_diagonal;
};

/// What the binding needs to know of a rule, and the driver compiled for it.
struct RuleRow {
  Record record;
  const char* folder;  // of its header
  const char* family;
  std::vector<SlotRecord> slots;
  std::vector<SlotRecord> scalars;
  std::vector<SlotRecord> inputs;
  bool global_scalars;
  WeightDecay decay;
  bool own_decay;  // weight_decay is among its hyper-parameters: a form of its own, the default
  template <class T>
  using Run = void (*)(const std::vector<double>& fields, WeightDecay decay, Index t,
                       const Tensor<T>* tensors, Index count, double* scalars, Workspace& work);
  Run<double> run_double;
  Run<float> run_float;
  /// Whether step t takes so long that it may be interrupted; null where none does.
  bool (*is_long)(const std::vector<double>& fields, Index t);
  /// The shape of an array of state; null where all are like the tensor.
  Shape (*slot_shape)(const std::vector<double>& fields, std::size_t slot, const Shape& tensor);
};

/// All update rules: of this folder, and of matrix_rules.
const std::vector<RuleRow>& rule_table();

}  // namespace optlite
