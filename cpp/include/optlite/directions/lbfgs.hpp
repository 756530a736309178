#pragma once

#include <array>
#include <cmath>
#include <deque>

#include "optlite/directions/concept.hpp"

namespace optlite::directions {

/// The limited-memory BFGS two-loop recursion, started from a metric instead of a multiple of I.
struct Lbfgs {
  static constexpr auto doc = "Quasi-Newton: the inverse Hessian from the last few steps.";
  static constexpr auto formula =
      R"(p = -H_k g_k, \quad H_k = V_k^T H_{k-1} V_k + \rho_k s_k s_k^T, \quad
      V_k = I - \rho_k y_k s_k^T, \quad \rho_k = 1 / y_k^T s_k)";
  static constexpr auto reference =
      "Liu and Nocedal, On the limited memory BFGS method for large scale optimization, 1989; "
      "Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.4";
  static constexpr bool uses_hessian = false;

  double memory = 10;
  static constexpr auto fields() {
    return std::array{
        integer("memory", &Lbfgs::memory, 1.0, "Number of steps that are remembered.")};
  }

  class Run final : public Direction {
   public:
    explicit Run(double memory) : memory_(static_cast<std::size_t>(memory)) {}

    void use_metric(const Metric* metric) override { metric_ = metric; }
    bool estimates() const override { return !pairs_.empty(); }

    void compute(Objective&, const Point& at, Vector& p) override {
      p = -at.gradient;
      std::vector<double> weights(pairs_.size());
      for (std::size_t i = pairs_.size(); i-- > 0;) {
        weights[i] = pairs_[i].rho * pairs_[i].s.dot(p);
        p -= weights[i] * pairs_[i].y;
      }
      if (metric_ != nullptr) {
        Vector solved;
        metric_->solve(p, solved);
        p = solved;
      }
      p *= scale_;
      for (std::size_t i = 0; i < pairs_.size(); ++i) {
        const double correction = pairs_[i].rho * pairs_[i].y.dot(p);
        p += (weights[i] - correction) * pairs_[i].s;
      }
    }

    void moved(const Point& from, const Point& to) override {
      Pair pair{to.x - from.x, to.gradient - from.gradient, 0.0};
      const double curvature = pair.s.dot(pair.y);
      // A pair without positive curvature would make the matrix indefinite: leave it out.
      if (!(curvature > 1e-10 * pair.s.norm() * pair.y.norm())) return;
      Vector scaled = pair.y;
      if (metric_ != nullptr) metric_->solve(pair.y, scaled);
      scale_ = curvature / pair.y.dot(scaled);
      pair.rho = 1.0 / curvature;
      pairs_.push_back(std::move(pair));
      if (pairs_.size() > memory_) pairs_.pop_front();
    }

   private:
    struct Pair {
      Vector s;
      Vector y;
      double rho;
    };
    std::size_t memory_;
    std::deque<Pair> pairs_;
    double scale_ = 1.0;
    const Metric* metric_ = nullptr;
  };

  std::unique_ptr<Direction> make() const { return std::make_unique<Run>(memory); }
};

}  // namespace optlite::directions
