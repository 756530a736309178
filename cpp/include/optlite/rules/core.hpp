#pragma once

#include "optlite/rules/concept.hpp"

namespace optlite::rules {

/// Resilient steps on averaged gradients, scaled as Adam scales them; those who did most may rest.
struct Core {
  static constexpr auto title = "CoRe";
  static constexpr auto doc =
      "Continual resilient optimizer: sign agreement adapts a step for each coordinate. With a "
      "score_history, the part `frozen` of each tensor that lowered the loss most is held still.";
  static constexpr auto formula = R"(\begin{gathered}
      \beta_1(t) = b_e + (b_s - b_e)\, e^{-((t - 1) / T)^2} \\
      a_t = \beta_1(t)\, a_{t-1} + (1 - \beta_1(t))\, g_t \\
      P_t = 0 \text{ where } S_{t-1} \text{ is among the largest and } t > h, \text{ else } 1 \\
      s_t = \operatorname{clip}(\eta^{\pm} s_{t-1}) \\
      u_t = P_t s_t\, \frac{a_t / (1 - \beta_1(t)^t)}{\sqrt{v_t / (1 - \beta_2^t)} + \varepsilon}
      \\
      S_t = (1 - [t > h] / h)\, S_{t-1} + a_t u_t / h \\
      x_t = (1 - w |u_t|)\, x_{t-1} - u_t
      \end{gathered})";
  static constexpr auto reference =
      "Eckhoff and Reiher, CoRe optimizer: an all-in-one solution for machine learning, 2024, eq. "
      "1 to 9";

  static constexpr auto slots() {
    return std::array{slot<Core>("a", "Mean of the gradients."),
                      slot<Core>("v", "Mean of their squares."),
                      slot<Core>("s", "Step of each coordinate.", &Core::learning_rate),
                      slot<Core>("S", "Score: mean decrease of the loss by each coordinate.")};
  }

  double learning_rate = 1e-3, beta1_start = 0.7375, beta1_end = 0.8125, beta1_steps = 250.0,
         beta2 = 0.99, decrease = 0.7375, increase = 1.2, smallest = 1e-6, largest = 1e-2,
         eps = 1e-8, weight_decay = 0.1, signs_only = 0.0, score_history = 0.0, frozen = 0.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Core::learning_rate, positive, "Step of all coordinates at first."),
        field("beta1_start", &Core::beta1_start, unit_half_open,
              "Decay b_s of the mean of the gradients at first."),
        field("beta1_end", &Core::beta1_end, unit_half_open, "Decay b_e to which it goes."),
        field("beta1_steps", &Core::beta1_steps, positive,
              "Number of steps T over which it goes there."),
        field("beta2", &Core::beta2, unit_half_open, "Decay of the mean of the squares."),
        field("decrease", &Core::decrease, unit_open, "Factor eta- after a change of sign."),
        field("increase", &Core::increase, at_least_one, "Factor eta+ while the sign stays."),
        field("smallest", &Core::smallest, non_negative, "Lower bound of the steps."),
        field("largest", &Core::largest, positive, "Upper bound of the steps."),
        field("eps", &Core::eps, positive, "Keeps the denominator away from zero."),
        field("weight_decay", &Core::weight_decay, non_negative,
              "Strength w of the pull towards zero, in proportion to the step made."),
        flag("signs_only", &Core::signs_only, "Step by the sign of the mean alone, as Rprop does."),
        integer("score_history", &Core::score_history, 0.0,
                "Steps h over which scores are gathered before any coordinate is frozen; 0 for no "
                "scores."),
        field("frozen", &Core::frozen, Range{0.0, 1.0, false, false},
              "Part of the coordinates of each tensor that is held still, rounded down; of equal "
              "scores all are.")};
  }

  template <class T>
  struct Step {
    Mean<T> first, second;
    T decrease, increase, smallest, largest, mean_scale, root, eps, decay, by_size, by_sign;
    T keep, fresh, threshold;
  };
  template <class T>
  Step<T> prepare(Index t) const {
    const double k = static_cast<double>(t);
    const double phase = (k - 1.0) / beta1_steps;
    const double beta1 = beta1_end + (beta1_start - beta1_end) * std::exp(-phase * phase);
    return {Mean<T>(beta1),
            Mean<T>(beta2),
            T(decrease),
            T(increase),
            T(smallest),
            T(largest),
            T(1.0 / debias(beta1, k)),
            T(1.0 / std::sqrt(debias(beta2, k))),
            at_least_tiny<T>(eps),
            T(weight_decay),
            T(signs_only == 0.0 ? 1.0 : 0.0),
            T(signs_only == 0.0 ? 0.0 : 1.0),
            T(score_history > 0.0 && k > score_history ? 1.0 - 1.0 / score_history : 1.0),
            T(score_history > 0.0 ? 1.0 / score_history : 0.0),
            std::numeric_limits<T>::infinity()};
  }
  /// The smallest score that is frozen.
  template <class T>
  void inspect(Step<T>& s, Index t, const Tensor<T>& tensor, Workspace& work) const {
    const auto count = static_cast<Index>(frozen * static_cast<double>(tensor.size));
    if (score_history <= 0.0 || static_cast<double>(t) <= score_history || count == 0) return;
    T* scores = work.take<T>(tensor.size);
    const T* S = tensor.arrays[3];
    for (Index j = 0; j < tensor.size; ++j) scores[j] = S[j] == S[j] ? S[j] : -s.threshold;
    std::nth_element(scores, scores + (count - 1), scores + tensor.size, std::greater<T>());
    s.threshold = scores[count - 1];
  }
  template <class T>
  static void update(const Step<T>& s, T& x, T g, T& a, T& v, T& step, T& score) {
    const T before = a;
    s.first.take(a, g);
    s.second.take(v, g * g);
    const T plastic = score >= s.threshold ? T(0) : T(1);
    const T agree = sign(a) * sign(before) * plastic;
    const T factor = agree > T(0) ? s.increase : (agree < T(0) ? s.decrease : T(1));
    step = smaller(larger(step * factor, s.smallest), s.largest);
    const T sized = a * s.mean_scale / (std::sqrt(v) * s.root + s.eps);
    const T u = plastic * step * (s.by_size * sized + s.by_sign * sign(a));
    score = s.keep * score + s.fresh * a * u;
    x -= s.decay * std::fabs(u) * x + u;
  }
};

}  // namespace optlite::rules
