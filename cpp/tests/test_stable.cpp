// stable.hpp against long double, whose 64-bit significand resolves a 2000th of a double's ulp.
#include <cfloat>
#include <cmath>
#include <limits>

#include "check.hpp"
#include "optlite/core/random.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/core/stable_single.hpp"

namespace {

namespace stable = optlite::stable;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// |computed - exact| in units of the last place of the exact value.
double ulps(double computed, long double exact) {
  const double rounded = static_cast<double>(exact);
  const double ulp = std::nextafter(std::fabs(rounded), inf) - std::fabs(rounded);
  return static_cast<double>(std::fabs(static_cast<long double>(computed) - exact) /
                             static_cast<long double>(ulp));
}

/// Largest error over `count` points drawn from [low, high].
template <class Computed, class Exact>
double worst(double low, double high, Computed computed, Exact exact) {
  const optlite::Philox random(1, 2);
  double most = 0.0;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const double x = low + (high - low) * random.uniform(i);
    most = std::fmax(most, ulps(computed(x), exact(static_cast<long double>(x))));
  }
  return most;
}

long double exact_exp(long double x) { return std::exp(x); }
long double exact_log1p(long double x) { return std::log1p(x); }
long double exact_log(long double x) { return std::log(x); }
long double exact_softplus(long double x) {
  return (x > 0 ? x : 0.0L) + std::log1p(std::exp(-std::fabs(x)));
}
long double exact_sigmoid(long double x) { return 1.0L / (1.0L + std::exp(-x)); }

}  // namespace

static_assert(LDBL_MANT_DIG >= 64, "the references need a long double wider than double");

TEST("stable: errors in units of the last place") {
  CHECK(worst(-1.0, 1.0, stable::exp, exact_exp) < 2.0);
  CHECK(worst(-708.0, 709.0, stable::exp, exact_exp) < 2.0);
  CHECK(worst(-1.0, 1.0, stable::exp_below, exact_exp) < 2.0);
  CHECK(worst(-708.0, 709.0, stable::exp_below, exact_exp) < 2.0);
  CHECK(worst(0.0, 1.0, stable::log1p_unit, exact_log1p) < 4.0);
  CHECK(worst(0.0, 1e-8, stable::log1p_unit, exact_log1p) < 4.0);
  for (const double reach : {1.0, 40.0, 700.0}) {
    CHECK(worst(-reach, reach, stable::softplus, exact_softplus) < 4.0);
    CHECK(worst(-reach, reach, stable::sigmoid, exact_sigmoid) < 4.0);
  }
}

TEST("stable: exponentials in single precision") {
  const optlite::Philox random(3, 4);
  double worst_error = 0.0;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const float x = static_cast<float>(-87.0 + 175.0 * random.uniform(i));
    const double exact = std::exp(static_cast<double>(x));
    const double error = std::fabs(static_cast<double>(stable::exp_single(x)) / exact - 1.0);
    worst_error = std::fmax(worst_error, error);
  }
  CHECK(worst_error < 2e-7);
  CHECK_EQUAL(stable::exp_single(0.0f), 1.0f);
  CHECK_EQUAL(stable::exp_single(-88.0f), 0.0f);
  CHECK_EQUAL(stable::exp_single(-std::numeric_limits<float>::infinity()), 0.0f);
  CHECK(std::isnan(stable::exp_single(std::numeric_limits<float>::quiet_NaN())));
}

TEST("stable: logarithm and power") {
  CHECK(worst(0.5, 2.0, stable::log, exact_log) < 4.0);
  CHECK(worst(1e-300, 1e300, stable::log, exact_log) < 2.0);
  CHECK(worst(0x1p-1074, 0x1p-1022, stable::log, exact_log) < 2.0);
  CHECK_EQUAL(stable::log(1.0), 0.0);
  CHECK_EQUAL(stable::log(inf), inf);
  CHECK(std::isnan(stable::log(not_a_number)));
  const auto root = [](double x) { return stable::power(x, 0.5); };
  CHECK(worst(0.1, 10.0, root, [](long double x) { return std::sqrt(x); }) < 8.0);
  CHECK_EQUAL(stable::power(0.0, 0.5), 0.0);
  CHECK_EQUAL(stable::power(0.0, 0.0), 1.0);
  CHECK_EQUAL(stable::power(3.0, 0.0), 1.0);
  CHECK(std::isnan(stable::power(not_a_number, 0.5)));
}

TEST("stable: exp at the edges") {
  CHECK_EQUAL(stable::exp(0.0), 1.0);
  CHECK_EQUAL(stable::exp_below(0.0), 1.0);
  CHECK_EQUAL(stable::exp_below(-inf), 0.0);
  CHECK_EQUAL(stable::exp_below(-709.0), 0.0);
  CHECK_EQUAL(stable::exp_below(-DBL_MAX), 0.0);
  CHECK(std::isnan(stable::exp_below(not_a_number)));
  CHECK_EQUAL(stable::exp(-0.0), 1.0);
  CHECK_EQUAL(stable::exp(inf), inf);
  CHECK_EQUAL(stable::exp(-inf), 0.0);
  CHECK_EQUAL(stable::exp(-800.0), 0.0);
  CHECK_EQUAL(stable::exp(710.0), inf);
  CHECK_EQUAL(stable::exp(DBL_MAX), inf);
  CHECK_EQUAL(stable::exp(-DBL_MAX), 0.0);
  CHECK_EQUAL(stable::exp(DBL_TRUE_MIN), 1.0);
  CHECK(std::isnan(stable::exp(not_a_number)));
  CHECK(ulps(stable::exp(-708.0), std::exp(-708.0L)) < 2.0);
  CHECK(ulps(stable::exp(709.0), std::exp(709.0L)) < 2.0);
}

TEST("stable: log1p_unit at the edges") {
  CHECK_EQUAL(stable::log1p_unit(0.0), 0.0);
  // A subnormal is halved and doubled on the way: right to one unit of the subnormal numbers.
  for (const double t : {DBL_TRUE_MIN, 5.0 * DBL_TRUE_MIN, 0.7 * DBL_MIN}) {
    CHECK(std::fabs(stable::log1p_unit(t) - t) <= DBL_TRUE_MIN);
  }
  CHECK_EQUAL(stable::log1p_unit(DBL_MIN), DBL_MIN);
  CHECK(ulps(stable::log1p_unit(1.0), std::log(2.0L)) < 2.0);
  CHECK(std::isnan(stable::log1p_unit(not_a_number)));
}

TEST("stable: softplus and sigmoid at the edges") {
  CHECK_EQUAL(stable::softplus(1000.0), 1000.0);
  CHECK_EQUAL(stable::softplus(inf), inf);
  CHECK_EQUAL(stable::softplus(-inf), 0.0);
  CHECK(std::isnan(stable::softplus(not_a_number)));
  CHECK_EQUAL(stable::sigmoid(0.0), 0.5);
  CHECK_EQUAL(stable::sigmoid(inf), 1.0);
  CHECK_EQUAL(stable::sigmoid(-inf), 0.0);
  CHECK(std::isnan(stable::sigmoid(not_a_number)));
}

TEST("stable: monotone where the pieces of exp meet") {
  // Multiples of log(2) / 2 are where the reduction changes from one n to the next.
  for (int n = -1400; n < 1400; ++n) {
    const double x = n * 0.34657359027997264;
    if (x < -708.0 || x > 709.0) continue;
    CHECK(stable::exp(std::nextafter(x, -inf)) <=
          stable::exp(std::nextafter(x, inf)) * (1.0 + 4.0 * DBL_EPSILON));
  }
}
