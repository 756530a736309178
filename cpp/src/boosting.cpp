#include "optlite/boosting/boosting.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "optlite/core/interrupt.hpp"
#include "optlite/core/pairwise.hpp"
#include "optlite/core/parallel.hpp"
#include "optlite/core/random.hpp"

namespace optlite::boosting {

namespace {

constexpr double furthest = 1e100;  // of a target: sums of squares stay finite
constexpr double shortest_step = 1e-60;
constexpr Index block_rows = 2048;  // parameters, direction and scores of a block stay in the cache

double clip(double value, double lower, double upper) {
  return value < lower ? lower : value > upper ? upper : value;
}

Index block_size(const Objective& objective, Index count) {
  return objective.concurrent ? block_rows : std::max<Index>(count, 1);
}

/// body(begin, count, block) over the blocks of `rows` rows.
template <class Body>
void over_blocks(const Objective& objective, Index rows, Body&& body) {
  const Index size = block_size(objective, rows);
  const Index blocks = (rows + size - 1) / size;
  const double work = 30.0 * static_cast<double>(rows * objective.parameters);
  parallel::for_each(blocks, objective.concurrent ? work : 0.0,
                     [&](Index b) { body(b * size, std::min(size, rows - b * size), b); });
}

Block block_of(const Rows& rows, Index begin, Index count, const double* params, Index stride) {
  return {count,          params,     stride,
          rows.y + begin, rows.count, rows.event == nullptr ? nullptr : rows.event + begin};
}

}  // namespace

Boosting::Boosting(Objective objective, Learner& learner, Rows train, Rows validation,
                   Options options)
    : objective_(std::move(objective)),
      learner_(&learner),
      train_(std::move(train)),
      validation_(std::move(validation)),
      options_(std::move(options)),
      fitted_(Matrix::Zero(train_.count, objective_.parameters)),
      fitted_validation_(Matrix::Zero(validation_.count, objective_.parameters)) {
  start_score_ = mean_score(train_, nullptr, 0.0, nullptr);
  start_validation_ = validation_.count > 0 ? mean_score(validation_, nullptr, 0.0, nullptr)
                                            : std::numeric_limits<double>::quiet_NaN();
  best_score_ = start_validation_;
}

/// A share of 0 ... count - 1 without replacement, in order: the first of a shuffle.
std::vector<std::uint32_t> Boosting::choose(Index count, double share, std::uint64_t stream) const {
  std::vector<std::uint32_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0u);
  if (share >= 1.0) return all;
  const Index size = std::max<Index>(1, static_cast<Index>(share * static_cast<double>(count)));
  const Philox random(options_.seed, stream);
  for (Index i = 0; i < size; ++i) {
    const Index j = i + random.below(static_cast<std::uint64_t>(i), count - i);
    std::swap(all[static_cast<std::size_t>(i)], all[static_cast<std::size_t>(j)]);
  }
  std::vector<std::uint8_t> taken(static_cast<std::size_t>(count), 0);
  for (Index i = 0; i < size; ++i) taken[all[static_cast<std::size_t>(i)]] = 1;
  all.clear();
  for (Index i = 0; i < count; ++i) {
    if (taken[static_cast<std::size_t>(i)] != 0) all.push_back(static_cast<std::uint32_t>(i));
  }
  return all;
}

/// Parameters of a block, clipped to their bounds: params + step * direction (null: params).
Matrix Boosting::clipped(const Rows& rows, Index begin, Index count, const Matrix* direction,
                         double step) const {
  Matrix params(count, objective_.parameters);
  for (Index k = 0; k < objective_.parameters; ++k) {
    const double* from = rows.params.data() + k * rows.count + begin;
    const double lower = options_.lower[static_cast<std::size_t>(k)];
    const double upper = options_.upper[static_cast<std::size_t>(k)];
    double* to = params.data() + k * count;
    if (direction == nullptr) {
      for (Index i = 0; i < count; ++i) to[i] = clip(from[i], lower, upper);
    } else {
      const double* by = direction->data() + k * rows.count + begin;
#pragma omp simd
      for (Index i = 0; i < count; ++i) to[i] = clip(from[i] + step * by[i], lower, upper);
    }
  }
  return params;
}

void Boosting::negative_gradient() {
  const Index n = train_.count;
  over_blocks(objective_, n, [&](Index begin, Index count, Index) {
    const Matrix params = clipped(train_, begin, count, nullptr, 0.0);
    objective_.gradient(block_of(train_, begin, count, params.data(), count),
                        fitted_.data() + begin, n);
    for (Index k = 0; k < objective_.parameters; ++k) {
      const double* theta = train_.params.data() + k * n + begin;
      double* out = fitted_.data() + k * n + begin;
      const double lower = options_.lower[static_cast<std::size_t>(k)];
      const double upper = options_.upper[static_cast<std::size_t>(k)];
#pragma omp simd
      for (Index i = 0; i < count; ++i) {
        const bool further =
            ((theta[i] <= lower) & (out[i] > 0.0)) | ((theta[i] >= upper) & (out[i] < 0.0));
        out[i] = further ? 0.0 : clip(-out[i], -furthest, furthest);
      }
    }
  });
}

/// The weighted mean of a number for each row of a block, over all blocks; over the chosen rows if
/// `chosen` is not null. body(begin, count, values) writes those of one block.
template <class Body>
double Boosting::mean(const Rows& rows, const std::vector<std::uint8_t>* chosen,
                      Body&& body) const {
  const Index size = block_size(objective_, rows.count);
  Matrix sums = Matrix::Zero((rows.count + size - 1) / size, 2);
  over_blocks(objective_, rows.count, [&](Index begin, Index count, Index b) {
    Vector values(count);
    body(begin, count, values.data());
    if (rows.weight == nullptr && chosen == nullptr) {
      sums(b, 0) = values.sum();
      sums(b, 1) = static_cast<double>(count);
      return;
    }
    Vector weight = Vector::Ones(count);
    if (rows.weight != nullptr) weight = ConstVectorMap(rows.weight + begin, count);
    for (Index i = 0; chosen != nullptr && i < count; ++i) {
      if ((*chosen)[static_cast<std::size_t>(begin + i)] == 0) weight[i] = 0.0;
    }
    // A row without weight may have any score.
    sums(b, 0) = (weight.array() > 0.0).select(weight.array() * values.array(), 0.0).sum();
    sums(b, 1) = weight.sum();
  });
  const Vector total = pairwise_sums(std::move(sums));
  return total[0] / total[1];
}

/// The mean score at params + step * direction.
double Boosting::mean_score(const Rows& rows, const Matrix* direction, double step,
                            const std::vector<std::uint8_t>* chosen) const {
  return mean(rows, chosen, [&](Index begin, Index count, double* scores) {
    const Matrix params = clipped(rows, begin, count, direction, step);
    objective_.score(block_of(rows, begin, count, params.data(), count), scores);
  });
}

double Boosting::mean_length() const {
  return mean(train_, nullptr, [&](Index begin, Index count, double* lengths) {
    VectorMap(lengths, count) = fitted_.middleRows(begin, count).rowwise().norm();
  });
}

/// The step at which some row moves as far as one stage may move it.
double Boosting::longest_step() const {
  double longest = std::numeric_limits<double>::infinity();
  for (Index k = 0; k < objective_.parameters; ++k) {
    const double furthest = options_.learning_rate * fitted_.col(k).cwiseAbs().maxCoeff();
    if (furthest > 0.0) {
      longest = std::min(longest, options_.reach[static_cast<std::size_t>(k)] / furthest);
    }
  }
  return longest;
}

/// The longest step of 1, 2, 4, ... before the score rises, else the first of 1/2, 1/4, ... at
/// which it falls; 0 where it falls at none that is worth a step.
double Boosting::line_search(double start, const std::vector<std::uint8_t>* chosen,
                             double size) const {
  const double longest = longest_step();
  double step = 1.0, falling = 0.0;
  double score = mean_score(train_, &fitted_, step, chosen);
  while (std::isfinite(score) && score <= start) {
    if (score < start) falling = step;
    if (2.0 * step > longest || step > 256.0) break;
    step *= 2.0;
    score = mean_score(train_, &fitted_, step, chosen);
  }
  if (falling > 0.0) return falling;
  while (size * step >= options_.tol && step >= shortest_step) {
    step *= 0.5;
    score = mean_score(train_, &fitted_, step, chosen);
    if (std::isfinite(score) && score < start) return step;
    interrupt::poll();
  }
  return 0.0;
}

void Boosting::advance(Rows& rows, const Matrix& direction, double step) const {
  rows.params += step * direction;
}

bool Boosting::stage() {
  if (end_ != End::running) return false;
  const auto number = static_cast<std::uint64_t>(options_.first_stage) + records_.size();
  const std::vector<std::uint32_t> rows = choose(train_.count, options_.row_share, 2 * number + 2);
  const auto columns = choose(options_.features, options_.column_share, 2 * number + 3);
  const std::vector<std::int32_t> features(columns.begin(), columns.end());
  std::vector<std::uint8_t> chosen;
  if (static_cast<Index>(rows.size()) < train_.count) {
    chosen.assign(static_cast<std::size_t>(train_.count), 0);
    for (const std::uint32_t i : rows) chosen[i] = 1;
  }
  const std::vector<std::uint8_t>* mask = chosen.empty() ? nullptr : &chosen;
  negative_gradient();  // into the place where the learner puts what it makes of it
  learner_->fit(
      {objective_.parameters, train_.count, fitted_.data(), train_.weight, &rows, &features},
      fitted_.data(), fitted_validation_.data());
  const double before = records_.empty() ? start_score_ : records_.back().score;
  const double size = mean_length();
  const double step =
      line_search(mask == nullptr ? before : mean_score(train_, nullptr, 0.0, mask), mask, size);
  learner_->keep(options_.learning_rate * step);
  advance(train_, fitted_, options_.learning_rate * step);
  StageRecord record{step, mean_score(train_, nullptr, 0.0, nullptr),
                     std::numeric_limits<double>::quiet_NaN(), size};
  if (validation_.count > 0) {
    advance(validation_, fitted_validation_, options_.learning_rate * step);
    record.validation = mean_score(validation_, nullptr, 0.0, nullptr);
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
