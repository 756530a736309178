#include <set>

#include "check.hpp"
#include "optlite/core/random.hpp"

using optlite::Index;
using optlite::Philox;

// Known answers: file kat_vectors of the Random123 library, philox4x32, 10 rounds.
TEST("Philox: known answers") {
  CHECK((Philox::rounds({0, 0, 0, 0}, 0, 0) ==
         Philox::Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  CHECK((Philox::rounds({ones, ones, ones, ones}, ones, ones) ==
         Philox::Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  CHECK((Philox::rounds({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0) ==
         Philox::Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST("Philox: seeds and streams are independent") {
  std::set<std::uint32_t> firsts;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    for (std::uint64_t stream = 0; stream < 8; ++stream) {
      firsts.insert(Philox(seed, stream).block(0)[0]);
    }
  }
  CHECK_EQUAL(firsts.size(), std::size_t{64});
  // Bits above the 32nd of seed, stream and counter matter too.
  const std::uint64_t high = std::uint64_t{1} << 40;
  CHECK(Philox(1).block(0) != Philox(1 + high).block(0));
  CHECK(Philox(1, 2).block(0) != Philox(1, 2 + high).block(0));
  CHECK(Philox(1).block(3) != Philox(1).block(3 + high));
}

TEST("Philox: ranges and moments") {
  const Philox random(7, 3);
  const int n = 20000;
  double uniform_sum = 0.0, normal_sum = 0.0, normal_squares = 0.0;
  for (int i = 0; i < n; ++i) {
    const auto counter = static_cast<std::uint64_t>(i);
    const double u = random.uniform(counter);
    const Index k = random.below(counter, 5);
    const double z = random.normal(counter);
    CHECK(u >= 0.0 && u < 1.0);
    CHECK(k >= 0 && k < 5);
    CHECK(std::isfinite(z));
    uniform_sum += u;
    normal_sum += z;
    normal_squares += z * z;
  }
  // Five standard errors: a correct generator fails one time in a million, this one always passes.
  CHECK(std::fabs(uniform_sum / n - 0.5) < 5.0 * std::sqrt(1.0 / 12.0 / n));
  CHECK(std::fabs(normal_sum / n) < 5.0 / std::sqrt(n));
  CHECK(std::fabs(normal_squares / n - 1.0) < 5.0 * std::sqrt(2.0 / n));
}
