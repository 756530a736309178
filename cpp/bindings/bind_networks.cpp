#include <pybind11/stl.h>

#include <optional>

#include "holders.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

struct NetworkHolder {
  py::object X;  // keeps the memory alive
  Doubles y;
  std::optional<Doubles> weight;
  std::unique_ptr<Network> network;
};

/// y: one row for each target of a sample.
template <class T>
std::shared_ptr<NetworkHolder> network(const py::array_t<T, py::array::c_style>& X,
                                       const Doubles& y, std::optional<Doubles> weight,
                                       std::vector<Index> widths, const std::string& activation,
                                       const std::string& loss, std::vector<double> fields,
                                       double alpha) {
  if (X.ndim() != 2 || widths.size() < 2 || X.shape(1) != widths.front()) {
    throw py::value_error("X must have as many columns as the network has inputs.");
  }
  NetworkOptions options;
  options.activation = &row_named(activation_table(), activation);
  options.loss = &row_named(objective_table(), loss);
  const Index n = X.shape(0);
  const Index targets = options.loss->one_margin ? widths.back() : 1;
  if (y.size() != n * targets || (weight && weight->size() != n)) {
    throw py::value_error("X, y and sample_weight differ in length.");
  }
  if (options.loss->target == Target::label) {
    for (Index i = 0; i < n; ++i) {
      if (!(y.data()[i] >= 0.0 && y.data()[i] < static_cast<double>(widths.back()))) {
        throw py::value_error("Labels must lie in [0, number of classes).");
      }
    }
  }
  options.widths = std::move(widths);
  options.fields = std::move(fields);
  options.alpha = alpha;
  auto holder = std::make_shared<NetworkHolder>();
  holder->X = X;
  holder->y = y;
  holder->weight = std::move(weight);
  holder->network =
      make_network(X.data(), n, X.shape(1), holder->y.data(),
                   holder->weight ? holder->weight->data() : nullptr, std::move(options));
  return holder;
}

std::shared_ptr<LinearizationHolder> at(std::shared_ptr<NetworkHolder> self, const Doubles& w) {
  auto holder = std::make_shared<LinearizationHolder>();
  const Vector point = vector_of(w, self->network->dimension());
  {
    const py::gil_scoped_release nogil;
    holder->at = self->network->at(point);
  }
  holder->owner = std::move(self);
  return holder;
}

/// A block with one vector of `size` numbers a row, as a matrix with one a column.
ConstMatrixMap block_of(const Doubles& V, Index size) {
  const Index vectors = size > 0 ? V.size() / size : 0;
  if (vectors * size != V.size()) throw py::value_error("A block of vectors has the wrong size.");
  return ConstMatrixMap(V.data(), size, vectors);
}

Doubles table_of(const RowMatrix& matrix) {
  return Doubles({matrix.rows(), matrix.cols()}, matrix.data());
}

using Product = void (Linearization::*)(const Matrix&, Matrix&) const;

Doubles product(const LinearizationHolder& self, const Doubles& V, Index size, Product multiply) {
  const Matrix block = block_of(V, size);
  Matrix out;
  {
    const py::gil_scoped_release nogil;
    ((*self.at).*multiply)(block, out);
  }
  return rows_of(out);
}

Doubles curvature_product(const LinearizationHolder& self, const OutputCurvature& B,
                          const Doubles& V, bool penalised) {
  const Matrix block = block_of(V, self.at->dimension());
  Matrix out;
  {
    const py::gil_scoped_release nogil;
    self.at->curvature_product(B, block, penalised, out);
  }
  return rows_of(out);
}

Doubles outer_product(const LinearizationHolder& self, const Doubles& gradients, const Doubles& V,
                      bool penalised) {
  const Index n = self.at->samples(), K = self.at->outputs();
  const Index repeats = static_cast<Index>(gradients.size()) / (n * K);
  if (repeats < 1 || repeats * n * K != gradients.size()) {
    throw py::value_error("gradients must have shape (repeats, samples, outputs).");
  }
  const MeanOuterProduct B(gradients.data(), repeats, n, K, self.at->loss().weight());
  return curvature_product(self, B, V, penalised);
}

Doubles dense_hessian(const LinearizationHolder& self, bool single) {
  Matrix H;
  bool known = false;
  {
    const py::gil_scoped_release nogil;
    known = self.at->hessian(single, H);
    if (known) H.triangularView<Eigen::StrictlyUpper>() = Matrix(H.transpose());
  }
  if (!known) throw py::type_error("The Hessian of a network is no sum over rows of X.");
  return Doubles({H.rows(), H.cols()}, H.data());
}

Doubles residuals(const LinearizationHolder& self, const Doubles& y) {
  const Index n = self.at->samples(), K = self.at->outputs();
  if (y.size() != n * self.at->loss().targets()) throw py::value_error("y has the wrong size.");
  Doubles out({n, K});
  double* to = out.mutable_data();
  {
    const py::gil_scoped_release nogil;
    self.at->residuals(y.data(), to);
  }
  return out;
}

const NetworkAt& network_of(const LinearizationHolder& self) {
  const auto* found = dynamic_cast<const NetworkAt*>(self.at.get());
  if (found == nullptr) throw py::type_error("A linear model has no layers.");
  return *found;
}

Doubles layer_inputs(const LinearizationHolder& self, Index layer) {
  RowMatrix out;
  {
    const NetworkAt& network = network_of(self);
    const py::gil_scoped_release nogil;
    out = network.layer_inputs(layer);
  }
  return table_of(out);
}

py::list backward(const LinearizationHolder& self, const Doubles& U) {
  const Index n = self.at->samples(), K = self.at->outputs();
  if (U.size() != n * K) throw py::value_error("U must have shape (samples, outputs).");
  const NetworkAt& network = network_of(self);
  std::vector<RowMatrix> layers;
  {
    const py::gil_scoped_release nogil;
    layers = network.backward(Eigen::Map<const RowMatrix>(U.data(), n, K));
  }
  py::list all;
  for (const RowMatrix& layer : layers) all.append(table_of(layer));
  return all;
}

void bind_linearization(py::module_& m) {
  using Self = LinearizationHolder;
  py::class_<Self, std::shared_ptr<Self>>(m, "Linearization", py::module_local(),
                                          "An objective at a point. Blocks: one vector a row.")
      .def_property_readonly("dimension", [](const Self& s) { return s.at->dimension(); })
      .def_property_readonly("margins",
                             [](const Self& s) { return table_of(RowMatrix(s.at->margins())); })
      .def("residuals", &residuals, py::arg("y"))
      .def(
          "hessian_product",
          [](const Self& s, const Doubles& V) {
            return product(s, V, s.at->dimension(), &Linearization::hessian_product);
          },
          py::arg("V"))
      .def("hessian", &dense_hessian, py::arg("single") = false)
      .def(
          "gauss_newton_product",
          [](const Self& s, const Doubles& V, bool penalised) {
            return curvature_product(s, s.at->loss_curvature(), V, penalised);
          },
          py::arg("V"), py::arg("penalised"))
      .def("outer_product", &outer_product, py::arg("gradients"), py::arg("V"),
           py::arg("penalised"))
      .def(
          "jacobian_product",
          [](const Self& s, const Doubles& V) {
            return product(s, V, s.at->dimension(), &Linearization::jacobian_product);
          },
          py::arg("V"))
      .def(
          "jacobian_transposed_product",
          [](const Self& s, const Doubles& U) {
            return product(s, U, s.at->samples() * s.at->outputs(),
                           &Linearization::jacobian_transposed_product);
          },
          py::arg("U"))
      .def("layer_inputs", &layer_inputs, py::arg("layer"))
      .def("backward", &backward, py::arg("U"));
}

}  // namespace

void bind_networks(py::module_& m) {
  bind_linearization(m);
  using Self = NetworkHolder;
  py::class_<Self, std::shared_ptr<Self>>(m, "Network", py::module_local(),
                                          "A fully connected network with data and a loss.")
      .def_property_readonly("dimension", [](const Self& s) { return s.network->dimension(); })
      .def(
          "value",
          [](const Self& s, const Doubles& w) {
            const Vector point = vector_of(w, s.network->dimension());
            const py::gil_scoped_release nogil;
            return s.network->evaluate(point, nullptr);
          },
          py::arg("w"))
      .def(
          "value_and_gradient",
          [](const Self& s, const Doubles& w) {
            const Vector point = vector_of(w, s.network->dimension());
            Vector gradient;
            double value = 0.0;
            {
              const py::gil_scoped_release nogil;
              value = s.network->evaluate(point, &gradient);
            }
            return py::make_tuple(value, array_of(gradient));
          },
          py::arg("w"))
      .def("at", &at, py::arg("w"));
  const auto arguments = [&](auto make) {
    m.def("network", make, py::arg("X").noconvert(), py::arg("y").noconvert(),
          py::arg("sample_weight").noconvert().none(true), py::arg("widths"), py::arg("activation"),
          py::arg("loss"), py::arg("fields"), py::arg("alpha"));
  };
  arguments(&network<double>);
  arguments(&network<float>);
}

}  // namespace optlite::bindings
