#pragma once

#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Adam that keeps the largest momenta of its past and goes along their mean, too.
struct AdamCm {
  static constexpr auto title = "AdamCM";
  static constexpr auto doc =
      "Adam with a buffer of critical momenta: those of the steps where the gradient over all "
      "tensors was largest, as remembered with decay. Their mean is added to the momentum, and "
      "carries the iterate past sharp minima. In the first step the gradient itself enters the "
      "buffer and x does not move; the bias correction of Adam is applied to the sum although the "
      "mean of the buffer has none to correct, as in the paper.";
  static constexpr auto formula = R"(\begin{gathered}
      m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t, \quad
      a_t = m_t + \operatorname{mean}_{c \in B_{t-1}} c \\
      B_t = B_{t-1} \text{ with } m_t, \text{ in place of the one of least key if that is full and }
      \lVert g_t \rVert \text{ is larger} \\
      v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, a_t^2, \quad
      x_t = x_{t-1} - \eta\, \frac{a_t / (1 - \beta_1^t)}
      {\sqrt{v_t / (1 - \beta_2^t)} + \epsilon} \\
      \text{then every key is multiplied by } \lambda
      \end{gathered})";
  static constexpr auto reference =
      "Malviya, Mordido, Baratin, Babanezhad Harikandeh, Huang, Lacoste-Julien, Pascanu and "
      "Chandar, Promoting exploration in memory-augmented Adam using critical momenta, 2023, "
      "algorithm 1";
  static constexpr WeightDecay decay{DecayForm::decoupled, 0.0};

  static constexpr auto slots() {
    return std::array{
        slot<AdamCm>("m", "Mean of the gradients."),
        slot<AdamCm>("v", "Mean of the squares of what is added to x."),
        shaped(&AdamCm::stack, slot<AdamCm>("buffer", "Critical momenta, a stack of top_c.")),
        shaped(&AdamCm::list, slot<AdamCm>("keys", "Their keys, the same for every tensor."))};
  }
  static constexpr auto scalars() {
    return std::array{slot<AdamCm>("filled", "Momenta in the buffer.")};
  }
  static Shape list(const AdamCm& rule, const Shape&) { return {whole(rule.top_c)}; }
  static Shape stack(const AdamCm& rule, const Shape& tensor) {
    Shape shape = list(rule, tensor);
    std::copy(tensor.begin(), tensor.end(), shape.begin() + 1);
    shape.dimensions = tensor.dimensions + 1;
    return shape;
  }

  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, decay_of_keys = 0.7;
  double top_c = 5.0;
  static constexpr auto fields() {
    return rules::moment_fields<AdamCm>(
        field("decay", &AdamCm::decay_of_keys, unit_half_open,
              "Factor lambda of the keys after each step."),
        integer("top_c", &AdamCm::top_c, 1.0, "Momenta that the buffer holds."));
  }

  template <class T>
  void step_all(Index t, const Tensor<T>* tensors, Index count, double* filled, Workspace&) const {
    double key = 0.0;
    for (Index i = 0; i < count; ++i) {
      key += std::sqrt(coordinates::sum_of_squares(tensors[i].g, tensors[i].size));
    }
    const Index held = std::clamp<Index>(whole(*filled), 0, whole(top_c));
    const Index place = count == 0 ? -1 : place_for(key, tensors[0].arrays[3], held);
    for (Index i = 0; i < count; ++i) {
      move(t, tensors[i], held, place);
      update_keys(tensors[i].arrays[3], key, place);
    }
    if (place == held) *filled += 1.0;
  }

 private:
  /// Where in the buffer a momentum with this key goes; -1 if nowhere.
  template <class T>
  Index place_for(double key, const T* keys, Index held) const {
    if (held < whole(top_c)) return held;
    const T* least = std::min_element(keys, keys + held);
    return T(key) > *least ? least - keys : -1;
  }

  template <class T>
  void update_keys(T* keys, double key, Index place) const {
    if (place >= 0) keys[place] = static_cast<T>(key);
    for (Index c = 0; c < whole(top_c); ++c) keys[c] *= T(decay_of_keys);
  }

  template <class T>
  void move(Index t, const Tensor<T>& tensor, Index held, Index place) const {
    const AdamStep<T> s(learning_rate, beta1, beta2, eps, t);
    const Index size = tensor.size;
    T* m = tensor.arrays[0];
    T* v = tensor.arrays[1];
    T* buffer = tensor.arrays[2];
    const bool first = t == 1;
    const T keep = first ? T(0) : s.beta1, fresh = first ? T(0) : s.fresh1;
    const T share = held == 0 ? T(0) : T(1.0 / static_cast<double>(held));
    coordinates::each(size, [=, x = tensor.x, g = tensor.g](Index j) {
      const T momentum = keep * m[j] + fresh * g[j];
      T sum = T(0);
      for (Index c = 0; c < held; ++c) sum += buffer[c * size + j];
      if (place >= 0) buffer[place * size + j] = first ? g[j] : momentum;
      const T a = momentum + share * sum;
      m[j] = momentum;
      v[j] = s.beta2 * v[j] + s.fresh2 * a * a;
      x[j] -= s.rate * a / (std::sqrt(v[j]) * s.root + s.eps);
    });
  }
};

}  // namespace optlite::matrix_rules
