#pragma once

#include <algorithm>
#include <cmath>

#include "optlite/core/stable.hpp"
#include "optlite/objectives/concept.hpp"

namespace optlite::objectives {

/// Softmax regression: one margin for each of K classes, all K kept (symmetric form).
///
/// Blocks are column-major, one column a class, so the inner loops run over samples and become
/// vector code. State: the probabilities p. Second derivative in the margins: diag(p) - p p^T.
struct Multinomial {
  static constexpr auto doc = "Negative log-likelihood of one of K classes (softmax).";
  static constexpr auto formula =
      R"(\ell(z, y) = \log \sum_{k=1}^{K} e^{z_k} - z_y, \quad y \in \{0, \dots, K-1\})";
  static constexpr auto reference =
      "Böhning, Multinomial logistic regression algorithm, 1992, section 2";
  static constexpr Target target = Target::label;
  static constexpr double self_concordance = 2.0;  // in the largest change of a margin

  /// Largest eigenvalue of diag(p) - p p^T over the simplex.
  double curvature_bound() const { return 0.5; }

  static double evaluate(const std::vector<double>&, Index count, Index outputs, double* margins,
                         const double* y, const double* weight) {
    double sum = 0.0;
    for_each_piece(count, [&](Index begin, Index size) {
      double behind[piece];
      double total[piece];
      double loss[piece];
      double others[piece] = {};
      gather_own(size, count, margins + begin, y + begin, behind);
      softmax(size, outputs, count, margins + begin, behind, total);
      double own[piece];
      for (Index i = 0; i < size; ++i) {
        double& p = margins[begin + i + static_cast<Index>(y[begin + i]) * count];
        own[i] = p;
        p = 0.0;
      }
      for (Index k = 0; k < outputs; ++k) {
        const double* column = margins + begin + k * count;
        for (Index i = 0; i < size; ++i) others[i] += column[i];
      }
#pragma omp simd
      for (Index i = 0; i < size; ++i) loss[i] = loss_of(others[i], own[i], behind[i], total[i]);
      for (Index i = 0; i < size; ++i) {
        const double s = weight == nullptr ? 1.0 : weight[begin + i];
        sum += s * loss[i];
        margins[begin + i + static_cast<Index>(y[begin + i]) * count] = -others[i];
      }
      if (weight == nullptr) return;
      for (Index k = 0; k < outputs; ++k) {
        double* column = margins + begin + k * count;
        for (Index i = 0; i < size; ++i) column[i] *= weight[begin + i];
      }
    });
    return sum;
  }

  static double value(const std::vector<double>&, Index count, Index outputs, const double* margins,
                      const double* y, const double* weight) {
    double sum = 0.0;
    for_each_piece(count, [&](Index begin, Index size) {
      double own[piece];
      double top[piece];
      double loss[piece];
      double others[piece] = {};
      gather_own(size, count, margins + begin, y + begin, own);
      row_maximum(size, outputs, count, margins + begin, top);
      for (Index k = 0; k < outputs; ++k) {
        const double* column = margins + begin + k * count;
        const double* label = y + begin;
        const double here = static_cast<double>(k);
#pragma omp simd
        for (Index i = 0; i < size; ++i) {
          const double e = stable::exp_below(column[i] - top[i]);
          others[i] += label[i] == here ? 0.0 : e;
        }
      }
#pragma omp simd
      for (Index i = 0; i < size; ++i) {
        const double e = stable::exp_below(own[i] - top[i]);
        loss[i] = loss_of(others[i], e, top[i] - own[i], others[i] + e);
      }
      for (Index i = 0; i < size; ++i)
        sum += (weight == nullptr ? 1.0 : weight[begin + i]) * loss[i];
    });
    return sum;
  }

  static void prepare(const std::vector<double>&, Index count, Index outputs, double* margins,
                      const double*) {
    for_each_piece(count, [&](Index begin, Index size) {
      double behind[piece] = {};
      double total[piece];
      softmax(size, outputs, count, margins + begin, behind, total);
    });
  }

  /// u <- s (p * u - p (p . u)), sample by sample.
  static void curvature_product(Index count, Index outputs, const double* state,
                                const double* weight, double* direction) {
    for_each_piece(count, [&](Index begin, Index size) {
      double inner[piece] = {};
      for (Index k = 0; k < outputs; ++k) {
        const double* p = state + begin + k * count;
        const double* u = direction + begin + k * count;
        for (Index i = 0; i < size; ++i) inner[i] += p[i] * u[i];
      }
      for (Index k = 0; k < outputs; ++k) {
        const double* p = state + begin + k * count;
        double* u = direction + begin + k * count;
        for (Index i = 0; i < size; ++i) u[i] = p[i] * (u[i] - inner[i]);
        if (weight == nullptr) continue;
        for (Index i = 0; i < size; ++i) u[i] *= weight[begin + i];
      }
    });
  }

  static void curvature(Index count, Index, const double* state, const double* weight, Index a,
                        Index b, double* q) {
    const double* pa = state + a * count;
    const double* pb = state + b * count;
    for (Index i = 0; i < count; ++i) {
      // p (1 - p) cancels near p = 1, where the weight is negligible beside its neighbours'.
      q[i] = a == b ? pa[i] * (1.0 - pa[i]) : -pa[i] * pb[i];
      if (weight != nullptr) q[i] *= weight[i];
    }
  }

  static double gap(const std::vector<double>&, Index count, Index outputs, const double* margins,
                    const double* y, const double* weight, double t) {
    double sum = 0.0;
    for (Index i = 0; i < count; ++i) {
      const Index own = static_cast<Index>(y[i]);
      const double base = margins[i + own * count];
      double odds = 0.0;
      for (Index k = 0; k < outputs; ++k) {
        if (k != own) odds += stable::exp(margins[i + k * count] - base);
      }
      const double p = odds > 1.0 ? 1.0 / (1.0 + 1.0 / odds) : odds / (1.0 + odds);
      sum += (weight == nullptr ? 1.0 : weight[i]) * label_gap(p, odds, t);
    }
    return sum;
  }

 private:
  static constexpr Index piece = 128;  // three rows of doubles stay in the first-level cache

  template <class Body>
  static void for_each_piece(Index count, Body&& body) {
    for (Index begin = 0; begin < count; begin += piece) {
      body(begin, std::min(piece, count - begin));
    }
  }

  static void gather_own(Index size, Index stride, const double* margins, const double* y,
                         double* own) {
    for (Index i = 0; i < size; ++i) own[i] = margins[i + static_cast<Index>(y[i]) * stride];
  }

  /// Minus the logarithm of the own class's probability. `others` and `own` are the sums of e^z of
  /// the classes, on one scale; `behind` is the largest margin minus the own one, and `total` the
  /// sum of all e^(z - largest). A likely class keeps the digits of a small loss, which a
  /// difference of logarithms would not.
  static double loss_of(double others, double own, double behind, double total) {
    const bool likely = others < own;
    const double near = stable::log1p_unit(likely ? others / own : 0.0);
    const double far = behind + stable::log(total);
    return likely ? near : far;
  }

  static void row_maximum(Index size, Index outputs, Index stride, const double* margins,
                          double* top) {
    for (Index i = 0; i < size; ++i) top[i] = margins[i];
    for (Index k = 1; k < outputs; ++k) {
      const double* column = margins + k * stride;
      for (Index i = 0; i < size; ++i) top[i] = column[i] > top[i] ? column[i] : top[i];
    }
  }

  /// margins <- probabilities; behind <- the largest margin minus what it held; total <- the sum of
  /// e^(z - largest).
  static void softmax(Index size, Index outputs, Index stride, double* margins, double* behind,
                      double* total) {
    double top[piece];
    row_maximum(size, outputs, stride, margins, top);
    for (Index i = 0; i < size; ++i) {
      behind[i] = top[i] - behind[i];
      total[i] = 0.0;
    }
    for (Index k = 0; k < outputs; ++k) {
      double* column = margins + k * stride;
#pragma omp simd
      for (Index i = 0; i < size; ++i) {
        const double e = stable::exp_below(column[i] - top[i]);
        column[i] = e;
        total[i] += e;
      }
    }
    double inverse[piece];
    for (Index i = 0; i < size; ++i) inverse[i] = 1.0 / total[i];
    for (Index k = 0; k < outputs; ++k) {
      double* column = margins + k * stride;
      for (Index i = 0; i < size; ++i) column[i] *= inverse[i];
    }
  }
};

}  // namespace optlite::objectives
