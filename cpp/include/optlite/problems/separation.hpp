// Complete separation, recognised from the value of the objective alone.
#pragma once

#include "optlite/problems/generalized_linear.hpp"

namespace optlite {

/// Below this value of F every sample is classified correctly, so that without a penalty F has no
/// minimiser: -infinity for models that always have one.
///
/// A logistic or softmax loss below log 2 means that the sample's own class is likelier than all
/// others together. If sum_i s_i l_i < log 2 min_i s_i, that holds for every sample of positive
/// weight, and scaling up the coefficients lowers F for ever.
double separation_level(const GeneralizedLinear& model);

}  // namespace optlite
