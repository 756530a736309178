// The one file that sees every distribution: the table, and fits of one set of parameters to all
// rows.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "optlite/core/parallel.hpp"
#include "optlite/core/special.hpp"
#include "optlite/registered/distributions.hpp"

namespace optlite {

const std::vector<DistributionRow>& distribution_table() {
  static const auto table = tabulate<DistributionRow>(
      registered::distributions, [](const auto& entry) { return make_distribution_row(entry); });
  return table;
}

bool inside(Support support, double y) {
  if (!std::isfinite(y)) return false;
  switch (support) {
    case Support::real:
    case Support::vector: return true;
    case Support::positive_real: return y > 0.0;
    case Support::non_negative_real: return y >= 0.0;
    case Support::unit_interval: return y > 0.0 && y < 1.0;
    case Support::binary: return y == 0.0 || y == 1.0;
    case Support::count:
      return y >= 0.0 && y <= 9007199254740992.0 && y == std::floor(y);  // all exist up to there
    case Support::label: return y >= 0.0 && y == std::floor(y);
  }
  return false;
}

namespace {

struct Weighted {
  double y, weight;
};

/// The weighted quantile: the value at which the sorted weights pass `share` of their total (the
/// middle of two values if they reach it exactly).
double quantile(const std::vector<Weighted>& sorted, double total, double share) {
  double sum = 0.0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    sum += sorted[i].weight;
    if (sum > share * total || i + 1 == sorted.size()) return sorted[i].y;
    if (sum == share * total) return 0.5 * sorted[i].y + 0.5 * sorted[i + 1].y;
  }
  return std::nan("");
}

}  // namespace

Summary summarize(Index count, const double* y, const double* weight) {
  const auto w = [&](Index i) { return weight == nullptr ? 1.0 : weight[i]; };
  double total = 0.0;
  for (Index i = 0; i < count; ++i) total += w(i);
  const auto mean_of = [&](auto&& value) {
    parallel::poll_outside();
    double sum = 0.0;
    for (Index i = 0; i < count; ++i) {
      if (w(i) != 0.0) sum += w(i) / total * value(y[i]);
    }
    return sum;
  };
  const auto square = [](double x) { return x * x; };
  Summary s;
  s.mean = mean_of([](double v) { return v; });
  s.variance = mean_of([&](double v) { return square(v - s.mean); });
  s.mean_square = mean_of(square);
  s.zeros = mean_of([](double v) { return v == 0.0 ? 1.0 : 0.0; });
  s.mean_log = mean_of([](double v) { return std::log(v); });
  s.variance_log = mean_of([&](double v) { return square(std::log(v) - s.mean_log); });
  s.mean_log_complement = mean_of([](double v) { return std::log1p(-v); });

  std::vector<Weighted> sorted;
  sorted.reserve(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    if (w(i) != 0.0) sorted.push_back({y[i], w(i)});
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Weighted& a, const Weighted& b) { return a.y < b.y; });
  s.median = quantile(sorted, total, 0.5);
  s.half_quartile_range = 0.5 * (quantile(sorted, total, 0.75) - quantile(sorted, total, 0.25));
  s.mean_deviation = mean_of([&](double v) { return std::fabs(v - s.median); });
  return s;
}

namespace {

constexpr Index block = 256;
constexpr int most_params = 3;  // of the distributions whose start is improved here
using Small = std::array<double, most_params>;

/// The weighted mean of the log score and of its gradient, one set of parameters for all rows.
class MeanScore {
 public:
  MeanScore(const DistributionRow& row, const FieldValues& fields, Index count, const double* y,
            const double* weight, const double* event)
      : score_(row.scores.front()),
        fields_(fields),
        p_(row.n_params(fields)),
        count_(count),
        y_(y),
        weight_(weight),
        event_(event) {
    for (Index i = 0; i < count; ++i) total_ += weight == nullptr ? 1.0 : weight[i];
  }

  Index size() const { return p_; }

  double value(const Small& theta) const {
    double mean = 0.0;
    sum(score_.score, 1, theta, &mean);
    return mean;
  }
  Small gradient(const Small& theta) const {
    Small mean{};
    sum(score_.gradient, p_, theta, mean.data());
    return mean;
  }
  /// By differences of the gradient; `theta` has entries of order one (they are logarithms) or a
  /// location, whose unit is that of the metric.
  std::array<Small, most_params> hessian(const Small& theta) const {
    std::array<Small, most_params> H{};
    const std::array<Small, most_params> M = metric(theta);
    for (Index k = 0; k < p_; ++k) {
      const double h = 1e-4 / std::sqrt(std::max(M[k][k], 1e-4));
      Small up = theta, down = theta;
      up[k] += h;
      down[k] -= h;
      const Small a = gradient(up), b = gradient(down);
      for (Index j = 0; j < p_; ++j) H[k][j] = (a[j] - b[j]) / (up[k] - down[k]);
    }
    for (Index j = 0; j < p_; ++j) {
      for (Index k = 0; k < j; ++k) H[j][k] = H[k][j] = 0.5 * (H[j][k] + H[k][j]);
    }
    return H;
  }
  std::array<Small, most_params> metric(const Small& theta) const {
    std::array<double, most_params * most_params> flat{};
    const double any = 1.0;  // a metric reads no target
    score_.metric(fields_, {1, theta.data(), 1, &any, 1, nullptr}, flat.data(), 1);
    std::array<Small, most_params> M{};
    for (Index j = 0; j < p_; ++j) {
      for (Index k = 0; k < p_; ++k) M[j][k] = flat[static_cast<std::size_t>(j * p_ + k)];
    }
    return M;
  }

 private:
  void sum(RowsFunction function, Index columns, const Small& theta, double* mean) const {
    double params[most_params * block], out[most_params * block];
    for (Index k = 0; k < p_; ++k) std::fill_n(params + k * block, block, theta[k]);
    for (Index begin = 0; begin < count_; begin += block) {
      parallel::poll_outside();
      const Index n = std::min(block, count_ - begin);
      const double* event = event_ == nullptr ? nullptr : event_ + begin;
      function(fields_, {n, params, block, y_ + begin, n, event}, out, block);
      for (Index k = 0; k < columns; ++k) {
        for (Index i = 0; i < n; ++i) {
          const double w = weight_ == nullptr ? 1.0 : weight_[begin + i];
          if (w != 0.0) mean[k] += w / total_ * out[k * block + i];
        }
      }
    }
  }

  const ScoreRow& score_;
  const FieldValues& fields_;
  Index p_, count_;
  const double *y_, *weight_, *event_;
  double total_ = 0.0;
};

/// Solves A x = b by Cholesky; false where A is not positive definite.
bool solve(std::array<Small, most_params> A, const Small& b, Index p, Small& x) {
  x = b;
  for (Index j = 0; j < p; ++j) {
    const double before = A[j][j];
    for (Index k = 0; k < j; ++k) A[j][j] -= A[j][k] * A[j][k];
    if (!(A[j][j] > 1e-10 * before)) return false;
    A[j][j] = std::sqrt(A[j][j]);
    for (Index i = j + 1; i < p; ++i) {
      for (Index k = 0; k < j; ++k) A[i][j] -= A[i][k] * A[j][k];
      A[i][j] /= A[j][j];
    }
  }
  for (Index j = 0; j < p; ++j) {
    for (Index k = 0; k < j; ++k) x[j] -= A[j][k] * x[k];
    x[j] /= A[j][j];
  }
  for (Index j = p - 1; j >= 0; --j) {
    for (Index k = j + 1; k < p; ++k) x[j] -= A[k][j] * x[k];
    x[j] /= A[j][j];
  }
  return true;
}

double product(const Small& a, const Small& b, Index p) {
  return std::inner_product(a.begin(), a.begin() + p, b.begin(), 0.0);
}

/// Newton's method from a start that is near; a step of Fisher scoring where the score is not
/// convex. A step has at most the length one in the metric, and is cut where it leaves the bounds.
void improve(const DistributionRow& row, const MeanScore& mean, Small& theta) {
  const Index p = mean.size();
  if (row.bound != nullptr) row.bound(theta.data());
  double value = mean.value(theta);
  for (int iteration = 0; iteration < 30; ++iteration) {
    const Small g = mean.gradient(theta);
    const auto M = mean.metric(theta);
    Small step;
    bool found = solve(mean.hessian(theta), g, p, step) || solve(M, g, p, step);
    if (!found) return;
    double length = 0.0;
    for (Index j = 0; j < p; ++j) {
      for (Index k = 0; k < p; ++k) length += step[j] * M[j][k] * step[k];
    }
    const double decrement = product(g, step, p);
    if (!(decrement > 1e-22)) return;
    double scale = length > 1.0 ? 1.0 / std::sqrt(length) : 1.0;
    bool lower = false;
    for (int halving = 0; halving < 30 && !lower; ++halving, scale *= 0.5) {
      Small next = theta;
      for (Index k = 0; k < p; ++k) next[k] -= scale * step[k];
      if (row.bound != nullptr) row.bound(next.data());
      const double there = mean.value(next);
      // Near the minimum values agree to rounding; the gradient decides there.
      lower = there < value || (there <= value + 1e-14 * std::fabs(value) && decrement < 1e-12);
      if (lower) {
        theta = next;
        value = there;
      }
    }
    if (!lower) return;
  }
}

}  // namespace

void marginal(const DistributionRow& row, const FieldValues& fields, Index count, const double* y,
              Index y_stride, const double* weight, const double* event, double* params) {
  const bool exact = row.start(fields, count, y, y_stride, weight, params);
  const bool censored =
      event != nullptr && std::any_of(event, event + count, [](double e) { return e == 0.0; });
  if (exact && !censored) return;
  const Index p = row.n_params(fields);
  Small theta{};
  std::copy_n(params, p, theta.begin());
  improve(row, MeanScore(row, fields, count, y, weight, event), theta);
  std::copy_n(theta.begin(), p, params);
}

}  // namespace optlite
