// Random data in every storage that the library reads, and what the loops of a textbook make of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "optlite/objectives/concept.hpp"
#include "optlite/operators/design.hpp"

namespace data {

using optlite::Index;
using optlite::Matrix;
using optlite::Vector;

const std::vector<std::string>& storages();

/// A matrix in one of the storages(), and the same numbers as X.
struct Stored {
  Matrix X;
  std::unique_ptr<optlite::Design> design;

  Stored(const std::string& storage, Index rows, Index cols, std::uint64_t seed = 0);

 private:
  template <class Scalar>
  void store_dense(std::vector<Scalar>& values, bool row_major, Index padding);
  template <class Scalar, class IndexType>
  void store_csr(std::vector<Scalar>& values, std::vector<IndexType>& starts,
                 std::vector<IndexType>& indices);

  std::vector<double> doubles_;
  std::vector<float> floats_;
  std::vector<std::int32_t> starts32_, indices32_;
  std::vector<std::int64_t> starts64_, indices64_;
};

Matrix random_matrix(Index rows, Index cols, std::uint64_t seed);

/// Orthonormal columns, in directions without structure.
Matrix orthonormal(Index rows, Index cols, std::uint64_t seed);

/// A B, compiled once: each form of a product takes a compiler a second.
Matrix product(const Matrix& A, const Matrix& B);

/// The largest |a - b| of two entries.
double difference(const Matrix& A, const Matrix& B);

/// Weights from 0.1 to 1.1, with an exact zero among them.
Vector weights(Index n);

/// Targets that suit a loss; labels are 0 ... outputs - 1 and do not depend on X alone.
Vector targets(optlite::Target target, const Matrix& X, Index outputs);

}  // namespace data
