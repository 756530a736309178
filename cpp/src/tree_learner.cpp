#include <algorithm>

#include "optlite/boosting/learner.hpp"
#include "optlite/core/parallel.hpp"

namespace optlite::boosting {

namespace {

constexpr Index block_rows = 2048;  // that go down a tree together

template <class T>
void append(const std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

/// Whether no tree can have more nodes than a byte has numbers.
bool are_small(const trees::TreeOptions& options) {
  const bool shallow = options.max_depth >= 0 && options.max_depth <= 7;
  return shallow || (options.max_leaf_nodes > 0 && options.max_leaf_nodes <= 128);
}

/// In a joint tree an output counts by the inverse of its mean square: none outweighs the others
/// because of its unit.
std::vector<double> inverse_mean_squares(const StageTargets& targets) {
  std::vector<double> result;
  for (Index k = 0; k < targets.parameters; ++k) {
    const double* column = targets.values + k * targets.rows;
    double sum = 0.0, total = 0.0;
    const auto add = [&](Index i) {
      const double w = targets.weight == nullptr ? 1.0 : targets.weight[i];
      sum += w * column[i] * column[i];
      total += w;
    };
    if (targets.chosen_rows == nullptr) {
      for (Index i = 0; i < targets.rows; ++i) add(i);
    } else {
      for (const std::uint32_t i : *targets.chosen_rows) add(i);
    }
    result.push_back(sum > 0.0 ? total / sum : 0.0);
  }
  return result;
}

}  // namespace

TreeLearner::TreeLearner(const trees::Sample& train, const trees::Sample& validation,
                         const trees::TreeOptions& options, bool joint)
    : train_(train),
      validation_(validation),
      joint_(joint),
      small_(are_small(options)),
      grower_(train, options) {}

void TreeLearner::add(const trees::Tree& tree, Index target, Index outputs, double* validation) {
  const Index rows = validation_.rows;
  const Index blocks = (rows + block_rows - 1) / block_rows;
  parallel::for_each(blocks, 5.0 * static_cast<double>(rows), [&](Index b) {
    const Index begin = b * block_rows, count = std::min(block_rows, rows - begin);
    Index leaves[block_rows];
    trees::leaves_of(tree, validation_, begin, count, leaves);
    for (Index k = 0; k < outputs; ++k) {
      for (Index i = 0; i < count; ++i) {
        validation[k * rows + begin + i] =
            tree.value[static_cast<std::size_t>(leaves[i] * outputs + k)];
      }
    }
  });
  const auto sets = static_cast<std::int32_t>(forest_.level_sets.size());
  append(tree.feature, forest_.feature);
  append(tree.left, forest_.left);
  append(tree.code, forest_.code);
  append(tree.missing_left, forest_.missing_left);
  append(tree.gain, forest_.gain);
  append(tree.weight, forest_.weight);
  append(tree.value, forest_.value);
  append(tree.level_sets, forest_.level_sets);
  for (const std::int32_t set : tree.level_set) {
    forest_.level_set.push_back(set < 0 ? -1 : set + sets);
  }
  starts_.push_back(static_cast<std::int64_t>(forest_.size()));
  target_.push_back(static_cast<std::int32_t>(target));
}

void TreeLearner::fit(const StageTargets& targets, double* train, double* validation) {
  stage_values_ = forest_.value.size();
  const Index outputs = joint_ ? targets.parameters : 1;
  const std::vector<double> factors =
      joint_ ? inverse_mean_squares(targets) : std::vector<double>();
  for (Index k = 0; k < targets.parameters; k += outputs) {
    const trees::Targets problem{outputs, targets.values + k * targets.rows, targets.rows,
                                 targets.weight, joint_ ? factors.data() : nullptr};
    const bool signs = k == 0;  // monotone features concern the first parameter only
    const trees::Tree tree = grower_.grow(problem, targets.chosen_rows, *targets.chosen_features,
                                          signs, train + k * targets.rows);
    add(tree, k, outputs, validation + k * validation_.rows);
  }
}

void TreeLearner::fit_nodes(const StageTargets& targets, Index k, double* room, Direction& train,
                            double* validation) {
  if (k == 0) stage_values_ = forest_.value.size();
  const trees::Targets problem{1, targets.values, targets.rows, targets.weight, nullptr};
  const trees::Tree tree = grower_.grow(problem, targets.chosen_rows, *targets.chosen_features,
                                        k == 0, room, train.nodes(k));
  double* const table = train.table(k);
  std::fill(table, table + Direction::most_nodes, 0.0);
  for (std::size_t n = 0; n < tree.feature.size(); ++n) {
    if (tree.feature[n] < 0) table[n] = tree.value[n];
  }
  add(tree, k, 1, validation);
}

void TreeLearner::keep(double step) {
  for (std::size_t i = stage_values_; i < forest_.value.size(); ++i) forest_.value[i] *= step;
}

}  // namespace optlite::boosting
