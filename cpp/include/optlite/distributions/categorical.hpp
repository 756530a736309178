#pragma once

#include <algorithm>
#include <cmath>

#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// Logits of the classes 1, ..., k - 1 against class 0, whose logit is zero.
struct Categorical {
  static constexpr auto doc = "Probabilities of k classes.";
  static constexpr auto formula =
      R"(P(y = j) = p_j = \frac{e^{z_j}}{\sum_i e^{z_i}}, \quad z_0 = 0)";
  static constexpr auto reference =
      "Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section "
      "2; Amari, Natural gradient works efficiently in learning, 1998, section 2";
  static constexpr auto no_crps = "it depends on the order of the classes, and these have none";
  static constexpr Support support = Support::label;

  double k = 3.0;
  static constexpr auto fields() {
    return std::array{
        field("k", &Categorical::k, {2.0, 1000.0, false, false}, "Number of classes, whole.")};
  }

  static Index n_params(const FieldValues& fields) {
    return static_cast<Index>(make_part<Categorical>(fields).k) - 1;
  }
  static Index n_outputs(const FieldValues&) { return 1; }
  static std::vector<ParameterRecord> parameters(const FieldValues& fields) {
    std::vector<ParameterRecord> records;
    for (Index j = 1; j <= n_params(fields); ++j) {
      const std::string number = std::to_string(j);
      records.push_back(
          {"logit_" + number, "Logarithm of the odds of class " + number + " against class 0."});
    }
    return records;
  }
  static Index first_outside(const FieldValues& fields, Index count, const double* y, Index) {
    const double last = static_cast<double>(n_params(fields));
    for (Index i = 0; i < count; ++i) {
      if (!inside(support, y[i]) || y[i] > last) return i;
    }
    return count;
  }
  static bool start(const FieldValues& fields, Index count, const double* y, Index,
                    const double* weight, double* params) {
    const Index p = n_params(fields);
    std::vector<double> share(static_cast<std::size_t>(p) + 1, 0.0);
    double total = 0.0;
    for (Index i = 0; i < count; ++i) {
      const double w = weight == nullptr ? 1.0 : weight[i];
      share[static_cast<std::size_t>(y[i])] += w;
      total += w;
    }
    for (double& s : share) s = std::max(s / total, 1e-12);  // of a class that does not occur
    for (Index j = 0; j < p; ++j) {
      params[j] = std::log(share[static_cast<std::size_t>(j) + 1]) - std::log(share[0]);
    }
    return true;
  }

  /// log sum_j e^(z_j) of one row.
  static double log_total(const double* z, Index p, Index stride) {
    double top = 0.0;
    for (Index j = 0; j < p; ++j) top = std::max(top, z[j * stride]);
    double sum = std::exp(-top);
    for (Index j = 0; j < p; ++j) sum += std::exp(z[j * stride] - top);
    return top + std::log(sum);
  }
  /// -log p_y without cancellation where p_y is nearly one: log(1 + sum of the other odds).
  static double log_score(const double* z, Index p, Index stride, Index own) {
    const double mine = own == 0 ? 0.0 : z[(own - 1) * stride];
    double top = own == 0 ? -infinity : -mine, odds = 0.0;
    for (Index j = 0; j < p; ++j) {
      if (j + 1 != own) top = std::max(top, z[j * stride] - mine);
    }
    if (top > 0.0) return log_total(z, p, stride) - mine;
    if (own != 0) odds += std::exp(-mine);
    for (Index j = 0; j < p; ++j) {
      if (j + 1 != own) odds += std::exp(z[j * stride] - mine);
    }
    return std::log1p(odds);
  }

  static void score(const FieldValues& fields, const Rows& rows, double* out, Index) {
    const Index p = n_params(fields);
    for (Index i = 0; i < rows.count; ++i) {
      out[i] = log_score(rows.params + i, p, rows.stride, static_cast<Index>(rows.y[i]));
    }
  }
  /// p_j - 1{y = j}; for the own class the sum of the other probabilities, with its sign.
  static void gradient(const FieldValues& fields, const Rows& rows, double* out, Index stride) {
    const Index p = n_params(fields);
    for (Index i = 0; i < rows.count; ++i) {
      const double* z = rows.params + i;
      const double log_sum = log_total(z, p, rows.stride);
      const Index own = static_cast<Index>(rows.y[i]);
      double others = std::exp(-log_sum);
      for (Index j = 0; j < p; ++j) {
        const double probability = std::exp(z[j * rows.stride] - log_sum);
        out[j * stride + i] = probability;
        if (j + 1 != own) others += probability;
      }
      if (own > 0) out[(own - 1) * stride + i] = -others;
    }
  }
  /// 1{y = 0} / p_0 - 1{y = j} / p_j, from the inverse of diag(p) - p p^T; 1 / p is at most 1e13.
  static void natural_gradient(const FieldValues& fields, const Rows& rows, double* out,
                               Index stride) {
    const Index p = n_params(fields);
    for (Index i = 0; i < rows.count; ++i) {
      const Index own = static_cast<Index>(rows.y[i]);
      const double surprise = log_score(rows.params + i, p, rows.stride, own);
      const double inverse = std::exp(std::min(surprise, 30.0));
      for (Index j = 0; j < p; ++j) out[j * stride + i] = own == 0 ? inverse : 0.0;
      if (own > 0) out[(own - 1) * stride + i] = -inverse;
    }
  }
  static void metric(const FieldValues& fields, const Rows& rows, double* out, Index stride) {
    const Index p = n_params(fields);
    for (Index i = 0; i < rows.count; ++i) {
      const double* z = rows.params + i;
      const double log_sum = log_total(z, p, rows.stride);
      for (Index a = 0; a < p; ++a) {
        const double pa = std::exp(z[a * rows.stride] - log_sum);
        double rest = std::exp(-log_sum);  // 1 - p_a, as a sum
        for (Index b = 0; b < p; ++b) {
          const double pb = std::exp(z[b * rows.stride] - log_sum);
          out[(a * p + b) * stride + i] = -pa * pb;
          if (a != b) rest += pb;
        }
        out[(a * p + a) * stride + i] = pa * rest;
      }
    }
  }

  static std::vector<ScoreRow> scores() {
    return {{"log", false, &score, &gradient, &natural_gradient, &metric}};
  }
};

}  // namespace optlite::distributions
