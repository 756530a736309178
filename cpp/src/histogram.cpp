#include "optlite/trees/histogram.hpp"

#include <algorithm>

namespace optlite::trees {

namespace {

/// The number of outputs known to the compiler: one vector addition a row where it is 1 or 3.
template <int Entry>
void fill_fixed(const std::uint8_t* codes, const std::uint32_t* rows, const double* entries,
                Index count, double* bins) {
  for (Index i = 0; i < count; ++i) {
    double* bin = bins + Entry * static_cast<Index>(codes[rows[i]]);
    const double* entry = entries + Entry * i;
    for (int k = 0; k < Entry; ++k) bin[k] += entry[k];
  }
}

void fill_any(const std::uint8_t* codes, const std::uint32_t* rows, const double* entries,
              Index count, Index size, double* bins) {
  for (Index i = 0; i < count; ++i) {
    double* bin = bins + size * static_cast<Index>(codes[rows[i]]);
    const double* entry = entries + size * i;
    for (Index k = 0; k < size; ++k) bin[k] += entry[k];
  }
}

}  // namespace

HistogramLayout::HistogramLayout(const BinsView& bins, Index outputs) : outputs_(outputs) {
  starts_.push_back(0);
  for (Index f = 0; f < bins.features; ++f) {
    starts_.push_back(starts_.back() + (bins.missing_code(f) + 1) * entry());
  }
}

void fill(const std::uint8_t* codes, const std::uint32_t* rows, const double* entries, Index count,
          Index outputs, Index n_codes, double* bins) {
  std::fill(bins, bins + n_codes * (1 + outputs), 0.0);
  switch (outputs) {
    case 1: return fill_fixed<2>(codes, rows, entries, count, bins);
    case 2: return fill_fixed<3>(codes, rows, entries, count, bins);
    case 3: return fill_fixed<4>(codes, rows, entries, count, bins);
    default: return fill_any(codes, rows, entries, count, 1 + outputs, bins);
  }
}

void subtract(const double* smaller, Index size, double* parent) {
  for (Index i = 0; i < size; ++i) parent[i] -= smaller[i];
}

}  // namespace optlite::trees
