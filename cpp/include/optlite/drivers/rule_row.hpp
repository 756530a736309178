// What every kind of update rule has in common: weight decay, and the record that Python reads.
#pragma once

#include <utility>

#include "optlite/rules/concept.hpp"

namespace optlite {

namespace detail {

#define OPTLITE_DETECT(trait, expression) \
  template <class Part, class = void>     \
  struct trait : std::false_type {};      \
  template <class Part>                   \
  struct trait<Part, std::void_t<decltype(expression)>> : std::true_type {};
OPTLITE_DETECT(has_rate, std::declval<Part>().learning_rate)
OPTLITE_DETECT(has_own_decay, std::declval<Part>().weight_decay)
OPTLITE_DETECT(has_decay, Part::decay)
OPTLITE_DETECT(has_inputs, Part::inputs())
OPTLITE_DETECT(has_sums, Part::n_sums)
OPTLITE_DETECT(has_scalars, Part::scalars())
OPTLITE_DETECT(has_measures, Part::measures(Index{}))
OPTLITE_DETECT(has_long_steps, std::declval<Part>().is_long(Index{}))
OPTLITE_DETECT(has_own_rate, std::declval<Part>().rate(int{}))
#undef OPTLITE_DETECT

}  // namespace detail

/// Weight decay as three factors, so that the loop is the same for every form.
template <class T>
struct DecayFactors {
  T gradient = T(0);
  T before = T(1);
  T after = T(1);
};

template <class T>
DecayFactors<T> decay_factors(WeightDecay decay, double rate) {
  const double w = decay.strength;
  switch (decay.form) {
    case DecayForm::l2: return {T(w), T(1), T(1)};
    case DecayForm::decoupled: return {T(0), T(1.0 - rate * w), T(1)};
    case DecayForm::fixed: return {T(0), T(1.0 - w), T(1)};
    case DecayForm::proximal: return {T(0), T(1), T(1.0 / (1.0 + rate * w))};
    case DecayForm::decoupled_after: return {T(0), T(1), T(1.0 - rate * w)};
  }
  return {};
}

/// The step size that weight decay goes with, for tensors of so many dimensions.
template <class Rule>
double rate_of([[maybe_unused]] const Rule& rule, [[maybe_unused]] int dimensions) {
  if constexpr (detail::has_own_rate<Rule>::value) {
    return rule.rate(dimensions);
  } else if constexpr (detail::has_rate<Rule>::value) {
    return rule.learning_rate;
  }
  return 0.0;
}

/// The row of a rule without what its driver adds.
template <class Rule>
RuleRow describe_rule(const Entry<Rule>& entry, const char* folder, const char* family) {
  RuleRow row{describe("rules", entry),
              folder,
              family,
              {},
              {},
              {},
              true,
              {},
              false,
              nullptr,
              nullptr,
              nullptr,
              nullptr};
  const auto number_of = [](double Rule::* member) {
    int i = 0;
    for (const auto& f : Rule::fields()) {
      if (f.member == member) return i;
      ++i;
    }
    return -1;
  };
  const auto list = [&](std::vector<SlotRecord>& records, const auto& slots) {
    for (const auto& s : slots) {
      const int field = s.member == nullptr ? -1 : number_of(s.member);
      records.push_back({s.name, s.doc, s.constant, field, s.copies_x, s.is_given, s.is_diagonal});
    }
  };
  list(row.slots, Rule::slots());
  if constexpr (detail::has_scalars<Rule>::value) list(row.scalars, Rule::scalars());
  if constexpr (detail::has_inputs<Rule>::value) {
    for (const auto& input : Rule::inputs()) {
      const int field = input.period == nullptr ? -1 : number_of(input.period);
      row.inputs.push_back({input.name, input.doc, 0.0, field, false, false, false});
    }
  }
  if constexpr (detail::has_decay<Rule>::value) row.decay = Rule::decay;
  row.own_decay = detail::has_own_decay<Rule>::value;
  if constexpr (detail::has_long_steps<Rule>::value) {
    row.is_long = [](const std::vector<double>& fields, Index t) {
      return make_part<Rule>(fields).is_long(t);
    };
  }
  return row;
}

}  // namespace optlite
