// How far a stage goes along the directions that its learners have found: the step rho of algorithm
// 1 of Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020.
//
// Doubling is the search of the authors' program, so that the same settings give the same model: 1
// is doubled while the mean score does not rise, or halved until it falls.
//
// Newton's method finds the step with the lowest mean score. It begins where doubling found the
// lowest score, between the steps that were tried on both sides of it, and has the slope of the
// score there. The first curvature is that of the parabola through two scores and the slope, the
// others are quotients of differences of slopes (secants). Where the score is a parabola, as that
// of a normal distribution with known variance is, the first step is the closed form. Steps that
// leave the bracket, and those after one that did not halve the slope, are replaced by its middle.
//
// On data that are far from fitted the minimum lies at about 1: a natural gradient step is one of
// Fisher's scoring. Where it lies above 1, doubling takes 2, with a score that is nearly back at
// its start. As only a share (the learning rate) is taken, the shorter step learns slower: on 3,000
// rows of the power plant in tests/peer, at the rate 0.05, new rows score 2.84 instead of 2.74
// after 50 stages, and at best 2.719 (after 88) instead of 2.722 (after 64). At the rate 1 it
// is 2.83 instead of 2.86 at best. A fit takes up to 1.5 times as long.
#pragma once

#include "optlite/core/function_ref.hpp"

namespace optlite::boosting {

enum class LineSearch { doubling, newton };

/// The mean score as a function of the step, and the steps that are allowed.
struct Line {
  FunctionRef<double(double)> score;
  FunctionRef<double(double)> slope;  // the derivative of the score
  double start;  // the score at step 0
  double longest;  // a step above 1 is at most this
  double size, tol;  // no step is worth it where size * step < tol
};

/// The longest step of 1, 2, 4, ... before the score rises, else the first of 1/2, 1/4, ... at
/// which it falls; 0 where it falls at none that is worth a step.
double doubled_step(const Line& line);

/// The step with the lowest score, to four digits, where that of doubling is not 0. Its score is
/// not above that of any step that doubling tries.
double newton_step(const Line& line);

}  // namespace optlite::boosting
