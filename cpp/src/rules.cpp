// One step of each update rule of the folder, and the records that Python reads.
#include "optlite/registered/rules.hpp"
#include "optlite/drivers/elementwise.hpp"
#include "optlite/drivers/elementwise_sums.hpp"
#include "optlite/matrix_rules/concept.hpp"

namespace optlite {

namespace {

template <class Rule, class T>
struct Steps {
  using Kernel = Elementwise<Rule, T>;
  using Step = typename Kernel::Step;

  static void run(const std::vector<double>& fields, WeightDecay decay, Index t,
                  const Tensor<T>* tensors, Index count, double* scalars, Workspace& work) {
    const Rule rule = make_part<Rule>(fields);
    const DecayFactors<T> factors = decay_factors<T>(decay, rate_of(rule, 0));
    if constexpr (!detail::has_sums<Rule>::value) {
      const Step step = prepared(rule, t, scalars);
      for (Index k = 0; k < count; ++k) {
        Kernel::update(inspected(rule, step, t, tensors[k], work), factors, tensors[k]);
      }
      return;
    } else {
      run_with_sums(rule, factors, t, tensors, count, scalars);
    }
  }

  static Step prepared(const Rule& rule, Index t, [[maybe_unused]] double* scalars) {
    if constexpr (detail::PreparesFromScalars<Rule, T>::value) {
      return rule.template prepare<T>(t, scalars);
    } else {
      return rule.template prepare<T>(t);
    }
  }

  /// The step of one tensor, for rules that look at it whole before.
  static Step inspected([[maybe_unused]] const Rule& rule, Step step, [[maybe_unused]] Index t,
                        [[maybe_unused]] const Tensor<T>& tensor,
                        [[maybe_unused]] Workspace& work) {
    if constexpr (detail::Inspects<Rule, T>::value) {
      work.rewind();
      rule.inspect(step, t, tensor, work);
    }
    return step;
  }

  static void run_with_sums(const Rule& rule, const DecayFactors<T>& factors, Index t,
                            const Tensor<T>* tensors, Index count, double* scalars) {
    using Sums = ElementwiseSums<Rule, T>;
    bool measures = true;
    if constexpr (detail::has_measures<Rule>::value) measures = Rule::measures(t);
    if constexpr (Rule::global_sums) {
      Step step = prepared(rule, t, scalars);
      double sums[Rule::n_sums] = {};
      Extent extent;
      for (Index k = 0; k < count; ++k) {
        if (measures) Sums::measure(step, factors, tensors[k], sums);
        extent.size += tensors[k].size;
      }
      rule.combine(step, t, sums, extent, scalars);
      for (Index k = 0; k < count; ++k) Kernel::update(step, factors, tensors[k]);
    } else {
      for (Index k = 0; k < count; ++k) {
        Step step = prepared(rule, t, tensors[k].scalars);
        double sums[Rule::n_sums] = {};
        if (measures) Sums::measure(step, factors, tensors[k], sums);
        rule.combine(step, t, sums, {tensors[k].size, tensors[k].dimensions}, tensors[k].scalars);
        Kernel::update(step, factors, tensors[k]);
      }
    }
  }
};

template <class Rule>
RuleRow make_rule_row(const Entry<Rule>& entry) {
  RuleRow row = describe_rule(entry, "rules", "element-wise");
  if constexpr (detail::has_sums<Rule>::value) {
    row.global_scalars = Rule::global_sums;
    row.family = Rule::global_sums ? "global" : "per tensor";
  }
  row.run_double = &Steps<Rule, double>::run;
  row.run_float = &Steps<Rule, float>::run;
  return row;
}

std::vector<RuleRow> collect() {
  auto rows =
      tabulate<RuleRow>(registered::rules, [](const auto& entry) { return make_rule_row(entry); });
  for (RuleRow& row : matrix_rule_rows()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace

const std::vector<RuleRow>& rule_table() {
  static const std::vector<RuleRow> table = collect();
  return table;
}

}  // namespace optlite
