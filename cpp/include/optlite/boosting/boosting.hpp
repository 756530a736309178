// Natural gradient boosting (Duan et al., NGBoost: natural gradient boosting for probabilistic
// prediction, 2020, algorithm 1).
//
// Each stage fits learners f to the negative natural gradient of the score at the present
// parameters theta, looks for a step rho along them, and moves theta by learning_rate * rho * f.
// rho is one number for all parameters; line_search.hpp says how it is found. Where no step is
// found that is not shorter than the tolerance, the stage does nothing.
//
// Steps above 1 must not move a parameter by more than its reach: on classes that are separated the
// score falls for ever, and the first stage would go to the end of the world. A bound of 1 on the
// length of each row's natural gradient in the metric instead scored up to 0.13 nats worse in 16 of
// 20 comparisons (normal, t, Laplace and logistic on five problems, four splits each), 3 alike.
//
// theta is kept within bounds: what is evaluated is theta clipped to [lower, upper], and where it
// has left them, targets that point further out are zero. A scale cannot shrink to 0 on data that
// are fitted exactly, and prediction needs nothing but the sum of the trees and the same bounds.
//
// A stage that sees a share of the rows takes slopes, trees, step and tolerance from these; its
// trees move all rows.
//
// Of many rows and two parameters little is kept: the targets of one parameter at a time, whose
// gradients are computed once for each; of the trees' values, nodes; targets in the unit of the
// caller. Beside 20 bytes of codes a row needs 29 bytes instead of 44, for a tenth of the time.
//
// Sums run over fixed blocks of rows and are added in their order: threads change no bit.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "optlite/boosting/direction.hpp"
#include "optlite/boosting/learner.hpp"
#include "optlite/boosting/line_search.hpp"
#include "optlite/boosting/objective.hpp"
#include "optlite/core/types.hpp"

namespace optlite::boosting {

/// Targets of one set of rows and the parameters that have been reached for them.
struct Rows {
  Index count = 0;
  const double* y = nullptr;  // outputs columns
  // One column may be somebody else's: then it is counted from here, in units, block by block.
  double y_center = 0.0, y_units = 1.0;
  bool y_as_given = false;
  const double* event = nullptr;
  const double* weight = nullptr;  // null: ones
  Matrix params;  // count x parameters
};

struct Options {
  double learning_rate = 0.1;
  double row_share = 1.0;
  double column_share = 1.0;
  double tol = 1e-4;
  LineSearch line_search = LineSearch::doubling;
  std::uint64_t seed = 0;
  Index first_stage =
      0;  // stages that an earlier fit has done: they have used their random numbers
  Index features = 0;
  Index patience = -1;  // stages without improvement on the validation rows; -1: no limit
  std::vector<double> lower, upper;  // of each parameter
  std::vector<double> reach;  // how far one stage may move it by steps above 1
};

/// What happened in a stage. `score` is the mean training score after it.
struct StageRecord {
  double step;  // rho
  double score;
  double validation;  // NaN without validation rows
  double size;  // mean length of f, over rows
};

enum class End { running, small_direction, no_improvement };

class Boosting {
 public:
  Boosting(Objective objective, Learner& learner, Rows train, Rows validation, Options options);

  /// One more stage; false when there is nothing left to do.
  bool stage();

  const std::vector<StageRecord>& records() const { return records_; }
  double start_score() const { return start_score_; }
  double start_validation() const { return start_validation_; }
  /// Stages whose trees give the lowest validation score; all without validation rows.
  Index best_stages() const { return best_; }
  End end() const { return end_; }
  const Matrix& train_params() const { return train_.params; }

 private:
  /// The rows that are looked at, in their order. Few are read where they lie; of many, all are
  /// computed, which is faster than picking them out, and the others do not count.
  struct Chosen {
    const std::uint32_t* rows;  // `count` of them; null: the first `count`
    Index count;
    const std::uint8_t* taken = nullptr;  // 1 for those that count; null: all of these
  };
  struct Part;
  /// The rows that a stage sees, where it does not see all of them.
  struct Drawn {
    std::vector<std::uint8_t> taken;
    std::vector<std::uint32_t> rows;
    double score = std::numeric_limits<double>::quiet_NaN();  // their mean; NaN: not known yet
  };

  void prepare();
  Drawn draw_rows(std::uint64_t stage) const;
  std::vector<std::uint8_t> draw(Index count, double share, std::uint64_t stream) const;
  Part part_of(const Rows& rows, Chosen chosen, Index begin, Index count,
               const Direction* direction, double step) const;
  void write_targets(Chosen chosen, Index first, Index columns, double* targets) const;
  void fit(Chosen chosen, const std::vector<std::uint32_t>* rows,
           const std::vector<std::int32_t>& features);
  template <class Body>
  double mean(const Rows& rows, Chosen chosen, Body&& body, Drawn* also = nullptr) const;
  double mean_score(const Rows& rows, Chosen chosen, const Direction* direction, double step) const;
  double mean_score(const Rows& rows, Drawn* also = nullptr) const;
  double mean_slope(Chosen chosen, double step) const;
  double best_step(double start, Chosen chosen, double size) const;
  double mean_length(Chosen chosen) const;
  double longest_step() const;
  void advance(Rows& rows, const Direction& direction, double step) const;

  Objective objective_;
  Learner* learner_;
  Rows train_, validation_;
  Options options_;
  bool by_node_ = false;  // parameters are fitted one after the other, and nodes are kept
  Direction direction_, direction_of_validation_;
  Drawn drawn_;  // of the next stage
  std::vector<StageRecord> records_;
  double start_score_, start_validation_, best_score_;
  Index best_ = 0;
  End end_ = End::running;
};

}  // namespace optlite::boosting
