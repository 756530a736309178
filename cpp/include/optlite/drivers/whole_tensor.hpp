// One step of a rule that sees tensors whole: weight decay around it, memory for it.
#pragma once

#include "optlite/drivers/rule_row.hpp"
#include "optlite/linalg/coordinates.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite {

template <class Rule, class T>
struct WholeTensor {
  template <class Part>
  using StepAll = decltype(std::declval<const Part&>().template step_all<T>(
      Index{}, static_cast<const Tensor<T>*>(nullptr), Index{}, static_cast<double*>(nullptr),
      std::declval<Workspace&>()));
  template <class Part, class = void>
  struct sees_all : std::false_type {};
  template <class Part>
  struct sees_all<Part, std::void_t<StepAll<Part>>> : std::true_type {};

  template <class Part, class = void>
  struct looks : std::false_type {};
  template <class Part>
  struct looks<Part, std::void_t<decltype(std::declval<const Part&>().look(
                         std::declval<const Tensor<T>&>()))>> : std::true_type {};

  static void run(const std::vector<double>& fields, WeightDecay decay, Index t,
                  const Tensor<T>* tensors, Index count, double* scalars, Workspace& work) {
    const Rule rule = make_part<Rule>(fields);
    work.rewind();
    if constexpr (sees_all<Rule>::value) {
      auto* all = work.take<Tensor<T>>(count);
      for (Index k = 0; k < count; ++k) all[k] = decayed(rule, decay, tensors[k], work);
      rule.template step_all<T>(t, all, count, scalars, work);
      for (Index k = 0; k < count; ++k) decay_after(rule, decay, tensors[k]);
    } else {
      for (Index k = 0; k < count; ++k) {
        if (tensors[k].size == 0) continue;
        rule.template step<T>(t, decayed(rule, decay, tensors[k], work), work);
        decay_after(rule, decay, tensors[k]);
        work.rewind();
        interrupt::poll();
      }
    }
    work.rewind();
  }

  /// The tensor with its x shortened, or with w x added to its gradient.
  static Tensor<T> decayed(const Rule& rule, WeightDecay decay, Tensor<T> tensor, Workspace& work) {
    if constexpr (looks<Rule>::value) rule.look(tensor);
    const auto factors = decay_factors<T>(decay, rate_of(rule, tensor.dimensions));
    if (factors.gradient != T(0)) {
      T* sum = work.take<T>(tensor.size);
      coordinates::each(tensor.size, [=, w = factors.gradient](Index j) {
        sum[j] = tensor.g[j] + w * tensor.x[j];
      });
      tensor.g = sum;
    }
    scale(tensor, factors.before);
    return tensor;
  }

  static void decay_after(const Rule& rule, WeightDecay decay, const Tensor<T>& tensor) {
    scale(tensor, decay_factors<T>(decay, rate_of(rule, tensor.dimensions)).after);
  }

  static void scale(const Tensor<T>& tensor, T factor) {
    if (factor == T(1)) return;
    coordinates::each(tensor.size, [x = tensor.x, factor](Index j) { x[j] *= factor; });
  }

  static Shape slot_shape(const std::vector<double>& fields, std::size_t slot,
                          const Shape& tensor) {
    const auto shape = Rule::slots()[slot].shape;
    return shape == nullptr ? tensor : shape(make_part<Rule>(fields), tensor);
  }
};

}  // namespace optlite
