#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/core/parallel.hpp"
#include "optlite/core/special.hpp"
#include "optlite/distributions/concept.hpp"

namespace optlite::distributions {

/// The precision is L^T L with an upper triangular L whose diagonal is positive. Parameters: mu,
/// then each row of L from its diagonal on, the diagonal as a logarithm. With r = y - mu, u = L r:
/// the score is |u|^2 / 2 - sum log L_ii + (d / 2) log(2 pi).
///
/// Rows of L are orthogonal to each other and to mu. The information on row i is C + e e^T /
/// L_ii^2, C the covariance of y_i, ..., y_d, whose inverse is D^T D for the block D of L from i
/// on; so its inverse is D^T D minus half the outer product of the row of L with itself.
struct MultivariateNormal {
  static constexpr auto doc = "Normal distribution of d numbers with any covariance.";
  static constexpr auto formula =
      R"(f(y) = \frac{\prod_i L_{ii}}{(2 \pi)^{d / 2}}\, e^{-\| L (y - \mu) \|^2 / 2})";
  static constexpr auto reference =
      "O'Malley, Sykulski, Lumpkin and Schuler, Multivariate probabilistic regression with natural "
      "gradient boosting, 2021, section 3";
  static constexpr auto no_crps =
      "it is a score of one number, and the energy score that generalises it has no closed form";
  static constexpr Support support = Support::vector;

  double d = 2.0;
  static constexpr auto fields() {
    return std::array{
        field("d", &MultivariateNormal::d, {1.0, 10.0, false, false}, "Number of outputs, whole.")};
  }

  static constexpr Index most = 10;
  using Numbers = std::array<double, most>;
  using Triangle = std::array<Numbers, most>;

  static Index n_outputs(const FieldValues& fields) {
    return static_cast<Index>(make_part<MultivariateNormal>(fields).d);
  }
  static Index n_params(const FieldValues& fields) {
    const Index n = n_outputs(fields);
    return n + n * (n + 1) / 2;
  }
  static std::vector<ParameterRecord> parameters(const FieldValues& fields) {
    const Index n = n_outputs(fields);
    std::vector<ParameterRecord> records;
    for (Index i = 0; i < n; ++i) {
      const std::string row = std::to_string(i);
      records.push_back({"mu_" + row, "Mean of output " + row + "."});
    }
    for (Index i = 0; i < n; ++i) {
      const std::string row = std::to_string(i);
      records.push_back({"log_diagonal_" + row, "Logarithm of L_ii for i = " + row + "."});
      for (Index j = i + 1; j < n; ++j) {
        const std::string column = std::to_string(j);
        records.push_back(
            {"upper_" + row + "_" + column, "L_ij for i = " + row + ", j = " + column + "."});
      }
    }
    return records;
  }
  static Index first_outside(const FieldValues& fields, Index count, const double* y,
                             Index y_stride) {
    const Index n = n_outputs(fields);
    for (Index i = 0; i < count; ++i) {
      for (Index j = 0; j < n; ++j) {
        if (!std::isfinite(y[j * y_stride + i])) return i;
      }
    }
    return count;
  }

  /// One row: mu and L from its parameters, residuals and u.
  struct State {
    Numbers r{}, u{};
    Triangle L{};
  };
  static State state(Index n, const Rows& rows, Index i) {
    State s;
    Index at = n;
    for (Index a = 0; a < n; ++a) {
      s.r[a] = rows.y[a * rows.y_stride + i] - rows.params[a * rows.stride + i];
      for (Index b = a; b < n; ++b) s.L[a][b] = rows.params[at++ * rows.stride + i];
      s.L[a][a] = std::exp(s.L[a][a]);
    }
    for (Index a = 0; a < n; ++a) {
      for (Index b = a; b < n; ++b) s.u[a] += s.L[a][b] * s.r[b];
    }
    return s;
  }

  static void score(const FieldValues& fields, const Rows& rows, double* out, Index) {
    const Index n = n_outputs(fields);
    for (Index i = 0; i < rows.count; ++i) {
      const State s = state(n, rows, i);
      double sum = static_cast<double>(n) * special::half_log_two_pi;
      for (Index a = 0; a < n; ++a) sum += 0.5 * s.u[a] * s.u[a] - std::log(s.L[a][a]);
      out[i] = sum;
    }
  }
  static void gradient(const FieldValues& fields, const Rows& rows, double* out, Index stride) {
    const Index n = n_outputs(fields);
    for (Index i = 0; i < rows.count; ++i) {
      const State s = state(n, rows, i);
      Index at = n;
      for (Index a = 0; a < n; ++a) {
        double sum = 0.0;
        for (Index b = 0; b <= a; ++b) sum -= s.L[b][a] * s.u[b];
        out[a * stride + i] = sum;
        out[at++ * stride + i] = s.L[a][a] * s.u[a] * s.r[a] - 1.0;
        for (Index b = a + 1; b < n; ++b) out[at++ * stride + i] = s.u[a] * s.r[b];
      }
    }
  }
  static void natural_gradient(const FieldValues& fields, const Rows& rows, double* out,
                               Index stride) {
    const Index n = n_outputs(fields);
    for (Index i = 0; i < rows.count; ++i) {
      const State s = state(n, rows, i);
      Index at = n;
      for (Index a = 0; a < n; ++a) {
        out[a * stride + i] = -s.r[a];
        const double half = 0.5 * (s.u[a] * s.u[a] + 1.0);
        for (Index b = a; b < n; ++b) {
          double sum = 0.0;  // D^T u
          for (Index c = a; c <= b; ++c) sum += s.L[c][b] * s.u[c];
          const double step = s.u[a] * sum - half * s.L[a][b];
          out[at++ * stride + i] = b == a ? step / s.L[a][a] : step;
        }
      }
    }
  }
  static void metric(const FieldValues& fields, const Rows& rows, double* out, Index stride) {
    const Index n = n_outputs(fields), p = n_params(fields);
    for (Index i = 0; i < rows.count; ++i) {
      const State s = state(n, rows, i);
      const Triangle inverse = inverted(n, s.L);
      for (Index k = 0; k < p * p; ++k) out[k * stride + i] = 0.0;
      const auto entry = [&](Index a, Index b) -> double& { return out[(a * p + b) * stride + i]; };
      Index begin = n;
      for (Index a = 0; a < n; ++a) {
        for (Index b = 0; b < n; ++b) {
          for (Index c = 0; c <= std::min(a, b); ++c) entry(a, b) += s.L[c][a] * s.L[c][b];
        }
        for (Index b = a; b < n; ++b) {
          for (Index c = a; c < n; ++c) {
            double covariance = 0.0;
            for (Index e = std::max(b, c); e < n; ++e) covariance += inverse[b][e] * inverse[c][e];
            const double scale = (b == a ? s.L[a][a] : 1.0) * (c == a ? s.L[a][a] : 1.0);
            entry(begin + b - a, begin + c - a) =
                scale * covariance + (b == a && c == a ? 1.0 : 0.0);
          }
        }
        begin += n - a;
      }
    }
  }
  /// The inverse of an upper triangular matrix.
  static Triangle inverted(Index n, const Triangle& L) {
    Triangle inverse{};
    for (Index b = 0; b < n; ++b) {
      inverse[b][b] = 1.0 / L[b][b];
      for (Index a = b - 1; a >= 0; --a) {
        double sum = 0.0;
        for (Index c = a + 1; c <= b; ++c) sum += L[a][c] * inverse[c][b];
        inverse[a][b] = -sum / L[a][a];
      }
    }
    return inverse;
  }

  /// Mean and covariance; the covariance is U U^T with U = L^-1 upper triangular.
  static bool start(const FieldValues& fields, Index count, const double* y, Index y_stride,
                    const double* weight, double* params) {
    const Index n = n_outputs(fields);
    double total = 0.0;
    for (Index i = 0; i < count; ++i) total += weight == nullptr ? 1.0 : weight[i];
    const auto average = [&](auto&& value) {
      parallel::poll_outside();
      double sum = 0.0;
      for (Index i = 0; i < count; ++i) {
        sum += (weight == nullptr ? 1.0 : weight[i]) / total * value(i);
      }
      return sum;
    };
    for (Index a = 0; a < n; ++a) {
      params[a] = average([&](Index i) { return y[a * y_stride + i]; });
    }
    Triangle C{}, U{};
    for (Index a = 0; a < n; ++a) {
      for (Index b = 0; b <= a; ++b) {
        C[a][b] = C[b][a] = average([&](Index i) {
          return (y[a * y_stride + i] - params[a]) * (y[b * y_stride + i] - params[b]);
        });
      }
      const double spread = spread_of(std::sqrt(C[a][a]), params[a]);
      C[a][a] = spread * spread;
    }
    for (Index b = n - 1; b >= 0; --b) {
      double rest = C[b][b];
      for (Index c = b + 1; c < n; ++c) rest -= U[b][c] * U[b][c];
      U[b][b] = std::sqrt(std::max(rest, 1e-12 * C[b][b]));  // outputs that determine each other
      for (Index a = 0; a < b; ++a) {
        double sum = C[a][b];
        for (Index c = b + 1; c < n; ++c) sum -= U[a][c] * U[b][c];
        U[a][b] = sum / U[b][b];
      }
    }
    const Triangle L = inverted(n, U);
    Index at = n;
    for (Index a = 0; a < n; ++a) {
      params[at++] = std::log(L[a][a]);
      for (Index b = a + 1; b < n; ++b) params[at++] = L[a][b];
    }
    return true;
  }

  static std::vector<ScoreRow> scores() {
    return {{"log", false, &score, &gradient, &natural_gradient, &metric}};
  }
};

}  // namespace optlite::distributions
