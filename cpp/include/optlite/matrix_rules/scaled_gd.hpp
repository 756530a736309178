#pragma once

#include "optlite/matrix_rules/concept.hpp"

namespace optlite::matrix_rules {

/// Gradient descent on two factors of a matrix, each scaled by the other.
struct ScaledGd {
  static constexpr auto title = "ScaledGD";
  static constexpr auto doc =
      "Gradient descent on the factors of X = L R^T, whose speed does not depend on the condition "
      "number of X. Tensors are taken in pairs: the first two, the next two, and so on. A pair of "
      "matrices with the same number of columns is L and R, both of full column rank; everything "
      "else gets plain gradient descent.";
  static constexpr auto formula = R"(\begin{gathered}
      L_t = L_{t-1} - \eta\, \nabla_L f\, (R_{t-1}^T R_{t-1} + \lambda I)^{-1} \\
      R_t = R_{t-1} - \eta\, \nabla_R f\, (L_{t-1}^T L_{t-1} + \lambda I)^{-1}
      \end{gathered})";
  static constexpr auto reference =
      "Tong, Ma and Chi, Accelerating ill-conditioned low-rank matrix estimation via scaled "
      "gradient "
      "descent, 2021, eq. 3; Xu et al., The power of preconditioning in overparameterized low-rank "
      "matrix sensing, 2023, for lambda";

  static constexpr std::array<Slot<ScaledGd>, 0> slots() { return {}; }

  double learning_rate = 0.5, damping = 0.0;
  static constexpr auto fields() {
    return std::array{
        field("learning_rate", &ScaledGd::learning_rate, non_negative,
              "Step size eta; 0.5 suits a loss of half the squared error."),
        field("damping", &ScaledGd::damping, non_negative,
              "Added as lambda I, where the columns of a factor are nearly dependent.")};
  }

  template <class T>
  void step_all(Index, const Tensor<T>* tensors, Index count, double*, Workspace& work) const {
    for (Index k = 0; k < count; k += 2) {
      if (k + 1 < count && is_pair(tensors[k], tensors[k + 1])) {
        step_pair(tensors[k], tensors[k + 1], work);
      } else {
        plain(tensors[k]);
        if (k + 1 < count) plain(tensors[k + 1]);
      }
    }
  }

 private:
  template <class T>
  static bool is_pair(const Tensor<T>& left, const Tensor<T>& right) {
    return left.dimensions == 2 && right.dimensions == 2 && left.extents[1] == right.extents[1];
  }

  template <class T>
  void plain(const Tensor<T>& tensor) const {
    coordinates::each(tensor.size, [x = tensor.x, g = tensor.g, rate = T(learning_rate)](Index j) {
      x[j] -= rate * g[j];
    });
  }

  template <class T>
  void step_pair(const Tensor<T>& left, const Tensor<T>& right, Workspace& work) const {
    const Index r = left.extents[1];
    auto* of_left = work.take<double>(r * r);
    auto* of_right = work.take<double>(r * r);
    factorize(right, r, of_right);
    factorize(left, r, of_left);
    move(left, r, of_right, work);
    move(right, r, of_left, work);
  }

  /// The Cholesky factor of X^T X + lambda I, below the diagonal of `C`.
  template <class T>
  void factorize(const Tensor<T>& tensor, Index r, double* C) const {
    std::fill_n(C, r * r, 0.0);
    for (Index i = 0; i < r; ++i) C[i * r + i] = damping;
    for (Index row = 0; row < tensor.extents[0]; ++row) {
      const T* x = tensor.x + row * r;
      for (Index i = 0; i < r; ++i) {
        for (Index j = 0; j <= i; ++j) {
          C[i * r + j] += static_cast<double>(x[i]) * static_cast<double>(x[j]);
        }
      }
    }
    for (Index i = 0; i < r; ++i) {
      for (Index j = 0; j <= i; ++j) {
        double sum = C[i * r + j];
        for (Index k = 0; k < j; ++k) sum -= C[i * r + k] * C[j * r + k];
        C[i * r + j] = i == j ? std::sqrt(sum) : sum / C[j * r + j];
      }
    }
  }

  /// Each row of x loses eta times the row of the gradient times (C C^T)^-1.
  template <class T>
  void move(const Tensor<T>& tensor, Index r, const double* C, Workspace& work) const {
    auto* steps = work.take<double>(tensor.size);
    const double cost = static_cast<double>(tensor.size) * static_cast<double>(r);
    parallel::for_each(tensor.extents[0], cost, [&, this](Index row) {
      T* x = tensor.x + row * r;
      const T* g = tensor.g + row * r;
      double* z = steps + row * r;
      for (Index i = 0; i < r; ++i) {
        z[i] = static_cast<double>(g[i]);
        for (Index k = 0; k < i; ++k) z[i] -= C[i * r + k] * z[k];
        z[i] /= C[i * r + i];
      }
      for (Index i = r - 1; i >= 0; --i) {
        for (Index k = i + 1; k < r; ++k) z[i] -= C[k * r + i] * z[k];
        z[i] /= C[i * r + i];
      }
      for (Index i = 0; i < r; ++i) x[i] -= static_cast<T>(learning_rate * z[i]);
    });
  }
};

}  // namespace optlite::matrix_rules
