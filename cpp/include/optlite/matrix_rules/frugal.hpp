#pragma once

#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Adam for some columns at a time, the sign of the gradient for the others.
struct Frugal {
  static constexpr auto title = "FRUGAL";
  static constexpr auto doc =
      "Adam for a block of columns, which moves on from time to time and then starts anew; the "
      "sign of the gradient for the other columns; Adam for scalars and vectors. A tensor of more "
      "than two dimensions is folded into a matrix of its first dimension and the rest. The blocks "
      "follow each other round the matrix; the paper also draws them at random.";
  static constexpr auto formula = R"(\begin{gathered}
      J = \text{the next } \lceil \rho\, \mathrm{cols} \rfloor \text{ columns, and } m = v = 0,
      \text{ in steps } 1, 1 + k, 1 + 2k, \dots \\
      x_J \leftarrow \text{a step of Adam}, \qquad
      x_{\bar J} \leftarrow x_{\bar J} - \eta\, \sigma \operatorname{sign}(g_{\bar J})
      \end{gathered})";
  static constexpr auto reference =
      "Zmushko et al., FRUGAL: memory-efficient optimization by reducing state overhead for "
      "scalable training, 2024, algorithm 1";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() {
    return std::array{
        shaped(&Frugal::block, slot<Frugal>("m", "Mean of the gradients of the block.")),
        shaped(&Frugal::block, slot<Frugal>("v", "Mean of their squares."))};
  }
  static Shape block(const Frugal& rule, const Shape& tensor) {
    if (tensor.dimensions < 2) return tensor;
    const auto [rows, cols] = as_matrix(tensor);
    return {rows, rule.width(cols)};
  }

  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double density = 0.25, update_period = 200.0, inactive_scale = 1.0;
  static constexpr auto fields() {
    return rules::moment_fields<Frugal>(
        field("density", &Frugal::density, Range{0.0, 1.0, true, false},
              "Part rho of the columns in a block."),
        integer("update_period", &Frugal::update_period, 1.0, "Steps k that a block is kept."),
        field("inactive_scale", &Frugal::inactive_scale, non_negative,
              "Factor sigma of the steps of the other columns."));
  }

  Index width(Index cols) const {
    const double wanted = std::nearbyint(density * static_cast<double>(cols));
    return std::max<Index>(cols < 1 ? 0 : 1, static_cast<Index>(wanted));
  }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace&) const {
    T* m = tensor.arrays[0];
    T* v = tensor.arrays[1];
    if (tensor.dimensions < 2) {
      adam_step(AdamStep<T>(learning_rate, beta1, beta2, eps, t), tensor, m, v);
      return;
    }
    const auto [rows, cols] = as_matrix(tensor);
    const auto period = whole(update_period);
    const Index age = (t - 1) % period, n = width(cols), first = (t - 1) / period % cols * n % cols;
    if (age == 0) {
      std::fill_n(m, rows * n, T(0));
      std::fill_n(v, rows * n, T(0));
    }
    const AdamStep<T> s(learning_rate, beta1, beta2, eps, age + 1);
    const T size = T(learning_rate * inactive_scale);
    parallel::for_each(rows, 8.0 * static_cast<double>(tensor.size),
                       [&, n = n, cols = cols](Index i) {
                         T* x = tensor.x + i * cols;
                         const T* g = tensor.g + i * cols;
                         for (Index j = 0; j < cols; ++j) {
                           const Index place = j < first ? j - first + cols : j - first;
                           if (place < n) {
                             s.update(x[j], g[j], m[i * n + place], v[i * n + place]);
                           } else {
                             x[j] -= size * rules::sign(g[j]);
                           }
                         }
                       });
  }
};

}  // namespace optlite::matrix_rules
