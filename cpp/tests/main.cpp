// Runs every test, or those whose name contains the first argument.
#include <cstring>
#include <exception>

#include "check.hpp"

int main(int argc, char** argv) {
  int ran = 0;
  for (const check::Test& test : check::tests()) {
    if (argc > 1 && std::strstr(test.name, argv[1]) == nullptr) continue;
    ++ran;
    const int before = check::failures();
    try {
      test.body();
    } catch (const std::exception& error) {
      check::fail(test.name, 0, std::string("unexpected exception: ") + error.what());
    }
    std::printf("%s  %s\n", check::failures() == before ? "passed" : "FAILED", test.name);
    std::fflush(stdout);
  }
  std::printf("%d tests, %d failed checks\n", ran, check::failures());
  return ran == 0 || check::failures() > 0 ? 1 : 0;
}
