#include "optlite/problems/separation.hpp"

#include <algorithm>

namespace optlite {

double separation_level(const GeneralizedLinear& model) {
  const std::string& loss = model.loss().record.name;
  if (model.alpha() > 0.0 || (loss != "logistic" && loss != "multinomial")) return -infinity;
  double lightest = 1.0;
  if (const double* weight = model.weight(); weight != nullptr) {
    lightest = infinity;
    for (Index i = 0; i < model.design().rows(); ++i) {
      if (weight[i] > 0.0) lightest = std::min(lightest, weight[i]);
    }
    if (lightest == infinity) return -infinity;
  }
  // A little below log 2 = 0.6931..., to be safe from rounding in the sum.
  return 0.69 * lightest / model.total_weight();
}

}  // namespace optlite
