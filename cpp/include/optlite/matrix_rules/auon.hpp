#pragma once

#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Momentum divided by a hyperbolic measure of its spread.
struct Auon {
  static constexpr auto title = "AuON";
  static constexpr auto doc =
      "Momentum divided by the root mean square of the hyperbolic cosine of its normalised "
      "entries: "
      "meant as a semi-orthogonal step in linear time. The entries of G have sum of squares one, "
      "so "
      "that R^2 = 1 + O(gamma^2 / N) for N entries: in the form of the authors' code (repo), which "
      "does not normalise the numerator, R is about 1 and the rule is momentum with Nesterov's "
      "mix; "
      "in the paper's form it is normalised momentum. A tensor of more than two dimensions is a "
      "matrix of its first and the rest.";
  static constexpr auto formula = R"(\begin{gathered}
      m_t = \mu m_{t-1} + (1 - \mu)\, g_t, \quad u_t = (1 - \mu)\, g_t + \mu m_t \\
      G_t = \frac{u_t}{\lVert u_t \rVert_F + 10^{-7}}, \quad
      R_t = \sqrt{\operatorname{mean} \cosh^2(\gamma G_t)} \\
      x_t = x_{t-1} - \eta \sqrt{\max(1, \mathrm{rows} / \mathrm{cols})}\,
      \frac{G_t}{R_t + 10^{-8}}
      \end{gathered})";
  static constexpr auto reference =
      "Maity, AuON: a linear-time alternative to semi-orthogonal momentum updates, 2025";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() { return std::array{slot<Auon>("m", "Mean of the gradients.")}; }

  double learning_rate = 0.01, momentum = 0.95, gamma = 1.0, form = 0.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Auon::learning_rate, non_negative, "Step size eta."),
        field("momentum", &Auon::momentum, unit_half_open, "Decay mu of the mean."),
        field("gamma", &Auon::gamma, non_negative, "Scale inside the hyperbolic cosine."),
        choice("form", &Auon::form, "paper repo",
               "repo has u for G in the numerator and no factor of rows and columns.")};
  }

  template <class T>
  void step(Index, const Tensor<T>& tensor, Workspace& work) const {
    T* u = work.take<T>(tensor.size);
    nesterov_mix(tensor, tensor.arrays[0], momentum, u);
    cosh_step(tensor, u, learning_rate, gamma, form == 0.0);
  }

  /// m <- mu m + (1 - mu) g, and u = (1 - mu) g + mu m.
  template <class T>
  static void nesterov_mix(const Tensor<T>& tensor, T* m, double momentum, T* u) {
    const T mu = T(momentum), fresh = T(1.0 - momentum);
    coordinates::each(tensor.size, [=, g = tensor.g](Index j) {
      m[j] = mu * m[j] + fresh * g[j];
      u[j] = fresh * g[j] + mu * m[j];
    });
  }

  /// x <- x - eta u / R, with u normalised and scaled by the shape or as it is.
  template <class T>
  static void cosh_step(const Tensor<T>& tensor, const T* u, double rate, double gamma,
                        bool normalise) {
    const auto [rows, cols] = as_matrix(tensor);
    const double shrink = 1.0 / (std::sqrt(coordinates::sum_of_squares(u, tensor.size)) + 1e-7);
    const double squares = coordinates::sum(tensor.size, [=](Index j) {
      return square(std::cosh(gamma * shrink * static_cast<double>(u[j])));
    });
    const double spread = std::sqrt(squares / static_cast<double>(tensor.size));
    double factor = rate / (spread + 1e-8);
    if (normalise) {
      factor *= shrink;
      if (tensor.dimensions >= 2) factor *= std::sqrt(std::fmax(1.0, double(rows) / double(cols)));
    }
    coordinates::each(tensor.size,
                      [=, x = tensor.x, by = T(factor)](Index j) { x[j] -= by * u[j]; });
  }
};

}  // namespace optlite::matrix_rules
