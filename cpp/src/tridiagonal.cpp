#include "optlite/linalg/tridiagonal.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/core/parallel.hpp"
#include "optlite/linalg/kernels.hpp"
#include "optlite/linalg/products.hpp"

namespace optlite {

namespace {

/// Columns that are reduced before the rest of the matrix follows.
constexpr Index panel = 32;

/// Reflections that are applied as one.
constexpr Index group = 64;

double dot(const double* a, const double* b, Index n) {
  double total = 0.0;
#pragma omp simd reduction(+ : total)
  for (Index j = 0; j < n; ++j) total += a[j] * b[j];
  return total;
}

/// x becomes the v of the reflection that maps it to (beside, 0, ..., 0), with v_0 = 1; returns its
/// factor. The sign of `beside` is the other than that of x_0: nothing cancels.
double reflect(double* x, Index n, double& beside) {
  const double first = x[0], rest = dot(x + 1, x + 1, n - 1);
  x[0] = 1.0;
  if (rest == 0.0) {
    std::fill(x + 1, x + n, 0.0);
    beside = first;
    return 0.0;
  }
  beside = -std::copysign(std::sqrt(first * first + rest), first);
  const double by = 1.0 / (first - beside);
  for (Index j = 1; j < n; ++j) x[j] *= by;
  return (beside - first) / beside;
}

/// y += S x for the rows [first, last) of the lower triangle of S, and what mirrors them: each
/// entry is read once. Four rows at a time, so that y is loaded once for all of them.
void add_lower(const double* S, Index stride, Index first, Index last, const double* x, double* y) {
  Index i = first;
  for (; i + 4 <= last; i += 4) {
    const double* a = S + i * stride;
    const double *b = a + stride, *c = b + stride, *d = c + stride;
    const double xa = x[i], xb = x[i + 1], xc = x[i + 2], xd = x[i + 3];
    double ya = 0.0, yb = 0.0, yc = 0.0, yd = 0.0;
#pragma omp simd reduction(+ : ya, yb, yc, yd)
    for (Index j = 0; j < i; ++j) {
      y[j] += (xa * a[j] + xb * b[j]) + (xc * c[j] + xd * d[j]);
      ya += a[j] * x[j];
      yb += b[j] * x[j];
      yc += c[j] * x[j];
      yd += d[j] * x[j];
    }
    y[i] += ya + a[i] * xa + b[i] * xb + c[i] * xc + d[i] * xd;
    y[i + 1] += yb + b[i] * xa + b[i + 1] * xb + c[i + 1] * xc + d[i + 1] * xd;
    y[i + 2] += yc + c[i] * xa + c[i + 1] * xb + c[i + 2] * xc + d[i + 2] * xd;
    y[i + 3] += yd + d[i] * xa + d[i + 1] * xb + d[i + 2] * xc + d[i + 3] * xd;
  }
  for (; i < last; ++i) {
    const double* a = S + i * stride;
    double own = a[i] * x[i];
    for (Index j = 0; j < i; ++j) {
      y[j] += x[i] * a[j];
      own += x[j] * a[j];
    }
    y[i] += own;
  }
}

/// The reduction of one panel after the other.
struct Reduction {
  double* A;
  Index n;
  double *diagonal, *beside, *factors;
  Workspace& work;

  static constexpr Index most_parts = 16;
  double* W = work.take<double>(panel * n);
  double* partial = work.take<double>(most_parts * n);
  double* pairs = work.take<double>(4 * panel * n);

  /// y <- S x for what is left of A from row and column `first` on, its lower triangle in parts of
  /// equal area: their number and so the sums depend on n alone.
  void product(Index first, const double* x, double* y) const {
    const Index m = n - first, area = m * m / 2;
    const Index parts = std::clamp<Index>(area / 65536, 1, most_parts);
    const auto begin = [=](Index part) {
      const double share = std::sqrt(static_cast<double>(part) / static_cast<double>(parts));
      return part == parts ? m : static_cast<Index>(share * static_cast<double>(m)) / 4 * 4;
    };
    parallel::for_each(parts, static_cast<double>(2 * area), [&](Index part) {
      double* own = partial + part * n;
      std::fill_n(own, m, 0.0);
      add_lower(A + first * n + first, n, begin(part), begin(part + 1), x, own);
    });
    std::copy_n(partial, m, y);
    for (Index part = 1; part < parts; ++part) {
      const double* own = partial + part * n;
      for (Index j = 0; j < begin(part + 1); ++j) y[j] += own[j];
    }
  }

  /// x -= sum_l a_l V_l + b_l W_l, from entry `first` of the rows of the panel at `top` on.
  void subtract(Index top, Index count, Index first, const double* a, const double* b,
                double* x) const {
    double minus[2 * panel];
    for (Index l = 0; l < count; ++l) {
      minus[l] = -a[l];
      minus[panel + l] = -b[l];
    }
    kernels::add_rows(A + top * n + first, n, count, n - first, minus, x);
    kernels::add_rows(W + first, n, count, n - first, minus + panel, x);
  }

  /// Column `top` + i: brought up to date, reflected, and its w with A - v w^T - w v^T = H A H.
  void column(Index top, Index i) const {
    const Index j = top + i;
    double* row = A + j * n;
    double a[panel], b[panel];
    for (Index l = 0; l < i; ++l) {
      a[l] = W[l * n + j];
      b[l] = A[(top + l) * n + j];
    }
    subtract(top, i, j, a, b, row + j);
    diagonal[j] = row[j];
    std::fill_n(row, j + 1, 0.0);
    const Index next = j + 1, m = n - next;
    const double* v = row + next;
    double* w = W + i * n + next;
    const double factor = factors[j] = reflect(row + next, m, beside[j]);
    product(next, v, w);
    kernels::dot_rows(W + next, n, i, m, v, a);
    kernels::dot_rows(A + top * n + next, n, i, m, v, b);
    subtract(top, i, next, a, b, w);
    for (Index k = 0; k < m; ++k) w[k] *= factor;
    const double half = 0.5 * factor * dot(w, v, m);
    for (Index k = 0; k < m; ++k) w[k] -= half * v[k];
  }

  /// What is left of A <- A - V^T W - W^T V: one product of twice the depth.
  void follow(Index top, Index count) const {
    const Index next = top + count, m = n - next;
    double *left = pairs, *right = pairs + 2 * panel * m;
    for (Index l = 0; l < count; ++l) {
      const double *v = A + (top + l) * n + next, *w = W + l * n + next;
      std::copy_n(v, m, left + l * m);
      std::copy_n(w, m, left + (count + l) * m);
      std::copy_n(w, m, right + l * m);
      std::copy_n(v, m, right + (count + l) * m);
    }
    double* rest = A + next * n + next;
    multiply_symmetric(Factor<double>(left, 2 * count, m).t(), Factor<double>(right, 2 * count, m),
                       rest, work, -1.0, 1.0, rest, n);
  }
};

/// S (count x count, upper triangular) with H_0 H_1 ... = I - V^T S V.
void join(const double* V, Index stride, Index cols, Index count, const double* factors, double* S,
          Workspace& work) {
  const Workspace::Mark before = work.mark();
  double* products = work.take<double>(count * count);
  const Factor<double> v(V, count, cols, stride, false);
  multiply_symmetric(v, v.t(), products, work);
  for (Index i = 0; i < count; ++i) {
    std::fill_n(S + i * count, count, 0.0);
    S[i * count + i] = factors[i];
    for (Index k = 0; k < i; ++k) {
      double sum = 0.0;
      for (Index l = k; l < i; ++l) sum += S[k * count + l] * products[l * count + i];
      S[k * count + i] = -factors[i] * sum;
    }
  }
  work.release(before);
}

}  // namespace

void to_tridiagonal(double* A, Index n, double* diagonal, double* beside, double* factors,
                    Workspace& work) {
  const Workspace::Mark before = work.mark();
  const Reduction reduction{A, n, diagonal, beside, factors, work};
  for (Index top = 0; top < n - 1; top += panel) {
    const Index count = std::min(panel, n - 1 - top);
    for (Index i = 0; i < count; ++i) {
      reduction.column(top, i);
      parallel::poll_outside();
    }
    reduction.follow(top, count);
  }
  if (n > 0) diagonal[n - 1] = A[n * n - 1];
  work.release(before);
}

void apply_reflections(const double* vectors, const double* factors, Index n, double* X,
                       Index count, Workspace& work) {
  const Workspace::Mark before = work.mark();
  double* S = work.take<double>(group * group);
  double* along = work.take<double>(group * count);
  double* turned = work.take<double>(group * count);
  for (Index top = (n - 2) / group * group; n > 1 && top >= 0; top -= group) {
    const Index size = std::min(group, n - 1 - top), first = top + 1;
    const double* V = vectors + top * n + first;
    join(V, n, n - first, size, factors + top, S, work);
    const Factor<double> v(V, size, n - first, n, false);
    multiply(Factor<double>(X + first, count, n - first, n, false), v.t(), along, work);
    multiply(Factor<double>(along, count, size), Factor<double>(S, size, size).t(), turned, work);
    multiply(Factor<double>(turned, count, size), v, X + first, work, -1.0, 1.0, X + first, n);
  }
  work.release(before);
}

}  // namespace optlite
