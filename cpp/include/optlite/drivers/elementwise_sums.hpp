// The sums of a rule that needs some over a tensor, or over all: a first read of the coordinates.
#pragma once

#include <algorithm>

#include "optlite/drivers/elementwise.hpp"

namespace optlite {

template <class Rule, class T>
struct ElementwiseSums {
  using Step = typename Rule::template Step<T>;
  static constexpr Index block = Elementwise<Rule, T>::block;
  template <std::size_t>
  using Value = T;

  /// The loop of the sums over one stretch: terms and sums in double.
  template <std::size_t... i>
  static void measure_span(const Step step, const DecayFactors<T> decay, Index n,
                           const T* __restrict x, const T* __restrict g,
                           Value<i>* __restrict... arrays, double* sums) {
    constexpr Index stretch = 256;
    double kept[Rule::n_sums][stretch];
    for (Index begin = 0; begin < n; begin += stretch) {
      const Index count = std::min(stretch, n - begin);
#pragma omp simd
      for (Index j = 0; j < count; ++j) {
        double terms[Rule::n_sums];
        const T start = x[begin + j];
        const T gradient = g[begin + j] + decay.gradient * start;
        const T value = start * decay.before;
        Rule::template measure<T>(step, terms, value, gradient, arrays[begin + j]...);
        for (int s = 0; s < Rule::n_sums; ++s) kept[s][j] = terms[s];
      }
      for (int s = 0; s < Rule::n_sums; ++s) {
        double sum = 0.0;
#pragma omp simd reduction(+ : sum)
        for (Index j = 0; j < count; ++j) sum += kept[s][j];
        sums[s] += sum;
      }
    }
  }

  /// Adds the sums over one tensor. The stretches depend on its size alone, so that the bits do
  /// not depend on the number of threads.
  static void measure(const Step& step, const DecayFactors<T>& decay, const Tensor<T>& tensor,
                      double* sums) {
    measure_parts(step, decay, tensor, sums, typename Elementwise<Rule, T>::Arrays{});
  }

  template <std::size_t... i>
  static void measure_parts(const Step& step, const DecayFactors<T>& decay, const Tensor<T>& tensor,
                            double* sums, std::index_sequence<i...>) {
    constexpr Index most = 64;
    const Index blocks = (tensor.size + block - 1) / block;
    const Index parts = std::min(most, blocks);
    double partial[most][Rule::n_sums] = {};
    parallel::for_each(parts, 8.0 * static_cast<double>(tensor.size), [&](Index part) {
      const Index at = blocks * part / parts * block;
      const Index end = std::min(blocks * (part + 1) / parts * block, tensor.size);
      measure_span<i...>(step, decay, end - at, tensor.x + at, tensor.g + at,
                         (tensor.arrays[i] + at)..., partial[part]);
    });
    for (Index part = 0; part < parts; ++part) {
      for (int s = 0; s < Rule::n_sums; ++s) sums[s] += partial[part][s];
    }
  }
};

}  // namespace optlite
