#pragma once

#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Adam in a subspace that follows the gradient by small steps of its own.
struct OnlineSubspaceDescent {
  static constexpr auto doc =
      "GaLore whose projection is not renewed but learned: it starts at the leading singular "
      "vectors of the first gradient and makes one step of AdamW in each step, on the part of the "
      "gradient that it loses, where it loses any; plain Adam for scalars and vectors. The "
      "projection is changed "
      "before it is used, as in the authors' code, which has no orthogonality term; the paper's "
      "order and constants were not at hand to check.";
  static constexpr auto formula = R"(\begin{gathered}
      \hat g = g_t / \lVert g_t \rVert, \quad \ell(P) = \lVert \hat g P^T P - \hat g \rVert^2
      + \lambda \lVert P P^T - I \rVert^2 \\
      P_t = \text{a step of AdamW from } P_{t-1} \text{ along } \nabla \ell(P_{t-1}) \\
      R_t = g_t P_t^T, \quad x_t = x_{t-1} - \eta\, \alpha\, \frac{\sqrt{1 - \beta_2^t}}{1 -
      \beta_1^t} \frac{m_t}{\sqrt{v_t} + \varepsilon}\, P_t
      \end{gathered})";
  static constexpr auto reference =
      "Liang et al., Memory-efficient LLM training with online subspace descent, 2024, algorithm 1";
  static constexpr WeightDecay decay{DecayForm::decoupled_after, 0.0};

  using Self = OnlineSubspaceDescent;
  static constexpr auto slots() {
    return std::array{
        shaped(&projected<Self>, slot<Self>("m", "Mean of the projected gradients.")),
        shaped(&projected<Self>, slot<Self>("v", "Mean of their squares.")),
        shaped(&projection<Self>, slot<Self>("P", "The projection: directions as rows.")),
        shaped(&projection<Self>, slot<Self>("m_P", "Mean of the gradients of P.")),
        shaped(&projection<Self>, slot<Self>("v_P", "Mean of their squares."))};
  }

  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-6;
  double rank = 128.0, scale = 0.25, projection_rate = 5e-3, projection_decay = 0.01,
         orthogonality = 0.0;
  static constexpr auto fields() {
    return rules::moment_fields<Self>(
        integer("rank", &Self::rank, 1.0, "Number r of directions, if a matrix has so many."),
        field("scale", &Self::scale, non_negative, "Factor alpha of the steps of matrices."),
        field("projection_rate", &Self::projection_rate, non_negative, "Step size of P."),
        field("projection_decay", &Self::projection_decay, non_negative, "Decoupled decay of P."),
        field("orthogonality", &Self::orthogonality, non_negative,
              "Strength lambda of the pull of P towards orthonormal rows."));
  }

  bool is_long(Index t) const { return t == 1; }

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
    if (t == 1) {
      space.find(tensor.g, P, work);
    } else if (space.rank < space.side()) {  // otherwise nothing is lost
      follow(t - 1, space, tensor, P, work);
    }
    T* low = work.take<T>(space.low_size());
    space.project(tensor.g, P, low, work);
    s.scaled(space.low_size(), low, m, v, low);
    space.raise(low, P, tensor.x, work, -s.rate * T(scale), T(1), tensor.x);
  }

 private:
  /// The k-th step of P. With S = P P^T and B = P G^T G the gradient is 2 (S B + B P^T P - 2 B) of
  /// the first term and 4 (S - I) P of the second.
  template <class T>
  void follow(Index k, const Subspace& space, const Tensor<T>& tensor, T* P,
              Workspace& work) const {
    const Index r = space.rank, side = space.side();
    T* unit = work.take<T>(tensor.size);
    T* low = work.take<T>(space.low_size());
    T* B = work.take<T>(r * side);
    T* slope = work.take<T>(r * side);
    T* S = work.take<T>(r * r);
    T* BP = work.take<T>(r * r);
    const double norm = std::sqrt(coordinates::sum_of_squares(tensor.g, tensor.size));
    const T by = norm == 0.0 ? T(0) : static_cast<T>(1.0 / norm);
    coordinates::each(tensor.size, [=, g = tensor.g](Index j) { unit[j] = by * g[j]; });
    space.project(unit, P, low, work);
    const Factor<T> g(unit, space.rows, space.cols), p(P, r, side), b(B, r, side);
    const Factor<T> l(low, space.low_rows(), space.low_cols());
    multiply(space.right() ? l.t() : l, space.right() ? g : g.t(), B, work);
    multiply_symmetric(p, p.t(), S, work);
    multiply(b, p.t(), BP, work);
    multiply({S, r, r}, b, slope, work, T(2), T(-4), B);
    multiply({BP, r, r}, p, slope, work, T(2), T(1), slope);
    if (orthogonality != 0.0) {
      for (Index i = 0; i < r; ++i) S[i * r + i] -= T(1);
      multiply({S, r, r}, p, slope, work, T(4.0 * orthogonality), T(1), slope);
    }
    const T shrink = T(1.0 - projection_rate * projection_decay);
    const AdamStep<T> s(projection_rate, 0.9, 0.999, 1e-8, k);
    coordinates::each(r * side, [=, first = tensor.arrays[3], second = tensor.arrays[4]](Index j) {
      P[j] *= shrink;
      s.update(P[j], slope[j], first[j], second[j]);
    });
  }
};

}  // namespace optlite::matrix_rules
