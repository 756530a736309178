// What this machine can do at most: reading memory, exponentials, sparse gather and scatter,
// histograms.
// Prints "name value" lines; the number of threads is OMP_NUM_THREADS.
//   c++ -O3 -march=native -fopenmp -std=c++17 -fno-math-errno limits.cpp -o limits
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

/// Best seconds of several calls, after one that warms up.
template <class F>
double best_seconds(F&& f, int repeats = 7) {
  f();
  double best = 1e99;
  for (int i = 0; i < repeats; ++i) {
    const auto start = Clock::now();
    f();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

void report(const char* name, double value) {
  std::printf("%s %.6g\n", name, value);
  std::fflush(stdout);
}

volatile double sink = 0;  // results go here, so that no loop is dropped

/// Read 256 MB; 8 streams per thread, because the hardware prefetchers like several.
void read_bandwidth() {
  constexpr long n = 1L << 25, streams = 8;
  const std::unique_ptr<double[]> memory(new double[n]);
  double* a = memory.get();
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; ++i) a[i] = 1e-9 * static_cast<double>(i % 1000);
  const double seconds = best_seconds([&] {
    double total = 0;
#pragma omp parallel reduction(+ : total)
    {
      const long q = n / (streams * omp_get_num_threads());
      const double* p = a + streams * q * omp_get_thread_num();
      double s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
#pragma omp simd reduction(+ : s0, s1, s2, s3, s4, s5, s6, s7)
      for (long i = 0; i < q; ++i) {
        s0 += p[i];
        s1 += p[q + i];
        s2 += p[2 * q + i];
        s3 += p[3 * q + i];
        s4 += p[4 * q + i];
        s5 += p[5 * q + i];
        s6 += p[6 * q + i];
        s7 += p[7 * q + i];
      }
      total += ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    }
    sink = total;
  });
  report("read", 8e-9 * n / seconds);  // GB/s
}

/// Update three arrays of 1e7 floats in place from a fourth, as an optimizer's step does, with three
/// products each: 28 bytes a coordinate.
void in_place_bandwidth() {
  constexpr long n = 10000000;
  const std::unique_ptr<float[]> memory(new float[4 * n]);
  float* x = memory.get();
#pragma omp parallel for schedule(static)
  for (long i = 0; i < 4 * n; ++i) x[i] = 1e-3f * static_cast<float>(i % 1000);
  float *m = x + n, *v = m + n;
  const float* g = v + n;
  const double seconds = best_seconds([&] {
#pragma omp parallel for simd schedule(static)
    for (long i = 0; i < n; ++i) {
      m[i] = 0.9f * m[i] + 0.1f * g[i];
      v[i] = 0.99f * v[i] + 0.01f * g[i];
      x[i] -= 0.001f * m[i];
    }
    sink = x[n / 2];
  });
  report("inplace", 28e-9 * n / seconds);
}

/// exp(x) = 2^k exp(f), |f| <= log(2)/2, with the Taylor polynomial of degree 11.
inline double exponential(double x) {
  constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
  const double shifted = x * 1.4426950408889634 + shift;
  std::int64_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  const double k = shifted - shift;
  const double f = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
  double e = 1.0 / 39916800;
  e = e * f + 1.0 / 3628800;
  e = e * f + 1.0 / 362880;
  e = e * f + 1.0 / 40320;
  e = e * f + 1.0 / 5040;
  e = e * f + 1.0 / 720;
  e = e * f + 1.0 / 120;
  e = e * f + 1.0 / 24;
  e = e * f + 1.0 / 6;
  e = e * f + 0.5;
  e = e * f + 1;
  e = e * f + 1;
  bits = static_cast<std::int64_t>(static_cast<std::uint64_t>(bits + 1023) << 52);
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return e * power;
}

/// Exponentials of an array that stays in the cache.
void exponential_rate() {
  constexpr int n = 16384, rounds = 400;
  const double seconds = best_seconds([&] {
    double total = 0;
#pragma omp parallel reduction(+ : total)
    {
      std::vector<double> x(n), y(n);
      for (int i = 0; i < n; ++i) x[i] = -20.0 * (i % 997) / 997;
      const double* in = x.data();
      double* out = y.data();
      for (int r = 0; r < rounds; ++r) {
#pragma omp simd
        for (int i = 0; i < n; ++i) out[i] = exponential(in[i]);
        __asm__ volatile("" ::: "memory");
      }
      total += out[n / 2];
    }
    sink = total;
  });
  report("exp", 1e-9 * n * rounds * omp_get_max_threads() / seconds);  // G/s
}

/// Sparse rows of 50 entries against a vector of 50,000 doubles, both ways.
void sparse_rates() {
  constexpr long rows = 200000, row = 50, nnz = rows * row;
  constexpr int d = 50000;
  std::vector<double> value(nnz, 1e-6), w(d, 1.0);
  std::vector<int> index(nnz);
  std::uint64_t state = 1;
  for (int& j : index) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    j = static_cast<int>((state >> 33) % d);
  }
  const double gather = best_seconds([&] {
    double total = 0;
#pragma omp parallel for reduction(+ : total) schedule(static)
    for (long i = 0; i < rows; ++i) {
      const double* v = value.data() + i * row;
      const int* j = index.data() + i * row;
      double dot = 0;
#pragma omp simd reduction(+ : dot)
      for (long k = 0; k < row; ++k) dot += v[k] * w[j[k]];
      total += dot * dot;
    }
    sink = total;
  });
  report("gather", 1e-9 * nnz / gather);  // G entries/s
  const double scatter = best_seconds([&] {
#pragma omp parallel
    {
      std::vector<double> own(d, 0.0);
#pragma omp for schedule(static)
      for (long k = 0; k < nnz; ++k) own[index[k]] += 1e-12 * value[k];
#pragma omp critical
      for (int j = 0; j < d; ++j) w[j] += own[j];
    }
  });
  report("scatter", 1e-9 * nnz / scatter);  // G entries/s
}

/// Histograms of eight features with 255 bins: a row's eight codes and its 64-bit word are read, and
/// the word is added to eight bins.
void histogram_rate() {
  constexpr long rows = 16384, width = 8, rounds = 100;
  const double seconds = best_seconds([&] {
    double total = 0;
#pragma omp parallel reduction(+ : total)
    {
      std::vector<std::uint8_t> codes(rows * width);
      std::vector<std::int64_t> words(rows, 3), bins(width * 256, 0);
      std::uint64_t state = 1;
      for (std::uint8_t& code : codes) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        code = static_cast<std::uint8_t>((state >> 33) % 255);
      }
      for (int r = 0; r < rounds; ++r) {
        for (long i = 0; i < rows; ++i) {
          const std::uint8_t* code = codes.data() + i * width;
          const std::int64_t word = words[i];
          for (int j = 0; j < width; ++j) bins[256 * j + code[j]] += word;
        }
        __asm__ volatile("" ::: "memory");
      }
      total += static_cast<double>(bins[7]);
    }
    sink = total;
  });
  report("histogram", 1e-9 * rows * width * rounds * omp_get_max_threads() / seconds);  // G/s
}

}  // namespace

int main() {
  read_bandwidth();
  in_place_bandwidth();
  exponential_rate();
  sparse_rates();
  histogram_rate();
  return 0;
}
