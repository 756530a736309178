// How much a linear system says about its solution: its rank, and how far its eigenvalues are
// apart.
//
// Nothing here costs more than a few products with a vector. Lanczos' method gives Ritz values,
// which lie between the smallest and the largest eigenvalue: their ratio is a lower bound on the
// condition number, and after a few steps usually close to it.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "optlite/core/function_ref.hpp"
#include "optlite/core/types.hpp"

namespace optlite {

/// How far a number can be trusted.
enum class Trust {
  unknown,      // there is no number
  exact,        // to rounding
  lower_bound,  // the truth is not below it
  estimate,     // of a matrix that is close to the one in question
};

inline const char* name(Trust trust) {
  switch (trust) {
    case Trust::unknown: return "unknown";
    case Trust::exact: return "exact";
    case Trust::lower_bound: return "lower bound";
    case Trust::estimate: return "estimate";
  }
  return "unknown";
}

/// What is reported of the system that a fit solved.
struct Conditioning {
  Index rank = 0;  // of the (centred, weighted) columns of X
  Trust rank_trust = Trust::unknown;
  double condition_number = std::numeric_limits<double>::quiet_NaN();
  Trust condition_trust = Trust::unknown;

  void set_rank(Index value, Trust trust) {
    rank = value;
    rank_trust = trust;
  }
  void set_condition(double value, Trust trust) {
    condition_number = value < 1.0 ? 1.0 : value;  // rounding
    condition_trust = std::isfinite(value) ? trust : Trust::unknown;
  }
};

/// An interval inside the range of the eigenvalues of a positive definite matrix.
struct Spectrum {
  double smallest = infinity;
  double largest = 0.0;

  bool known() const { return smallest > 0.0 && smallest <= largest && largest < infinity; }
  double condition_number() const {
    return known() ? largest / smallest : std::numeric_limits<double>::quiet_NaN();
  }
  void include(const Spectrum& other) {
    smallest = other.smallest < smallest ? other.smallest : smallest;
    largest = other.largest > largest ? other.largest : largest;
  }
};

/// Steps of Lanczos' method for one end of a spectrum.
inline constexpr Index lanczos_steps = 10;

/// A lower bound on the largest eigenvalue of a symmetric positive semidefinite operator.
/// product(v) replaces v by A v. `start` must not be zero.
double largest_ritz_value(Vector start, FunctionRef<void(Vector&)> product);

/// The Ritz values that conjugate gradients compute on the way: their step lengths and momenta are
/// Lanczos' tridiagonal matrix in disguise (Saad, "Iterative Methods for Sparse Linear Systems",
/// 2003, section 6.7.3).
class RitzValues {
 public:
  /// One iteration: its step length, and the momentum that made its direction (zero at first).
  void add(double step, double momentum);
  bool empty() const { return diagonal_.empty(); }
  std::size_t size() const { return diagonal_.size(); }

  /// In ascending order.
  Vector values() const;
  Spectrum spectrum() const;

  /// The first iterations alone.
  RitzValues head(std::size_t iterations) const;

  /// How many different ones exceed `level`. Rounding repeats Ritz values: those that are close
  /// count once. By Cauchy's interlacing theorem no fewer eigenvalues do, as long as the residuals
  /// are orthogonal: without that a repeated value can be on its way, and close to no other.
  Index count_above(double level) const;

 private:
  /// Later iterations are left out: a part of the tridiagonal matrix still gives lower bounds.
  static constexpr std::size_t most = 300;
  std::vector<double> diagonal_;
  std::vector<double> beside_;
  double last_step_ = 0.0;
};

/// A lower bound on the rank of a positive semidefinite matrix (lower triangle), by Cauchy's
/// inequality: trace^2 / |A|_F^2, in units in which its diagonal is one.
Index rank_bound(const Matrix& A);

}  // namespace optlite
