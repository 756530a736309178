// A fully connected network with data and a loss, made one objective:
//
//     h_0 = x,   a_l = W_l^T h_(l-1) + b_l,   h_l = g(a_l)   for l = 1 ... L,   outputs z = a_L,
//     F = (1/S) sum_i s_i l(z_i, y_i) + (alpha/2) sum_l ||W_l||^2,              S = sum_i s_i.
//
// Variables: layer by layer W_l, its rows one for each input, and then b_l, so that a layer is one
// row-major matrix with a row more than it has inputs. Biases are not penalised.
//
// Products are computed in the type of X, in blocks of rows whose activations stay in cache; sums
// over blocks are in double, in an order that does not depend on the number of threads.
#pragma once

#include <memory>
#include <vector>

#include "optlite/activations/concept.hpp"
#include "optlite/problems/linearization.hpp"

namespace optlite {

struct NetworkOptions {
  std::vector<Index> widths;  // inputs, hidden layers, outputs
  const ActivationRow* activation = nullptr;
  const ObjectiveRow* loss = nullptr;
  std::vector<double> fields;  // hyper-parameters of the loss
  double alpha = 0.0;
};

/// The network at a point. Its Hessian products are exact, by the R-operator (Pearlmutter, Fast
/// exact multiplication by the Hessian, 1994): derivatives of everything that the gradient computes
/// along the direction, forward and backward.
class NetworkAt : public Linearization {
 public:
  /// What goes into each layer, h_(l-1): n x inputs, row-major, l counted from 0.
  virtual RowMatrix layer_inputs(Index l) const = 0;
  /// For gradients U in the outputs (n x K), those in the a_l of every layer.
  virtual std::vector<RowMatrix> backward(const RowMatrix& U) const = 0;
};

class Network {
 public:
  virtual ~Network() = default;

  virtual Index dimension() const = 0;
  /// F at w, and its gradient unless that is null.
  virtual double evaluate(const Vector& w, Vector* gradient) const = 0;
  /// Keeps a reference to the network.
  virtual std::unique_ptr<NetworkAt> at(const Vector& w) const = 0;
};

/// X: n rows of widths[0] numbers, `stride` apart; y as OutputLoss takes it. All are kept by
/// reference.
template <class T>
std::unique_ptr<Network> make_network(const T* X, Index n, Index stride, const double* y,
                                      const double* weight, NetworkOptions options);

}  // namespace optlite
