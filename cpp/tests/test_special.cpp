// special.hpp against long double, or against sums and recurrences in long double.
#include <cmath>

#include "check.hpp"
#include "optlite/core/random.hpp"
#include "optlite/core/special.hpp"
#include "optlite/core/stable.hpp"

namespace {

namespace special = optlite::special;

/// Largest relative error over points drawn from e^low to e^high.
template <class Computed, class Exact>
double worst(double low, double high, Computed computed, Exact exact) {
  const optlite::Philox random(3, 4);
  double most = 0.0;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const double x = std::exp(low + (high - low) * random.uniform(i));
    const long double right = exact(static_cast<long double>(x));
    const long double error = (static_cast<long double>(computed(x)) - right) / right;
    most = std::fmax(most, static_cast<double>(std::fabs(error)));
  }
  return most;
}

/// psi(x) - log x, from x + 60 on by its asymptotic series.
long double exact_digamma_minus_log(long double x) {
  long double sum = -std::log(x);
  for (int i = 0; i < 60; ++i) {
    sum -= 1.0L / x;
    x += 1.0L;
  }
  const long double r = 1.0L / (x * x);
  return sum + std::log(x) - 0.5L / x - r * (1 / 12.0L - r * (1 / 120.0L - r / 252.0L));
}

/// x psi'(x) - 1 likewise.
long double exact_scaled_trigamma(long double x) {
  const long double first = x;
  long double sum = 0.0L;
  for (int i = 0; i < 60; ++i) {
    sum += 1.0L / (x * x);
    x += 1.0L;
  }
  const long double r = 1.0L / (x * x);
  const long double rest = 1.0L / x + 0.5L * r + r / x * (1 / 6.0L - r * (1 / 30.0L - r / 42.0L));
  return first * (sum + rest) - 1.0L;
}

/// Q(a, x) for a whole a: the probability of fewer than a events of a Poisson process.
long double exact_survival(int a, long double x) {
  long double term = 1.0L, sum = 1.0L;
  for (int k = 1; k < a; ++k) sum += term *= x / k;
  return sum * std::exp(-x);
}

}  // namespace

TEST("special: elementary differences") {
  const auto up = [](double x) { return special::expm1_minus(x); };
  const auto down = [](double x) { return special::expm1_minus(-x); };
  CHECK(worst(std::log(1e-2), std::log(30.0), up, [](long double x) { return std::expm1(x) - x; }) <
        1e-15);
  CHECK(worst(std::log(1e-2), std::log(30.0), down,
              [](long double x) { return std::expm1(-x) + x; }) < 2e-15);
  CHECK(worst(
            std::log(1e-2), std::log(1e3), [](double x) { return special::log1p_minus(x); },
            [](long double x) { return std::log1p(x) - x; }) < 2e-15);
  CHECK(worst(
            std::log(1e-2), std::log(0.99), [](double x) { return special::log1p_minus(-x); },
            [](long double x) { return std::log1p(-x) + x; }) < 2e-15);
  // Below, the leading terms of the series.
  CHECK(std::fabs(special::expm1_minus(1e-9) / 5e-19 - 1.0 - 1e-9 / 3.0) < 1e-15);
  CHECK(std::fabs(special::log1p_minus(1e-9) / -5e-19 - 1.0 + 2e-9 / 3.0) < 1e-15);
  CHECK(worst(
            -300.0, 300.0, [](double x) { return optlite::stable::log1p_positive(x); },
            [](long double x) { return std::log1p(x); }) < 1e-15);
}

TEST("special: tails of the normal distribution") {
  CHECK(worst(std::log(1e-3), std::log(100.0), special::erfcx,
              [](long double x) { return std::exp(x * x) * std::erfc(x); }) < 4e-15);
  for (const double z : {-30.0, -8.0, -1.0, -1e-3, 0.0, 0.5, 3.0, 9.0, 30.0}) {
    const long double wide = z;
    // The rounding of z / sqrt(2) enters a tail with the factor z^2.
    const long double allowed = 4e-15L + 3e-16L * wide * wide;
    const long double above = 0.5L * std::erfc(wide / std::sqrt(2.0L));
    const long double log_above =
        z < 0.0 ? std::log1p(-0.5L * std::erfc(-wide / std::sqrt(2.0L))) : std::log(above);
    const long double density = std::exp(-0.5L * wide * wide) / std::sqrt(2.0L * std::acos(-1.0L));
    CHECK(std::fabs(special::log_normal_survival(z) / log_above - 1.0L) < allowed);
    CHECK(std::fabs(special::normal_hazard(z) / (density / above) - 1.0L) < allowed);
  }
  CHECK(special::normal_hazard(-60.0) == 0.0);
  CHECK(std::fabs(special::normal_hazard(1e8) / 1e8 - 1.0) < 1e-15);
}

TEST("special: gamma function and its derivatives") {
  const auto exact = [](long double x) { return std::lgamma(x) - x * std::log(x) + x; };
  CHECK(worst(std::log(1e-6), 0.0, special::log_gamma_reduced, exact) < 2e-14);
  // It passes zero at a = 2 pi: there the error is that of numbers of the size one.
  for (double a = 1.0; a < 20.0; a += 0.37) {
    const double right = static_cast<double>(exact(static_cast<long double>(a)));
    CHECK(std::fabs(special::log_gamma_reduced(a) - right) < 3e-14);
  }
  CHECK(worst(std::log(20.0), std::log(1e3), special::log_gamma_reduced, exact) < 1e-15);
  CHECK(worst(std::log(1e-4), std::log(1e3), special::digamma_minus_log, exact_digamma_minus_log) <
        2e-14);
  CHECK(worst(std::log(1e-4), std::log(1e3), special::scaled_trigamma_minus_one,
              exact_scaled_trigamma) < 2e-14);
  // Leading terms for arguments that a shift by sixty does not reach.
  CHECK(std::fabs(special::digamma_minus_log(1e12) * -2e12 - 1.0) < 1e-12);
  CHECK(std::fabs(special::scaled_trigamma_minus_one(1e12) * 2e12 - 1.0) < 1e-12);
}

TEST("special: upper tail of the gamma distribution") {
  for (const int a : {1, 2, 5, 20, 100}) {
    for (const double ratio : {0.01, 0.5, 0.9, 1.0, 1.1, 2.0, 8.0}) {
      const double x = ratio * a;
      const long double right = exact_survival(a, x);
      const auto tail = special::gamma_survival(a, x);
      CHECK(std::fabs(tail.log_value - std::log(right)) <
            1e-13L * std::fmax(std::fabs(std::log(right)), 0.1L));
      const long double log_density = (a - 1) * std::log(static_cast<long double>(x)) - x -
                                      std::lgamma(static_cast<long double>(a));
      CHECK(std::fabs(tail.hazard / (std::exp(log_density) / right) - 1.0L) < 1e-12L);
      // The slope in the shape by differences of the values.
      const double h = 1e-4 * a;
      const auto at = [&](double shift) { return special::gamma_survival(a + shift, x).log_value; };
      const double slope = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
      CHECK(std::fabs(tail.slope_in_shape - slope) < 1e-8 * std::fmax(std::fabs(slope), 1e-3));
    }
  }
}

TEST("special: Bessel functions and what they leave of one") {
  const auto zero = [](long double x) { return std::exp(-x) * std::cyl_bessel_il(0.0L, x); };
  const auto one = [](long double x) { return std::exp(-x) * std::cyl_bessel_il(1.0L, x); };
  const double low = std::log(1e-3), high = std::log(60.0);
  const auto value = [](auto member) {
    return [=](double x) { return special::scaled_bessel(x).*member; };
  };
  using Bessel = special::ScaledBessel;
  CHECK(worst(low, high, value(&Bessel::zero), zero) < 4e-15);
  CHECK(worst(low, high, value(&Bessel::one), one) < 4e-15);
  CHECK(worst(low, high, value(&Bessel::without_zero),
              [=](long double x) { return 1.0L - zero(x); }) < 1e-14);
  CHECK(worst(low, high, value(&Bessel::without_both),
              [=](long double x) { return 1.0L - zero(x) - one(x); }) < 1e-14);
  CHECK(std::fabs(special::scaled_bessel(1e-12).without_both / 5e-13 - 1.0) < 1e-11);
}

TEST("special: the gamma tail with a large shape") {
  for (const double a : {1.1e6, 1e7, 1e8}) {
    for (const double z : {-6.0, -1.0, -0.1, 0.0, 0.3, 2.0, 7.0}) {
      const double x = a + z * std::sqrt(a);
      const double right = std::exp(special::gamma_survival(a, x).log_value);  // by its series
      CHECK(std::fabs(special::gamma_upper(a, x) / right - 1.0) < 1e-9);
    }
  }
  CHECK(special::gamma_upper(1e12, 1.0) == 1.0);
  CHECK(special::gamma_upper(1e12, 1e15) == 0.0);
}

TEST("special: Student's distribution function") {
  const auto right = [](double z, double nu) {  // 2 arctan(z) / pi, and the next two odd degrees
    const double u = std::atan(z / std::sqrt(nu)), sine = std::sin(u), cosine = std::cos(u);
    double sum = u, term = sine * cosine;
    for (int k = 3; k <= nu; k += 2) {
      sum += term;
      term *= cosine * cosine * (k - 1.0) / k;
    }
    return sum * 2.0 / special::pi;
  };
  for (const double nu : {1.0, 3.0, 5.0, 21.0, 201.0}) {
    for (const double z : {-40.0, -3.0, -1.7, -0.5, 1e-3, 0.3, 1.6, 1.8, 6.0}) {
      const double density =
          std::exp(-special::t_log_constant(nu) - 0.5 * (nu + 1.0) * std::log1p(z * z / nu));
      CHECK(std::fabs(special::student_two_sided(z, nu, density) - right(z, nu)) < 1e-14);
    }
  }
}
