#include "optlite/bcd/sparse_solver.hpp"

#include <Eigen/SparseCholesky>
#include <map>
#include <stdexcept>

namespace optlite::bcd {

namespace {

using SparseMatrix = Eigen::SparseMatrix<double>;
/// The order of minimum degree keeps the fill small; it is none on a tree.
using Factor = Eigen::SimplicialLDLT<SparseMatrix, Eigen::Lower, Eigen::AMDOrdering<int>>;

/// A singular block has a pivot of zero, or of rounding beside its own number of the diagonal.
bool is_definite(const Factor& factor, const Vector& diagonal) {
  if (factor.info() != Eigen::Success) return false;
  const double share = 8.0 * epsilon * static_cast<double>(diagonal.size());
  const Vector own = factor.permutationP() * diagonal;
  return (factor.vectorD().array() > share * own.array()).all();
}

}  // namespace

struct SparseBlockSolver::Factors {
  std::map<Index, Factor> kept;
  Factor last;
};

SparseBlockSolver::SparseBlockSolver(const SparseColumns& H)
    : H_(H),
      factors_(std::make_unique<Factors>()),
      place_(static_cast<std::size_t>(H.cols()), -1) {}

SparseBlockSolver::~SparseBlockSolver() = default;

void SparseBlockSolver::solve(const Block& block, Index k, Vector& r) {
  const bool known = k >= 0 && factors_->kept.count(k) > 0;
  Factor& factor = k >= 0 ? factors_->kept[k] : factors_->last;
  if (!known) {
    const auto size = static_cast<int>(block.size());
    for (int j = 0; j < size; ++j) place_[static_cast<std::size_t>(block[j])] = j;
    std::vector<Eigen::Triplet<double, int>> entries;
    Vector diagonal = Vector::Zero(size);
    for (int j = 0; j < size; ++j) {
      const Index column = block[static_cast<std::size_t>(j)];
      for (Index e = H_.starts[column]; e < H_.starts[column + 1]; ++e) {
        const Index i = place_[static_cast<std::size_t>(H_.indices[e])];
        if (i >= j) entries.emplace_back(static_cast<int>(i), j, H_.values[e]);
        if (i == j) diagonal[j] = H_.values[e];
      }
    }
    for (const Index i : block) place_[static_cast<std::size_t>(i)] = -1;
    SparseMatrix lower(size, size);
    lower.setFromTriplets(entries.begin(), entries.end());
    factor.compute(lower);
    if (!is_definite(factor, diagonal)) {
      throw std::invalid_argument(
          "H must be positive definite on a block, got a pivot that is not positive. Use "
          "update=\"matrix\", which solves singular blocks, too.");
    }
  }
  r = factor.solve(r).eval();
}

}  // namespace optlite::bcd
