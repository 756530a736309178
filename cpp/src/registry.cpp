// The one file that sees every part: folds the generated listings into tables.
#include "optlite/core/registry.hpp"

#include "optlite/activations/concept.hpp"
#include "optlite/block_selections/concept.hpp"
#include "optlite/block_updates/concept.hpp"
#include "optlite/directions/concept.hpp"
#include "optlite/distributions/concept.hpp"
#include "optlite/registered/activations.hpp"
#include "optlite/registered/objectives.hpp"
#include "optlite/registered/penalties.hpp"
#include "optlite/rules/concept.hpp"
#include "optlite/step_sizes/concept.hpp"
#include "optlite/transport_methods/concept.hpp"

namespace optlite {

const std::vector<ObjectiveRow>& objective_table() {
  static const auto table = tabulate<ObjectiveRow>(
      registered::objectives, [](const auto& entry) { return make_objective_row(entry); });
  return table;
}

const std::vector<ActivationRow>& activation_table() {
  static const auto table = tabulate<ActivationRow>(
      registered::activations, [](const auto& entry) { return make_activation_row(entry); });
  return table;
}

const std::vector<PenaltyRow>& penalty_table() {
  static const auto table = tabulate<PenaltyRow>(
      registered::penalties, [](const auto& entry) { return make_penalty_row(entry); });
  return table;
}

namespace {

template <class Row>
void append(std::vector<Record>& all, const std::vector<Row>& rows) {
  for (const Row& row : rows) all.push_back(row.record);
}

std::vector<Record> collect() {
  std::vector<Record> all;
  append(all, objective_table());
  append(all, activation_table());
  append(all, penalty_table());
  append(all, direction_table());
  append(all, step_size_table());
  append(all, rule_table());
  append(all, distribution_table());
  append(all, transport_method_table());
  append(all, block_selection_table());
  append(all, block_update_table());
  return all;
}

}  // namespace

const std::vector<Record>& all_records() {
  static const std::vector<Record> all = collect();
  return all;
}

}  // namespace optlite
