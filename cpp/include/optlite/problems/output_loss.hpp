// The loss of everything a model puts out for a sample, over blocks of rows.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "optlite/core/types.hpp"
#include "optlite/objectives/concept.hpp"

namespace optlite {

/// One loss of K margins (softmax), or the sum of K losses of one margin each, every one with a
/// target of its own. Blocks are count x K, column-major.
class OutputLoss {
 public:
  /// y: n targets, or n for each output, column by column. weight: n, or null for ones. Both are
  /// kept by reference.
  OutputLoss(const ObjectiveRow& row, std::vector<double> fields, Index outputs, Index n,
             const double* y, const double* weight)
      : row_(&row), fields_(std::move(fields)), outputs_(outputs), n_(n), y_(y), weight_(weight) {}

  /// The same for other targets, without weights.
  OutputLoss with_targets(const double* y) const {
    return {*row_, fields_, outputs_, n_, y, nullptr};
  }

  Index outputs() const { return outputs_; }
  Index samples() const { return n_; }
  const double* weight() const { return weight_; }
  /// Columns of y.
  Index targets() const { return row_->one_margin ? outputs_ : 1; }

  /// Returns the sum of weight * loss; overwrites the margins by weight * first derivative.
  double evaluate(Index first, Index count, double* margins) const {
    double sum = 0.0;
    each([&](Index c) {
      sum += row_->evaluate(fields_, count, width(), margins + c * count, target(first, c),
                            weight_at(first));
    });
    return sum;
  }

  double value(Index first, Index count, const double* margins) const {
    double sum = 0.0;
    each([&](Index c) {
      sum += row_->value(fields_, count, width(), margins + c * count, target(first, c),
                         weight_at(first));
    });
    return sum;
  }

  /// Overwrites the margins by what second derivatives need.
  void prepare(Index first, Index count, double* margins) const {
    each([&](Index c) {
      row_->prepare(fields_, count, width(), margins + c * count, target(first, c));
    });
  }

  /// direction <- weight * (second derivative) * direction.
  void curvature_product(Index first, Index count, const double* state, double* direction) const {
    each([&](Index c) {
      row_->curvature_product(count, width(), state + c * count, weight_at(first),
                              direction + c * count);
    });
  }

  /// q <- weight * second derivative in two outputs; `state` is what prepare() left.
  void curvature(Index first, Index count, const double* state, Index k, Index l, double* q) const {
    if (!row_->one_margin) {
      row_->curvature(count, outputs_, state, weight_at(first), k, l, q);
    } else if (k == l) {
      row_->curvature(count, 1, state + k * count, weight_at(first), 0, 0, q);
    } else {
      std::fill_n(q, count, 0.0);
    }
  }

 private:
  Index width() const { return row_->one_margin ? 1 : outputs_; }
  const double* target(Index first, Index c) const { return y_ + first + c * n_; }
  const double* weight_at(Index first) const {
    return weight_ == nullptr ? nullptr : weight_ + first;
  }
  template <class Body>
  void each(Body&& body) const {
    for (Index c = 0; c < targets(); ++c) body(c);
  }

  const ObjectiveRow* row_;
  std::vector<double> fields_;
  Index outputs_;
  Index n_;
  const double* y_;
  const double* weight_;
};

}  // namespace optlite
