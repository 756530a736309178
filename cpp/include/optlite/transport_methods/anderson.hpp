#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "optlite/linalg/small_matrices.hpp"
#include "optlite/transport_methods/concept.hpp"

namespace optlite::transport_methods {

/// Sinkhorn's iteration is a fixed-point map of the target potentials; a combination of its last
/// values, chosen so that the same combination of residuals is small, is a better point than the
/// last one alone. Where it is not, the memory is emptied and a plain step follows.
struct Anderson {
  static constexpr auto doc = "Sinkhorn's iteration, extrapolated from its last few residuals.";
  static constexpr auto formula =
      R"(g_{k+1} = T(g_k) - \sum_l \gamma_l \bigl(T(g_{l+1}) - T(g_l)\bigr), \quad
      \gamma = \arg\min \Bigl\lVert r_k - \sum_l \gamma_l (r_{l+1} - r_l) \Bigr\rVert, \quad
      r = T(g) - g)";
  static constexpr auto reference =
      "Anderson, Iterative procedures for nonlinear integral equations, 1965; "
      "Walker and Ni, Anderson acceleration for fixed-point iterations, 2011, algorithm AA";

  double memory = 5.0;
  static constexpr auto fields() {
    return std::array{
        integer("memory", &Anderson::memory, 1.0, "Differences of iterates that are combined.")};
  }

  class Run final : public TransportMethod {
   public:
    explicit Run(double memory) : memory_(as_count(memory)) {}

    void start(transport::Problem& problem, transport::Point& at) override {
      forget();
      stalled_ = 0;
      best_ = infinity;
      problem.evaluate(at, transport::Precision::full, false);
    }

    bool advance(transport::Problem& problem, transport::Point& at, double) override {
      const Vector mapped = problem.column_step(at);
      remember(mapped, mapped - at.g);
      trial_.reg = at.reg;
      trial_.g = combined(mapped);
      problem.evaluate(trial_, transport::Precision::full, false);
      if (residuals_.size() > 1 && !(trial_.error <= 2.0 * at.error)) {
        forget();
        trial_.g = mapped;
        problem.evaluate(trial_, transport::Precision::full, false);
      }
      std::swap(at, trial_);
      stalled_ = at.error < best_ ? 0 : stalled_ + 1;
      best_ = std::min(best_, at.error);
      const double rounding = epsilon * static_cast<double>(problem.targets());
      return stalled_ < 100 || at.error > rounding * problem.b().sum();
    }

   private:
    void forget() {
      residuals_.clear();
      values_.clear();
    }

    /// Potentials that differ by a constant are the same: it must not enter the differences.
    void remember(Vector value, Vector residual) {
      value.array() -= value.mean();
      residual.array() -= residual.mean();
      values_.push_back(std::move(value));
      residuals_.push_back(std::move(residual));
      if (static_cast<Index>(values_.size()) > memory_ + 1) {
        values_.erase(values_.begin());
        residuals_.erase(residuals_.begin());
      }
    }

    Vector combined(const Vector& mapped) const {
      const Index count = static_cast<Index>(residuals_.size()) - 1;
      if (count < 1) return mapped;
      Matrix differences(mapped.size(), count);
      for (Index l = 0; l < count; ++l) {
        const auto k = static_cast<std::size_t>(l);
        differences.col(l) = residuals_[k + 1] - residuals_[k];
      }
      const Vector weights = least_squares(differences, residuals_.back());
      Vector g = values_.back();
      for (Index l = 0; l < count; ++l) {
        const auto k = static_cast<std::size_t>(l);
        g -= weights[l] * (values_[k + 1] - values_[k]);
      }
      return g.allFinite() ? g : mapped;
    }

    Index memory_;
    std::vector<Vector> values_, residuals_;
    transport::Point trial_;
    double best_ = infinity;
    int stalled_ = 0;
  };

  std::unique_ptr<TransportMethod> make() const { return std::make_unique<Run>(memory); }
};

}  // namespace optlite::transport_methods
