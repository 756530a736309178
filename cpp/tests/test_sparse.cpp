#include <vector>

#include "check.hpp"
#include "optlite/operators/design.hpp"

namespace {

template <class IndexType>
void make(std::vector<IndexType> starts, std::vector<IndexType> indices, optlite::Index cols) {
  const std::vector<double> values(indices.size(), 1.0);
  optlite::make_csr(static_cast<optlite::Index>(starts.size()) - 1, cols,
                    static_cast<optlite::Index>(indices.size()), starts.data(), indices.data(),
                    values.data());
}

template <class IndexType>
void corrupt_structures() {
  using I = std::vector<IndexType>;
  make<IndexType>(I{0, 2, 2, 3}, I{0, 1, 2}, 3);  // sound, with an empty row
  make<IndexType>(I{0}, I{}, 3);                  // no rows
  CHECK_THROWS(std::invalid_argument, make<IndexType>(I{1, 2, 3}, I{0, 1, 2}, 3));
  CHECK_THROWS(std::invalid_argument, make<IndexType>(I{0, 2, 1}, I{0, 1, 2}, 3));
  CHECK_THROWS(std::invalid_argument, make<IndexType>(I{0, 2, 4}, I{0, 1, 2}, 3));
  CHECK_THROWS(std::invalid_argument, make<IndexType>(I{0, -1, 3}, I{0, 1, 2}, 3));
  CHECK_THROWS(std::invalid_argument, make<IndexType>(I{0, 1, 3}, I{0, 1, 3}, 3));
  CHECK_THROWS(std::invalid_argument, make<IndexType>(I{0, 1, 3}, I{0, -1, 2}, 3));
  const IndexType huge = std::numeric_limits<IndexType>::max();
  CHECK_THROWS(std::invalid_argument, make<IndexType>(I{0, 1, huge}, I{0, 1, 2}, 3));
  CHECK_THROWS(std::invalid_argument, make<IndexType>(I{0, 1, 3}, I{0, huge, 2}, 3));
}

}  // namespace

TEST("sparse: a corrupt structure is refused before it is read") {
  corrupt_structures<std::int32_t>();
  corrupt_structures<std::int64_t>();
}

TEST("sparse: the message names the rule, the value and the remedy") {
  try {
    make<std::int32_t>({0, 1, 2}, {0, 7}, 3);
    CHECK(false);
  } catch (const std::invalid_argument& error) {
    const std::string text = error.what();
    CHECK(text.find("[0, 3)") != std::string::npos);
    CHECK(text.find("got 7 at position 1") != std::string::npos);
    CHECK(text.find("Rebuild") != std::string::npos);
  }
}
