#include "optlite/core/interrupt.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

#include "optlite/core/poll_count.hpp"

namespace optlite::interrupt {

namespace {

std::atomic<Hook> installed{nullptr};

thread_local int deferred = 0;
thread_local std::int64_t polls = 0;

std::int64_t milliseconds() {
  using namespace std::chrono;
  return duration_cast<std::chrono::milliseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

void install(Hook hook) { installed.store(hook); }

std::int64_t poll_count() { return polls; }

Deferred::Deferred() { ++deferred; }
Deferred::~Deferred() { --deferred; }

void poll() {
  if (deferred > 0) return;
  ++polls;
  // Per thread: the main thread must not be kept from asking by fits in other threads.
  thread_local std::int64_t last = 0;
  const std::int64_t now = milliseconds();
  if (now - last < 50) return;
  last = now;
  const Hook hook = installed.load();
  if (hook != nullptr && hook()) throw Interrupted{};
}

}  // namespace optlite::interrupt
