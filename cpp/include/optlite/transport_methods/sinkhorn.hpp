#pragma once

#include <array>
#include <limits>

#include "optlite/transport/scaling.hpp"
#include "optlite/transport_methods/concept.hpp"

namespace optlite::transport_methods {

/// Makes the columns fit, then the rows, and so on. With a relaxation above one both overshoot,
/// which saves iterations where the convergence is slow; where the error grows instead, plain steps
/// go on.
struct Sinkhorn {
  static constexpr auto doc = "Rows and columns of the plan are scaled to their sums in turn.";
  static constexpr auto formula =
      R"(g_j \leftarrow g_j + \omega\, \varepsilon \log \frac{b_j}{(P^T 1)_j}, \qquad
      f_i \leftarrow f_i + \omega\, \varepsilon \log \frac{a_i}{(P 1)_i})";
  static constexpr auto reference =
      "Sinkhorn and Knopp, Concerning nonnegative matrices and doubly stochastic matrices, 1967; "
      "Cuturi, Sinkhorn distances: lightspeed computation of optimal transport, 2013, algorithm 1; "
      "Schmitzer, Stabilized sparse scaling algorithms for entropy regularized transport problems, "
      "2019, algorithm 2; "
      "Thibault, Chizat, Dossal and Papadakis, Overrelaxed Sinkhorn-Knopp algorithm for "
      "regularized optimal transport, 2021, algorithm 1";

  double relaxation = 1.0;
  double domain = 0.0;
  static constexpr auto fields() {
    return std::array{
        field("relaxation", &Sinkhorn::relaxation, Range{1.0, 2.0, false, true},
              "Share of each step: 1 fits the sums, more overshoots."),
        choice("domain", &Sinkhorn::domain, "scaling logarithm",
               "Multiply the plan in memory, or take all exponentials anew in each iteration.")};
  }

  class Run final : public TransportMethod {
    using Precision = transport::Precision;

   public:
    Run(double relaxation, bool in_logarithms)
        : relaxation_(relaxation), in_logarithms_(in_logarithms) {}

    void start(transport::Problem& problem, transport::Point& at) override {
      current_ = relaxation_;
      best_ = infinity;
      stalled_ = 0;
      evaluate(problem, at);
    }

    bool advance(transport::Problem& problem, transport::Point& at, double goal) override {
      if (in_logarithms_) {
        at.g += current_ * (problem.column_step(at) - at.g);
        problem.evaluate(at, Precision::full, false, current_);
      } else {
        transport::sweep(problem, at, Precision::full, current_);
      }
      stalled_ = at.error < best_ ? 0 : stalled_ + 1;
      best_ = std::min(best_, at.error);
      // The error of relaxed steps falls in waves; where it grows beyond one, plain steps go on.
      current_ = at.error <= 10.0 * best_ ? relaxation_ : 1.0;
      const double rounding = epsilon * static_cast<double>(problem.targets());
      if (at.error <= goal && relaxation_ != 1.0) evaluate(problem, at);  // exact rows
      return stalled_ < 100 || at.error > rounding * problem.b().sum();
    }

    bool confirm(transport::Problem& problem, transport::Point& at) override {
      if (in_logarithms_ || relaxation_ != 1.0) return false;
      evaluate(problem, at);
      return true;
    }

   private:
    void evaluate(transport::Problem& problem, transport::Point& at) const {
      problem.evaluate(at, Precision::full, !in_logarithms_);
    }

    double relaxation_;
    bool in_logarithms_;
    double current_ = 1.0;
    double best_ = infinity;
    int stalled_ = 0;
  };

  std::unique_ptr<TransportMethod> make() const {
    return std::make_unique<Run>(relaxation, domain != 0.0);
  }
};

}  // namespace optlite::transport_methods
