// Views of compressed sparse matrices that the caller owns, bounds checked once before use.
#pragma once

#include <stdexcept>
#include <string>

#include "optlite/core/types.hpp"

namespace optlite {

/// Compressed storage: slice i (a row of CSR, a column of CSC) holds the entries
/// starts[i] ... starts[i + 1] - 1 of `indices` and `values`.
template <class Scalar, class IndexType>
struct Compressed {
  Index slices = 0;
  Index width = 0;  // every index is below it
  Index entries = 0;
  const IndexType* starts = nullptr;
  const IndexType* indices = nullptr;
  const Scalar* values = nullptr;

  /// Throws std::invalid_argument naming the first index that would read outside the arrays.
  void check() const {
    if (starts[0] != 0) fail("indptr[0] must be 0", 0, starts[0]);
    for (Index i = 0; i < slices; ++i) {
      if (starts[i + 1] < starts[i]) fail("indptr must not decrease", i + 1, starts[i + 1]);
      if (static_cast<Index>(starts[i + 1]) > entries) {
        fail("indptr must not exceed the number of stored entries", i + 1, starts[i + 1]);
      }
    }
    const Index used = static_cast<Index>(starts[slices]);
    for (Index k = 0; k < used; ++k) {
      if (indices[k] < 0 || static_cast<Index>(indices[k]) >= width) {
        fail("indices must lie in [0, " + std::to_string(width) + ")", k, indices[k]);
      }
    }
  }

 private:
  [[noreturn]] static void fail(const std::string& rule, Index position, IndexType value) {
    throw std::invalid_argument("The sparse matrix X is corrupt: " + rule + ", got " +
                                std::to_string(value) + " at position " + std::to_string(position) +
                                ". Rebuild it from its coordinates before fitting.");
  }
};

/// Rows compressed.
template <class Scalar, class IndexType>
struct CsrView : Compressed<Scalar, IndexType> {
  Index rows() const { return this->slices; }
  Index cols() const { return this->width; }
};

/// Columns compressed.
template <class Scalar, class IndexType>
struct CscView : Compressed<Scalar, IndexType> {
  Index rows() const { return this->width; }
  Index cols() const { return this->slices; }
};

}  // namespace optlite
