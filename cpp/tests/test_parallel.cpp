#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.hpp"
#include "optlite/core/parallel.hpp"
#include "with_threads.hpp"

namespace parallel = optlite::parallel;
using optlite::Index;

namespace {

/// A sum whose value depends on the order of the additions.
double ordered_sum(Index chunks) {
  std::vector<double> slot_sum(64, 0.0);
  double total = 0.0;
  parallel::ordered(
      chunks,
      [&](Index chunk, int slot) {
        double sum = 0.0;
        for (int i = 1; i <= 1000; ++i) sum += 1.0 / (static_cast<double>(chunk) * 977.0 + i);
        slot_sum[static_cast<std::size_t>(slot)] = sum;
      },
      [&](Index, int slot) { total += slot_sum[static_cast<std::size_t>(slot)]; });
  return total;
}

std::atomic<int> hook_calls{0};
std::atomic<bool> hook_answer{false};
bool hook() {
  ++hook_calls;
  return hook_answer.load();
}

void wait_for_next_poll() { std::this_thread::sleep_for(std::chrono::milliseconds(60)); }

}  // namespace

TEST("parallel: every chunk once, combined in order") {
  for (const Index chunks : {Index{0}, Index{1}, Index{2}, Index{7}, Index{200}}) {
    std::vector<std::atomic<int>> worked(static_cast<std::size_t>(chunks));
    std::vector<Index> order;
    parallel::ordered(
        chunks, [&](Index chunk, int) { ++worked[static_cast<std::size_t>(chunk)]; },
        [&](Index chunk, int) { order.push_back(chunk); });
    CHECK_EQUAL(static_cast<Index>(order.size()), chunks);
    for (Index i = 0; i < static_cast<Index>(order.size()); ++i) {
      CHECK_EQUAL(order[static_cast<std::size_t>(i)], i);
      CHECK_EQUAL(worked[static_cast<std::size_t>(i)].load(), 1);
    }
  }
}

TEST("parallel: the same bits for any number of threads") {
  const double one = with_threads(1, [] { return ordered_sum(150); });
  for (const int count : {2, 3, 4, 9}) {
    CHECK_EQUAL(with_threads(count, [] { return ordered_sum(150); }), one);
  }
}

TEST("parallel: for_each covers every index") {
  for (const double work : {0.0, 1e9}) {
    std::vector<int> seen(1001, 0);
    with_threads(3, [&] {
      parallel::for_each(1001, work, [&](Index i) { ++seen[static_cast<std::size_t>(i)]; });
      return 0;
    });
    for (const int count : seen) CHECK_EQUAL(count, 1);
  }
}

TEST("parallel: an exception leaves the region and the next region works") {
  for (const int count : {1, 4}) {
    with_threads(count, [] {
      const auto fails_at_5 = [](Index chunk, int) {
        if (chunk == 5) throw std::runtime_error("chunk 5");
      };
      CHECK_THROWS(std::runtime_error, parallel::ordered(20, fails_at_5, [](Index, int) {}));
      CHECK_THROWS(std::runtime_error, parallel::for_each(20, 1e9, [](Index i) {
                     if (i == 11) throw std::runtime_error("index 11");
                   }));
      CHECK(std::isfinite(ordered_sum(10)));
      return 0;
    });
  }
}

TEST("parallel: no second level of threads") {
  std::atomic<int> inside{0};
  with_threads(2, [&] {
    parallel::each_thread(2, [&](int) { inside = std::max(inside.load(), parallel::threads()); });
    return 0;
  });
  CHECK(inside.load() == 1 || parallel::runtime() == "none");
}

TEST("parallel: without OpenMP everything is serial, and says so") {
#ifdef _OPENMP
  CHECK(parallel::runtime() != "none");
  CHECK_EQUAL(with_threads(3, [] { return parallel::threads(); }), 3);
#else
  CHECK_EQUAL(parallel::runtime(), std::string("none"));
  CHECK_EQUAL(parallel::threads(), 1);
#endif
}

TEST("interrupt: the hook is asked, and its answer stops the work") {
  optlite::interrupt::install(&hook);
  wait_for_next_poll();
  const int before = hook_calls.load();
  optlite::interrupt::poll();
  CHECK_EQUAL(hook_calls.load(), before + 1);
  optlite::interrupt::poll();  // too soon to ask again
  CHECK_EQUAL(hook_calls.load(), before + 1);
  hook_answer = true;
  wait_for_next_poll();
  CHECK_THROWS(optlite::interrupt::Interrupted, ordered_sum(100));
  hook_answer = false;
  wait_for_next_poll();
  CHECK(std::isfinite(ordered_sum(100)));
  optlite::interrupt::install(nullptr);
}
