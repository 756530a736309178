// One step of an update rule: a fused loop over the coordinates, in one read of memory.
//
// The scalars of the step and all pointers are copied into locals of the loop's function: left
// shared with a parallel region they would make the loop scalar, several times slower.
#pragma once

#include <utility>

#include "optlite/core/parallel.hpp"
#include "optlite/drivers/rule_row.hpp"

namespace optlite {

namespace detail {

template <class Rule, class T, class = void>
struct Inspects : std::false_type {};
template <class Rule, class T>
struct Inspects<Rule, T,
                std::void_t<decltype(std::declval<const Rule&>().inspect(
                    std::declval<typename Rule::template Step<T>&>(), Index{},
                    std::declval<const Tensor<T>&>(), std::declval<Workspace&>()))>>
    : std::true_type {};

template <class Rule, class T, class = void>
struct PreparesFromScalars : std::false_type {};
template <class Rule, class T>
struct PreparesFromScalars<Rule, T,
                           std::void_t<decltype(std::declval<const Rule&>().template prepare<T>(
                               Index{}, std::declval<double*>()))>> : std::true_type {};

/// Whether the rule asks what weight decay has done to x, by a function of `by` and its n arrays.
template <class Rule, class T, std::size_t n>
struct Shifts {
  template <std::size_t>
  using Value = T&;
  template <class Part, std::size_t... i>
  static auto test(std::index_sequence<i...>)
      -> decltype(Part::template shift<T>(T{}, std::declval<Value<i>>()...), std::true_type{});
  template <class Part>
  static std::false_type test(...);
  static constexpr bool value = decltype(test<Rule>(std::make_index_sequence<n>{}))::value;
};

}  // namespace detail

template <class Rule, class T>
struct Elementwise {
  using Step = typename Rule::template Step<T>;
  static constexpr Index block = 8192;

  static constexpr std::size_t n_inputs() {
    if constexpr (detail::has_inputs<Rule>::value) return Rule::inputs().size();
    return 0;
  }
  static constexpr std::size_t n_arrays = n_inputs() + Rule::slots().size();
  using Arrays = std::make_index_sequence<n_arrays>;
  static constexpr bool shifts = detail::Shifts<Rule, T, n_arrays>::value;
  template <std::size_t>
  using Value = T;

  /// The loop of a step over one stretch of coordinates.
  template <std::size_t... i>
  static void span(const Step step, const DecayFactors<T> decay, Index n, T* __restrict x,
                   const T* __restrict g, Value<i>* __restrict... arrays) {
#pragma omp simd
    for (Index j = 0; j < n; ++j) {
      const T start = x[j];
      const T gradient = g[j] + decay.gradient * start;
      T value = start * decay.before;
      if constexpr (shifts) Rule::template shift<T>(value - start, arrays[j]...);
      Rule::template update<T>(step, value, gradient, arrays[j]...);
      x[j] = value * decay.after;
      if constexpr (shifts) Rule::template shift<T>(x[j] - value, arrays[j]...);
    }
  }

  /// One tensor, in blocks that threads share.
  static void update(const Step& step, const DecayFactors<T>& decay, const Tensor<T>& tensor) {
    update_blocks(step, decay, tensor, Arrays{});
  }

  template <std::size_t... i>
  static void update_blocks(const Step& step, const DecayFactors<T>& decay, const Tensor<T>& tensor,
                            std::index_sequence<i...>) {
    const Index blocks = (tensor.size + block - 1) / block;
    parallel::for_each(blocks, 8.0 * static_cast<double>(tensor.size), [&](Index b) {
      const Index at = b * block;
      const Index n = std::min(block, tensor.size - at);
      span<i...>(step, decay, n, tensor.x + at, tensor.g + at, (tensor.arrays[i] + at)...);
    });
  }
};

}  // namespace optlite
