// What a file in this folder declares: an update rule that sees a tensor whole, with its shape.
//
// As a rule of one coordinate (rules/concept.hpp) it declares doc, formula, reference, title,
// decay, fields(), slots(), scalars(), inputs(); Python treats both alike. Its arrays of state may
// have shapes of their own, stated once, here:
//
//     static constexpr auto slots() {
//       return std::array{slot<Rule>("m", "..."),                    like the tensor
//                         shaped(&Rule::left, slot<Rule>("L", "...")),
//                         diagonal(&Rule::left, "L", "...", &Rule::eps)};        starts as eps I
//     }
//     static Shape left(const Rule& rule, const Shape& tensor);   of tensor and hyper-parameters
//
// A shape {0} means that such a tensor has no use for the array. Then one of
//
//     template <class T> void step(Index t, const Tensor<T>& tensor, Workspace& work) const;
//     template <class T> void step_all(Index t, const Tensor<T>* tensors, Index count,
//                                      double* scalars, Workspace& work) const;
//
// The first is called for each tensor that is not empty and has tensor.scalars of its own; the
// second sees all tensors, and one set of scalars. `tensor.arrays` points to inputs, then slots.
// The driver (drivers/whole_tensor.hpp) has seen to weight decay before; where its step size is not
// learning_rate for tensors of every number of dimensions, declare `double rate(int dimensions)`.
// `template <class T> void look(const Tensor<T>&) const`, if there, sees each tensor before that.
//
// A rule whose steps make long computations declares `bool is_long(Index t) const`: those steps may
// be interrupted, and what they changed is taken back.
//
// Memory comes from `work`, never from new or from matrices of Eigen: a step that is repeated
// allocates nothing. Products are those of linalg/products.hpp, in T; other sums are in double.
//
// The rule decides how it treats tensors that are no matrices, and says so in its doc. Folding
// (d0, d1, ...) into d0 rows is usual: as_matrix().
#pragma once

#include "optlite/linalg/coordinates.hpp"
#include "optlite/linalg/factored.hpp"
#include "optlite/linalg/subspace.hpp"
#include "optlite/rules/concept.hpp"

namespace optlite {

template <class Part>
constexpr Slot<Part> shaped(Shape (*shape)(const Part&, const Shape&), Slot<Part> slot) {
  slot.shape = shape;
  return slot;
}

/// A square array that starts as a multiple of the unit matrix.
template <class Part>
constexpr Slot<Part> diagonal(Shape (*shape)(const Part&, const Shape&), const char* name,
                              const char* doc, double Part::* multiple) {
  return {name, doc, 0.0, multiple, false, false, shape, true};
}

template <class Part>
constexpr Slot<Part> diagonal(Shape (*shape)(const Part&, const Shape&), const char* name,
                              const char* doc, double multiple = 1.0) {
  return {name, doc, multiple, nullptr, false, false, shape, true};
}

namespace matrix_rules {

using rules::BiasCorrection;
using rules::debias;
using rules::larger;
using rules::smaller;
using rules::square;

/// A tensor as a matrix: the first extent, and the product of the others.
struct Extents {
  Index rows, cols;
};
inline Extents as_matrix(const Index* extents, int dimensions) {
  if (dimensions == 0) return {1, 1};
  Index cols = 1;
  for (int i = 1; i < dimensions; ++i) cols *= extents[i];
  return {extents[0], cols};
}
inline Extents as_matrix(const Shape& shape) { return as_matrix(shape.begin(), shape.dimensions); }
template <class T>
Extents as_matrix(const Tensor<T>& tensor) {
  return as_matrix(tensor.extents, tensor.dimensions);
}

/// A tensor as a stack of matrices of its last two dimensions: the shapes of what is kept for each
/// row and for each column, none for a vector.
inline Shape rows_of_stack(const Shape& tensor) {
  if (tensor.dimensions < 2) return {0};
  return {tensor.begin(), tensor.dimensions - 1};
}
inline Shape cols_of_stack(const Shape& tensor) {
  if (tensor.dimensions < 2) return {0};
  Shape shape = rows_of_stack(tensor);
  shape.extents[static_cast<std::size_t>(shape.dimensions - 1)] = *(tensor.end() - 1);
  return shape;
}
template <class T>
Factored<T> factored(const Tensor<T>& tensor, T* rows, T* cols) {
  const Index* last = tensor.extents + tensor.dimensions - 2;
  return {tensor.size / (last[0] * last[1]), last[0], last[1], rows, cols};
}

/// For rules with a `rank`, which see a matrix in a subspace and vectors as they are: the subspace,
/// and the shapes of a projected tensor and of the projection.
template <class Rule>
Subspace subspace_of(const Rule& rule, Extents extents) {
  return {extents.rows, extents.cols, rule.rank};
}
template <class Rule>
Shape projected(const Rule& rule, const Shape& tensor) {
  if (tensor.dimensions < 2) return tensor;
  const Subspace space = subspace_of(rule, as_matrix(tensor));
  return {space.low_rows(), space.low_cols()};
}
template <class Rule>
Shape projection(const Rule& rule, const Shape& tensor) {
  if (tensor.dimensions < 2) return {0};
  const Subspace space = subspace_of(rule, as_matrix(tensor));
  return {space.rank, space.side()};
}

template <class T>
double root_mean_square(const T* values, Index size) {
  return std::sqrt(coordinates::sum_of_squares(values, size) / static_cast<double>(size));
}

/// The scalars of a step of Adam, for tensors that a rule leaves to it.
template <class T>
struct AdamStep {
  T beta1, fresh1, beta2, fresh2, rate, root, eps;
  AdamStep(double learning_rate, double b1, double b2, double epsilon, Index t)
      : beta1(T(b1)),
        fresh1(T(1.0 - b1)),
        beta2(T(b2)),
        fresh2(T(1.0 - b2)),
        rate(T(learning_rate * BiasCorrection(b1, b2, t).first)),
        root(T(BiasCorrection(b1, b2, t).root)),
        eps(rules::at_least_tiny<T>(epsilon)) {}

  void update(T& x, T g, T& m, T& v) const {
    m = beta1 * m + fresh1 * g;
    v = beta2 * v + fresh2 * g * g;
    x -= rate * m / (std::sqrt(v) * root + eps);
  }
};
template <class T>
void adam_step(const AdamStep<T>& s, const Tensor<T>& tensor, T* m, T* v) {
  coordinates::each(tensor.size,
                    [=, x = tensor.x, g = tensor.g](Index j) { s.update(x[j], g[j], m[j], v[j]); });
}

/// The same with eps beside the root of v as it is: the bias is corrected in the rate alone.
template <class T>
struct MomentStep {
  T beta1, fresh1, beta2, fresh2, rate, eps;
  MomentStep(double learning_rate, double b1, double b2, double epsilon, Index t)
      : beta1(T(b1)),
        fresh1(T(1.0 - b1)),
        beta2(T(b2)),
        fresh2(T(1.0 - b2)),
        rate(T(learning_rate * BiasCorrection(b1, b2, t).first / BiasCorrection(b1, b2, t).root)),
        eps(rules::at_least_tiny<T>(epsilon)) {}

  /// scaled <- m / (sqrt(v) + eps), after g went into both; `scaled` may be g.
  void scaled(Index size, const T* g, T* m, T* v, T* scaled) const {
    coordinates::each(size, [=, s = *this](Index j) {
      m[j] = s.beta1 * m[j] + s.fresh1 * g[j];
      v[j] = s.beta2 * v[j] + s.fresh2 * g[j] * g[j];
      scaled[j] = m[j] / (std::sqrt(v[j]) + s.eps);
    });
  }
  void move(const Tensor<T>& tensor, T* m, T* v) const {
    coordinates::each(tensor.size, [=, s = *this, x = tensor.x, g = tensor.g](Index j) {
      m[j] = s.beta1 * m[j] + s.fresh1 * g[j];
      v[j] = s.beta2 * v[j] + s.fresh2 * g[j] * g[j];
      x[j] -= s.rate * m[j] / (std::sqrt(v[j]) + s.eps);
    });
  }
};

/// A hyper-parameter that counts. Past 1e15, more than any array holds, all
/// are alike: a number that no Index can hold would become an arbitrary one.
inline Index whole(double count) { return static_cast<Index>(std::fmin(count, 1e15)); }

/// Whether something is renewed in step t: in 1, 1 + period, ...
inline bool is_due(Index t, double period) {
  return std::fmod(static_cast<double>(t - 1), period) == 0.0;
}

}  // namespace matrix_rules

/// The rules of this folder, for rule_table().
std::vector<RuleRow> matrix_rule_rows();

}  // namespace optlite
