#pragma once

#include <cmath>

#include "optlite/core/interrupt.hpp"
#include "optlite/transport_methods/concept.hpp"

namespace optlite::transport_methods {

/// Fits the one row or column whose sum is worst, again and again. An iteration here is as many of
/// these updates as there are rows and columns, so that it costs about what one of Sinkhorn's does.
/// For teaching: it keeps a plan of its own, and its memory is read in an order that caches
/// dislike.
struct Greenkhorn {
  static constexpr auto doc = "The row or column whose sum is worst is scaled to it.";
  static constexpr auto formula =
      R"(\arg\max_k \rho(a_k, (P 1)_k) \text{ over rows and columns}, \quad
      \rho(x, y) = y - x + x \log \frac{x}{y})";
  static constexpr auto reference =
      "Altschuler, Weed and Rigollet, Near-linear time approximation algorithms for optimal "
      "transport via Sinkhorn iteration, 2017, algorithm 4";

  class Run final : public TransportMethod {
   public:
    void start(transport::Problem& problem, transport::Point& at) override {
      problem.evaluate(at, transport::Precision::full, false);
      if (at.column_sums.minCoeff() <= 1e-290) {  // no factor could bring such a column back
        at.g = problem.column_step(at);
        problem.evaluate(at, transport::Precision::full, false);
      }
      plan_.resize(problem.sources(), problem.targets());
      transport::write_plan(problem.cost(), at, plan_.data());
      rows_ = plan_.rowwise().sum();
      columns_ = plan_.colwise().sum();
      updates_ = 0;
    }

    bool advance(transport::Problem& problem, transport::Point& at, double goal) override {
      const Index count = problem.sources() + problem.targets();
      double error = at.error;
      for (Index k = 0; k < count && error > 0.5 * goal; ++k) {
        update(problem, at);
        if (k % 64 == 0) interrupt::poll();
        error = (rows_ - problem.a()).lpNorm<1>() + (columns_ - problem.b()).lpNorm<1>();
      }
      if (error <= goal || ++updates_ % 50 == 0) {
        // The sums are exact again, and so are the rows.
        start(problem, at);
        return at.error > 1e-15 * problem.b().sum();
      }
      at.value = problem.a().dot(at.f) + problem.b().dot(at.g) -
                 at.reg * (rows_.sum() - problem.a().sum());
      at.column_sums = columns_;
      at.error = error;
      return true;
    }

   private:
    static double misfit(double wanted, double found) {
      return found - wanted + wanted * std::log(wanted / found);
    }

    void update(const transport::Problem& problem, transport::Point& at) {
      Index row = 0, column = 0;
      const auto misfits = [](const Vector& wanted, const Vector& found) {
        return wanted.binaryExpr(found, [](double x, double y) { return misfit(x, y); }).eval();
      };
      const double worst_row = misfits(problem.a(), rows_).maxCoeff(&row);
      const double worst_column = misfits(problem.b(), columns_).maxCoeff(&column);
      if (worst_row >= worst_column) {
        const double factor = problem.a()[row] / rows_[row];
        columns_ += (factor - 1.0) * plan_.row(row).transpose();
        plan_.row(row) *= factor;
        rows_[row] = problem.a()[row];
        at.f[row] += at.reg * std::log(factor);
      } else {
        const double factor = problem.b()[column] / columns_[column];
        rows_ += (factor - 1.0) * plan_.col(column);
        plan_.col(column) *= factor;
        columns_[column] = problem.b()[column];
        at.g[column] += at.reg * std::log(factor);
      }
    }

    RowMatrix plan_;
    Vector rows_, columns_;
    Index updates_ = 0;
  };

  std::unique_ptr<TransportMethod> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::transport_methods
