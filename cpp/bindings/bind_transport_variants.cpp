#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "optlite/drivers/barycenter.hpp"
#include "optlite/drivers/relaxed_transport.hpp"
#include "optlite/drivers/transport_batch.hpp"
#include "optlite/transport/pooling.hpp"
#include "optlite/transport/selected.hpp"
#include "transport_holders.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

TransportOptions options_of(double tolerance, Index max_iterations, double annealing) {
  TransportOptions options;
  options.tolerance = tolerance;
  options.max_iterations = max_iterations;
  options.annealing = annealing;
  return options;
}

/// A run with relaxed sums, whose marginals are of one of two kinds.
struct RelaxedHolder {
  std::shared_ptr<CostHolder> cost;
  std::unique_ptr<transport::SoftMarginals> soft;
  std::unique_ptr<transport::CappedMarginals> capped;
  std::unique_ptr<transport::ConditionalPlan> plan;
  std::unique_ptr<RelaxedTransportRun> run;

  void start(double reg, bool newton, double memory, const TransportOptions& options) {
    const transport::Marginals& marginals = soft ? static_cast<transport::Marginals&>(*soft)
                                                 : static_cast<transport::Marginals&>(*capped);
    plan = std::make_unique<transport::ConditionalPlan>(*cost->cost, memory);
    run = std::make_unique<RelaxedTransportRun>(
        *plan, marginals, reg, transport::cost_scale(*cost->cost), newton, options);
  }
};

std::shared_ptr<RelaxedHolder> unbalanced(std::shared_ptr<CostHolder> cost, const Doubles& a,
                                          const Doubles& b, double reg, double rho_a, double rho_b,
                                          bool product_reference, bool newton, double tolerance,
                                          Index max_iterations, double annealing, double memory) {
  auto holder = std::make_shared<RelaxedHolder>();
  holder->cost = std::move(cost);
  holder->soft = std::make_unique<transport::SoftMarginals>(
      vector_of(a, holder->cost->cost->sources(), "a"),
      vector_of(b, holder->cost->cost->targets(), "b"), rho_a, rho_b, product_reference);
  const py::gil_scoped_release nogil;
  holder->start(reg, newton, memory, options_of(tolerance, max_iterations, annealing));
  return holder;
}

std::shared_ptr<RelaxedHolder> partial(std::shared_ptr<CostHolder> cost, const Doubles& a,
                                       const Doubles& b, double reg, double mass, bool newton,
                                       double tolerance, Index max_iterations, double annealing,
                                       double memory) {
  auto holder = std::make_shared<RelaxedHolder>();
  holder->cost = std::move(cost);
  holder->capped = std::make_unique<transport::CappedMarginals>(
      vector_of(a, holder->cost->cost->sources(), "a"),
      vector_of(b, holder->cost->cost->targets(), "b"), mass);
  const py::gil_scoped_release nogil;
  holder->start(reg, newton, memory, options_of(tolerance, max_iterations, annealing));
  return holder;
}

/// Potentials without the multiplier, which the caller adds where its problem wants it: relative to
/// the reference of a penalised problem, of the caps of a capped one.
Vector source_potentials(const RelaxedHolder& self) {
  const transport::RelaxedPoint& at = self.run->current();
  if (self.soft) return self.soft->relative_f(at);
  return (at.f.array() - at.multiplier).min(0.0);
}

Vector target_potentials(const RelaxedHolder& self) {
  const transport::RelaxedPoint& at = self.run->current();
  return self.soft ? self.soft->relative_g(at) : at.g;
}

transport::RelaxedPoint point_of(const transport::Cost& cost, double reg, const Doubles& f,
                                 const Doubles& g, const Doubles& row_sums,
                                 const Doubles& column_sums) {
  transport::RelaxedPoint at;
  at.reg = reg;
  at.f = vector_of(f, cost.sources(), "f");
  at.g = vector_of(g, cost.targets(), "g");
  at.row_sums = vector_of(row_sums, cost.sources(), "row_sums");
  at.column_sums = vector_of(column_sums, cost.targets(), "column_sums");
  return at;
}

template <class Marginals>
py::dict bounds_of(const transport::Cost& cost, const Marginals& marginals,
                   const transport::RelaxedPoint& at) {
  transport::RelaxedBounds bounds;
  {
    const py::gil_scoped_release nogil;
    bounds = transport::relaxed_bounds(cost, marginals, at);
  }
  py::dict result;
  result["cost"] = bounds.cost;
  result["lower"] = bounds.lower;
  result["upper"] = bounds.upper;
  result["regularized"] = bounds.regularized;
  return result;
}

py::dict unbalanced_bounds(const CostHolder& self, const Doubles& a, const Doubles& b, double rho_a,
                           double rho_b, bool product_reference, double reg, const Doubles& f,
                           const Doubles& g, const Doubles& row_sums, const Doubles& column_sums) {
  const transport::Cost& cost = *self.cost;
  const transport::SoftMarginals marginals(vector_of(a, cost.sources(), "a"),
                                           vector_of(b, cost.targets(), "b"), rho_a, rho_b,
                                           product_reference);
  transport::RelaxedPoint at = point_of(cost, reg, f, g, row_sums, column_sums);
  if (product_reference) {
    at.f.array() += reg * marginals.a().array().log();
    at.g.array() += reg * marginals.b().array().log();
  }
  return bounds_of(cost, marginals, at);
}

py::dict partial_bounds(const CostHolder& self, const Doubles& a, const Doubles& b, double mass,
                        double reg, const Doubles& f, const Doubles& g, const Doubles& row_sums,
                        const Doubles& column_sums, double multiplier) {
  const transport::Cost& cost = *self.cost;
  const transport::CappedMarginals marginals(vector_of(a, cost.sources(), "a"),
                                             vector_of(b, cost.targets(), "b"), mass);
  transport::RelaxedPoint at = point_of(cost, reg, f, g, row_sums, column_sums);
  at.f.array() += multiplier;
  at.multiplier = multiplier;
  return bounds_of(cost, marginals, at);
}

struct BarycenterHolder {
  std::shared_ptr<CostHolder> cost;
  std::unique_ptr<BarycenterRun> run;
};

std::shared_ptr<BarycenterHolder> barycenter(std::shared_ptr<CostHolder> cost,
                                             const Doubles& histograms, const Doubles& weights,
                                             double reg, bool newton, bool debiased,
                                             double tolerance, Index max_iterations,
                                             double annealing, double memory) {
  auto holder = std::make_shared<BarycenterHolder>();
  holder->cost = std::move(cost);
  const transport::Cost& costs = *holder->cost->cost;
  const Index count = weights.size();
  const Vector masses = vector_of(histograms, costs.sources() * count, "histograms");
  const Vector shares = vector_of(weights, count);
  const py::gil_scoped_release nogil;
  // One histogram after the other.
  holder->run =
      std::make_unique<BarycenterRun>(costs, ConstMatrixMap(masses.data(), costs.sources(), count),
                                      shares, reg, transport::cost_scale(costs), newton, debiased,
                                      memory, options_of(tolerance, max_iterations, annealing));
  return holder;
}

py::array_t<double> potentials_of(const BarycenterHolder& self) {
  const Matrix& g = self.run->potentials();
  py::array_t<double> result({g.cols(), g.rows()});
  std::copy(g.data(), g.data() + g.size(), result.mutable_data());
  return result;
}

py::dict bounds_of_barycenter(const CostHolder& self, const Doubles& histograms,
                              const Doubles& weights, double reg, const Doubles& potentials,
                              const Doubles& x) {
  const transport::Cost& cost = *self.cost;
  const Index count = weights.size();
  const Vector masses = vector_of(histograms, cost.sources() * count, "histograms");
  const Vector g = vector_of(potentials, cost.targets() * count, "potentials");
  const Vector shares = vector_of(weights, count);
  const Vector target = vector_of(x, cost.targets());
  BarycenterBounds bounds;
  {
    const py::gil_scoped_release nogil;
    bounds = barycenter_bounds(cost, ConstMatrixMap(masses.data(), cost.sources(), count), shares,
                               reg, ConstMatrixMap(g.data(), cost.targets(), count), target);
  }
  py::dict result;
  result["lower"] = bounds.lower;
  result["upper"] = bounds.upper;
  result["regularized"] = bounds.regularized;
  return result;
}

/// Problems of one shape; the costs of all may be the same matrix.
template <class Scalar>
py::list solve_batch(const py::array_t<Scalar, py::array::c_style>& M, const Doubles& a,
                     const Doubles& b, const Doubles& reg, const std::string& method,
                     const std::vector<double>& fields, const Doubles& tolerance,
                     const Doubles& scale, Index max_iterations, double annealing, double drop,
                     double memory) {
  const Index count = reg.size();
  if (M.ndim() != 3 || (M.shape(0) != 1 && M.shape(0) != count)) {
    throw py::value_error("M must have three dimensions, the first of them one or that of reg.");
  }
  const Index n = M.shape(1);
  const Index m = M.shape(2);
  const Vector regs = vector_of(reg, count);
  const Vector goals = vector_of(tolerance, count, "tolerance");
  const Vector scales = vector_of(scale, count, "scale");
  const Vector sources = vector_of(a, count * n, "a");
  const Vector targets = vector_of(b, count * m, "b");
  const TransportMethodRow& row = row_named(transport_method_table(), method);
  const Scalar* costs = M.data();
  const Index stride = M.shape(0) == 1 ? 0 : n * m;
  std::vector<TransportAnswer> answers;
  {
    const py::gil_scoped_release nogil;
    std::vector<TransportTask> tasks;
    for (Index k = 0; k < count; ++k) {
      const Vector own_a = sources.segment(k * n, n);
      const Vector own_b = targets.segment(k * m, m);
      const auto rows = transport::positive_entries(own_a);
      const auto columns = transport::positive_entries(own_b);
      auto cost = transport::matrix_cost(costs + k * stride, n, m, m);
      if (static_cast<Index>(rows.size()) < n || static_cast<Index>(columns.size()) < m) {
        cost = std::make_unique<transport::SelectedCopy>(*cost, rows, columns);
      }
      tasks.push_back({std::move(cost), transport::selected(own_a, rows),
                       transport::selected(own_b, columns), regs[k], scales[k], goals[k]});
    }
    answers = solve_transport_batch(tasks, row, fields, drop, memory,
                                    options_of(0.0, max_iterations, annealing));
  }
  py::list result;
  for (const TransportAnswer& answer : answers) {
    result.append(py::make_tuple(array_of(answer.f), array_of(answer.g), dict_of(answer.record),
                                 name(answer.status)));
  }
  return result;
}

/// Soft minima of the rows of the costs, what each source sends and keeps, and the multiplier.
py::tuple pool(const CostHolder& self, const Doubles& a, double mass, double reg, double memory) {
  const Vector masses = vector_of(a, self.cost->sources(), "a");
  Vector soft_minima;
  transport::Pooled pooled;
  {
    const py::gil_scoped_release nogil;
    transport::ConditionalPlan plan(*self.cost, memory);
    plan.evaluate(Vector::Zero(self.cost->targets()), reg);
    soft_minima = plan.soft_minima();
    pooled = transport::pool(soft_minima, masses, mass, reg);
  }
  return py::make_tuple(array_of(soft_minima), array_of(pooled.sent), array_of(pooled.kept),
                        pooled.multiplier);
}

/// The methods that all runs have.
template <class Holder, class Class>
Class& def_run(Class& bound) {
  return bound
      .def("advance",
           [](Holder& self) {
             const py::gil_scoped_release nogil;
             return self.run->advance();
           })
      .def("run",
           [](Holder& self) {
             const py::gil_scoped_release nogil;
             self.run->run();
           })
      .def("settle",
           [](Holder& self) {
             const py::gil_scoped_release nogil;
             self.run->settle();
           })
      .def_property_readonly("status", [](const Holder& s) { return name(s.run->status()); })
      .def_property_readonly("record", [](const Holder& s) { return dict_of(s.run->last()); });
}

}  // namespace

void bind_transport_variants(py::module_& m) {
  py::class_<RelaxedHolder, std::shared_ptr<RelaxedHolder>> relaxed(
      m, "RelaxedTransportRun", py::module_local(),
      "Entropic transport with relaxed sums, one iteration at a time.");
  relaxed
      .def_static("unbalanced", &unbalanced, py::arg("cost"), py::arg("a"), py::arg("b"),
                  py::arg("reg"), py::arg("rho_a"), py::arg("rho_b"), py::arg("product_reference"),
                  py::arg("newton"), py::arg("tolerance"), py::arg("max_iterations"),
                  py::arg("annealing"), py::arg("memory"))
      .def_static("partial", &partial, py::arg("cost"), py::arg("a"), py::arg("b"), py::arg("reg"),
                  py::arg("mass"), py::arg("newton"), py::arg("tolerance"),
                  py::arg("max_iterations"), py::arg("annealing"), py::arg("memory"))
      .def_property_readonly("f",
                             [](const RelaxedHolder& s) { return array_of(source_potentials(s)); })
      .def_property_readonly("g",
                             [](const RelaxedHolder& s) { return array_of(target_potentials(s)); })
      .def_property_readonly("multiplier",
                             [](const RelaxedHolder& s) { return s.run->current().multiplier; })
      .def_property_readonly(
          "row_sums", [](const RelaxedHolder& s) { return array_of(s.run->current().row_sums); })
      .def_property_readonly("column_sums", [](const RelaxedHolder& s) {
        return array_of(s.run->current().column_sums);
      });
  def_run<RelaxedHolder>(relaxed);

  py::class_<BarycenterHolder, std::shared_ptr<BarycenterHolder>> centre(
      m, "BarycenterRun", py::module_local(), "An entropic barycenter, one iteration at a time.");
  centre
      .def(py::init(&barycenter), py::arg("cost"), py::arg("histograms"), py::arg("weights"),
           py::arg("reg"), py::arg("newton"), py::arg("debiased"), py::arg("tolerance"),
           py::arg("max_iterations"), py::arg("annealing"), py::arg("memory"))
      .def_property_readonly(
          "barycenter", [](const BarycenterHolder& s) { return array_of(s.run->barycenter()); })
      .def_property_readonly("potentials", &potentials_of)
      // What a record of an iteration calls f and g.
      .def_property_readonly(
          "f", [](const BarycenterHolder& s) { return array_of(s.run->barycenter()); })
      .def_property_readonly("g", &potentials_of);
  def_run<BarycenterHolder>(centre);

  m.def("barycenter_bounds", &bounds_of_barycenter, py::arg("cost"), py::arg("histograms"),
        py::arg("weights"), py::arg("reg"), py::arg("potentials"), py::arg("x"));

  m.def("transport_batch", &solve_batch<double>, py::arg("M").noconvert(), py::arg("a"),
        py::arg("b"), py::arg("reg"), py::arg("method"), py::arg("fields"), py::arg("tolerance"),
        py::arg("scale"), py::arg("max_iterations"), py::arg("annealing"), py::arg("drop"),
        py::arg("memory"));
  m.def("transport_batch", &solve_batch<float>, py::arg("M").noconvert(), py::arg("a"),
        py::arg("b"), py::arg("reg"), py::arg("method"), py::arg("fields"), py::arg("tolerance"),
        py::arg("scale"), py::arg("max_iterations"), py::arg("annealing"), py::arg("drop"),
        py::arg("memory"));
  m.def("unbalanced_bounds", &unbalanced_bounds, py::arg("cost"), py::arg("a"), py::arg("b"),
        py::arg("rho_a"), py::arg("rho_b"), py::arg("product_reference"), py::arg("reg"),
        py::arg("f"), py::arg("g"), py::arg("row_sums"), py::arg("column_sums"));
  m.def("partial_bounds", &partial_bounds, py::arg("cost"), py::arg("a"), py::arg("b"),
        py::arg("mass"), py::arg("reg"), py::arg("f"), py::arg("g"), py::arg("row_sums"),
        py::arg("column_sums"), py::arg("multiplier"));
  m.def("pool", &pool, py::arg("cost"), py::arg("a"), py::arg("mass"), py::arg("reg"),
        py::arg("memory"));
}

}  // namespace optlite::bindings
