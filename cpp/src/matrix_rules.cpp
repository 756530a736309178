// One step of each rule for matrices, and the records that Python reads.
#include "optlite/registered/matrix_rules.hpp"
#include "optlite/drivers/whole_tensor.hpp"

namespace optlite {

namespace {

template <class Rule>
RuleRow make_row(const Entry<Rule>& entry) {
  RuleRow row = describe_rule(entry, "matrix_rules", "matrix");
  row.global_scalars = WholeTensor<Rule, double>::template sees_all<Rule>::value;
  row.run_double = &WholeTensor<Rule, double>::run;
  row.run_float = &WholeTensor<Rule, float>::run;
  row.slot_shape = &WholeTensor<Rule, double>::slot_shape;
  return row;
}

}  // namespace

std::vector<RuleRow> matrix_rule_rows() {
  return tabulate<RuleRow>(registered::matrix_rules,
                           [](const auto& entry) { return make_row(entry); });
}

}  // namespace optlite
