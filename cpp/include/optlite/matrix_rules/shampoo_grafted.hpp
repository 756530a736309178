#pragma once

#include "optlite/linalg/inverse_root.hpp"
#include "optlite/linalg/products.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Shampoo in blocks, with the step length of a simpler rule.
struct ShampooGrafted {
  static constexpr auto doc =
      "Shampoo in blocks, with running means for sums and the step length of a simpler rule: the "
      "form for large networks. Scalars and vectors, and with merge_dimensions whatever fits into "
      "one block, take the simpler rule's steps. A tensor of more than two dimensions is folded "
      "into "
      "a matrix of its first dimension and the rest.";
  static constexpr auto formula = R"(\begin{gathered}
      L_t = \beta_2 L_{t-1} + (1 - \beta_2)\, G_t G_t^T, \quad
      R_t = \beta_2 R_{t-1} + (1 - \beta_2)\, G_t^T G_t \\
      P_t = (L_t + \epsilon \lambda_{\max} I)^{-1/4}\, G_t\, (R_t + \epsilon \lambda_{\max} I)^{-1/4}
      \quad \text{for each block} \\
      S_t = P_t\, \lVert D_t \rVert_F / \lVert P_t \rVert_F + w X_{t-1}, \quad D_t: \text{the grafted step} \\
      m_t = \beta_1 m_{t-1} + S_t, \quad X_t = X_{t-1} - \eta\, (\beta_1 m_t + S_t)
      \end{gathered})";
  static constexpr auto reference =
      "Anil, Gupta, Koren, Regan and Singer, Scalable second order optimization for deep learning, "
      "2020, sections 3 and 4; Agarwal, Anil, Hazan, Koren and Zhang, Disentangling adaptive "
      "gradient methods from learning rates, 2020, for grafting";
  static constexpr auto title = "ShampooGrafted";
  using Own = ShampooGrafted;
  static constexpr auto slots() {
    return std::array{
        diagonal(&Own::of_rows, "L", "Mean of G G^T for each block.", &Own::matrix_eps),
        diagonal(&Own::of_cols, "R", "Mean of G^T G for each block.", &Own::matrix_eps),
        diagonal(&Own::of_rows, "L_root", "Inverse roots of L."),
        diagonal(&Own::of_cols, "R_root", "Inverse roots of R."),
        shaped(&Own::of_momentum, slot<Own>("m", "Momentum of the preconditioned steps.")),
        slot<Own>("m_graft", "Momentum of the grafted steps."),
        shaped(&Own::of_squares, slot<Own>("v", "Squares of the gradient, for the graft."))};
  }

  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, nesterov = 1.0, graft = 1.0;
  double start = 5.0, update_every = 1.0, block_size = 128.0, merge_dimensions = 0.0;
  double refresh = 0.0, power = 0.0, matrix_eps = 1e-6, diagonal_eps = 1e-10, weight_decay = 0.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &Own::learning_rate, non_negative, "Step size eta."),
        field("beta1", &Own::beta1, unit_half_open, "Decay of the momentum."),
        field("beta2", &Own::beta2, Range{0.0, 1.0, false, false},
              "Decay of the means of products; 1 for sums."),
        flag("nesterov", &Own::nesterov, "Mix the step in once more; otherwise X moves by m."),
        choice(
            "graft", &Own::graft, "none sgd adagrad rmsprop sqrtn",
            "Whose length the step has: that of g, g / sqrt(sum g^2), g / sqrt(mean g^2), sign g; "
            "none: its own."),
        integer("start", &Own::start, 1.0, "First step that is preconditioned."),
        integer("update_every", &Own::update_every, 1.0,
                "Steps k from one computation of the roots to the next."),
        choice("refresh", &Own::refresh, "first multiples",
               "When: in steps 1, 1 + k, ... (the authors' code, which counts from 0), or in k, "
               "2 k, ... with unit matrices before (a package, which counts from 1)."),
        integer("block_size", &Own::block_size, 1.0, "Longest side of a block."),
        flag("merge_dimensions", &Own::merge_dimensions,
             "First join neighbouring dimensions whose product fits into a block."),
        integer("power", &Own::power, 0.0, "The root that is taken; 0: the fourth."),
        field("matrix_eps", &Own::matrix_eps, positive,
              "Ridge, in largest eigenvalues, and start of the means."),
        field("diagonal_eps", &Own::diagonal_eps, positive,
              "Keeps the graft's denominator away from zero."),
        field("weight_decay", &Own::weight_decay, non_negative,
              "Strength w of w X, which both steps get before their momentum.")};
  }

  /// How a tensor is cut: a matrix in down x across blocks of rows x cols; none for a vector.
  struct Cut {
    Index height = 0, width = 0, down = 0, across = 0, rows = 0, cols = 0;
    Index blocks() const { return down * across; }
  };
  Cut cut(const Index* extents, int dimensions) const {
    Index height = dimensions == 0 ? 1 : extents[0], size = height;
    for (int i = 1; i < dimensions; ++i) {
      const bool joins = merge_dimensions != 0.0 && size == height &&
                         static_cast<double>(height * extents[i]) <= block_size;
      if (joins || height == 1) height *= extents[i];
      size *= extents[i];
    }
    if (size == height || size == 0) return {};
    const auto edge = whole(block_size);
    Cut all{height, size / height, 0, 0, 0, 0};
    all.down = (all.height + edge - 1) / edge;
    all.across = (all.width + edge - 1) / edge;
    all.rows = (all.height + all.down - 1) / all.down;
    all.cols = (all.width + all.across - 1) / all.across;
    return all;
  }
  Cut cut(const Shape& tensor) const { return cut(tensor.begin(), tensor.dimensions); }

  static Shape of_rows(const Own& rule, const Shape& tensor) {
    const Cut own = rule.cut(tensor);
    return {own.blocks(), own.rows, own.rows};
  }
  static Shape of_cols(const Own& rule, const Shape& tensor) {
    const Cut own = rule.cut(tensor);
    return {own.blocks(), own.cols, own.cols};
  }
  static Shape of_momentum(const Own& rule, const Shape& tensor) {
    return rule.cut(tensor).blocks() > 0 ? tensor : Shape{0};
  }
  static Shape of_squares(const Own& rule, const Shape& tensor) {
    return rule.graft == 2.0 || rule.graft == 3.0 ? tensor : Shape{0};
  }

  bool is_long(Index) const { return true; }

  template <class T>
  void step(Index t, const Tensor<T>& tensor, Workspace& work) const {
    const Cut own = cut(tensor.extents, tensor.dimensions);
    T* grafted = work.take<T>(tensor.size);
    graft_step(tensor, grafted);
    T* chosen = grafted;
    T* momentum = tensor.arrays[5];
    if (own.blocks() > 0) {
      T* step = work.take<T>(tensor.size);
      each_block(own, work, [&](Index b, Workspace& scratch) {
        block_step(t, own, b, tensor, step, scratch);
      });
      if (graft != 0.0) rescale(step, grafted, tensor.size);
      add_momentum(tensor, step, tensor.arrays[4]);
      if (preconditions(t)) {
        chosen = step;
        momentum = tensor.arrays[4];
      }
    }
    add_momentum(tensor, grafted, tensor.arrays[5]);
    const T rate = T(learning_rate), of_m = nesterov != 0.0 ? T(beta1) : T(1);
    const T of_step = nesterov != 0.0 ? T(1) : T(0);
    coordinates::each(tensor.size, [=, x = tensor.x](Index j) {
      x[j] -= rate * (of_m * momentum[j] + of_step * chosen[j]);
    });
  }

 private:
  bool preconditions(Index t) const { return static_cast<double>(t) >= start; }
  bool computes_roots(Index t) const { return is_due(refresh == 0.0 ? t : t + 1, update_every); }

  /// Adds w x to a step, and the step to its momentum.
  template <class T>
  void add_momentum(const Tensor<T>& tensor, T* step, T* momentum) const {
    coordinates::each(tensor.size, [=, x = tensor.x, b = T(beta1), w = T(weight_decay)](Index j) {
      step[j] += w * x[j];
      momentum[j] = b * momentum[j] + step[j];
    });
  }

  /// What the simpler rule would do with the gradient.
  template <class T>
  void graft_step(const Tensor<T>& tensor, T* to) const {
    const T* g = tensor.g;
    T* v = tensor.arrays[6];
    const T eps = rules::at_least_tiny<T>(diagonal_eps);
    if (graft == 4.0) {
      coordinates::each(tensor.size, [=](Index j) { to[j] = rules::sign(g[j]); });
    } else if (graft >= 2.0) {
      const T keep = graft == 2.0 ? T(1) : T(beta2), fresh = graft == 2.0 ? T(1) : T(1.0 - beta2);
      coordinates::each(tensor.size, [=](Index j) {
        v[j] = keep * v[j] + fresh * g[j] * g[j];
        to[j] = g[j] / (std::sqrt(v[j]) + eps);
      });
    } else {
      std::copy_n(g, tensor.size, to);
    }
  }

  template <class T>
  void rescale(T* step, const T* length_of, Index size) const {
    const double wanted = std::sqrt(coordinates::sum_of_squares(length_of, size));
    const double has = std::sqrt(coordinates::sum_of_squares(step, size));
    const T factor = static_cast<T>(wanted / (has + 1e-16));
    coordinates::each(size, [=](Index j) { step[j] *= factor; });
  }

  /// body(block, memory) for every block: small blocks go to threads, large ones are shared by
  /// them.
  template <class Body>
  static void each_block(const Cut& own, Workspace& work, Body body) {
    constexpr Index small = 256;
    if (own.blocks() < parallel::threads() || std::max(own.rows, own.cols) > small) {
      for (Index b = 0; b < own.blocks(); ++b) body(b, work);
      return;
    }
    work.split(parallel::team(own.blocks()));
    parallel::ordered(
        own.blocks(), [&](Index b, int slot) { body(b, work.part(slot)); }, [](Index, int) {});
  }

  /// Statistics, roots and step of one block. Blocks at the edge are filled up with zeros.
  template <class T>
  void block_step(Index t, const Cut& own, Index b, const Tensor<T>& tensor, T* step,
                  Workspace& work) const {
    const Workspace::Mark before = work.mark();
    const Index rows = own.rows, cols = own.cols;
    T* L = tensor.arrays[0] + b * rows * rows;
    T* R = tensor.arrays[1] + b * cols * cols;
    T* L_root = tensor.arrays[2] + b * rows * rows;
    T* R_root = tensor.arrays[3] + b * cols * cols;
    T* G = work.take<T>(rows * cols);
    T* half = work.take<T>(rows * cols);
    each_row(own, b, [&](Index row, Index from, Index count) {
      T* to = G + row * cols;
      std::fill(std::copy_n(tensor.g + from, count, to), to + cols, T(0));
    });
    const T keep = T(beta2), fresh = beta2 == 1.0 ? T(1) : T(1.0 - beta2);
    const Factor<T> g(G, rows, cols);
    multiply_symmetric(g, g.t(), L, work, fresh, keep, L);
    multiply_symmetric(g.t(), g, R, work, fresh, keep, R);
    if (computes_roots(t)) {
      const Index p = power == 0.0 ? 4 : whole(power);
      inverse_root(L, rows, p, {0.0, matrix_eps}, L_root, work);
      inverse_root(R, cols, p, {0.0, matrix_eps}, R_root, work);
    }
    if (preconditions(t)) {
      multiply(Factor<T>(L_root, rows, rows), g, half, work);
      multiply(Factor<T>(half, rows, cols), Factor<T>(R_root, cols, cols), G, work);
    }
    each_row(own, b, [&](Index row, Index to, Index count) {
      std::copy_n(G + row * cols, count, step + to);
    });
    work.release(before);
  }

  /// body(row of the block, place in the tensor, numbers) for every row; 0 numbers below the edge.
  template <class Body>
  static void each_row(const Cut& own, Index b, Body body) {
    const Index top = b / own.across * own.rows, left = b % own.across * own.cols;
    for (Index row = 0; row < own.rows; ++row) {
      const bool inside = top + row < own.height;
      const Index count = inside ? std::min(own.cols, own.width - left) : 0;
      body(row, inside ? (top + row) * own.width + left : 0, count);
    }
  }
};

}  // namespace optlite::matrix_rules
