#include "optlite/trees/shallow.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace optlite::trees {

namespace {

constexpr Index together = 4;  // trees whose values are added while a sum is in a register

// Where the sum of a row is kept while trees are added: groups of 32, in the order in which a byte
// of each of eight words is looked up and the halves of its value are put together.
#if defined(__AVX2__)
Index row_of(Index place) {
  constexpr Index words[] = {0, 1, 4, 5, 2, 3, 6, 7};
  return (place & ~Index{31}) + 4 * words[place & 7] + ((place >> 3) & 3);
}
#else
Index row_of(Index place) { return place; }
#endif

}  // namespace

void ShallowTrees::push(const CompleteTree& tree,
                        const std::array<const double*, CompleteTree::leaves>& values) {
  trees_.push_back(tree);
  for (Index k = 0; k < outputs_; ++k) {
    Halves halves;
    for (std::size_t n = 0; n < CompleteTree::leaves; ++n) {
      std::uint64_t bits;
      std::memcpy(&bits, values[n] + k, sizeof bits);
      halves.low[n] = static_cast<std::uint32_t>(bits);
      halves.high[n] = static_cast<std::uint32_t>(bits >> 32);
    }
    values_.push_back(halves);
  }
}

/// Adds the values of one output of several trees, those of tree t at values[t * outputs].
template <int Trees>
void ShallowTrees::add_values(const Leaves* leaves, const Halves* values, Index count,
                              double* sums) const {
#if defined(__AVX2__)
  const auto half = [&](const std::array<std::uint32_t, CompleteTree::leaves>& words) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(words.data()));
  };
  __m256i low[Trees], high[Trees];
  for (int t = 0; t < Trees; ++t) {
    low[t] = half(values[t * outputs_].low);
    high[t] = half(values[t * outputs_].high);
  }
  for (Index i = 0; i < count; i += 32) {
    __m256i at[Trees];
    for (int t = 0; t < Trees; ++t) {
      at[t] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(leaves[t].data() + i));
    }
    for (Index byte = 0; byte < 4; ++byte) {
      double* to = sums + i + 8 * byte;
      __m256d first = _mm256_loadu_pd(to), second = _mm256_loadu_pd(to + 4);
      for (int t = 0; t < Trees; ++t) {
        // Of a word only the last three bits are read: the leaf in its lowest byte.
        const __m256i lower = _mm256_permutevar8x32_epi32(low[t], at[t]);
        const __m256i upper = _mm256_permutevar8x32_epi32(high[t], at[t]);
        first = _mm256_add_pd(first, _mm256_castsi256_pd(_mm256_unpacklo_epi32(lower, upper)));
        second = _mm256_add_pd(second, _mm256_castsi256_pd(_mm256_unpackhi_epi32(lower, upper)));
        at[t] = _mm256_srli_epi32(at[t], 8);
      }
      _mm256_storeu_pd(to, first);
      _mm256_storeu_pd(to + 4, second);
    }
  }
#else
  double table[Trees][CompleteTree::leaves];
  for (int t = 0; t < Trees; ++t) {
    for (std::size_t n = 0; n < CompleteTree::leaves; ++n) {
      const Halves& halves = values[t * outputs_];
      const std::uint64_t bits = (std::uint64_t{halves.high[n]} << 32) | halves.low[n];
      std::memcpy(&table[t][n], &bits, sizeof bits);
    }
  }
  for (Index i = 0; i < count; ++i) {
    double sum = sums[i];
    for (int t = 0; t < Trees; ++t) sum += table[t][leaves[t][static_cast<std::size_t>(i)]];
    sums[i] = sum;
  }
#endif
}

void ShallowTrees::add(const std::uint8_t* codes, Index rows, Index begin, Index end, Index first,
                       Index last, double* out) const {
  const Index count = end - begin;
  const Index padded = (count + 31) / 32 * 32;  // leaves of the rows behind the last one stay 0
  Leaves leaves[together] = {};
  std::vector<double> sums(static_cast<std::size_t>(outputs_ * block_rows), 0.0);
  const auto each_sum = [&](auto&& visit) {
    for (Index k = 0; k < outputs_; ++k) {
      for (Index place = 0; place < padded; ++place) {
        const Index row = row_of(place);
        if (row < count) {
          visit(sums[static_cast<std::size_t>(k * block_rows + place)],
                out[k * rows + begin + row]);
        }
      }
    }
  };
  each_sum([](double& sum, double& value) { sum = value; });
  const auto add_trees = [&](Index tree, auto trees) {
    for (int t = 0; t < trees(); ++t) {
      const CompleteTree& one = trees_[static_cast<std::size_t>(tree + t)];
      std::array<const std::uint8_t*, CompleteTree::nodes> code;
      for (std::size_t n = 0; n < code.size(); ++n) code[n] = codes + one.feature[n] * rows + begin;
      walk(one, code, count, leaves[t].data());
    }
    for (Index k = 0; k < outputs_; ++k) {
      add_values<trees()>(leaves, values_.data() + tree * outputs_ + k, count,
                          sums.data() + k * block_rows);
    }
  };
  Index tree = first;
  for (; tree + together <= last; tree += together) {
    add_trees(tree, std::integral_constant<int, together>{});
  }
  for (; tree < last; ++tree) add_trees(tree, std::integral_constant<int, 1>{});
  each_sum([](double& sum, double& value) { value = sum; });
}

}  // namespace optlite::trees
