// An objective that Python computes, for the drivers of the core. Drivers run without the GIL; each
// question takes it for as long as the answer takes. Exceptions pass through the driver.
#pragma once

#include "holders.hpp"
#include "optlite/problems/objective.hpp"

namespace optlite::bindings {

/// `problem` has the members of optlite.optim._problem.Problem.
class PythonObjective final : public Objective {
 public:
  explicit PythonObjective(pybind11::object problem)
      : problem_(std::move(problem)),
        dimension_(problem_.attr("dimension").cast<Index>()),
        is_convex_(problem_.attr("is_convex").cast<bool>()) {}

  Index dimension() const override { return dimension_; }
  bool is_convex() const override { return is_convex_; }

  void evaluate(Point& p) override {
    const pybind11::gil_scoped_acquire gil;
    const pybind11::object at = problem_.attr("evaluate")(array_of(p.x));
    p.value = at.attr("value").cast<double>();
    p.gradient = vector_of(at.attr("gradient").cast<Doubles>(), dimension_, "The gradient");
    p.precision = at.attr("precision").cast<double>();
    count();
  }

  void hessian_product(const Point& p, const Matrix& V, Matrix& out, Matrix* margins) override {
    const pybind11::gil_scoped_acquire gil;
    const Doubles rows({V.cols(), V.rows()}, V.data());  // a column here is a row there
    const Doubles products = problem_.attr("products")(array_of(p.x), rows).cast<Doubles>();
    out = vector_of(products, V.size(), "The products").reshaped(V.rows(), V.cols());
    if (margins != nullptr) margins->resize(0, 0);
    count();
  }

  void hessian(const Point& p, Matrix& H) override {
    const pybind11::gil_scoped_acquire gil;
    const Doubles matrix = problem_.attr("matrix")(array_of(p.x)).cast<Doubles>();
    H = vector_of(matrix, dimension_ * dimension_, "The matrix").reshaped(dimension_, dimension_);
    count();
  }

  void hessian_diagonal(const Point&, Vector& diagonal) override { diagonal.setOnes(dimension_); }

  double certificate(const Point& p) override { return ask("certificate", p); }
  double scale(const Point& p) override { return ask("scale", p); }
  double stationarity(const Point& p) override { return ask("stationarity", p); }

 private:
  double ask(const char* name, const Point& p) {
    const pybind11::gil_scoped_acquire gil;
    const pybind11::object at =
        problem_.attr("point")(array_of(p.x), p.value, array_of(p.gradient));
    return problem_.attr(name)(at).cast<double>();
  }
  void count() { passes_ = problem_.attr("passes").cast<Index>(); }

  pybind11::object problem_;
  Index dimension_;
  bool is_convex_;
};

}  // namespace optlite::bindings
