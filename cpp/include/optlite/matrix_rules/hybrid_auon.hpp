#pragma once

#include "optlite/linalg/newton_schulz.hpp"
#include "optlite/matrix_rules/auon.hpp"

namespace optlite::matrix_rules {

/// AuON after a Newton-Schulz step.
struct HybridAuon {
  static constexpr auto title = "HybridAuON";
  static constexpr auto doc =
      "AuON on a momentum whose singular values a Newton-Schulz iteration has drawn together: one "
      "step in the paper, five in the authors' code (repo), where R is about 1 and the rule is "
      "Muon "
      "without its factor of rows and columns. Scalars and vectors take the step of AuON; a tensor "
      "of more than two dimensions is a matrix of its first and the rest.";
  static constexpr auto formula = R"(\begin{gathered}
      m_t = \mu m_{t-1} + (1 - \mu)\, g_t, \quad u_t = (1 - \mu)\, g_t + \mu m_t \\
      X_t = \operatorname{NewtonSchulz}\Bigl(\frac{u_t}{\lVert u_t \rVert_F + 10^{-7}}\Bigr), \quad
      G_t = \frac{X_t}{\lVert X_t \rVert_F + 10^{-7}} \\
      R_t = \sqrt{\operatorname{mean} \cosh^2(\gamma G_t)}, \quad
      x_t = x_{t-1} - \eta \sqrt{\max(1, \mathrm{rows} / \mathrm{cols})}\,
      \frac{G_t}{R_t + 10^{-8}}
      \end{gathered})";
  static constexpr auto reference =
      "Maity, AuON: a linear-time alternative to semi-orthogonal momentum updates, 2025; Jordan et "
      "al., Muon: an optimizer for hidden layers in neural networks, 2024, for the iteration";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() {
    return std::array{slot<HybridAuon>("m", "Mean of the gradients.")};
  }

  double learning_rate = 0.01, momentum = 0.95, gamma = 1.0, ns_steps = 1.0, form = 0.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &HybridAuon::learning_rate, non_negative, "Step size eta."),
        field("momentum", &HybridAuon::momentum, unit_half_open, "Decay mu of the mean."),
        field("gamma", &HybridAuon::gamma, non_negative, "Scale inside the hyperbolic cosine."),
        integer("ns_steps", &HybridAuon::ns_steps, 0.0, "Newton-Schulz steps."),
        choice("form", &HybridAuon::form, "paper repo",
               "repo has X for G in the numerator and no factor of rows and columns.")};
  }

  bool is_long(Index) const { return true; }

  template <class T>
  void step(Index, const Tensor<T>& tensor, Workspace& work) const {
    T* u = work.take<T>(tensor.size);
    Auon::nesterov_mix(tensor, tensor.arrays[0], momentum, u);
    if (tensor.dimensions >= 2) {
      const auto [rows, cols] = as_matrix(tensor);
      const T by = T(1.0 / (std::sqrt(coordinates::sum_of_squares(u, tensor.size)) + 1e-7));
      coordinates::each(tensor.size, [=](Index j) { u[j] *= by; });
      newton_schulz(u, rows, cols, whole(ns_steps), muon_step, work);
    }
    Auon::cosh_step(tensor, u, learning_rate, gamma, form == 0.0);
  }
};

}  // namespace optlite::matrix_rules
