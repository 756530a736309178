// The few names that every other header shares.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace optlite {

using Index = std::ptrdiff_t;

/// Results are computed in double, whatever the caller's data type. (Preconditioners may be float.)
using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;  // column-major
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

using VectorMap = Eigen::Map<Vector>;
using ConstVectorMap = Eigen::Map<const Vector>;
using MatrixMap = Eigen::Map<Matrix>;
using ConstMatrixMap = Eigen::Map<const Matrix>;

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double epsilon = std::numeric_limits<double>::epsilon();

}  // namespace optlite
