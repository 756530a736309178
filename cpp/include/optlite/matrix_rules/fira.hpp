#pragma once

#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// GaLore, and what it leaves out of the gradient, scaled like what it does not.
struct Fira {
  static constexpr auto doc =
      "GaLore with the rest of the gradient added, scaled line by line as Adam scales the "
      "projected "
      "part, its norm not growing faster than by a factor; plain Adam for scalars and vectors. "
      "Lines are the rows of tall matrices, the columns of wide ones.";
  static constexpr auto formula = R"(\begin{gathered}
      P_t, R_t, m_t, v_t \text{ as for GaLore}, \quad n_t = \frac{m_t}{\sqrt{v_t} + \varepsilon},
      \quad \phi_i = \frac{\lVert (n_t)_i \rVert}{\lVert (R_t)_i \rVert + 10^{-8}} \\
      s_t = \phi\, (g_t - R_t P_t), \quad
      s_t \leftarrow s_t / \max\!\left( 1,\, \frac{\lVert s_t \rVert}{\gamma\, (\lVert s_{t-1}
      \rVert + 10^{-8})} \right) \\
      x_t = x_{t-1} - \eta\, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} (\alpha\, n_t P_t + s_t)
      \end{gathered})";
  static constexpr auto reference =
      "Chen et al., Fira: can we achieve full-rank training of LLMs under low-rank constraint?, "
      "2024, algorithm 1";
  static constexpr WeightDecay decay{DecayForm::decoupled_after, 0.0};

  static constexpr auto slots() {
    return std::array{shaped(&projected<Fira>, slot<Fira>("m", "Mean of the projected gradients.")),
                      shaped(&projected<Fira>, slot<Fira>("v", "Mean of their squares.")),
                      shaped(&projection<Fira>, slot<Fira>("P", "The singular vectors, as rows."))};
  }
  static constexpr auto scalars() {
    return std::array{slot<Fira>("rest", "Norm of s in the last step.")};
  }

  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-6;
  double rank = 128.0, update_period = 200.0, scale = 0.25, growth = 1.01, form = 0.0;
  static constexpr auto fields() {
    return rules::moment_fields<Fira>(
        integer("rank", &Fira::rank, 1.0, "Number r of singular vectors, if a matrix has so many."),
        integer("update_period", &Fira::update_period, 1.0,
                "Steps k from one renewal of the projection to the next."),
        field("scale", &Fira::scale, non_negative, "Factor alpha of the projected part."),
        field("growth", &Fira::growth, at_least_one,
              "Most gamma that the norm of s grows by in a step."),
        choice("form", &Fira::form, "paper official",
               "The authors' code takes g - alpha R P for the rest, so that a part of the "
               "projected gradient stays in it: on a 5 x 4 matrix the paths differ by half of "
               "their length."));
  }

  bool is_long(Index t) const { return is_due(t, update_period); }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace& work) const {
    T* m = tensor.arrays[0];
    T* v = tensor.arrays[1];
    const MomentStep<T> s(learning_rate, beta1, beta2, eps, t);
    if (tensor.dimensions < 2) {
      s.move(tensor, m, v);
      return;
    }
    T* P = tensor.arrays[2];
    const Subspace space = subspace_of(*this, as_matrix(tensor));
    if (is_due(t, update_period)) space.find(tensor.g, P, work);
    T* low = work.take<T>(space.low_size());
    T* scaled = work.take<T>(space.low_size());
    T* rest = work.take<T>(tensor.size);
    space.project(tensor.g, P, low, work);
    s.scaled(space.low_size(), low, m, v, scaled);
    space.raise(low, P, rest, work, T(form != 0.0 ? -scale : -1.0), T(1), tensor.g);
    scale_lines(space, low, scaled, rest, work);
    const T factor =
        T(limit(t, std::sqrt(coordinates::sum_of_squares(rest, tensor.size)), *tensor.scalars));
    space.raise(scaled, P, rest, work, T(scale), factor, rest);
    coordinates::each(tensor.size,
                      [=, x = tensor.x, rate = s.rate](Index j) { x[j] -= rate * rest[j]; });
  }

 private:
  /// Scales each line of the rest as Adam has scaled this line of the projected gradient.
  template <class T>
  void scale_lines(const Subspace& space, const T* low, const T* scaled, T* rest,
                   Workspace& work) const {
    const Index lines = space.right() ? space.rows : space.cols;
    T* factors = work.take<T>(lines);
    const Index along = space.right() ? 1 : space.cols;
    const Index apart = space.right() ? space.rank : 1;
    for (Index i = 0; i < lines; ++i) {
      double before = 0.0, after = 0.0;
      for (Index k = 0; k < space.rank; ++k) {
        before += rules::wide_square(low[i * apart + k * along]);
        after += rules::wide_square(scaled[i * apart + k * along]);
      }
      factors[i] = T(std::sqrt(after) / (std::sqrt(before) + 1e-8));
    }
    parallel::for_each(space.rows, static_cast<double>(space.rows * space.cols), [&](Index i) {
      T* row = rest + i * space.cols;
      for (Index j = 0; j < space.cols; ++j) row[j] *= factors[space.right() ? i : j];
    });
  }

  /// The factor that keeps the norm of the rest from growing too fast; notes the norm that is left.
  double limit(Index t, double norm, double& last) const {
    const double by = t == 1 ? 1.0 : larger(norm / (growth * (last + 1e-8)), 1.0);
    last = norm / by;
    return 1.0 / by;
  }
};

}  // namespace optlite::matrix_rules
