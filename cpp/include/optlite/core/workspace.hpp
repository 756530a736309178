// Scratch memory that a computation repeats with: after the first time it is there already.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "optlite/core/numbers.hpp"

namespace optlite {

/// Hands out arrays until rewind() takes them all back; nothing is freed one by one.
class Workspace {
 public:
  Workspace() = default;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// An array of `count` numbers, not initialised, good until the next rewind() or release().
  template <class T>
  T* take(Index count) {
    return static_cast<T*>(take_bytes(static_cast<std::size_t>(count) * sizeof(T)));
  }

  /// Takes all arrays back. Where they did not fit into one block, one that holds them is made, so
  /// that a repetition allocates nothing.
  void rewind() {
    for (const auto& part : parts_) part->rewind();
    used_ = 0;
    if (blocks_.size() < 2) return;
    std::size_t total = 0;
    for (const Block& block : blocks_) total += block.size;
    blocks_.clear();
    add_block(total);
  }

  /// Workspaces for so many threads, to be found by part() and rewound with this one.
  void split(int count) {
    while (static_cast<int>(parts_.size()) < count) parts_.push_back(std::make_unique<Workspace>());
  }
  Workspace& part(int thread) { return *parts_[static_cast<std::size_t>(thread)]; }

  /// What is in use now, for release().
  struct Mark {
    std::size_t block, used;
  };
  Mark mark() const { return {blocks_.size(), used_}; }
  /// Takes back the arrays handed out since the mark, but not those that needed a block before the
  /// last one: they wait for rewind().
  void release(Mark mark) { used_ = mark.block == blocks_.size() ? mark.used : 0; }

 private:
  struct Free {
    void operator()(void* memory) const { Eigen::internal::aligned_free(memory); }
  };
  struct Block {
    std::unique_ptr<void, Free> memory;
    std::size_t size;
  };
  static constexpr std::size_t line = 64;

  void* take_bytes(std::size_t bytes) {
    bytes = (bytes + line - 1) / line * line;
    if (blocks_.empty() || blocks_.back().size - used_ < bytes) {
      add_block(bytes);
      used_ = 0;
    }
    void* memory = static_cast<char*>(blocks_.back().memory.get()) + used_;
    used_ += bytes;
    return memory;
  }

  void add_block(std::size_t size) {
    blocks_.push_back({std::unique_ptr<void, Free>(Eigen::internal::aligned_malloc(size)), size});
  }

  std::vector<Block> blocks_;
  std::vector<std::unique_ptr<Workspace>> parts_;
  std::size_t used_ = 0;  // of the last block
};

}  // namespace optlite
