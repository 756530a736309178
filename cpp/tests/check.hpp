// The test framework: TEST("name") { CHECK(condition); } in any file of this folder.
#pragma once

#include <cmath>
#include <cstdio>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace check {

struct Test {
  const char* name;
  void (*body)();
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

inline int& failures() {
  static int count = 0;
  return count;
}

inline void fail(const char* file, int line, const std::string& what) {
  ++failures();
  std::printf("%s:%d: %s\n", file, line, what.c_str());
}

struct Registration {
  Registration(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

template <class A, class B>
std::string shown(const char* text, const A& a, const B& b) {
  std::ostringstream out;
  out.precision(17);
  out << text << ": " << a << " against " << b;
  return out.str();
}

/// |a - b| <= tolerance * max(1, |b|); false for NaN.
inline bool close(double a, double b, double tolerance) {
  return std::fabs(a - b) <= tolerance * std::fmax(1.0, std::fabs(b));
}

}  // namespace check

#define CHECK_JOIN_(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN_(a, b)
#define TEST(name)                                                                                \
  static void CHECK_JOIN(test_, __LINE__)();                                                      \
  static const check::Registration CHECK_JOIN(register_, __LINE__){name,                          \
                                                                   &CHECK_JOIN(test_, __LINE__)}; \
  static void CHECK_JOIN(test_, __LINE__)()

#define CHECK(condition)                                           \
  do {                                                             \
    if (!(condition)) check::fail(__FILE__, __LINE__, #condition); \
  } while (false)

#define CHECK_EQUAL(a, b)                                                                     \
  do {                                                                                        \
    if (!((a) == (b))) check::fail(__FILE__, __LINE__, check::shown(#a " == " #b, (a), (b))); \
  } while (false)

#define CHECK_CLOSE(a, b, tolerance)                                               \
  do {                                                                             \
    if (!check::close((a), (b), (tolerance)))                                      \
      check::fail(__FILE__, __LINE__, check::shown(#a " close to " #b, (a), (b))); \
  } while (false)

#define CHECK_THROWS(Exception, statement)                                          \
  do {                                                                              \
    bool thrown = false;                                                            \
    try {                                                                           \
      statement;                                                                    \
    } catch (const Exception&) {                                                    \
      thrown = true;                                                                \
    }                                                                               \
    if (!thrown) check::fail(__FILE__, __LINE__, #statement " throws " #Exception); \
  } while (false)
