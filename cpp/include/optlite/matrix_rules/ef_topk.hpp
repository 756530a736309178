#pragma once

#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Adagrad fed with the largest entries of the gradient; what is left out is kept for later.
struct EfTopk {
  static constexpr auto title = "EFTopK";
  static constexpr auto doc =
      "Error feedback: only the largest entries of all tensors go to Adagrad, the others are added "
      "to the next gradient. Of equal entries the first is taken. The paper compresses the "
      "gradients of several preconditioners; this is its diagonal one.";
  static constexpr auto formula = R"(\begin{gathered}
      a_t = e_{t-1} + g_t, \quad c_t = \operatorname{TopK}(a_t), \quad e_t = a_t - c_t \\
      G_t = G_{t-1} + c_t^2, \quad x_t = x_{t-1} - \eta\, \frac{c_t}{\sqrt{G_t} + \varepsilon}
      \end{gathered})";
  static constexpr auto reference =
      "Modoranu et al., Error feedback can accurately compress preconditioners, 2024, algorithm 1; "
      "Duchi, Hazan and Singer, Adaptive subgradient methods for online learning and stochastic "
      "optimization, 2011";

  static constexpr auto slots() {
    return std::array{slot<EfTopk>("e", "What was left out so far."),
                      slot<EfTopk>("G", "Sum of the squares of what was not.")};
  }

  double learning_rate = 0.01, k = 0.01, eps = 1e-10;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &EfTopk::learning_rate, non_negative, "Step size eta."),
        field("k", &EfTopk::k, positive,
              "Entries that are taken; below 1 it is a part of all of them, rounded up."),
        field("eps", &EfTopk::eps, positive, "Keeps the denominator away from zero.")};
  }

  template <class T>
  void step_all(Index, const Tensor<T>* tensors, Index count, double*, Workspace& work) const {
    Index total = 0;
    for (Index i = 0; i < count; ++i) total += tensors[i].size;
    if (total == 0) return;
    for (Index i = 0; i < count; ++i) {
      coordinates::each(tensors[i].size,
                        [g = tensors[i].g, e = tensors[i].arrays[0]](Index j) { e[j] += g[j]; });
    }
    const Index kept =
        std::clamp<Index>(whole(std::ceil(k < 1.0 ? k * static_cast<double>(total) : k)), 1, total);
    const T bound = threshold(tensors, count, total, kept, work);
    Index equal = kept;
    for (Index i = 0; i < count; ++i) equal -= above(tensors[i], bound);
    const T rate = T(learning_rate), small = rules::at_least_tiny<T>(eps);
    for (Index i = 0; i < count; ++i) take(tensors[i], bound, rate, small, equal);
  }

 private:
  /// The size by which entries are compared; NaN is the largest.
  template <class T>
  static T size_of(T value) {
    return value != value ? std::numeric_limits<T>::infinity() : std::fabs(value);
  }

  /// The size of the `kept`-th largest entry.
  template <class T>
  static T threshold(const Tensor<T>* tensors, Index count, Index total, Index kept,
                     Workspace& work) {
    T* sizes = work.take<T>(total);
    T* end = sizes;
    for (Index i = 0; i < count; ++i) {
      end = std::transform(tensors[i].arrays[0], tensors[i].arrays[0] + tensors[i].size, end,
                           [](T value) { return size_of(value); });
    }
    std::nth_element(sizes, sizes + (kept - 1), end, std::greater<T>());
    return sizes[kept - 1];
  }

  template <class T>
  static Index above(const Tensor<T>& tensor, T bound) {
    return std::count_if(tensor.arrays[0], tensor.arrays[0] + tensor.size,
                         [=](T value) { return size_of(value) > bound; });
  }

  /// Moves the entries above the bound out of e, and as many on it as are still to be taken.
  template <class T>
  static void take(const Tensor<T>& tensor, T bound, T rate, T eps, Index& equal) {
    T* e = tensor.arrays[0];
    T* G = tensor.arrays[1];
    for (Index j = 0; j < tensor.size; ++j) {
      const T size = size_of(e[j]);
      if (size < bound || (size == bound && equal == 0)) continue;
      if (size == bound) --equal;
      G[j] += e[j] * e[j];
      tensor.x[j] -= rate * e[j] / (std::sqrt(G[j]) + eps);
      e[j] = T(0);
    }
  }
};

}  // namespace optlite::matrix_rules
