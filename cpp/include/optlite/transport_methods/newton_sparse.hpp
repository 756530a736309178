#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/conjugate_gradients.hpp"
#include "optlite/transport/climb.hpp"
#include "optlite/transport_methods/concept.hpp"

namespace optlite::transport_methods {

/// Sinkhorn-Newton-Sparse as its paper states it: a number of Sinkhorn iterations, then Newton's on
/// the potentials of rows and columns together, with a Hessian of which only the largest entries
/// are kept. Its convergence hangs on that number: where the plan has more entries that matter, it
/// becomes linear or stalls. `newton` chooses what it leaves out by the error that this makes.
struct NewtonSparse {
  static constexpr auto doc = "Sinkhorn-Newton-Sparse: Newton with the largest Hessian entries.";
  static constexpr auto formula =
      R"(\begin{pmatrix} \mathrm{diag}(P 1) & \tilde P \\ \tilde P^T & \mathrm{diag}(P^T 1)
      \end{pmatrix} \begin{pmatrix} \Delta f \\ \Delta g \end{pmatrix}
      = \varepsilon \begin{pmatrix} a - P 1 \\ b - P^T 1 \end{pmatrix})";
  static constexpr auto reference =
      "Tang, Shavlovsky, Rahmanian, Tardini, Thekumparampil, Xiao and Ying, Accelerating Sinkhorn "
      "algorithm with sparse Newton iterations, 2024, algorithm 1";

  double sparsity = 2.0;
  double warm_up = 20.0;
  double max_inner = 1000.0;
  static constexpr auto fields() {
    return std::array{
        field("sparsity", &NewtonSparse::sparsity, at_least_one,
              "Share of the entries of the whole Hessian that are kept, times its rows / 2."),
        integer("warm_up", &NewtonSparse::warm_up, 1.0,
                "Sinkhorn iterations before the first Newton step."),
        integer("max_inner", &NewtonSparse::max_inner, 1.0,
                "Limit of conjugate-gradient iterations for one step.")};
  }

  class Run final : public TransportMethod {
   public:
    Run(double sparsity, double warm_up, double max_inner)
        : sparsity_(sparsity), warm_up_(as_count(warm_up)), max_inner_(as_count(max_inner)) {}

    void start(transport::Problem& problem, transport::Point& at) override {
      sweeps_left_ = warm_up_;
      problem.evaluate(at, transport::Precision::full, false);
    }

    bool advance(transport::Problem& problem, transport::Point& at, double goal) override {
      was_newton_ = sweeps_left_ == 0;
      step_ = 1.0;
      if (!was_newton_) {
        --sweeps_left_;
        at.g = problem.column_step(at);
        problem.evaluate(at, transport::Precision::full, false);
        return true;
      }
      sparsify(problem, at);
      solve(problem, at);
      if (!search(problem, at)) return false;
      if (at.error <= goal) problem.evaluate(at, transport::Precision::full, false);  // exact rows
      return true;
    }

   private:
    /// The largest entries are kept; the diagonal always is.
    void sparsify(transport::Problem& problem, const transport::Point& at) {
      const Index n = problem.sources(), m = problem.targets();
      plan_.resize(n, m);
      transport::write_plan(problem.cost(), at, plan_.data());
      // The paper's share lambda = sparsity / n of (2 n)^2 entries, less the 2 n of the diagonal.
      const double wanted = 0.5 * (2.0 * sparsity_ - 1.0) * static_cast<double>(n + m);
      const Index count = std::clamp<Index>(as_count(wanted), 1, n * m);
      std::vector<double> sorted(plan_.data(), plan_.data() + n * m);
      const auto last = sorted.begin() + (count - 1);
      std::nth_element(sorted.begin(), last, sorted.end(), std::greater<double>());
      const double threshold = *last;
      values_.clear();
      columns_.clear();
      starts_.assign(1, 0);
      for (Index i = 0; i < n; ++i) {
        for (Index j = 0; j < m; ++j) {
          if (plan_(i, j) < threshold || plan_(i, j) == 0.0) continue;
          values_.push_back(plan_(i, j));
          columns_.push_back(static_cast<std::int32_t>(j));
        }
        starts_.push_back(values_.size());
        if (i % 64 == 0) interrupt::poll();
      }
    }

    void multiply(const transport::Point& at, const Vector& x, Vector& out) const {
      const Index n = at.f.size();
      out.resize(x.size());
      out.head(n) = at.row_sums.cwiseProduct(x.head(n));
      out.tail(at.g.size()) = at.column_sums.cwiseProduct(x.tail(at.g.size()));
      for (Index i = 0; i < n; ++i) {
        for (auto k = starts_[static_cast<std::size_t>(i)];
             k < starts_[static_cast<std::size_t>(i + 1)]; ++k) {
          out[i] += values_[k] * x[n + columns_[k]];
          out[n + columns_[k]] += values_[k] * x[i];
        }
      }
    }

    /// Conjugate gradients, preconditioned by the diagonal, to a residual far below the gradient.
    void solve(transport::Problem& problem, const transport::Point& at) {
      const Index n = problem.sources(), m = problem.targets();
      gradient_.resize(n + m);
      gradient_ << problem.a() - at.row_sums, problem.b() - at.column_sums;
      Vector diagonal(n + m);
      diagonal << at.row_sums, at.column_sums;
      diagonal = diagonal.cwiseMax(1e-300);
      Vector residual = gradient_;
      const double enough = 1e-3 * residual.norm() * std::min(1.0, at.error);
      Index limit = max_inner_;
      direction_.setZero(n + m);
      conjugate_gradients(
          direction_, residual, limit,
          [&](const Vector& p, Vector& product) {
            multiply(at, p, product);
            problem.count_product();
            interrupt::poll();
          },
          [&](const Vector& r) -> Vector { return r.cwiseQuotient(diagonal); },
          [](const Vector& p, const Vector& q) { return p.dot(q); },
          [&](const Vector&, const Vector& r) { return !(r.norm() > enough); });
      direction_ *= at.reg;
    }

    /// Halves the step until the Lyapunov potential (the dual value) rises, or the error falls
    /// where rounding hides that. The direction may be very long between parts of the plan that
    /// hardly touch: the first trial moves exponents by so much that nothing overflows.
    bool search(transport::Problem& problem, transport::Point& at) {
      const double slope = gradient_.dot(direction_);
      if (!(slope > 0.0) || !direction_.allFinite()) return false;
      const auto of_f = direction_.head(at.f.size()), of_g = direction_.tail(at.g.size());
      const double longest =
          std::max(of_f.maxCoeff() + of_g.maxCoeff(), -of_f.minCoeff() - of_g.minCoeff());
      const double first = std::min(1.0, longest_move * at.reg / longest);
      const double rounding = 1e-13 * (std::fabs(at.value) + at.reg);
      const transport::Point from = at;
      return transport::climb(at, first, rounding, step_,
                              [&](double step, transport::Point& point) {
                                point.f = from.f + step * of_f;
                                point.g = from.g + step * of_g;
                                problem.evaluate(point, transport::Precision::full, false, 0.0);
                                return step * slope;
                              });
    }
    static constexpr double longest_move = 20.0;  // in units of reg

    double sparsity_;
    Index warm_up_, max_inner_;
    Index sweeps_left_ = 0;
    RowMatrix plan_;
    std::vector<double> values_;
    std::vector<std::int32_t> columns_;
    std::vector<std::size_t> starts_;
    Vector gradient_, direction_;
  };

  std::unique_ptr<TransportMethod> make() const {
    return std::make_unique<Run>(sparsity, warm_up, max_inner);
  }
};

}  // namespace optlite::transport_methods
