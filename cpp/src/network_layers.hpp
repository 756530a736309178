// A block of rows going through the layers of a network, forward and backward, and the derivatives
// of that along directions (the R-operator).
#pragma once

#include <utility>
#include <vector>

#include "optlite/linalg/serial_products.hpp"
#include "optlite/problems/network.hpp"

namespace optlite::layers {

template <class T>
using Block = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;  // rows x units, column-major
template <class T>
using Rows = Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>, 0,
                        Eigen::OuterStride<>>;

/// Which numbers of w belong to which layer.
class Shape {
 public:
  explicit Shape(std::vector<Index> widths) : widths_(std::move(widths)), starts_(widths_.size()) {
    for (Index l = 0; l < layers(); ++l) {
      starts_[static_cast<std::size_t>(l + 1)] = start(l) + (in(l) + 1) * out(l);
    }
  }
  Index layers() const { return static_cast<Index>(widths_.size()) - 1; }
  Index in(Index l) const { return widths_[static_cast<std::size_t>(l)]; }
  Index out(Index l) const { return widths_[static_cast<std::size_t>(l + 1)]; }
  Index start(Index l) const { return starts_[static_cast<std::size_t>(l)]; }
  Index dimension() const { return start(layers()); }

 private:
  std::vector<Index> widths_;
  std::vector<Index> starts_;
};

/// One or more vectors of variables side by side in each layer: (in + 1) x (vectors * out).
template <class T>
class Weights {
 public:
  using Layer = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  Weights(const Shape& shape, const Matrix& V) : layers_(static_cast<std::size_t>(shape.layers())) {
    for (Index l = 0; l < shape.layers(); ++l) {
      const Index rows = shape.in(l) + 1, out = shape.out(l);
      Layer& layer = layers_[static_cast<std::size_t>(l)];
      layer.resize(rows, V.cols() * out);
      for (Index v = 0; v < V.cols(); ++v) {
        const Eigen::Map<const RowMatrix> own(V.col(v).data() + shape.start(l), rows, out);
        layer.middleCols(v * out, out) = own.template cast<T>();
      }
    }
  }
  auto matrix(Index l) const { return at(l).topRows(at(l).rows() - 1); }
  auto bias(Index l) const { return at(l).row(at(l).rows() - 1); }

 private:
  const Layer& at(Index l) const { return layers_[static_cast<std::size_t>(l)]; }
  std::vector<Layer> layers_;
};

/// What a block of rows leaves behind at w, for products along any direction. Index l >= 1: the
/// units between layers l - 1 and l.
template <class T>
struct State {
  std::vector<Block<T>> h;      // h[l], what layer l takes; h[0] are the rows of X themselves
  std::vector<Block<T>> slope;  // g'(a)
  std::vector<Block<T>> bend;   // g''(a), after the way back times s_i dl/dh
  std::vector<Block<T>> delta;  // s_i dl/da of layer l, from l = 0
  Matrix outputs;               // the last a, then what the loss made of it

  explicit State(Index layers = 0)
      : h(static_cast<std::size_t>(layers)), slope(h.size()), bend(h.size()), delta(h.size()) {}
};

/// Derivatives of the a and h of a block along some directions, side by side.
template <class T>
struct Tangents {
  std::vector<Block<T>> a;  // of layer l
  std::vector<Block<T>> h;  // of what layer l takes; h[0] would be zero
  Block<T> back, next;      // of dl/da, layer by layer

  explicit Tangents(Index layers = 0)
      : a(static_cast<std::size_t>(layers)), h(static_cast<std::size_t>(layers)) {}
};

template <class V>
auto& nth(V& list, Index l) {
  return list[static_cast<std::size_t>(l)];
}

/// Fills h and outputs, and slope and bend if `derivatives` are wanted.
template <class T>
void forward(const Shape& shape, const ActivationRow& activation, const Weights<T>& w,
             const Rows<T>& x, bool derivatives, State<T>& s) {
  Block<T> last;
  for (Index l = 0; l < shape.layers(); ++l) {
    const bool hidden = l + 1 < shape.layers();
    Block<T>& a = hidden ? nth(s.h, l + 1) : last;
    a.resize(x.rows(), shape.out(l));
    if (l == 0) {
      set_product(x, w.matrix(0), a);
    } else {
      set_product(nth(s.h, l), w.matrix(l), a);
    }
    a.rowwise() += w.bias(l);
    if (!hidden) continue;
    T *slope = nullptr, *bend = nullptr;
    if (derivatives) {
      nth(s.slope, l + 1).resize(a.rows(), a.cols());
      nth(s.bend, l + 1).resize(a.rows(), a.cols());
      slope = nth(s.slope, l + 1).data();
      bend = nth(s.bend, l + 1).data();
    }
    activation.evaluate(a.size(), a.data(), slope, bend);
  }
  s.outputs = last.template cast<double>();
}

/// From s_i dl/dz in `outputs` to delta of all layers; completes bend.
template <class T>
void backward(const Shape& shape, const Weights<T>& w, State<T>& s) {
  nth(s.delta, shape.layers() - 1) = s.outputs.template cast<T>();
  for (Index l = shape.layers() - 1; l > 0; --l) {
    Block<T>& d = nth(s.delta, l - 1);
    d.resize(s.outputs.rows(), shape.in(l));
    set_product(nth(s.delta, l), w.matrix(l).transpose(), d);
    nth(s.bend, l).array() *= d.array();
    d.array() *= nth(s.slope, l).array();
  }
}

/// Fills the tangents of all a and h along the `count` directions of V.
template <class T>
void push(const Shape& shape, const Weights<T>& w, const Weights<T>& V, Index count,
          const Rows<T>& x, const State<T>& s, Tangents<T>& t) {
  for (Index l = 0; l < shape.layers(); ++l) {
    const Index in = shape.in(l), out = shape.out(l);
    Block<T>& a = nth(t.a, l);
    a.resize(x.rows(), count * out);
    if (l == 0) {
      set_product(x, V.matrix(0), a);
    } else {
      set_product(nth(s.h, l), V.matrix(l), a);
      for (Index v = 0; v < count; ++v) {
        add_product(nth(t.h, l).middleCols(v * in, in), w.matrix(l), a.middleCols(v * out, out));
      }
    }
    a.rowwise() += V.bias(l);
    if (l + 1 == shape.layers()) break;
    Block<T>& h = nth(t.h, l + 1);
    h.resize(a.rows(), a.cols());
    for (Index v = 0; v < count; ++v) {
      h.middleCols(v * out, out) = a.middleCols(v * out, out).cwiseProduct(nth(s.slope, l + 1));
    }
  }
}

/// The way back from t.back (for the last layer) to the first. emit(l, products) receives
/// h^T back of each layer, with the sums of `back` below; where V is not null the terms of the
/// Hessian that come from the derivatives of w and g' are added.
template <class T, class Emit>
void pull(const Shape& shape, const Weights<T>& w, const Weights<T>* V, Index count,
          const Rows<T>& x, const State<T>& s, Tangents<T>& t, typename Weights<T>::Layer& products,
          Emit&& emit) {
  for (Index l = shape.layers() - 1;; --l) {
    const Index in = shape.in(l), out = shape.out(l);
    products.resize(in + 1, count * out);
    auto top = products.topRows(in);
    if (l == 0) {
      set_product(x.transpose(), t.back, top);
    } else {
      set_product(nth(s.h, l).transpose(), t.back, top);
    }
    for (Index v = 0; V != nullptr && l > 0 && v < count; ++v) {
      add_product(nth(t.h, l).middleCols(v * in, in).transpose(), nth(s.delta, l),
                  top.middleCols(v * out, out));
    }
    products.row(in) = t.back.colwise().sum();
    emit(l, products);
    if (l == 0) return;
    t.next.resize(x.rows(), count * in);
    for (Index v = 0; v < count; ++v) {
      auto next = t.next.middleCols(v * in, in);
      set_product(t.back.middleCols(v * out, out), w.matrix(l).transpose(), next);
      if (V != nullptr) {
        add_product(nth(s.delta, l), V->matrix(l).middleCols(v * out, out).transpose(), next);
      }
      next.array() *= nth(s.slope, l).array();
      if (V != nullptr) {
        next.array() += nth(s.bend, l).array() * nth(t.a, l - 1).middleCols(v * in, in).array();
      }
    }
    std::swap(t.back, t.next);
  }
}

}  // namespace optlite::layers
