#pragma once

#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// SophiaH with the curvature from a gradient alone: that of a batch whose labels are drawn from
/// the model itself, squared and multiplied by the size of the batch.
struct SophiaG {
  static constexpr auto title = "SophiaG";
  static constexpr auto doc =
      "Clipped momentum over the Gauss-Newton-Bartlett estimate of the Hessian's diagonal.";
  static constexpr auto formula = R"(\begin{gathered}
      m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \\
      h_t = \beta_2 h_{t-k} + (1 - \beta_2)\, \hat g_t^2 \text{ every } k \text{ steps} \\
      x_t = x_{t-1} - \eta \operatorname{clip}\!\left( \frac{m_t}{\max(\gamma B h_t,
      \varepsilon)},\, -\rho,\, \rho \right)
      \end{gathered})";
  static constexpr auto reference =
      "Liu et al., Sophia: a scalable stochastic second-order optimizer for language model "
      "pre-training, 2023, algorithms 2 and 3";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() {
    return std::array{slot<SophiaG>("m", "Mean of the gradients."),
                      slot<SophiaG>("h", "Mean of the squares of the sampled gradients.")};
  }
  static constexpr auto inputs() {
    return std::array{Input<SophiaG>{"hessian_diag",
                                     "Square of the gradient of a batch with labels drawn from the "
                                     "model, needed in the steps 1, 1 + update_period, ...",
                                     &SophiaG::update_period}};
  }

  double learning_rate = 1e-3, beta1 = 0.965, beta2 = 0.99, eps = 1e-12, gamma = 0.05,
         batch_size = 1.0, clip = 1.0, update_period = 10.0, form = 0.0;
  static constexpr auto fields() {
    return moment_fields<SophiaG>(
        field("gamma", &SophiaG::gamma, positive, "Factor of the curvature."),
        field("batch_size", &SophiaG::batch_size, at_least_one,
              "Size B of the batch that the sampled gradient is the mean of; 1 if hessian_diag "
              "holds this factor already."),
        field("clip", &SophiaG::clip, positive, "Bound rho of the step, in units of the rate."),
        integer("update_period", &SophiaG::update_period, 1.0,
                "Steps k between two uses of the sampled gradient."),
        choice("form", &SophiaG::form, "paper official",
               "Denominator: max(gamma B h, eps) (paper), or gamma B h + eps (official code)."));
  }

  template <class T>
  struct Step {
    Mean<T> first;
    T keep, fresh, gamma, least, added, clip, rate;
  };
  template <class T>
  Step<T> prepare(Index t) const {
    const bool renews = std::fmod(static_cast<double>(t - 1), update_period) == 0.0;
    return {Mean<T>(beta1),
            T(renews ? beta2 : 1.0),
            T(renews ? 1.0 - beta2 : 0.0),
            T(gamma * batch_size),
            T(form == 0.0 ? eps : 0.0),
            T(form == 0.0 ? 0.0 : eps),
            T(clip),
            T(learning_rate)};
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T hessian, T& m, T& h) {
    s.first.take(m, g);
    h = s.keep * h + s.fresh * hessian;
    const T ratio = m / (larger(s.gamma * h, s.least) + s.added);
    x -= s.rate * smaller(larger(ratio, -s.clip), s.clip);
  }
};

}  // namespace optlite::rules
