#pragma once

#include "optlite/linalg/coordinates.hpp"
#include "optlite/linalg/newton_schulz.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Steps by the momentum with all its singular values brought near one.
struct Muon {
  static constexpr auto doc =
      "Momentum whose singular values are brought near one by a Newton-Schulz iteration; AdamW for "
      "scalars and vectors. A tensor of more than two dimensions is folded into a matrix of its "
      "first dimension and the rest. The singular values end between about 0.7 and 1.2, not at 1, "
      "by the choice of the coefficients. Packages run the iteration in bfloat16, which keeps two "
      "digits of a path; here it has the precision of the data.";
  static constexpr auto formula = R"(\begin{gathered}
      m_t = \mu m_{t-1} + (1 - \mu)\, g_t, \quad u_t = (1 - \mu)\, g_t + \mu m_t \\
      X_0 = u_t / \max(\lVert u_t \rVert_F, \epsilon) \\
      X_{k+1} = a X_k + b\, (X_k X_k^T) X_k + c\, (X_k X_k^T)^2 X_k \\
      x_t = x_{t-1} - \eta\, \sqrt{\max(1, \mathrm{rows} / \mathrm{cols})}\; X_5
      \end{gathered})";
  static constexpr auto reference =
      "Jordan, Jin, Boza, You, Cesista, Newhouse and Bernstein, Muon: an optimizer for hidden "
      "layers in neural networks, 2024; Liu et al., Muon is scalable for LLM training, 2025, "
      "section 2.2, for the scale match_rms_adamw; Loshchilov and Hutter, Decoupled weight decay "
      "regularization, 2019, algorithm 2, for vectors";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() {
    return std::array{
        slot<Muon>("m", "Mean of the gradients."),
        shaped(&Muon::of_vectors,
               slot<Muon>("v", "Mean of their squares, of scalars and vectors only."))};
  }
  static Shape of_vectors(const Muon&, const Shape& tensor) {
    return tensor.dimensions < 2 ? tensor : Shape{0};
  }

  double learning_rate = 0.02, momentum = 0.95, nesterov = 1.0, form = 0.0, scale = 0.0;
  double ns_steps = 5.0, a = muon_step.a, b = muon_step.b, c = muon_step.c, eps = 1e-7;
  double vector_learning_rate = 3e-4, beta1 = 0.9, beta2 = 0.95, vector_eps = 1e-10;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Muon::learning_rate, non_negative, "Step size eta of matrices."),
        field("momentum", &Muon::momentum, unit_half_open, "Decay mu of the mean."),
        flag("nesterov", &Muon::nesterov, "Mix the gradient in once more; otherwise u = m."),
        choice("form", &Muon::form, "original optax",
               "optax corrects the bias of m and g in the mix, adds eps to the norm, and takes "
               "rows for inputs in the scale: on a 6 x 3 matrix the paths differ by 40 %."),
        choice("scale", &Muon::scale, "original match_rms_adamw",
               "original as above; match_rms_adamw is 0.2 sqrt(max(rows, cols)), which suits the "
               "rates of AdamW."),
        integer("ns_steps", &Muon::ns_steps, 0.0, "Newton-Schulz steps."),
        field("a", &Muon::a, any_real, "Coefficient of X."),
        field("b", &Muon::b, any_real, "Coefficient of X X^T X."),
        field("c", &Muon::c, any_real, "Coefficient of (X X^T)^2 X."),
        field("eps", &Muon::eps, positive, "Smallest norm to divide by."),
        field("vector_learning_rate", &Muon::vector_learning_rate, non_negative,
              "Step size of scalars and vectors."),
        field("beta1", &Muon::beta1, unit_half_open, "Their decay of the mean of the gradients."),
        field("beta2", &Muon::beta2, unit_half_open, "Their decay of the mean of the squares."),
        field("vector_eps", &Muon::vector_eps, positive,
              "Keeps their denominator away from zero.")};
  }

  double rate(int dimensions) const {
    return dimensions < 2 ? vector_learning_rate : learning_rate;
  }

  bool is_long(Index) const { return true; }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace& work) const {
    if (tensor.dimensions < 2) {
      adam_step(AdamStep<T>(vector_learning_rate, beta1, beta2, vector_eps, t), tensor,
                tensor.arrays[0], tensor.arrays[1]);
      return;
    }
    T* u = work.take<T>(tensor.size);
    mix(t, tensor, u);
    const auto [rows, cols] = as_matrix(tensor);
    normalize(u, tensor.size);
    newton_schulz(u, rows, cols, whole(ns_steps), {a, b, c}, work);
    const T factor = static_cast<T>(learning_rate * scale_of(rows, cols));
    coordinates::each(tensor.size, [=, x = tensor.x](Index j) { x[j] -= factor * u[j]; });
  }

 private:
  /// Takes the gradient into m, and mixes both into u.
  template <class T>
  void mix(Index t, const Tensor<T>& tensor, T* u) const {
    double keep = nesterov != 0.0 ? momentum : 1.0, fresh = nesterov != 0.0 ? 1.0 - momentum : 0.0;
    if (form != 0.0) {
      const double now = static_cast<double>(t);
      keep /= debias(momentum, nesterov != 0.0 ? now + 1.0 : now);
      fresh /= debias(momentum, now);
    }
    const T mu = T(momentum), one = T(1.0 - momentum), of_m = T(keep), of_g = T(fresh);
    coordinates::each(tensor.size, [=, g = tensor.g, m = tensor.arrays[0]](Index j) {
      m[j] = mu * m[j] + one * g[j];
      u[j] = of_g * g[j] + of_m * m[j];
    });
  }

  template <class T>
  void normalize(T* u, Index size) const {
    const double norm = std::sqrt(coordinates::sum_of_squares(u, size));
    const T by = static_cast<T>(1.0 / (form != 0.0 ? norm + eps : larger(norm, eps)));
    coordinates::each(size, [=](Index j) { u[j] *= by; });
  }

  double scale_of(Index rows, Index cols) const {
    const auto height = static_cast<double>(rows), width = static_cast<double>(cols);
    if (scale != 0.0) return 0.2 * std::sqrt(std::fmax(height, width));
    return std::sqrt(std::fmax(1.0, form != 0.0 ? width / height : height / width));
  }
};

}  // namespace optlite::matrix_rules
