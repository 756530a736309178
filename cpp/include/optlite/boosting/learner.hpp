// What a stage of boosting fits to its targets.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "optlite/boosting/direction.hpp"
#include "optlite/trees/grower.hpp"
#include "optlite/trees/tree.hpp"

namespace optlite::boosting {

/// One stage's problem: fit `parameters` columns of `rows` numbers, on some rows and features.
struct StageTargets {
  Index parameters;
  Index rows;
  const double* values;  // parameters x rows, column-major; those of the chosen rows count
  const double* weight;  // null: ones
  const std::vector<std::uint32_t>* chosen_rows;  // increasing; null: all
  const std::vector<std::int32_t>* chosen_features;
};

class Learner {
 public:
  virtual ~Learner() = default;
  /// Fits one model a parameter. `train` and `validation` (parameters columns) receive its values
  /// for all rows; `train` may be where the targets are.
  virtual void fit(const StageTargets& targets, double* train, double* validation) = 0;
  /// Whether `fit_nodes` is there.
  virtual bool has_nodes() const { return false; }
  /// Fits parameter `k` alone, one after the other; `targets` has its column, which is `room` for
  /// intermediate results. `train` receives nodes and their values.
  virtual void fit_nodes(const StageTargets& /*targets*/, Index /*k*/, double* /*room*/,
                         Direction& /*train*/, double* /*validation*/) {}
  /// The step that was taken with the models of the last fit.
  virtual void keep(double step) = 0;
};

/// Histogram trees: one for each parameter, or one with a vector of parameters in each leaf.
class TreeLearner : public Learner {
 public:
  TreeLearner(const trees::Sample& train, const trees::Sample& validation,
              const trees::TreeOptions& options, bool joint);
  void fit(const StageTargets& targets, double* train, double* validation) override;
  bool has_nodes() const override { return !joint_ && small_; }
  void fit_nodes(const StageTargets& targets, Index k, double* room, Direction& train,
                 double* validation) override;
  void keep(double step) override;

  /// All trees so far, their values multiplied by the steps; one array behind the other.
  const trees::Tree& nodes() const { return forest_; }
  const std::vector<std::int64_t>& starts() const { return starts_; }
  const std::vector<std::int32_t>& target() const { return target_; }

 private:
  void add(const trees::Tree& tree, Index target, Index outputs, double* validation);

  trees::Sample train_, validation_;
  bool joint_, small_;
  trees::Grower grower_;
  trees::Tree forest_;
  std::vector<std::int64_t> starts_{0};
  std::vector<std::int32_t> target_;
  std::size_t stage_values_ = 0;  // where the values of the last stage begin
};

}  // namespace optlite::boosting
