#include "optlite/problems/network.hpp"

#include <algorithm>
#include <utility>

#include "network_layers.hpp"
#include "optlite/core/pairwise.hpp"
#include "optlite/core/parallel.hpp"

namespace optlite {

namespace {

using namespace layers;

/// Rows of a block: enough for matrix products to pay for their packing, few enough for the
/// activations of a layer to stay in the second-level cache.
Index rows_per_block(const std::vector<Index>& widths) {
  const Index widest = *std::max_element(widths.begin() + 1, widths.end());
  return std::clamp<Index>(65536 / std::max<Index>(widest, 1) / 16 * 16, 64, 512);
}

/// Activations of all rows are kept at a point if they take no more than this.
constexpr double memory_limit = 0x1p30;

/// Adds (V, to be multiplied by alpha) on the weights, not on the biases.
template <class Body>
void each_weight_block(const Shape& shape, Body&& body) {
  for (Index l = 0; l < shape.layers(); ++l) body(shape.start(l), shape.in(l) * shape.out(l));
}

template <class T>
class NetworkOf final : public Network {
 public:
  NetworkOf(const T* X, Index n, Index stride, const double* y, const double* weight,
            NetworkOptions options)
      : shape_(options.widths),
        activation_(*options.activation),
        alpha_(options.alpha),
        loss_(*options.loss, options.fields, options.widths.back(), n, y, weight),
        X_(X),
        n_(n),
        stride_(stride),
        block_rows_(rows_per_block(options.widths)) {
    total_weight_ =
        weight == nullptr ? static_cast<double>(n) : pairwise_sum(ConstVectorMap(weight, n));
  }

  Index dimension() const override { return shape_.dimension(); }
  double evaluate(const Vector& w, Vector* gradient) const override;
  std::unique_ptr<NetworkAt> at(const Vector& w) const override;

  const Shape& shape() const { return shape_; }
  const ActivationRow& activation() const { return activation_; }
  const OutputLoss& loss() const { return loss_; }
  Index block_rows() const { return block_rows_; }
  Index blocks() const { return (n_ + block_rows_ - 1) / block_rows_; }
  double work(Index vectors) const {
    return static_cast<double>(n_) * static_cast<double>(dimension() * vectors);
  }
  Rows<T> rows(Index block) const {
    const Index first = block * block_rows_;
    return {X_ + first * stride_, std::min(block_rows_, n_ - first), shape_.in(0),
            Eigen::OuterStride<>(stride_)};
  }

  /// s_i dl/dz from the outputs, and back through the layers; returns the sum of s_i l.
  double backward_from_loss(Index block, const Weights<T>& w, State<T>& s) const {
    const double sum = loss_.evaluate(block * block_rows_, s.outputs.rows(), s.outputs.data());
    backward(shape_, w, s);
    return sum;
  }

  /// body(block, slot's scratch, sum) for all blocks; the sums of `size` numbers are added up in
  /// the order of the blocks.
  template <class Scratch, class Body>
  void sum_blocks(Index size, Index vectors, Body&& body, Vector& total) const {
    const Index chunks = std::min<Index>(blocks(), 64);
    const bool serial = work(vectors) < parallel::serial_work;
    const int slots = serial ? 1 : parallel::team(chunks);
    std::vector<Scratch> scratch(static_cast<std::size_t>(slots), Scratch(shape_.layers()));
    std::vector<Vector> sums(static_cast<std::size_t>(slots));
    total.setZero(size);
    const auto run = [&](Index chunk, int slot) {
      Vector& sum = nth(sums, slot);
      sum.setZero(size);
      for (Index b = blocks() * chunk / chunks; b < blocks() * (chunk + 1) / chunks; ++b) {
        body(b, nth(scratch, slot), sum);
      }
    };
    const auto combine = [&](Index, int slot) { total += nth(sums, slot); };
    if (!serial) {
      parallel::ordered(chunks, run, combine);
      return;
    }
    for (Index chunk = 0; chunk < chunks; ++chunk) {
      run(chunk, 0);
      combine(chunk, 0);
      interrupt::poll();
    }
  }

  /// (1/S) sum + the penalty of V, which has the shape of the result.
  void finish(const Matrix& V, bool penalised, Vector& sum) const {
    sum /= total_weight_;
    if (!penalised || alpha_ == 0.0) return;
    for (Index v = 0; v < V.cols(); ++v) {
      double* own = sum.data() + v * dimension();
      each_weight_block(shape_, [&](Index start, Index size) {
        for (Index i = start; i < start + size; ++i) own[i] += alpha_ * V(i, v);
      });
    }
  }

 private:
  Shape shape_;
  const ActivationRow& activation_;
  double alpha_;
  OutputLoss loss_;
  const T* X_;
  Index n_, stride_, block_rows_;
  double total_weight_;
};

/// Adds the products of a layer, for vectors side by side, to a sum with one vector after another.
template <class T>
void add_layer(const Shape& shape, Index l, Index count, const typename Weights<T>::Layer& products,
               double* sum) {
  const Index rows = shape.in(l) + 1, out = shape.out(l);
  for (Index v = 0; v < count; ++v) {
    Eigen::Map<RowMatrix> own(sum + v * shape.dimension() + shape.start(l), rows, out);
    own += products.middleCols(v * out, out).template cast<double>();
  }
}

/// What one running chunk needs for itself.
template <class T>
struct Scratch {
  explicit Scratch(Index layers) : state(layers), tangents(layers) {}
  State<T> state;
  Tangents<T> tangents;
  typename Weights<T>::Layer products;
  Matrix direction;
};

template <class T>
double NetworkOf<T>::evaluate(const Vector& w, Vector* gradient) const {
  const Weights<T> weights(shape_, w);
  Vector values(blocks());
  Vector total;
  const auto body = [&](Index b, Scratch<T>& own, Vector& sum) {
    forward(shape_, activation_, weights, rows(b), gradient != nullptr, own.state);
    if (gradient == nullptr) {
      const Matrix& z = own.state.outputs;
      values[b] = loss_.value(b * block_rows_, z.rows(), z.data());
      return;
    }
    values[b] = backward_from_loss(b, weights, own.state);
    for (Index l = 0; l < shape_.layers(); ++l) {
      const Block<T>& delta = nth(own.state.delta, l);
      own.products.resize(shape_.in(l) + 1, shape_.out(l));
      auto top = own.products.topRows(shape_.in(l));
      if (l == 0) {
        set_product(rows(b).transpose(), delta, top);
      } else {
        set_product(nth(own.state.h, l).transpose(), delta, top);
      }
      own.products.row(shape_.in(l)) = delta.colwise().sum();
      add_layer<T>(shape_, l, 1, own.products, sum.data());
    }
  };
  sum_blocks<Scratch<T>>(gradient == nullptr ? 0 : dimension(), 1, body, total);
  if (gradient != nullptr) {
    finish(w, true, total);
    gradient->swap(total);
  }
  double squares = 0.0;
  each_weight_block(shape_, [&](Index start, Index size) {
    squares += pairwise_sum(w.segment(start, size).cwiseAbs2());
  });
  return pairwise_sum(values) / total_weight_ + 0.5 * alpha_ * squares;
}

template <class T>
class NetworkOfAt final : public NetworkAt {
 public:
  NetworkOfAt(const NetworkOf<T>& network, const Vector& w)
      : network_(network),
        shape_(network.shape()),
        weights_(shape_, w),
        margins_(network.loss().samples(), network.loss().outputs()) {
    const Index n = margins_.rows();
    double units = 0.0;
    for (Index l = 0; l < shape_.layers(); ++l) {
      units += static_cast<double>(4 * (l > 0 ? shape_.in(l) : 0) + 4 * shape_.out(l));
    }
    const bool keep = static_cast<double>(n) * units * sizeof(T) <= memory_limit;
    if (keep) states_.assign(static_cast<std::size_t>(network.blocks()), State<T>(shape_.layers()));
    Vector nothing;
    network.template sum_blocks<Scratch<T>>(
        0, 1,
        [&](Index b, Scratch<T>& own, Vector&) {
          State<T>& s = keep ? nth(states_, b) : own.state;
          forward(shape_, network_.activation(), weights_, network_.rows(b), true, s);
          margins_.middleRows(b * network_.block_rows(), s.outputs.rows()) = s.outputs;
          if (keep) network_.backward_from_loss(b, weights_, s);
        },
        nothing);
    curvature_ = std::make_unique<LossCurvature>(network.loss(), margins_);
  }

  Index dimension() const override { return shape_.dimension(); }
  const OutputLoss& loss() const override { return network_.loss(); }
  const Matrix& margins() const override { return margins_; }
  const OutputCurvature& loss_curvature() const override { return *curvature_; }

  void hessian_product(const Matrix& V, Matrix& out) const override {
    product(*curvature_, V, true, true, out);
  }
  void curvature_product(const OutputCurvature& B, const Matrix& V, bool penalised,
                         Matrix& out) const override {
    product(B, V, penalised, false, out);
  }

  void jacobian_product(const Matrix& V, Matrix& out) const override {
    const Index K = margins_.cols(), count = V.cols();
    const Weights<T> directions(shape_, V);
    out.resize(margins_.rows() * K, count);
    Vector nothing;
    network_.template sum_blocks<Scratch<T>>(
        0, count,
        [&](Index b, Scratch<T>& own, Vector&) {
          const State<T>& s = state(b, own);
          push(shape_, weights_, directions, count, network_.rows(b), s, own.tangents);
          const Block<T>& z = nth(own.tangents.a, shape_.layers() - 1);
          for (Index v = 0; v < count; ++v) {
            double* to = out.col(v).data() + b * network_.block_rows() * K;
            Eigen::Map<RowMatrix>(to, z.rows(), K) = z.middleCols(v * K, K).template cast<double>();
          }
        },
        nothing);
  }

  void jacobian_transposed_product(const Matrix& U, Matrix& out) const override {
    const Index count = U.cols();
    Vector total;
    network_.template sum_blocks<Scratch<T>>(
        dimension() * count, count,
        [&](Index b, Scratch<T>& own, Vector& sum) {
          const State<T>& s = state(b, own);
          take_back(b, U, own);
          pull(shape_, weights_, static_cast<const Weights<T>*>(nullptr), count, network_.rows(b),
               s, own.tangents, own.products, adder(count, sum));
        },
        total);
    out = MatrixMap(total.data(), dimension(), count);
  }

  RowMatrix layer_inputs(Index l) const override {
    RowMatrix all(margins_.rows(), shape_.in(l));
    each_block([&](Index b, Index first, Scratch<T>& own) {
      const auto x = network_.rows(b);
      if (l == 0) {
        all.middleRows(first, x.rows()) = x.template cast<double>();
      } else {
        all.middleRows(first, x.rows()) = nth(state(b, own).h, l).template cast<double>();
      }
    });
    return all;
  }

  std::vector<RowMatrix> backward(const RowMatrix& U) const override {
    std::vector<RowMatrix> all;
    for (Index l = 0; l < shape_.layers(); ++l) all.emplace_back(U.rows(), shape_.out(l));
    each_block([&](Index b, Index first, Scratch<T>& own) {
      const State<T>& s = state(b, own);
      Index count = network_.rows(b).rows();
      Block<T> d = U.middleRows(first, count).template cast<T>();
      for (Index l = shape_.layers() - 1; l >= 0; --l) {
        nth(all, l).middleRows(first, count) = d.template cast<double>();
        if (l == 0) break;
        Block<T> next(count, shape_.in(l));
        set_product(d, weights_.matrix(l).transpose(), next);
        next.array() *= nth(s.slope, l).array();
        d.swap(next);
      }
    });
    return all;
  }

 private:
  /// What is kept of a block, or computed anew where memory did not allow to keep it.
  const State<T>& state(Index b, Scratch<T>& own) const {
    if (!states_.empty()) return states_[static_cast<std::size_t>(b)];
    forward(shape_, network_.activation(), weights_, network_.rows(b), true, own.state);
    network_.backward_from_loss(b, weights_, own.state);
    return own.state;
  }

  template <class Body>
  void each_block(Body&& body) const {
    Vector nothing;
    network_.template sum_blocks<Scratch<T>>(
        0, 1, [&](Index b, Scratch<T>& own, Vector&) { body(b, b * network_.block_rows(), own); },
        nothing);
  }

  auto adder(Index count, Vector& sum) const {
    return [this, count, &sum](Index l, const typename Weights<T>::Layer& products) {
      add_layer<T>(shape_, l, count, products, sum.data());
    };
  }

  /// The rows of block b of U into t.back.
  void take_back(Index b, const Matrix& U, Scratch<T>& own) const {
    const Index K = margins_.cols();
    const Index count = network_.rows(b).rows();
    own.tangents.back.resize(count, U.cols() * K);
    for (Index v = 0; v < U.cols(); ++v) {
      const double* from = U.col(v).data() + b * network_.block_rows() * K;
      own.tangents.back.middleCols(v * K, K) =
          Eigen::Map<const RowMatrix>(from, count, K).template cast<T>();
    }
  }

  /// With or without the terms that make the Hessian of the Gauss-Newton matrix.
  void product(const OutputCurvature& B, const Matrix& V, bool penalised, bool exact,
               Matrix& out) const {
    const Index K = margins_.cols(), count = V.cols();
    const Weights<T> directions(shape_, V);
    Vector total;
    network_.template sum_blocks<Scratch<T>>(
        dimension() * count, count,
        [&](Index b, Scratch<T>& own, Vector& sum) {
          const State<T>& s = state(b, own);
          const auto x = network_.rows(b);
          push(shape_, weights_, directions, count, x, s, own.tangents);
          own.direction = nth(own.tangents.a, shape_.layers() - 1).template cast<double>();
          for (Index v = 0; v < count; ++v) {
            B.product(b * network_.block_rows(), x.rows(), own.direction.col(v * K).data());
          }
          own.tangents.back = own.direction.template cast<T>();
          pull(shape_, weights_, exact ? &directions : nullptr, count, x, s, own.tangents,
               own.products, adder(count, sum));
        },
        total);
    network_.finish(V, penalised, total);
    out = MatrixMap(total.data(), dimension(), count);
  }

  const NetworkOf<T>& network_;
  const Shape& shape_;
  Weights<T> weights_;
  Matrix margins_;
  std::vector<State<T>> states_;
  std::unique_ptr<LossCurvature> curvature_;
};

template <class T>
std::unique_ptr<NetworkAt> NetworkOf<T>::at(const Vector& w) const {
  return std::make_unique<NetworkOfAt<T>>(*this, w);
}

}  // namespace

template <class T>
std::unique_ptr<Network> make_network(const T* X, Index n, Index stride, const double* y,
                                      const double* weight, NetworkOptions options) {
  return std::make_unique<NetworkOf<T>>(X, n, stride, y, weight, std::move(options));
}

template std::unique_ptr<Network> make_network(const float*, Index, Index, const double*,
                                               const double*, NetworkOptions);
template std::unique_ptr<Network> make_network(const double*, Index, Index, const double*,
                                               const double*, NetworkOptions);

}  // namespace optlite
