#include "optlite/problems/generalized_linear.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "optlite/core/pairwise.hpp"
#include "optlite/core/parallel.hpp"
#include "optlite/core/random.hpp"
#include "optlite/linalg/small_matrices.hpp"

namespace optlite {

GeneralizedLinear::GeneralizedLinear(const Design& design, const ObjectiveRow& loss,
                                     const double* y, const double* weight, ModelOptions options)
    : design_(design), loss_(loss), y_(y), weight_(weight), options_(std::move(options)) {
  if (options_.penalty == nullptr) options_.penalty = find_by_name(penalty_table(), "squared_l2");
  if (!options_.penalty->smooth) {
    throw std::invalid_argument("GeneralizedLinear needs a smooth penalty, got " +
                                options_.penalty->record.name + ".");
  }
  // Not a sum of the map itself: its bits would depend on the address of the caller's array.
  total_weight_ = weight == nullptr ? static_cast<double>(design.rows())
                                    : pairwise_sum(ConstVectorMap(weight, design.rows()));
}

void GeneralizedLinear::standardize(const Vector& mean, const Vector& deviation) {
  // A power of two scales without rounding; columns without spread keep their unit.
  scale_.resize(features());
  for (Index j = 0; j < features(); ++j) {
    const bool usable = std::isfinite(deviation[j]) && deviation[j] > 0.0;
    scale_[j] = usable ? std::exp2(-std::round(std::log2(deviation[j]))) : 1.0;
  }
  if (options_.intercept) shift_ = mean;
}

Vector GeneralizedLinear::to_internal(const Vector& coefficients) const {
  Vector theta = coefficients;
  for (Index k = 0; k < outputs(); ++k) {
    auto own = theta.segment(k * stride(), stride());
    if (options_.intercept && shift_.size() > 0) {
      own[features()] += shift_.dot(own.head(features()));
    }
    if (scale_.size() > 0) own.head(features()).array() /= scale_.array();
  }
  return theta;
}

Vector GeneralizedLinear::to_external(const Vector& theta) const {
  Vector coefficients = theta;
  for (Index k = 0; k < outputs(); ++k) {
    auto own = coefficients.segment(k * stride(), stride());
    if (scale_.size() > 0) own.head(features()).array() *= scale_.array();
    if (options_.intercept && shift_.size() > 0) {
      own[features()] -= shift_.dot(own.head(features()));
    }
  }
  return coefficients;
}

/// Coefficients that multiply X itself, and the constant that each margin gets.
void GeneralizedLinear::unpack(const Eigen::Ref<const Vector>& theta, Matrix& W,
                               Vector& offset) const {
  W = ConstMatrixMap(theta.data(), stride(), outputs()).topRows(features());
  if (scale_.size() > 0) W.array().colwise() *= scale_.array();
  offset = Vector::Zero(outputs());
  if (!options_.intercept) return;
  for (Index k = 0; k < outputs(); ++k) offset[k] = theta[k * stride() + features()];
  if (shift_.size() > 0) offset -= W.transpose() * shift_;
}

bool GeneralizedLinear::keeps_margins() const {
  // Two sets of margins (current and trial) must stay small beside X itself.
  const Index margin_entries = design_.rows() * outputs();
  return margin_entries <= 100000 || 40 * margin_entries <= design_.entries() ||
         (outputs() == 1 && 4 * margin_entries <= design_.entries());
}

double GeneralizedLinear::penalty_value(const Matrix& W) const {
  if (options_.alpha == 0.0) return 0.0;
  Vector unused = Vector::Zero(W.size());
  return options_.penalty->add_gradient({}, options_.alpha, W.size(), W.data(), unused.data());
}

/// From X^T R (in G) and the column sums of R to the gradient in theta, penalty included.
void GeneralizedLinear::finish_gradient(const Matrix& W, Matrix& G, const Vector& residual_sums,
                                        Point& p) const {
  if (shift_.size() > 0) G.noalias() -= shift_ * residual_sums.transpose();
  G /= total_weight_;
  if (options_.alpha != 0.0) {
    p.value += options_.penalty->add_gradient({}, options_.alpha, W.size(), W.data(), G.data());
  }
  if (scale_.size() > 0) G = scale_.asDiagonal() * G;
  p.gradient.resize(dimension());
  MatrixMap gradient(p.gradient.data(), stride(), outputs());
  gradient.topRows(features()) = G;
  if (options_.intercept) gradient.bottomRows(1) = residual_sums.transpose() / total_weight_;
}

namespace {

/// Column sums of a block, added to row `b` of a (blocks x outputs) table.
void store_sums(const double* block, Index count, Index outputs, Index b, Matrix& table) {
  for (Index k = 0; k < outputs; ++k) {
    double sum = 0.0;
    const double* column = block + k * count;
#pragma omp simd reduction(+ : sum)
    for (Index i = 0; i < count; ++i) sum += column[i];
    table(b, k) = sum;
  }
}

}  // namespace

void GeneralizedLinear::evaluate(Point& p) {
  evaluate(p, nullptr, [&](const Matrix& W, Design::Middle middle, Matrix& G) {
    design_.pass(W.data(), outputs(), outputs(), middle, G.data());
  });
}

/// Value and gradient from one read of X, by Design::pass or one that does more. With one output,
/// `curvature` (if not null) receives weight * second derivative of each sample.
void GeneralizedLinear::evaluate(Point& p, double* curvature, Read read) {
  const Index n = design_.rows();
  const Index K = outputs();
  Matrix W;
  Vector offset;
  unpack(p.x, W, offset);
  const bool keep = keeps_margins();
  if (keep) p.margins.resize(n, K);
  Vector values(design_.blocks());
  Matrix sums(design_.blocks(), K);
  Matrix G(features(), K);
  read(
      W,
      [&](Index first, Index count, double* block) {
        const Index b = first / design_.block_rows();
        for (Index k = 0; k < K; ++k) {
          double* column = block + k * count;
          const double constant = offset[k];
          for (Index i = 0; i < count; ++i) column[i] += constant;
          if (keep) std::copy(column, column + count, p.margins.data() + first + k * n);
        }
        const double* weight = weight_ == nullptr ? nullptr : weight_ + first;
        if (curvature != nullptr) {
          double* q = curvature + first;
          std::copy(block, block + count, q);
          loss_.prepare(options_.fields, count, K, q, y_ + first);
          loss_.curvature(count, K, q, weight, 0, 0, q);
        }
        values[b] = loss_.evaluate(options_.fields, count, K, block, y_ + first, weight);
        store_sums(block, count, K, b, sums);
      },
      G);
  ++passes_;
  Vector residual_sums(K);
  for (Index k = 0; k < K; ++k) residual_sums[k] = pairwise_sum(sums.col(k));
  p.value = pairwise_sum(values) / total_weight_;
  finish_gradient(W, G, residual_sums, p);
}

double GeneralizedLinear::line_value(const Point& a, const Point& b, double t) {
  if (a.margins.size() == 0 || b.margins.size() == 0) return Objective::line_value(a, b, t);
  const Index n = design_.rows();
  const Index K = outputs();
  const Index step = design_.block_rows();
  Vector values(design_.blocks());
  const double work = 40.0 * static_cast<double>(n * K);
  parallel::for_each(design_.blocks(), work, [&](Index block) {
    const Index first = block * step;
    const Index count = std::min(step, n - first);
    const Matrix z =
        (1.0 - t) * a.margins.middleRows(first, count) + t * b.margins.middleRows(first, count);
    const double* weight = weight_ == nullptr ? nullptr : weight_ + first;
    values[block] = loss_.value(options_.fields, count, K, z.data(), y_ + first, weight);
  });
  Matrix W;
  Vector offset;
  unpack(a.x + t * (b.x - a.x), W, offset);
  return pairwise_sum(values) / total_weight_ + penalty_value(W);
}

void GeneralizedLinear::move_on_line(const Point& a, Point& b, double t) {
  if (a.margins.size() == 0 || b.margins.size() == 0) {
    Objective::move_on_line(a, b, t);
    return;
  }
  b.x = a.x + t * (b.x - a.x);
  b.margins = (1.0 - t) * a.margins + t * b.margins;
  evaluate_from_margins(b);
}

/// Adding up margins saves half of a read of X. What is rounded then stays: only while margins are
/// small enough for that to be below the rounding of a sum over the columns.
void GeneralizedLinear::evaluate_step(const Point& a, const Vector& p, const Matrix& margins,
                                      Point& b) {
  constexpr double large = 1e3;
  const bool known = margins.size() > 0 && a.margins.size() == margins.size() &&
                     margins.cwiseAbs().maxCoeff() < large &&
                     a.margins.cwiseAbs().maxCoeff() < large;
  if (!known) {
    Objective::evaluate_step(a, p, margins, b);
    return;
  }
  b.x = a.x + p;
  b.margins = a.margins + margins;
  evaluate_from_margins(b);
}

/// Value and gradient at p.x with p.margins.
void GeneralizedLinear::evaluate_from_margins(Point& p) {
  const Index K = outputs();
  Matrix W;
  Vector offset;
  unpack(p.x, W, offset);
  Vector values(design_.blocks());
  Matrix sums(design_.blocks(), K);
  Matrix G(features(), K);
  design_.pass(
      nullptr, 0, K,
      [&](Index first, Index count, double* block) {
        const Index row = first / design_.block_rows();
        MatrixMap(block, count, K) = p.margins.middleRows(first, count);
        const double* weight = weight_ == nullptr ? nullptr : weight_ + first;
        values[row] = loss_.evaluate(options_.fields, count, K, block, y_ + first, weight);
        store_sums(block, count, K, row, sums);
      },
      G.data());
  ++passes_;
  Vector residual_sums(K);
  for (Index k = 0; k < K; ++k) residual_sums[k] = pairwise_sum(sums.col(k));
  p.value = pairwise_sum(values) / total_weight_;
  finish_gradient(W, G, residual_sums, p);
}

/// body(first, count, block) with the margins at p, block by block, from the cache or from X.
void GeneralizedLinear::for_margins(const Point& p, FunctionRef<void(Index, Index, double*)> body) {
  const Index K = outputs();
  if (p.margins.size() > 0) {
    const Index step = design_.block_rows();
    parallel::for_each(design_.blocks(), 40.0 * static_cast<double>(p.margins.size()),
                       [&](Index b) {
                         const Index first = b * step;
                         const Index count = std::min(step, design_.rows() - first);
                         Matrix block = p.margins.middleRows(first, count);
                         body(first, count, block.data());
                       });
    return;
  }
  Matrix W;
  Vector offset;
  unpack(p.x, W, offset);
  design_.pass(
      W.data(), K, 0,
      [&](Index first, Index count, double* block) {
        MatrixMap(block, count, K).rowwise() += offset.transpose();
        body(first, count, block);
      },
      nullptr);
  ++passes_;
}

Matrix GeneralizedLinear::margins(const Point& p) {
  Matrix all(design_.rows(), outputs());
  for_margins(p, [&](Index first, Index count, double* block) {
    all.middleRows(first, count) = ConstMatrixMap(block, count, outputs());
  });
  return all;
}

void GeneralizedLinear::hessian_product(const Point& p, const Matrix& V, Matrix& out,
                                        Matrix* margins) {
  const Index K = outputs();
  const Index vectors = V.cols();
  const bool cached = p.margins.size() > 0;
  // Without cached margins one pass computes X [W V]: the state first, then the directions.
  const Index state_columns = cached ? 0 : K;
  Matrix coefficients;
  Vector offsets;
  if (cached && vectors == 1) {
    unpack(V.col(0), coefficients, offsets);
  } else {
    coefficients.resize(features(), state_columns + K * vectors);
    offsets.resize(state_columns + K * vectors);
    const auto take = [&](const Eigen::Ref<const Vector>& theta, Index column) {
      Matrix W;
      Vector offset;
      unpack(theta, W, offset);
      coefficients.middleCols(column, K) = W;
      offsets.segment(column, K) = offset;
    };
    if (!cached) take(p.x, 0);
    for (Index v = 0; v < vectors; ++v) take(V.col(v), state_columns + v * K);
  }
  const bool wanted = margins != nullptr && cached && vectors == 1;
  if (margins != nullptr) margins->resize(wanted ? design_.rows() : 0, wanted ? K : 0);
  Matrix sums(design_.blocks(), K * vectors);
  Matrix G(features(), K * vectors);
  design_.pass(
      coefficients.data(), coefficients.cols(), K * vectors,
      [&](Index first, Index count, double* block) {
        MatrixMap all(block, count, coefficients.cols());
        all.rowwise() += offsets.transpose();
        if (wanted) margins->middleRows(first, count) = all;
        const double* weight = weight_ == nullptr ? nullptr : weight_ + first;
        Matrix state =
            cached ? Matrix(p.margins.middleRows(first, count)) : Matrix(all.leftCols(K));
        loss_.prepare(options_.fields, count, K, state.data(), y_ + first);
        for (Index v = 0; v < vectors; ++v) {
          double* direction = block + (state_columns + v * K) * count;
          loss_.curvature_product(count, K, state.data(), weight, direction);
          if (state_columns > 0) std::copy(direction, direction + K * count, block + v * K * count);
        }
        store_sums(block, count, K * vectors, first / design_.block_rows(), sums);
      },
      G.data());
  ++passes_;
  finish_products(p.x, V, sums, true, G, out);
}

/// The coefficients and constants of a block of vectors, K columns each, side by side.
void GeneralizedLinear::unpack_block(const Matrix& V, Matrix& coefficients, Vector& offsets) const {
  const Index K = outputs();
  coefficients.resize(features(), K * V.cols());
  offsets.resize(K * V.cols());
  for (Index v = 0; v < V.cols(); ++v) {
    Matrix W;
    Vector offset;
    unpack(V.col(v), W, offset);
    coefficients.middleCols(v * K, K) = W;
    offsets.segment(v * K, K) = offset;
  }
}

/// From X^T U (in G) and the sums of U over blocks to products in theta, those of the curvature of
/// the penalty included if it is `penalised`.
void GeneralizedLinear::finish_products(const Vector& x, const Matrix& V, const Matrix& sums,
                                        bool penalised, Matrix& G, Matrix& out) const {
  const Index K = outputs();
  out.resize(dimension(), V.cols());
  const Matrix curvature = penalised ? penalty_curvature(x) : Matrix(Matrix::Zero(features(), K));
  for (Index v = 0; v < V.cols(); ++v) {
    MatrixMap result(out.col(v).data(), stride(), K);
    const ConstMatrixMap direction(V.col(v).data(), stride(), K);
    Vector total(K);
    for (Index k = 0; k < K; ++k) total[k] = pairwise_sum(sums.col(v * K + k));
    auto own = G.middleCols(v * K, K);
    if (shift_.size() > 0) own.noalias() -= shift_ * total.transpose();
    own /= total_weight_;
    if (scale_.size() > 0) own.array().colwise() *= scale_.array();
    own.array() += curvature.array() * direction.topRows(features()).array();
    result.topRows(features()) = own;
    if (options_.intercept) result.bottomRows(1) = total.transpose() / total_weight_;
  }
}

void GeneralizedLinear::curvature_product(const Vector& x, const OutputCurvature& B,
                                          const Matrix& V, bool penalised, Matrix& out) {
  const Index K = outputs();
  const Index width = K * V.cols();
  Matrix coefficients;
  Vector offsets;
  unpack_block(V, coefficients, offsets);
  Matrix sums(design_.blocks(), width);
  Matrix G(features(), width);
  design_.pass(
      coefficients.data(), width, width,
      [&](Index first, Index count, double* block) {
        if (options_.intercept) MatrixMap(block, count, width).rowwise() += offsets.transpose();
        for (Index v = 0; v < V.cols(); ++v) B.product(first, count, block + v * K * count);
        store_sums(block, count, width, first / design_.block_rows(), sums);
      },
      G.data());
  ++passes_;
  finish_products(x, V, sums, penalised, G, out);
}

void GeneralizedLinear::jacobian_product(const Matrix& V, Matrix& out) {
  const Index K = outputs();
  Matrix coefficients;
  Vector offsets;
  unpack_block(V, coefficients, offsets);
  out.resize(design_.rows() * K, V.cols());
  design_.pass(
      coefficients.data(), coefficients.cols(), 0,
      [&](Index first, Index count, double* block) {
        MatrixMap(block, count, coefficients.cols()).rowwise() += offsets.transpose();
        for (Index v = 0; v < V.cols(); ++v) {
          Eigen::Map<RowMatrix>(out.col(v).data() + first * K, count, K) =
              ConstMatrixMap(block + v * K * count, count, K);
        }
      },
      nullptr);
  ++passes_;
}

void GeneralizedLinear::jacobian_transposed_product(const Matrix& U, Matrix& out) {
  const Index K = outputs();
  const Index width = K * U.cols();
  Matrix sums(design_.blocks(), width);
  Matrix G(features(), width);
  design_.pass(
      nullptr, 0, width,
      [&](Index first, Index count, double* block) {
        for (Index v = 0; v < U.cols(); ++v) {
          MatrixMap(block + v * K * count, count, K) =
              Eigen::Map<const RowMatrix>(U.col(v).data() + first * K, count, K);
        }
        store_sums(block, count, width, first / design_.block_rows(), sums);
      },
      G.data());
  ++passes_;
  out.resize(dimension(), U.cols());
  for (Index v = 0; v < U.cols(); ++v) {
    MatrixMap result(out.col(v).data(), stride(), K);
    result.topRows(features()) = G.middleCols(v * K, K);
    for (Index k = 0; options_.intercept && k < K; ++k) {
      result(features(), k) = pairwise_sum(sums.col(v * K + k));
    }
  }
}

/// The diagonal that the penalty adds in theta: alpha h''(w_j) scale_j^2.
Matrix GeneralizedLinear::penalty_curvature(const Vector& x) const {
  Matrix curvature = Matrix::Zero(features(), outputs());
  if (options_.alpha == 0.0) return curvature;
  Matrix W;
  Vector offset;
  unpack(x, W, offset);
  options_.penalty->add_curvature({}, options_.alpha, W.size(), W.data(), curvature.data());
  if (scale_.size() > 0) curvature.array().colwise() *= scale_.array().square();
  return curvature;
}

void GeneralizedLinear::hessian(const Point& p, Matrix& H) { hessian(p, false, H); }

namespace {

/// The power of two that takes a number to about one; one for numbers that have none.
double unit_of(double size) {
  return std::isfinite(size) && size > 0.0 ? std::exp2(-std::round(std::log2(size))) : 1.0;
}

/// Whether what underflows in a Gram matrix in single precision changes no entry (i, j) of it by
/// more than 2^-24 sqrt(H_ii H_jj), by its diagonal and its weights alone: no read of X.
///
/// In the units of the sum, with weights q below two, no z_j of a row that counts is above
/// b = sqrt(max H_jj / min q). Rounding next to zero moves z_i, z_j, q z_i and a sum by at most
/// 2^-150, which changes a term q z_i z_j by at most 2^-150 (q b + q b + b + 1).
bool stays_in_range(const ConstVectorMap& weights, const Vector& unit, const Matrix& gram) {
  const double q_unit = unit_of(weights.maxCoeff());
  double least = infinity;
  for (Index i = 0; i < weights.size(); ++i) {
    const double q = q_unit * weights[i];
    if (!(q >= 0.0)) return false;
    if (q > 0.0) least = std::min(least, q);
  }
  Vector diagonal = q_unit * gram.diagonal();
  for (Index j = 0; j < unit.size(); ++j) diagonal[j] = diagonal[j] * unit[j] * unit[j];
  // Else a weight itself is none of the normal floats.
  if (!(least >= 0x1p-126) || !std::isfinite(diagonal.sum())) return false;
  const double change = 0x1p-150 * (1.0 + 5.0 * std::sqrt(diagonal.maxCoeff() / least));
  return static_cast<double>(weights.size()) * change <= 0x1p-24 * diagonal.minCoeff();
}

}  // namespace

void GeneralizedLinear::hessian(const Point& p, bool single, Matrix& H) {
  const Index n = design_.rows();
  const Index K = outputs();
  const Index size = stride();
  Matrix state(n, K);
  for_margins(p, [&](Index first, Index count, double* block) {
    loss_.prepare(options_.fields, count, K, block, y_ + first);
    state.middleRows(first, count) = ConstMatrixMap(block, count, K);
  });
  H.setZero(dimension(), dimension());
  Vector products(K > 1 ? n : 0);
  const Vector unit = single ? column_units() : Vector();
  Matrix gram;
  for (Index a = 0; a < K; ++a) {
    for (Index b = 0; b <= a; ++b) {
      // With one output the state is overwritten by the weights: no second vector of length n.
      double* q = K > 1 ? products.data() : state.data();
      loss_.curvature(n, K, state.data(), weight_, a, b, q);
      if (single) {
        single_gram(q, unit, gram);
        const bool holds =
            a != b || stays_in_range(ConstVectorMap(q, n), unit, gram) || diagonal_holds(q, gram);
        if (!holds) gram.setConstant(std::nan(""));
      } else {
        design_.weighted_gram(gram_task(q), gram);
      }
      ++passes_;
      gram /= total_weight_;
      if (a != b) {
        // An off-diagonal block is symmetric itself: fill its upper half too.
        for (Index j = 1; j < size; ++j) gram.col(j).head(j) = gram.row(j).head(j).transpose();
      }
      H.block(a * size, b * size, size, size) = gram;
    }
  }
  const Matrix curvature = penalty_curvature(p.x);
  for (Index k = 0; k < K; ++k) H.diagonal().segment(k * size, features()) += curvature.col(k);
}

/// Scales that keep the columns in the range of a float, from some of the rows. They are powers of
/// two and round nothing. What the rows do not tell ends in infinities, or in zeros on the
/// diagonal.
Vector GeneralizedLinear::column_units() const {
  const Index n = design_.rows();
  const Index count = std::min<Index>(n, 256);
  std::vector<Index> rows(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) rows[static_cast<std::size_t>(i)] = n * i / count;
  Vector sums, squares, center;
  design_.gather(rows)->moments(nullptr, sums, squares, center);
  const Vector mean = sums / static_cast<double>(count);
  Vector unit(features());
  for (Index j = 0; j < features(); ++j) {
    unit[j] = unit_of(std::hypot(mean[j], std::sqrt(squares[j] / static_cast<double>(count))));
  }
  return unit;
}

/// weighted_gram() in single precision, by way of columns times `unit`.
void GeneralizedLinear::single_gram(const double* q, const Vector& unit, Matrix& gram) const {
  Design::Gram task = gram_task(q);
  const Vector scale = scale_.size() > 0 ? Vector(unit.cwiseProduct(scale_)) : unit;
  task.scale = scale.data();
  task.single = true;
  task.q_unit = unit_of(ConstVectorMap(q, design_.rows()).cwiseAbs().maxCoeff());
  design_.weighted_gram(task, gram);
  const Vector back = unit.cwiseInverse();
  gram.topRows(features()).array().colwise() *= back.array();
  gram.leftCols(features()).array().rowwise() *= back.transpose().array();
}

/// Whether the diagonal of a Gram matrix in single precision is what it is in double. What
/// underflowed leaves no infinity behind, but is missing there.
bool GeneralizedLinear::diagonal_holds(const double* q, const Matrix& gram) {
  Vector sums, squares, center;
  design_.moments(q, sums, squares, center);
  ++passes_;
  const double total = ConstVectorMap(q, design_.rows()).sum();
  double largest = 0.0, difference = 0.0;
  for (Index j = 0; j < features(); ++j) {
    const double scale = scale_.size() > 0 ? scale_[j] : 1.0;
    const double moved = shift_.size() > 0 ? center[j] - shift_[j] : center[j];
    const double about =
        squares[j] + 2.0 * moved * (sums[j] - center[j] * total) + moved * moved * total;
    const double exact = scale * scale * about;
    largest = std::max(largest, exact);
    difference = std::max(difference, std::fabs(gram(j, j) - exact));
    if (!std::isfinite(exact)) return false;
  }
  return difference <= 1e-5 * largest;
}

Design::Gram GeneralizedLinear::gram_task(const double* q) const {
  return {q, shift_.size() > 0 ? shift_.data() : nullptr,
          scale_.size() > 0 ? scale_.data() : nullptr, options_.intercept};
}

void GeneralizedLinear::evaluate_with_hessian(Point& p, bool single, Matrix& H) {
  Vector q(design_.rows());
  Design::Gram task = gram_task(q.data());
  task.single = single;
  task.q_unit = std::exp2(-std::round(std::log2(total_weight_ / static_cast<double>(q.size()))));
  evaluate(p, q.data(), [&](const Matrix& W, Design::Middle middle, Matrix& G) {
    design_.pass_and_gram(W.data(), 1, 1, middle, G.data(), task, H);
  });
  if (!design_.reads_once(task)) ++passes_;
  H /= total_weight_;
  if (single) {
    // Curvature that underflows in float leaves no valid bound: no Hessian then.
    if (!(H.diagonal().minCoeff() > 1e-20)) H.setConstant(std::nan(""));
    H.diagonal() *= 1.0 - Design::single_precision_loss(H.rows());
  }
  H.diagonal().head(features()) += penalty_curvature(p.x).col(0);
}

/// Softmax probabilities stay the same when a coordinate moves alike in all K outputs, u = (e_j,
/// ..., e_j). Where u . H u vanishes, the projection on u is added, as large as H is in e_j.
void GeneralizedLinear::fill_null_space(Matrix& H) {
  const Index K = outputs();
  if (K == 1) return;
  for (Index j = 0; j < stride(); ++j) {
    double trace = 0.0;
    double along = 0.0;
    for (Index a = 0; a < K; ++a) {
      trace += H(a * stride() + j, a * stride() + j);
      along += H(a * stride() + j, a * stride() + j);
      for (Index b = 0; b < a; ++b) along += 2.0 * H(a * stride() + j, b * stride() + j);
    }
    if (!(std::fabs(along) <= 1e-13 * trace)) continue;
    for (Index a = 0; a < K; ++a) {
      for (Index b = 0; b <= a; ++b) {
        H(a * stride() + j, b * stride() + j) += trace / static_cast<double>(K * K);
      }
    }
  }
}

Matrix GeneralizedLinear::mean_curvature(const Point& p) {
  const Index K = outputs();
  Matrix sums = Matrix::Zero(design_.blocks(), K * K);
  for_margins(p, [&](Index first, Index count, double* block) {
    loss_.prepare(options_.fields, count, K, block, y_ + first);
    Vector q(count);
    const double* weight = weight_ == nullptr ? nullptr : weight_ + first;
    for (Index a = 0; a < K; ++a) {
      for (Index b = 0; b <= a; ++b) {
        loss_.curvature(count, K, block, weight, a, b, q.data());
        sums(first / design_.block_rows(), a * K + b) = q.sum();
      }
    }
  });
  Matrix mean(K, K);
  for (Index a = 0; a < K; ++a) {
    for (Index b = 0; b <= a; ++b) {
      mean(a, b) = mean(b, a) = pairwise_sum(sums.col(a * K + b)) / total_weight_;
    }
  }
  return mean;
}

/// Mean curvature of each output times the second moments of the columns: exact where curvature
/// and columns are uncorrelated, and no read of X once the moments are known.
void GeneralizedLinear::hessian_diagonal(const Point& p, Vector& diagonal) {
  const Index K = outputs();
  const Vector& second = second_moments();
  const Matrix mean = mean_curvature(p);
  diagonal.resize(dimension());
  MatrixMap out(diagonal.data(), stride(), K);
  for (Index k = 0; k < K; ++k) {
    out.col(k).head(features()) = mean(k, k) * second;
    if (scale_.size() > 0) out.col(k).head(features()).array() *= scale_.array().square();
    if (options_.intercept) out(features(), k) = mean(k, k);
  }
  out.topRows(features()) += penalty_curvature(p.x);
}

/// ||dF/dw||, in the units of X.
double GeneralizedLinear::weight_gradient_norm(const Point& p) const {
  const ConstMatrixMap gradient(p.gradient.data(), stride(), outputs());
  Matrix w = gradient.topRows(features());
  if (scale_.size() > 0) w = scale_.cwiseInverse().asDiagonal() * w;
  return w.norm();
}

namespace {

/// C^+ for a matrix of curvatures: shifting all classes alike changes nothing.
Matrix pseudo_inverse(const Matrix& C) {
  Vector values;
  Matrix vectors;
  symmetric_eigen(C, values, vectors);
  const double top = values.maxCoeff();
  for (double& value : values) value = value <= 1e-13 * top ? 0.0 : 1.0 / value;
  return from_eigen(values, vectors);
}

}  // namespace

/// The duality gap of F with penalty (alpha / 2) ||w||^2.
///
/// With the dual point made from the residuals r_i = s_i l'(z_i) / S, the gap is exactly
/// ||dF/dw||^2 / (2 alpha), provided the residuals sum to zero (the intercept is optimal). If they
/// sum to g != 0, moving the intercept by -C^+ g makes them so, C being the mean curvature. That
/// move lowers F by about nu / 2, nu = g . C^+ g, and by Cauchy's inequality changes dF/dw by at
/// most sqrt(kappa T nu): kappa bounds the curvature, T is the mean of ||x - shift||^2.
double GeneralizedLinear::duality_gap(const Point& p) {
  if (!has_gap()) return infinity;
  if (options_.intercept) return gap_of_intercepts(p, pseudo_inverse(mean_curvature(p)));
  const double direct = weight_gradient_norm(p);
  return direct * direct / (2.0 * options_.alpha);
}

/// The same for C^+ at p.
double GeneralizedLinear::gap_of_intercepts(const Point& p, const Matrix& inverse) {
  const ConstMatrixMap gradient(p.gradient.data(), stride(), outputs());
  const Vector g = gradient.row(features()).transpose();
  const Vector shift = inverse * g;  // of the intercept, downwards
  const double nu = shift.dot(g);
  const double move = shift.cwiseAbs().maxCoeff();
  if (!(move < 0.1)) return infinity;  // too far for the second-order bound
  const double kappa = loss_.curvature_bound(options_.fields);
  const double concordance = loss_.self_concordance;
  if (!std::isfinite(kappa) || !std::isfinite(concordance)) return infinity;
  const double total = weight_gradient_norm(p) + std::sqrt(kappa * second_moments().sum() * nu);
  // How far the curvature can change over the move; without such a bound (Huber) there is no gap.
  return std::exp(concordance * move) * (total * total / (2.0 * options_.alpha) + 0.5 * nu);
}

/// The gap at p from the point with better intercepts: what F falls by on the way there, and the
/// gap that is left. Cauchy's inequality is far too wide where only the intercepts are not optimal.
double GeneralizedLinear::gap_through_intercepts(const Point& p, const Matrix& inverse) {
  const ConstMatrixMap gradient(p.gradient.data(), stride(), outputs());
  const Vector shift = inverse * gradient.row(features()).transpose();
  const double move = shift.cwiseAbs().maxCoeff();
  if (!(move < 0.1) || !std::isfinite(loss_.self_concordance)) return infinity;
  Point there;
  there.x = p.x;
  MatrixMap(there.x.data(), stride(), outputs()).row(features()) -= shift.transpose();
  evaluate(there);
  // The curvature there is at least exp(-c move) of that here.
  return std::max(0.0, p.value - there.value) +
         std::exp(loss_.self_concordance * move) * gap_of_intercepts(there, inverse);
}

void GeneralizedLinear::set_reference(const Point& reference, const Metric* metric) {
  reference_margins_ = reference.margins;
  reference_metric_ = metric;
}

/// A bound on the squared Newton decrement g . H^-1 g, which near the solution exceeds F - F*.
///
/// If margins moved by at most m since the reference, each sample's curvature fell at most to
/// exp(-c m) of its value there (c: self-concordance of the loss), and so did the Hessian.
double GeneralizedLinear::reference_decrement(const Point& p) const {
  if (reference_metric_ == nullptr || p.margins.size() == 0) return infinity;
  if (!std::isfinite(loss_.self_concordance)) return infinity;
  const double moved = (p.margins - reference_margins_).cwiseAbs().maxCoeff();
  const double exponent = moved > 0.0 ? loss_.self_concordance * moved : 0.0;
  if (!(exponent < 3.0)) return infinity;
  Vector step;
  reference_metric_->solve(p.gradient, step);
  return std::exp(exponent) * p.gradient.dot(step);
}

double GeneralizedLinear::certificate(const Point& p) {
  // Where the reference applies it is within a small factor of F - F*, which the gap seldom is, and
  // it needs no further read of X.
  const double decrement = reference_decrement(p);
  return std::isfinite(decrement) ? decrement : duality_gap(p);
}

/// With an intercept and several outputs the gap takes a read of X, or two. It is never below what
/// the gradient in the coefficients gives.
double GeneralizedLinear::certificate_below(const Point& p, double enough) {
  const double decrement = reference_decrement(p);
  if (std::isfinite(decrement)) return decrement;
  const double direct = weight_gradient_norm(p);
  if (direct * direct > 2.0 * options_.alpha * enough) return infinity;
  if (!options_.intercept || !has_gap()) return duality_gap(p);
  const Matrix inverse = pseudo_inverse(mean_curvature(p));
  const double gap = gap_of_intercepts(p, inverse);
  return gap <= enough ? gap : std::min(gap, gap_through_intercepts(p, inverse));
}

const Vector& GeneralizedLinear::second_moments() {
  if (second_moments_.size() == 0) {
    Vector sums;
    Vector squares;
    Vector center;
    design_.moments(weight_, sums, squares, center);
    ++passes_;
    set_moments(squares / total_weight_, center);
  }
  return second_moments_;
}

void GeneralizedLinear::set_moments(const Vector& variance, const Vector& mean) {
  const Vector moved = shift_.size() > 0 ? Vector(mean - shift_) : mean;
  second_moments_ = variance + moved.cwiseAbs2();
}

/// Z^T diag(s) Z v / S: the Hessian of least squares, one read of X.
Vector GeneralizedLinear::gram_product(const Vector& v) {
  Matrix W;
  Vector offset;
  Vector padded = Vector::Zero(dimension());
  padded.head(stride()) = v;
  unpack(padded, W, offset);
  Matrix sums(design_.blocks(), 1);
  Matrix G(features(), 1);
  design_.pass(
      W.data(), 1, 1,
      [&](Index first, Index count, double* block) {
        for (Index i = 0; i < count; ++i) {
          block[i] = (block[i] + offset[0]) * (weight_ == nullptr ? 1.0 : weight_[first + i]);
        }
        store_sums(block, count, 1, first / design_.block_rows(), sums);
      },
      G.data());
  ++passes_;
  const double total = pairwise_sum(sums.col(0));
  if (shift_.size() > 0) G.col(0) -= total * shift_;
  if (scale_.size() > 0) G.col(0).array() *= scale_.array();
  Vector product(stride());
  product.head(features()) = G.col(0) / total_weight_;
  if (options_.intercept) product[features()] = total / total_weight_;
  return product;
}

/// Power iteration on the Gram operator; the residual norm is added, so that the result errs
/// upwards.
double GeneralizedLinear::lipschitz() {
  const double bound = loss_.curvature_bound(options_.fields);
  if (!std::isfinite(bound)) return infinity;
  // A random start: a vector of ones may be orthogonal to the top eigenvector.
  const Philox random(0);
  Vector v(stride());
  for (Index j = 0; j < v.size(); ++j) v[j] = random.normal(static_cast<std::uint64_t>(j));
  v.normalize();
  double value = 0.0;
  double residual = infinity;
  for (int iteration = 0; iteration < 200 && residual > 1e-3 * value; ++iteration) {
    const Vector product = gram_product(v);
    value = v.dot(product);
    residual = (product - value * v).norm();
    const double norm = product.norm();
    if (norm == 0.0) break;
    v = product / norm;
  }
  const double largest = scale_.size() > 0 ? scale_.maxCoeff() : 1.0;
  return bound * (value + residual) + options_.alpha * largest * largest;
}

}  // namespace optlite
