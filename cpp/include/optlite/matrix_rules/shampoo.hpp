#pragma once

#include "optlite/linalg/inverse_root.hpp"
#include "optlite/linalg/products.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// A preconditioner for each dimension of a tensor.
struct Shampoo {
  static constexpr auto doc =
      "A preconditioner for each dimension of a tensor: full-matrix AdaGrad with the structure of "
      "a "
      "Kronecker product. Tensors with k dimensions have k of them, to the power -1/(2k); a vector "
      "has one, to the power -1/2. A dimension longer than `largest` has the diagonal alone. The "
      "roots are computed anew in every step unless update_every says otherwise, and cost much "
      "more "
      "than the rest of a step. One popular package has the powers -1/k and takes the statistics "
      "of "
      "later dimensions from the gradient that the first have changed: its paths differ by 60 % of "
      "the distance travelled.";
  static constexpr auto formula = R"(\begin{gathered}
      L_t = L_{t-1} + G_t G_t^T, \quad R_t = R_{t-1} + G_t^T G_t \\
      X_t = X_{t-1} - \eta\, (L_t + \epsilon I)^{-1/4}\, G_t\, (R_t + \epsilon I)^{-1/4}
      \end{gathered})";
  static constexpr auto reference =
      "Gupta, Koren and Singer, Shampoo: preconditioned stochastic tensor optimization, 2018, "
      "algorithms 1 and 2";

  static constexpr auto slots() {
    return std::array{
        shaped(&Shampoo::of_first, slot<Shampoo>("L", "Sum of G G^T, first dimension.")),
        shaped(&Shampoo::of_last, slot<Shampoo>("R", "Sum of G^T G, last dimension.")),
        shaped(&Shampoo::of_inner, slot<Shampoo>("inner", "The same for dimensions between.")),
        shaped(&Shampoo::of_first, slot<Shampoo>("L_root", "Inverse root of L.")),
        shaped(&Shampoo::of_last, slot<Shampoo>("R_root", "Inverse root of R.")),
        shaped(&Shampoo::of_inner, slot<Shampoo>("inner_root", "Inverse roots of those."))};
  }

  double learning_rate = 0.1, eps = 1e-4, update_every = 1.0, largest = 2048.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Shampoo::learning_rate, non_negative, "Step size eta."),
        field("eps", &Shampoo::eps, positive, "What the sums start with, times the unit matrix."),
        integer("update_every", &Shampoo::update_every, 1.0,
                "Steps from one computation of the roots to the next."),
        integer("largest", &Shampoo::largest, 1.0, "Longest dimension that gets a full matrix.")};
  }

  static Shape of_first(const Shampoo& rule, const Shape& tensor) {
    return rule.of_mode(tensor.dimensions == 0 ? 1 : tensor.extents[0]);
  }
  static Shape of_last(const Shampoo& rule, const Shape& tensor) {
    if (tensor.dimensions < 2) return {0};
    return rule.of_mode(*(tensor.end() - 1));
  }
  static Shape of_inner(const Shampoo& rule, const Shape& tensor) {
    Index total = 0;
    for (int i = 1; i < tensor.dimensions - 1; ++i) total += rule.of_mode(tensor.extents[i]).size();
    return {total};
  }
  bool is_full(Index extent) const { return static_cast<double>(extent) <= largest; }
  Shape of_mode(Index extent) const {
    return is_full(extent) ? Shape{extent, extent} : Shape{extent};
  }

  bool is_long(Index) const { return true; }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace& work) const {
    const int order = std::max(1, tensor.dimensions);
    const bool computes = (t - 1) % whole(update_every) == 0;
    T* direction = work.take<T>(tensor.size);
    T* spare = work.take<T>(tensor.size);
    std::copy_n(tensor.g, tensor.size, direction);
    Index inner = 0;
    for (int i = 0; i < order; ++i) {
      const Mode mode(tensor, i);
      const bool is_inner = i > 0 && i < order - 1;
      const int slot = i == 0 ? 0 : is_inner ? 2 : 1;
      T* sum = tensor.arrays[slot] + (is_inner ? inner : 0);
      T* root = tensor.arrays[slot + 3] + (is_inner ? inner : 0);
      if (is_inner) inner += of_mode(mode.extent).size();
      accumulate(mode, tensor.g, sum, work);
      if (computes) take_root(mode.extent, 2 * order, sum, root, work);
      apply(mode, root, direction, spare, work);
      std::swap(direction, spare);
    }
    coordinates::each(tensor.size, [=, x = tensor.x, rate = T(learning_rate)](Index j) {
      x[j] -= rate * direction[j];
    });
  }

 private:
  /// A tensor as (before, extent, after): dimension i, and what lies on either side of it.
  struct Mode {
    Index before = 1, extent = 1, after = 1;
    template <class T>
    Mode(const Tensor<T>& tensor, int i) {
      if (tensor.dimensions == 0) return;
      for (int k = 0; k < i; ++k) before *= tensor.extents[k];
      extent = tensor.extents[i];
      after = tensor.size / (before * extent);
    }
  };

  /// sum += the unfolding of g along the dimension times its transpose, or the diagonal of that.
  template <class T>
  void accumulate(const Mode& mode, const T* g, T* sum, Workspace& work) const {
    const auto [before, extent, after] = mode;
    if (!is_full(extent)) {
      parallel::for_each(extent, static_cast<double>(before * extent * after), [&, g](Index i) {
        double squares = 0.0;
        for (Index b = 0; b < mode.before; ++b) {
          const T* row = g + (b * mode.extent + i) * mode.after;
          for (Index k = 0; k < mode.after; ++k) squares += rules::wide_square(row[k]);
        }
        sum[i] += static_cast<T>(squares);
      });
      return;
    }
    if (after == 1) {
      const Factor<T> rows(g, before, extent);
      multiply_symmetric(rows.t(), rows, sum, work, T(1), T(1), sum);
      return;
    }
    for (Index b = 0; b < before; ++b) {
      const Factor<T> part(g + b * extent * after, extent, after);
      multiply_symmetric(part, part.t(), sum, work, T(1), T(1), sum);
    }
  }

  template <class T>
  void take_root(Index extent, Index power, const T* sum, T* root, Workspace& work) const {
    if (is_full(extent)) {
      inverse_root(sum, extent, power, {eps}, root, work);
      return;
    }
    const double exponent = -1.0 / static_cast<double>(power);
    for (Index i = 0; i < extent; ++i) {
      root[i] = static_cast<T>(std::pow(static_cast<double>(sum[i]) + eps, exponent));
    }
  }

  /// to <- root times `from` along the dimension.
  template <class T>
  void apply(const Mode& mode, const T* root, const T* from, T* to, Workspace& work) const {
    const auto [before, extent, after] = mode;
    if (!is_full(extent)) {
      for (Index row = 0; row < before * extent; ++row) {
        const T factor = root[row % extent];
        for (Index k = row * after; k < (row + 1) * after; ++k) to[k] = factor * from[k];
      }
    } else if (after == 1) {
      multiply(Factor<T>(from, before, extent), Factor<T>(root, extent, extent), to, work);
    } else {
      for (Index b = 0; b < before; ++b) {
        const Index at = b * extent * after;
        multiply(Factor<T>(root, extent, extent), Factor<T>(from + at, extent, after), to + at,
                 work);
      }
    }
  }
};

}  // namespace optlite::matrix_rules
