// Counter-based random numbers: the i-th number of a stream is a function of (seed, stream, i), so
// any number of threads draws the same numbers in any order.
//
// Philox-4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, 2011).
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "optlite/core/types.hpp"

namespace optlite {

class Philox {
 public:
  using Block = std::array<std::uint32_t, 4>;

  explicit Philox(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  /// The 128 random bits at this counter.
  Block block(std::uint64_t counter) const {
    Block x{static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
            static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)};
    return rounds(x, static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32));
  }

  /// The bijection itself, on a 128-bit counter and a 64-bit key (for known-answer tests).
  static Block rounds(Block x, std::uint32_t key0, std::uint32_t key1) {
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t a = std::uint64_t{0xD2511F53} * x[0];
      const std::uint64_t b = std::uint64_t{0xCD9E8D57} * x[2];
      x = {static_cast<std::uint32_t>(b >> 32) ^ x[1] ^ key0, static_cast<std::uint32_t>(b),
           static_cast<std::uint32_t>(a >> 32) ^ x[3] ^ key1, static_cast<std::uint32_t>(a)};
      key0 += 0x9E3779B9;
      key1 += 0xBB67AE85;
    }
    return x;
  }

  /// Uniform in [0, 1) with 53 random bits.
  double uniform(std::uint64_t counter) const {
    const Block b = block(counter);
    const std::uint64_t bits = (std::uint64_t{b[0]} << 32) | b[1];
    return static_cast<double>(bits >> 11) * 0x1.0p-53;
  }

  /// Uniform integer in [0, bound); the bias is below bound / 2^53.
  Index below(std::uint64_t counter, Index bound) const {
    const Index value = static_cast<Index>(uniform(counter) * static_cast<double>(bound));
    return value < bound ? value : bound - 1;
  }

  /// Standard normal (Box and Muller's transform of one block).
  double normal(std::uint64_t counter) const {
    const Block b = block(counter);
    const double u =
        (static_cast<double>(((std::uint64_t{b[0]} << 32) | b[1]) >> 11) + 0.5) * 0x1.0p-53;
    const double v = static_cast<double>(((std::uint64_t{b[2]} << 32) | b[3]) >> 11) * 0x1.0p-53;
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
  }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
};

}  // namespace optlite
