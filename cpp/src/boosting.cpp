#include "optlite/boosting/boosting.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "optlite/core/interrupt.hpp"
#include "optlite/core/pairwise.hpp"
#include "optlite/core/parallel.hpp"
#include "optlite/core/random.hpp"

namespace optlite::boosting {

namespace {

constexpr double furthest = 1e100;  // of a target: sums of squares stay finite
constexpr Index many_rows = 100000;  // from which on memory counts
constexpr double few_rows = 0.75;  // a share below which chosen rows are picked out
constexpr Index block_rows = 2048;  // parameters, direction and scores of a block stay in the cache

double clip(double value, double lower, double upper) {
  return value < lower ? lower : value > upper ? upper : value;
}

Index block_size(const Objective& objective, Index count) {
  return objective.concurrent ? block_rows : std::max<Index>(count, 1);
}

/// body(begin, count, block) over the blocks of `rows` rows. Ctrl-C is heard between groups: a
/// score with sums of its own takes milliseconds a block.
template <class Body>
void over_blocks(const Objective& objective, Index rows, Body&& body) {
  const Index size = block_size(objective, rows);
  const Index blocks = (rows + size - 1) / size;
  const Index group = 8 * parallel::threads();
  const double work = 30.0 * static_cast<double>(size * objective.parameters);
  for (Index start = 0; start < blocks; start += group) {
    const Index count = std::min(group, blocks - start);
    parallel::for_each(count, objective.concurrent ? work * static_cast<double>(count) : 0.0,
                       [&](Index i) {
                         const Index b = start + i;
                         body(b * size, std::min(size, rows - b * size), b);
                       });
    interrupt::poll();
  }
}

/// The target of a tree: minus the slope, or 0 where a parameter would go on beyond its bounds.
double target_of(double slope, double theta, double lower, double upper) {
  const bool further = ((theta <= lower) & (slope > 0.0)) | ((theta >= upper) & (slope < 0.0));
  return further ? 0.0 : clip(-slope, -furthest, furthest);
}

/// Zero for the values that do not count; the number of the others.
double keep(const std::uint8_t* taken, Vector& values) {
  double number = 0.0;
  for (Index i = 0; i < values.size(); ++i) {
    values[i] = taken[i] != 0 ? values[i] : 0.0;
    number += taken[i];
  }
  return number;
}

/// The places of the ones.
template <class Place>
std::vector<Place> places_of(const std::vector<std::uint8_t>& taken) {
  std::vector<Place> places(taken.size() + 1);  // the last one is room
  std::size_t count = 0;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    places[count] = static_cast<Place>(i);
    count += taken[i];
  }
  places.resize(count);
  return places;
}

}  // namespace

/// Rows of a block as the objective takes them: parameters within their bounds, and targets where
/// they are, or side by side if a stage has chosen some.
struct Boosting::Part {
  Matrix params, y, event;
  Block block;

  /// Targets in the unit of the fit, from those of the user: these may lie in `y`.
  void count_targets(const double* given, double center, double units) {
    y.resize(block.count, 1);
    double* const to = y.data();
    for (Index i = 0; i < block.count; ++i) to[i] = (given[i] - center) * units;
    block.y = to;
  }
};

Boosting::Boosting(Objective objective, Learner& learner, Rows train, Rows validation,
                   Options options)
    : objective_(std::move(objective)),
      learner_(&learner),
      train_(std::move(train)),
      validation_(std::move(validation)),
      options_(std::move(options)) {
  start_score_ = mean_score(train_);
  start_validation_ =
      validation_.count > 0 ? mean_score(validation_) : std::numeric_limits<double>::quiet_NaN();
  best_score_ = start_validation_;
}

/// A share of 0 ... count - 1 without replacement: 1 for those that are taken. What is drawn is the
/// smaller part, taken or left out: for j up to the last number one of 0 ... j, or j itself if that
/// one has been drawn before (Bentley and Floyd, A sample of brilliance, 1987).
std::vector<std::uint8_t> Boosting::draw(Index count, double share, std::uint64_t stream) const {
  const Index size = std::max<Index>(1, static_cast<Index>(share * static_cast<double>(count)));
  const bool few = 2 * size <= count;
  const Index drawn = few ? size : count - size;
  std::vector<std::uint8_t> taken(static_cast<std::size_t>(count), few ? 0 : 1);
  const std::uint8_t mark = few ? 1 : 0;
  const Philox random(options_.seed, stream);
  Philox::Block words{};
  for (Index i = 0; i < drawn; ++i) {
    if (i % 4 == 0) words = random.block(static_cast<std::uint64_t>(i / 4));
    const Index j = count - drawn + i;
    const std::uint64_t any =
        std::uint64_t{words[static_cast<std::size_t>(i % 4)]} * static_cast<std::uint64_t>(j + 1) >>
        32;
    std::uint8_t& chosen = taken[static_cast<std::size_t>(any)];
    if (chosen == mark) taken[static_cast<std::size_t>(j)] = mark;
    chosen = mark;
  }
  return taken;
}

Boosting::Drawn Boosting::draw_rows(std::uint64_t stage) const {
  Drawn drawn;
  drawn.taken = draw(train_.count, options_.row_share, 2 * stage + 2);
  drawn.rows = places_of<std::uint32_t>(drawn.taken);
  return drawn;
}

/// Rows at params + step * direction (null: params).
Boosting::Part Boosting::part_of(const Rows& rows, Chosen chosen, Index begin, Index count,
                                 const Direction* direction, double step) const {
  Part part;
  part.params.resize(count, objective_.parameters);
  const std::uint32_t* places = chosen.rows == nullptr ? nullptr : chosen.rows + begin;
  for (Index k = 0; k < objective_.parameters; ++k) {
    const double lower = options_.lower[static_cast<std::size_t>(k)];
    const double upper = options_.upper[static_cast<std::size_t>(k)];
    const double* from = rows.params.data() + k * rows.count;
    double* to = part.params.data() + k * count;
    if (places != nullptr) {
      for (Index i = 0; i < count; ++i) {
        const std::uint32_t row = places[i];
        const double by = direction == nullptr ? 0.0 : step * direction->at(row, k);
        to[i] = clip(from[row] + by, lower, upper);
      }
    } else if (direction == nullptr) {
      for (Index i = 0; i < count; ++i) to[i] = clip(from[begin + i], lower, upper);
    } else {
      const double* by = direction->column(k, begin, count, to);
#pragma omp simd
      for (Index i = 0; i < count; ++i) to[i] = clip(from[begin + i] + step * by[i], lower, upper);
    }
  }
  const double* event = rows.event == nullptr ? nullptr : rows.event + begin;
  part.block = {count, part.params.data(), count, rows.y + begin, rows.count, event};
  if (places == nullptr) {
    if (rows.y_as_given) part.count_targets(rows.y + begin, rows.y_center, rows.y_units);
    return part;
  }
  const auto gather = [&](const double* columns, Index width, Matrix& into) {
    into.resize(count, width);
    for (Index k = 0; k < width; ++k) {
      for (Index i = 0; i < count; ++i) into(i, k) = columns[k * rows.count + places[i]];
    }
    return into.data();
  };
  part.block.y = gather(rows.y, objective_.outputs, part.y);
  part.block.y_stride = count;
  if (rows.y_as_given) part.count_targets(part.y.data(), rows.y_center, rows.y_units);
  if (rows.event != nullptr) part.block.event = gather(rows.event, 1, part.event);
  return part;
}

/// Targets of some parameters, one column after the other.
void Boosting::write_targets(Chosen chosen, Index first, Index columns, double* targets) const {
  const Index n = train_.count, p = objective_.parameters;
  const bool in_place = chosen.rows == nullptr && columns == p;
  over_blocks(objective_, chosen.count, [&](Index begin, Index count, Index) {
    const Part part = part_of(train_, chosen, begin, count, nullptr, 0.0);
    Matrix room(in_place ? 0 : count, p);
    double* const slopes = in_place ? targets + begin : room.data();
    const Index stride = in_place ? n : count;
    objective_.gradient(part.block, slopes, stride);
    for (Index k = first; k < first + columns; ++k) {
      const double *theta = train_.params.data() + k * n, *slope = slopes + k * stride;
      double* out = targets + (k - first) * n;
      const double lower = options_.lower[static_cast<std::size_t>(k)];
      const double upper = options_.upper[static_cast<std::size_t>(k)];
      if (chosen.rows == nullptr) {
#pragma omp simd
        for (Index i = 0; i < count; ++i) {
          out[begin + i] = target_of(slope[i], theta[begin + i], lower, upper);
        }
      } else {
        for (Index i = 0; i < count; ++i) {
          const std::uint32_t row = chosen.rows[begin + i];
          out[row] = target_of(slope[i], theta[row], lower, upper);
        }
      }
    }
  });
}

/// The models of a stage, and what they say of all rows.
void Boosting::fit(Chosen chosen, const std::vector<std::uint32_t>* rows,
                   const std::vector<std::int32_t>& features) {
  const Index n = train_.count, p = objective_.parameters;
  double* const validation = direction_of_validation_.values();
  if (!by_node_) {
    double* const values = direction_.values();
    write_targets(chosen, 0, p, values);
    learner_->fit({p, n, values, train_.weight, rows, &features}, values, validation);
    return;
  }
  for (Index k = 0; k < p; ++k) {
    double* const room = direction_.room();
    write_targets(chosen, k, 1, room);
    const StageTargets targets{1, n, room, train_.weight, rows, &features};
    learner_->fit_nodes(targets, k, room, direction_, validation + k * validation_.count);
  }
}

/// The weighted mean of a number for each chosen row, and that of those drawn among them.
/// body(begin, count, values) writes those of one block.
template <class Body>
double Boosting::mean(const Rows& rows, Chosen chosen, Body&& body, Drawn* also) const {
  const Index size = block_size(objective_, chosen.count);
  Matrix sums = Matrix::Zero((chosen.count + size - 1) / size, 4);
  over_blocks(objective_, chosen.count, [&](Index begin, Index count, Index b) {
    Vector values(count);
    body(begin, count, values.data());
    if (rows.weight == nullptr) {
      double number = static_cast<double>(count);
      if (chosen.taken != nullptr) number = keep(chosen.taken + begin, values);
      sums(b, 0) = values.sum();
      sums(b, 1) = number;
      if (also != nullptr) {
        sums(b, 3) = keep(also->taken.data() + begin, values);
        sums(b, 2) = values.sum();
      }
      return;
    }
    for (Index i = 0; i < count; ++i) {
      const Index row = chosen.rows == nullptr ? begin + i : Index{chosen.rows[begin + i]};
      const bool counts = chosen.taken == nullptr || chosen.taken[row] != 0;
      const double weight = counts ? rows.weight[row] : 0.0;
      // A row without weight may have any score.
      sums(b, 0) += weight > 0.0 ? weight * values[i] : 0.0;
      sums(b, 1) += weight;
      if (also != nullptr && also->taken[static_cast<std::size_t>(row)] != 0) {
        sums(b, 2) += weight > 0.0 ? weight * values[i] : 0.0;
        sums(b, 3) += weight;
      }
    }
  });
  const Vector total = pairwise_sums(std::move(sums));
  if (also != nullptr) also->score = total[2] / total[3];
  return total[0] / total[1];
}

/// The mean score at params + step * direction.
double Boosting::mean_score(const Rows& rows, Chosen chosen, const Direction* direction,
                            double step) const {
  return mean(rows, chosen, [&](Index begin, Index count, double* scores) {
    const Part part = part_of(rows, chosen, begin, count, direction, step);
    objective_.score(part.block, scores);
  });
}

double Boosting::mean_score(const Rows& rows, Drawn* also) const {
  const auto scores_of = [&](Index begin, Index count, double* scores) {
    const Part part = part_of(rows, {nullptr, rows.count}, begin, count, nullptr, 0.0);
    objective_.score(part.block, scores);
  };
  return mean(rows, {nullptr, rows.count}, scores_of, also);
}

double Boosting::mean_length(Chosen chosen) const {
  return mean(train_, chosen, [&](Index begin, Index count, double* lengths) {
    Vector room(count);
    std::fill(lengths, lengths + count, 0.0);
    for (Index k = 0; k < objective_.parameters; ++k) {
      if (chosen.rows == nullptr) {
        const double* by = direction_.column(k, begin, count, room.data());
        for (Index i = 0; i < count; ++i) lengths[i] += by[i] * by[i];
      } else {
        for (Index i = 0; i < count; ++i) {
          const double by = direction_.at(chosen.rows[begin + i], k);
          lengths[i] += by * by;
        }
      }
    }
    for (Index i = 0; i < count; ++i) lengths[i] = std::sqrt(lengths[i]);
  });
}

/// The step at which some row moves as far as one stage may move it.
double Boosting::longest_step() const {
  double longest = std::numeric_limits<double>::infinity();
  for (Index k = 0; k < objective_.parameters; ++k) {
    const double furthest = options_.learning_rate * direction_.largest(k);
    if (furthest > 0.0) {
      longest = std::min(longest, options_.reach[static_cast<std::size_t>(k)] / furthest);
    }
  }
  return longest;
}

/// The derivative of the mean score at params + step * direction in the step. A parameter that is
/// at a bound does not move.
double Boosting::mean_slope(Chosen chosen, double step) const {
  return mean(train_, chosen, [&](Index begin, Index count, double* slopes) {
    const Part part = part_of(train_, chosen, begin, count, &direction_, step);
    Matrix gradient(count, objective_.parameters);
    objective_.slope(part.block, gradient.data(), count);
    std::fill(slopes, slopes + count, 0.0);
    for (Index k = 0; k < objective_.parameters; ++k) {
      const double lower = options_.lower[static_cast<std::size_t>(k)];
      const double upper = options_.upper[static_cast<std::size_t>(k)];
      for (Index i = 0; i < count; ++i) {
        const Index row = chosen.rows == nullptr ? begin + i : Index{chosen.rows[begin + i]};
        const double theta = part.params(i, k);
        const bool free = (theta > lower) & (theta < upper);
        slopes[i] += free ? gradient(i, k) * direction_.at(row, k) : 0.0;
      }
    }
  });
}

/// The step of a stage whose direction has this mean length; 0 if there is none.
double Boosting::best_step(double start, Chosen chosen, double size) const {
  const auto score = [&](double step) { return mean_score(train_, chosen, &direction_, step); };
  const auto slope = [&](double step) { return mean_slope(chosen, step); };
  const Line line{score, slope, start, longest_step(), size, options_.tol};
  return options_.line_search == LineSearch::newton ? newton_step(line) : doubled_step(line);
}

void Boosting::advance(Rows& rows, const Direction& direction, double step) const {
  const Index blocks = (rows.count + block_rows - 1) / block_rows;
  const double work = static_cast<double>(rows.count * objective_.parameters);
  parallel::for_each(blocks, work, [&](Index b) {
    const Index begin = b * block_rows, count = std::min(block_rows, rows.count - begin);
    double room[block_rows];
    for (Index k = 0; k < objective_.parameters; ++k) {
      const double* by = direction.column(k, begin, count, room);
      double* params = rows.params.data() + k * rows.count + begin;
#pragma omp simd
      for (Index i = 0; i < count; ++i) params[i] += step * by[i];
    }
  });
}

/// Memory for a stage.
void Boosting::prepare() {
  const Index n = train_.count, p = objective_.parameters;
  by_node_ = learner_->has_nodes() && p == 2 && n >= many_rows;
  if (by_node_) {
    direction_.hold_nodes(n, p);
  } else {
    direction_.hold_values(n, p);
  }
  direction_of_validation_.hold_values(validation_.count, p);
}

bool Boosting::stage() {
  if (end_ != End::running) return false;
  const auto number = static_cast<std::uint64_t>(options_.first_stage) + records_.size();
  const bool part = options_.row_share < 1.0;
  if (part && drawn_.taken.empty()) drawn_ = draw_rows(number);
  Drawn drawn = std::move(drawn_);
  drawn_ = {};
  Chosen chosen{nullptr, train_.count};
  if (part && options_.row_share < few_rows) {
    chosen = {drawn.rows.data(), static_cast<Index>(drawn.rows.size())};
  } else if (part) {
    chosen.taken = drawn.taken.data();
  }
  const auto features =
      places_of<std::int32_t>(draw(options_.features, options_.column_share, 2 * number + 3));
  if (records_.empty()) prepare();  // not earlier: whoever made the run may have memory to free
  fit(chosen, part ? &drawn.rows : nullptr, features);
  double before = records_.empty() ? start_score_ : records_.back().score;
  if (part) {
    before = std::isnan(drawn.score) ? mean_score(train_, chosen, nullptr, 0.0) : drawn.score;
  }
  const double size = mean_length(chosen);
  const double step = best_step(before, chosen, size);
  learner_->keep(options_.learning_rate * step);
  advance(train_, direction_, options_.learning_rate * step);
  // One look at all rows gives what the next stage starts from, too, if that sees most of them.
  Drawn* also = nullptr;
  if (part && options_.row_share >= few_rows) {
    drawn_ = draw_rows(number + 1);
    also = &drawn_;
  }
  StageRecord record{step, mean_score(train_, also), std::numeric_limits<double>::quiet_NaN(),
                     size};
  if (validation_.count > 0) {
    advance(validation_, direction_of_validation_, options_.learning_rate * step);
    record.validation = mean_score(validation_);
  }
  records_.push_back(record);
  const auto stages = static_cast<Index>(records_.size());
  if (validation_.count == 0 || record.validation < best_score_) {
    best_score_ = record.validation;
    best_ = stages;
  }
  if (options_.patience >= 0 && stages - best_ >= options_.patience) end_ = End::no_improvement;
  const bool again = step == 0.0 && options_.row_share >= 1.0 && options_.column_share >= 1.0;
  if (size < options_.tol || again) end_ = End::small_direction;
  interrupt::poll();
  return end_ == End::running;
}

}  // namespace optlite::boosting
