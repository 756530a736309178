#include "data.hpp"

#include <algorithm>

#include "optlite/core/random.hpp"

namespace data {

const std::vector<std::string>& storages() {
  static const std::vector<std::string> names = {
      "row-major double",  "column-major double", "row-major float", "column-major float",
      "row-major strided", "csr double int32",    "csr float int64"};
  return names;
}

template <class Scalar>
void Stored::store_dense(std::vector<Scalar>& values, bool row_major, Index padding) {
  const Index rows = X.rows(), cols = X.cols();
  const Index stride = (row_major ? cols : rows) + padding;
  // No padding after the last slice: reading there is an error that the sanitizer must see.
  const Index slices = row_major ? rows : cols;
  values.assign(static_cast<std::size_t>(stride * slices - padding), Scalar(1e30));
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j) {
      const Index at = row_major ? i * stride + j : i + j * stride;
      values[static_cast<std::size_t>(at)] = static_cast<Scalar>(X(i, j));
    }
  }
  design = optlite::make_dense(values.data(), rows, cols, stride, row_major);
}

template <class Scalar, class IndexType>
void Stored::store_csr(std::vector<Scalar>& values, std::vector<IndexType>& starts,
                       std::vector<IndexType>& indices) {
  starts.push_back(0);
  for (Index i = 0; i < X.rows(); ++i) {
    for (Index j = 0; j < X.cols(); ++j) {
      if (X(i, j) == 0.0) continue;
      values.push_back(static_cast<Scalar>(X(i, j)));
      indices.push_back(static_cast<IndexType>(j));
    }
    starts.push_back(static_cast<IndexType>(values.size()));
  }
  design = optlite::make_csr(X.rows(), X.cols(), static_cast<Index>(values.size()), starts.data(),
                             indices.data(), values.data());
}

Stored::Stored(const std::string& storage, Index rows, Index cols, std::uint64_t seed)
    : X(rows, cols) {
  const bool sparse = storage.rfind("csr", 0) == 0;
  const bool single = storage.find("float") != std::string::npos;
  const optlite::Philox random(seed);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j) {
      const auto counter = static_cast<std::uint64_t>(i * cols + j);
      double value = random.normal(counter) + (sparse ? 0.0 : 1.0);
      if (sparse && counter % 3 != 0) value = 0.0;
      X(i, j) = single ? static_cast<double>(static_cast<float>(value)) : value;
    }
  }
  if (storage == "csr double int32") store_csr(doubles_, starts32_, indices32_);
  else if (storage == "csr float int64") store_csr(floats_, starts64_, indices64_);
  else if (single) store_dense(floats_, storage[0] == 'r', 0);
  else store_dense(doubles_, storage[0] == 'r', storage == "row-major strided" ? 3 : 0);
}

Matrix random_matrix(Index rows, Index cols, std::uint64_t seed) {
  const optlite::Philox random(seed, 1);
  Matrix M(rows, cols);
  for (Index i = 0; i < M.size(); ++i) {
    M.data()[i] = random.normal(static_cast<std::uint64_t>(i));
  }
  return M;
}

/// By Gram and Schmidt, each column twice: what the first time leaves of the others is gone then.
Matrix orthonormal(Index rows, Index cols, std::uint64_t seed) {
  Matrix Q = random_matrix(rows, cols, seed);
  for (Index j = 0; j < cols; ++j) {
    for (int round = 0; round < 2; ++round) {
      for (Index i = 0; i < j; ++i) Q.col(j) -= Q.col(i).dot(Q.col(j)) * Q.col(i);
      Q.col(j) /= Q.col(j).norm();
    }
  }
  return Q;
}

Matrix product(const Matrix& A, const Matrix& B) { return A * B; }

double difference(const Matrix& A, const Matrix& B) { return (A - B).cwiseAbs().maxCoeff(); }

Vector weights(Index n) {
  const optlite::Philox random(5, 9);
  Vector w(n);
  for (Index i = 0; i < n; ++i) w[i] = 0.1 + random.uniform(static_cast<std::uint64_t>(i));
  if (n > 2) w[2] = 0.0;
  return w;
}

Vector targets(optlite::Target target, const Matrix& X, Index outputs) {
  const optlite::Philox random(11, 4);
  Vector y(X.rows());
  for (Index i = 0; i < X.rows(); ++i) {
    const auto counter = static_cast<std::uint64_t>(i);
    const double signal = X.row(i).head(std::min<Index>(2, X.cols())).sum();
    switch (target) {
      case optlite::Target::real: y[i] = signal + random.normal(counter); break;
      case optlite::Target::binary:
        y[i] = signal + 2.0 * random.normal(counter) > 1.0 ? 1.0 : -1.0;
        break;
      case optlite::Target::count: y[i] = static_cast<double>(random.below(counter, 4)); break;
      case optlite::Target::label:
        y[i] = static_cast<double>(random.below(counter, outputs));
        break;
    }
  }
  return y;
}

}  // namespace data
