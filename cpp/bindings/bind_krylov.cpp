#include <algorithm>

#include "holders.hpp"
#include "optlite/linalg/divide_and_conquer.hpp"
#include "optlite/linalg/orthogonalize.hpp"
#include "optlite/linalg/products.hpp"
#include "optlite/linalg/symmetric_eigen.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

void require(bool fits, const char* what) {
  if (!fits) throw py::value_error(what);
}

/// W (count x size) is changed in place; its parts along the rows of Q and inside W come back.
py::tuple extend(const Doubles& Q, Doubles& W, double least) {
  require(Q.ndim() == 2 && W.ndim() == 2 && Q.shape(1) == W.shape(1),
          "Q and W must have rows of one length.");
  const Index m = Q.shape(0), count = W.shape(0), size = W.shape(1);
  Doubles along({count, m}), inside({count, count});
  double *w = W.mutable_data(), *a = along.mutable_data(), *i = inside.mutable_data();
  {
    const py::gil_scoped_release nogil;
    extend_basis(Q.data(), m, w, count, size, least, a, i);
  }
  return py::make_tuple(along, inside);
}

/// Q: bases x most x size, of each of which the first m rows count; row p of W extends basis p.
py::tuple extend_all(const Doubles& Q, Index m, Doubles& W, double least) {
  require(Q.ndim() == 3 && W.ndim() == 2 && Q.shape(0) == W.shape(0) && Q.shape(2) == W.shape(1),
          "Q must hold a basis for each row of W.");
  require(m >= 0 && m <= Q.shape(1), "m must not exceed the rows of a basis.");
  const Index bases = Q.shape(0), apart = Q.shape(1) * Q.shape(2);
  Doubles along({bases, m}), inside(bases);
  double *w = W.mutable_data(), *a = along.mutable_data(), *i = inside.mutable_data();
  {
    const py::gil_scoped_release nogil;
    extend_bases(Q.data(), apart, bases, m, w, W.shape(1), least, a, i);
  }
  return py::make_tuple(along, inside);
}

/// A B, or A B^T.
Doubles product(const Doubles& A, const Doubles& B, bool transposed) {
  require(A.ndim() == 2 && B.ndim() == 2 && A.shape(1) == B.shape(transposed ? 1 : 0),
          "A and B do not fit together.");
  const Factor<double> a(A.data(), A.shape(0), A.shape(1));
  const Factor<double> rows(B.data(), B.shape(0), B.shape(1));
  const Factor<double> b = transposed ? rows.t() : rows;
  Doubles C({a.rows, b.cols});
  double* c = C.mutable_data();
  {
    const py::gil_scoped_release nogil;
    Workspace work;
    multiply(a, b, c, work);
  }
  return C;
}

py::tuple eigen(const Doubles& A) {
  require(A.ndim() == 2 && A.shape(0) == A.shape(1), "A must be square.");
  const Index n = A.shape(0);
  Doubles values(n), vectors({n, n});
  double *e = values.mutable_data(), *v = vectors.mutable_data();
  {
    const py::gil_scoped_release nogil;
    Workspace work;
    double* copy = work.take<double>(n * n);
    std::copy_n(A.data(), n * n, copy);
    symmetric_eigen(copy, n, e, v, work);
  }
  return py::make_tuple(values, vectors);
}

py::tuple tridiagonal(const Doubles& diagonal, const Doubles& beside) {
  const Index n = diagonal.size();
  require(beside.size() >= n - 1, "beside must have one number less than diagonal.");
  Doubles values(n), vectors({n, n});
  double *e = values.mutable_data(), *v = vectors.mutable_data();
  {
    const py::gil_scoped_release nogil;
    Workspace work;
    double* off = work.take<double>(n);
    std::copy_n(diagonal.data(), n, e);
    std::copy_n(beside.data(), std::max<Index>(n - 1, 0), off);
    tridiagonal_eigen(e, off, n, v, work);
  }
  return py::make_tuple(values, vectors);
}

}  // namespace

void bind_krylov(py::module_& m) {
  m.def("extend_basis", &extend, py::arg("Q").noconvert(), py::arg("W").noconvert(),
        py::arg("least"));
  m.def("extend_bases", &extend_all, py::arg("Q").noconvert(), py::arg("m"),
        py::arg("W").noconvert(), py::arg("least"));
  m.def("product", &product, py::arg("A").noconvert(), py::arg("B").noconvert(),
        py::arg("transposed") = false);
  m.def("symmetric_eigen", &eigen, py::arg("A").noconvert(),
        "Eigenvalues in rising order, and eigenvectors in rows.");
  m.def("tridiagonal_eigen", &tridiagonal, py::arg("diagonal").noconvert(),
        py::arg("beside").noconvert());
}

}  // namespace optlite::bindings
