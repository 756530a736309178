// What a file in this folder declares, and the table that the rest of the library reads.
//
// An objective here is the loss l(z, y) of a generalized linear model; the model composes
//
//     F(w) = (1/S) sum_i s_i l(x_i . w, y_i) + alpha * penalty(w),      S = sum_i s_i,
//
// with its gradient, Hessian-vector products and Hessian (problems/generalized_linear.hpp).
//
// A loss of one margin per sample declares
//
//     static constexpr auto doc, formula, reference;     what it is, in words, LaTeX and citation
//     static constexpr Target target;                    which y it takes
//     double curvature_bound() const;                    sup of the second derivative
//     static constexpr double self_concordance;          c with |third| <= c * second derivative,
//                                                        so that curvature changes by at most
//                                                        exp(c |dz|); infinity if there is none
//     Sample at(double z, double y) const;               value and two derivatives in z
//
// `at` is straight-line code (selects, no branches, no calls but stable.hpp): the driver's loop
// over samples then becomes vector code. Hyper-parameters are members listed in fields().
//
// A loss whose problems are to be certified by a duality gap declares, with its conjugate in z,
//
//     double gap(double z, double y, double t) const;    l(z) + l*(t l'(z)) - t l'(z) z, for t in
//                                                        [0, 1]: what it costs in the dual problem
//                                                        to shorten the derivative; never negative
//
// multinomial.hpp shows the other form: a loss of one margin per class.
#pragma once

#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "optlite/core/registry.hpp"

namespace optlite {

/// Which targets a loss takes. binary: -1 or +1. count: >= 0. label: 0, 1, ..., K - 1.
enum class Target { real, binary, count, label };

inline const char* name(Target target) {
  switch (target) {
    case Target::real: return "real";
    case Target::binary: return "binary";
    case Target::count: return "count";
    case Target::label: return "label";
  }
  return "";
}

/// The loss of one sample and its first two derivatives with respect to the margin z.
struct Sample {
  double value;
  double first;
  double second;
};

/// The gap of a label under a probability p that it is another one, odds = p / (1 - p): the
/// divergence of t p and 1 - t p from p and 1 - p.
inline double label_gap(double p, double odds, double t) {
  if (t >= 1.0 || p <= 0.0) return 0.0;
  const double shortened = t > 0.0 ? t * p * std::log(t) : 0.0;
  return shortened + (1.0 - t * p) * std::log1p((1.0 - t) * odds);
}

/// A type-erased loss. Blocks hold `count` samples and `outputs` margins each, column-major.
/// `weight` is null when all weights are one. "State" is what second derivatives need: the second
/// derivative itself for one margin per sample, the class probabilities for multinomial.
struct ObjectiveRow {
  Record record;
  Target target;
  bool one_margin;
  double (*curvature_bound)(const std::vector<double>& fields);
  double self_concordance;

  /// Returns sum of weight * value; overwrites the margins by weight * first derivative.
  double (*evaluate)(const std::vector<double>& fields, Index count, Index outputs, double* margins,
                     const double* y, const double* weight);
  /// Returns sum of weight * value; leaves the margins alone (line searches).
  double (*value)(const std::vector<double>& fields, Index count, Index outputs,
                  const double* margins, const double* y, const double* weight);
  /// Overwrites the margins by the state.
  void (*prepare)(const std::vector<double>& fields, Index count, Index outputs, double* margins,
                  const double* y);
  /// direction <- weight * (second derivative) * direction, for one block of directions.
  void (*curvature_product)(Index count, Index outputs, const double* state, const double* weight,
                            double* direction);
  /// q <- weight * second derivative with respect to margins a and b.
  void (*curvature)(Index count, Index outputs, const double* state, const double* weight, Index a,
                    Index b, double* q);
  /// Null unless declared. Returns sum of weight * gap.
  double (*gap)(const std::vector<double>& fields, Index count, Index outputs,
                const double* margins, const double* y, const double* weight, double t);
};

/// One row for each header of the folder.
const std::vector<ObjectiveRow>& objective_table();

namespace detail {

template <class Loss, class = void>
struct has_at : std::false_type {};
template <class Loss>
struct has_at<Loss, std::void_t<decltype(std::declval<const Loss&>().at(0.0, 0.0))>>
    : std::true_type {};

template <class Loss, class = void>
struct has_gap : std::false_type {};
template <class Loss>
struct has_gap<Loss, std::void_t<decltype(&Loss::gap)>> : std::true_type {};

/// Loops over one block of a loss with one margin per sample.
template <class Loss>
struct OneMargin {
  static_assert(std::is_same_v<decltype(std::declval<const Loss&>().at(0.0, 0.0)), Sample>,
                "at(z, y) must return a Sample {value, first, second}");

  static double evaluate(const std::vector<double>& fields, Index count, Index, double* margins,
                         const double* y, const double* weight) {
    const Loss loss = make_part<Loss>(fields);
    double sum = 0.0;
    if (weight == nullptr) {
#pragma omp simd reduction(+ : sum)
      for (Index i = 0; i < count; ++i) {
        const Sample s = loss.at(margins[i], y[i]);
        sum += s.value;
        margins[i] = s.first;
      }
    } else {
#pragma omp simd reduction(+ : sum)
      for (Index i = 0; i < count; ++i) {
        const Sample s = loss.at(margins[i], y[i]);
        // A row of weight zero may lie where the loss is infinite.
        sum += weight[i] > 0.0 ? weight[i] * s.value : 0.0;
        margins[i] = weight[i] > 0.0 ? weight[i] * s.first : 0.0;
      }
    }
    return sum;
  }

  static double value(const std::vector<double>& fields, Index count, Index, const double* margins,
                      const double* y, const double* weight) {
    const Loss loss = make_part<Loss>(fields);
    double sum = 0.0;
    if (weight == nullptr) {
#pragma omp simd reduction(+ : sum)
      for (Index i = 0; i < count; ++i) sum += loss.at(margins[i], y[i]).value;
    } else {
#pragma omp simd reduction(+ : sum)
      for (Index i = 0; i < count; ++i) {
        const double own = loss.at(margins[i], y[i]).value;
        sum += weight[i] > 0.0 ? weight[i] * own : 0.0;
      }
    }
    return sum;
  }

  static void prepare(const std::vector<double>& fields, Index count, Index, double* margins,
                      const double* y) {
    const Loss loss = make_part<Loss>(fields);
#pragma omp simd
    for (Index i = 0; i < count; ++i) margins[i] = loss.at(margins[i], y[i]).second;
  }

  static void curvature_product(Index count, Index, const double* state, const double* weight,
                                double* direction) {
    if (weight == nullptr) {
#pragma omp simd
      for (Index i = 0; i < count; ++i) direction[i] *= state[i];
    } else {
#pragma omp simd
      for (Index i = 0; i < count; ++i) {
        direction[i] *= weight[i] > 0.0 ? weight[i] * state[i] : 0.0;
      }
    }
  }

  static void curvature(Index count, Index, const double* state, const double* weight, Index, Index,
                        double* q) {
    if (weight == nullptr) {
#pragma omp simd
      for (Index i = 0; i < count; ++i) q[i] = state[i];
    } else {
#pragma omp simd
      for (Index i = 0; i < count; ++i) q[i] = weight[i] > 0.0 ? weight[i] * state[i] : 0.0;
    }
  }

  static double gap(const std::vector<double>& fields, Index count, Index, const double* margins,
                    const double* y, const double* weight, double t) {
    double sum = 0.0;
    if constexpr (has_gap<Loss>::value) {
      const Loss loss = make_part<Loss>(fields);
      for (Index i = 0; i < count; ++i) {
        const double own = weight == nullptr ? 1.0 : weight[i];
        if (own > 0.0) sum += own * loss.gap(margins[i], y[i], t);
      }
    }
    return sum;
  }
};

}  // namespace detail

/// The table row of one loss. A loss of several margins supplies the five block functions itself.
template <class Loss>
ObjectiveRow make_objective_row(const Entry<Loss>& entry) {
  using Blocks = std::conditional_t<detail::has_at<Loss>::value, detail::OneMargin<Loss>, Loss>;
  return {
      describe("objectives", entry),
      Loss::target,
      detail::has_at<Loss>::value,
      [](const std::vector<double>& fields) { return make_part<Loss>(fields).curvature_bound(); },
      Loss::self_concordance,
      &Blocks::evaluate,
      &Blocks::value,
      &Blocks::prepare,
      &Blocks::curvature_product,
      &Blocks::curvature,
      detail::has_gap<Loss>::value ? &Blocks::gap : nullptr};
}

}  // namespace optlite
