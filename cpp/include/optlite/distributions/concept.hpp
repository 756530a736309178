// What a file in this folder declares, and the table that the rest of the library reads.
//
// A distribution here is a family of predictive distributions of one target y, with parameters
// theta that may be any real numbers (a scale is given by its logarithm). Boosting moves theta of
// each row against the natural gradient of a proper score S(theta, y),
//
//     M(theta)^-1 grad_theta S(theta, y),
//
// where the metric M is the one that belongs to the score: for the logarithmic score the Fisher
// information, for the CRPS 2 int (dF/dtheta)(dF/dtheta)^T dx  (Duan et al., NGBoost, 2020, sec.
// 2).
//
// A distribution with a fixed number of parameters declares
//
//     static constexpr auto doc, formula, reference;     what it is, in words, LaTeX and citation
//     static constexpr Support support;                  which y it takes
//     static constexpr std::array parameters;            name and meaning of each parameter
//     Values<P> start(const Summary&) const;              parameters for data without features
//     static constexpr bool start_is_exact;              whether that is the maximum of likelihood
//     struct LogScore; struct Crps;                      the scores it has
//     static constexpr auto no_crps;                      why there is no Crps, if there is none
//
// The CRPS is there where score, gradient, metric and natural gradient have closed forms, the
// incomplete gamma and Beta functions among them (the metric of the gamma distribution has two
// functions of the shape from a table, too). A Crps that some hyper-parameters make infinite
// says so by static bool exists(d), and `no_crps` words it.
//
// and a score
//
//     static constexpr bool straight_line;               nothing in it but selects and stable.hpp
//     static double score(d, theta, y);                  d: the distribution, with its fields
//     static Values<P> gradient(d, theta, y);
//     static Values<P> natural_gradient(d, theta, y);     in closed form: no solver, no
//     cancellation static Values<P * P> metric(d, theta);              by rows; for tests and
//     documentation
//
// For survival times a score also has score_censored, gradient_censored, natural_gradient_censored:
// y is then a time up to which nothing has happened, the log score is -log P(Y > y), the CRPS is
// int_{x < y} F(x)^2 dx, and the metric stays that without censoring.
//
// Hyper-parameters are members listed in fields(); prepare() computes what depends on them alone.
// bound(theta) keeps the start of a fit from parameters at which the score is flat. categorical.hpp
// and multivariate_normal.hpp show the other form: a number of parameters that depends on a field,
// and loops of their own.
#pragma once

#include <array>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "optlite/core/registry.hpp"

namespace optlite {

/// Which targets a distribution takes. label: 0, 1, ..., K - 1. vector: d real numbers a row.
enum class Support {
  real,
  positive_real,
  non_negative_real,
  unit_interval,
  binary,
  count,
  label,
  vector
};

/// "y must be ...": what Python says to targets outside.
inline const char* sentence(Support support) {
  switch (support) {
    case Support::real: return "a finite number";
    case Support::positive_real: return "finite and > 0";
    case Support::non_negative_real: return "finite and >= 0";
    case Support::unit_interval: return "in (0, 1), both ends excluded";
    case Support::binary: return "0 or 1";
    case Support::count: return "a whole number from 0 to 2^53";
    case Support::label: return "a class 0, 1, ..., k - 1";
    case Support::vector: return "d finite numbers in each row";
  }
  return "";
}

/// The kind of targets in one word.
inline const char* name(Support support) {
  constexpr const char* names[] = {"real",   "positive", "non_negative", "unit",
                                   "binary", "count",    "label",        "vector"};
  return names[static_cast<int>(support)];
}

struct ParameterRecord {
  std::string name;
  std::string doc;
};

struct Parameter {
  const char* name;
  const char* doc;
};

/// The parameters of one row, or what belongs to each of them.
template <std::size_t P>
using Values = std::array<double, P>;

/// What the start of a fit is computed from. Moments are weighted; those of log y are NaN unless
/// all y are positive, those of log(1 - y) unless all are below 1.
struct Summary {
  double mean, variance;
  double median, mean_deviation;  // mean |y - median|
  double half_quartile_range;  // (q75 - q25) / 2
  double mean_square;
  double mean_log, variance_log;
  double mean_log_complement;  // of log(1 - y)
  double zeros;  // share of y = 0
};

/// A spread that is not zero, for data that have none: a hundred millionth of what it is about.
inline double spread_of(double spread, double center) {
  const double size = center < 0.0 ? -center : center;
  const double least = size > 0.0 ? 1e-8 * size : 1e-8;
  return spread > least ? spread : least;
}

/// A block of rows. Parameter k of row i is params[k * stride + i], output j of its target
/// y[j * y_stride + i]. `event` is null, or 1 where y was observed and 0 where it is censored.
struct Rows {
  Index count;
  const double* params;
  Index stride;
  const double* y;
  Index y_stride;
  const double* event;
};

using FieldValues = std::vector<double>;

/// Writes one or several columns: value k of row i at out[k * stride + i].
using RowsFunction = void (*)(const FieldValues& fields, const Rows& rows, double* out,
                              Index stride);

/// A type-erased score.
struct ScoreRow {
  const char* name;  // "log" or "crps"
  bool censored;  // whether it takes censored rows
  RowsFunction score;  // 1 column
  RowsFunction gradient;  // p columns
  RowsFunction natural_gradient;  // p columns
  RowsFunction metric;  // p * p columns, that of entry (a, b) at a * p + b; reads no y
  bool (*exists)(const FieldValues& fields) = nullptr;  // null: whatever the fields are
};

/// A type-erased distribution.
struct DistributionRow {
  Record record;
  Support support;
  std::vector<ScoreRow> scores;  // the log score first
  std::vector<ParameterRecord> (*parameters)(const FieldValues& fields);
  Index (*n_params)(const FieldValues& fields);
  Index (*n_outputs)(const FieldValues& fields);  // columns of y
  /// The first row whose y is outside the support; `count` if there is none.
  Index (*first_outside)(const FieldValues& fields, Index count, const double* y, Index y_stride);
  /// Parameters (p numbers) for data without features, and whether they are already those of
  /// maximum likelihood. `weight` is null when all weights are one.
  bool (*start)(const FieldValues& fields, Index count, const double* y, Index y_stride,
                const double* weight, double* params);
  void (*bound)(double* params);  // null where every start will do
  const char* no_crps;  // why there is no CRPS, or when there is none; null: there always is
};

/// One row for each header of the folder.
const std::vector<DistributionRow>& distribution_table();

/// The row of a score by its name, or nullptr.
inline const ScoreRow* find_score(const DistributionRow& row, const std::string& name) {
  for (const ScoreRow& score : row.scores) {
    if (name == score.name) return &score;
  }
  return nullptr;
}

/// Fits one set of parameters to all rows by weighted maximum likelihood: where boosting starts.
/// `weight` and `event` may be null. Data without spread get a scale that is small but not zero.
void marginal(const DistributionRow& row, const FieldValues& fields, Index count, const double* y,
              Index y_stride, const double* weight, const double* event, double* params);

/// The summary of a column of targets, weights null when they are all one.
Summary summarize(Index count, const double* y, const double* weight);

bool inside(Support support, double y);

namespace detail {

template <class Part, class = void>
struct has_crps : std::false_type {};
template <class Part>
struct has_crps<Part, std::void_t<typename Part::Crps>> : std::true_type {};

template <class Score, class = void>
struct has_censoring : std::false_type {};
template <class Score>
struct has_censoring<Score, std::void_t<decltype(&Score::score_censored)>> : std::true_type {};

template <class Score, class = void>
struct may_not_exist : std::false_type {};
template <class Score>
struct may_not_exist<Score, std::void_t<decltype(&Score::exists)>> : std::true_type {};

template <class Part, class = void>
struct has_no_crps : std::false_type {};
template <class Part>
struct has_no_crps<Part, std::void_t<decltype(Part::no_crps)>> : std::true_type {};

template <class Part, class = void>
struct has_prepare : std::false_type {};
template <class Part>
struct has_prepare<Part, std::void_t<decltype(std::declval<Part>().prepare())>> : std::true_type {};

template <class Part, class = void>
struct has_bound : std::false_type {};
template <class Part>
struct has_bound<Part, std::void_t<decltype(&Part::bound)>> : std::true_type {};

template <class Part>
Part prepared_part(const FieldValues& fields) {
  Part part = make_part<Part>(fields);
  if constexpr (has_prepare<Part>::value) part.prepare();
  return part;
}

template <class Part, class = void>
struct has_fixed_parameters : std::false_type {};
template <class Part>
struct has_fixed_parameters<Part, std::void_t<decltype(Part::parameters.size())>> : std::true_type {
};

/// Loops over rows of a distribution with a fixed number of parameters.
template <class Part, class Score>
struct EachRow {
  static constexpr std::size_t P = Part::parameters.size();

  // Written out for each parameter: an inner loop would keep the outer one from becoming vectors.
  template <std::size_t... K>
  static Values<P> gather(const double* row, Index stride, std::index_sequence<K...>) {
    return {row[static_cast<Index>(K) * stride]...};
  }
  static Values<P> at(const double* params, Index stride, Index i) {
    return gather(params + i, stride, std::make_index_sequence<P>{});
  }
  template <std::size_t N, std::size_t... K>
  static void scatter(const Values<N>& v, double* row, Index stride, std::index_sequence<K...>) {
    ((row[static_cast<Index>(K) * stride] = v[K]), ...);
  }
  template <std::size_t N>
  static void put(const Values<N>& values, double* out, Index stride, Index i) {
    scatter(values, out + i, stride, std::make_index_sequence<N>{});
  }

  /// All calls are inlined, whatever the compiler's limits on growth say in a file with many
  /// scores: one that is left keeps the loop scalar.
  template <class Function>
#if defined(__GNUC__)
  [[gnu::flatten]]
#endif
  static void fill_straight(const Rows& rows, double* out, Index to, const Function& f) {
    const double *params = rows.params, *y = rows.y;
    const Index count = rows.count, from = rows.stride;
    // A function of its own: its small arrays are registers before the loop becomes vectors.
#pragma omp simd
    for (Index i = 0; i < count; ++i) {
      [&](Index row) { put(f(at(params, from, row), y[row]), out, to, row); }(i);
    }
  }

  /// out <- f(theta, y) of each row, or g(theta, y) of the rows that are censored.
  template <class Function, class Censored>
  static void fill(const Rows& rows, double* out, Index to, const Function& f, const Censored& g) {
    const double *params = rows.params, *y = rows.y, *event = rows.event;
    const Index count = rows.count, from = rows.stride;
    if (has_censoring<Score>::value && event != nullptr) {
      for (Index i = 0; i < count; ++i) {
        const Values<P> theta = at(params, from, i);
        put(event[i] != 0.0 ? f(theta, y[i]) : g(theta, y[i]), out, to, i);
      }
    } else if constexpr (Score::straight_line) {
      fill_straight(rows, out, to, f);
    } else {
      for (Index i = 0; i < count; ++i) put(f(at(params, from, i), y[i]), out, to, i);
    }
  }

  static void score(const FieldValues& fields, const Rows& rows, double* out, Index stride) {
    const Part part = prepared_part<Part>(fields);
    const auto plain = [=](const Values<P>& theta, double y) {
      return Values<1>{Score::score(part, theta, y)};
    };
    if constexpr (has_censoring<Score>::value) {
      fill(rows, out, stride, plain, [=](const Values<P>& theta, double y) {
        return Values<1>{Score::score_censored(part, theta, y)};
      });
    } else {
      fill(rows, out, stride, plain, plain);
    }
  }

  static void gradient(const FieldValues& fields, const Rows& rows, double* out, Index stride) {
    const Part part = prepared_part<Part>(fields);
    const auto plain = [=](const Values<P>& theta, double y) {
      return Score::gradient(part, theta, y);
    };
    if constexpr (has_censoring<Score>::value) {
      fill(rows, out, stride, plain, [=](const Values<P>& theta, double y) {
        return Score::gradient_censored(part, theta, y);
      });
    } else {
      fill(rows, out, stride, plain, plain);
    }
  }

  static void natural_gradient(const FieldValues& fields, const Rows& rows, double* out,
                               Index stride) {
    const Part part = prepared_part<Part>(fields);
    const auto plain = [=](const Values<P>& theta, double y) {
      return Score::natural_gradient(part, theta, y);
    };
    if constexpr (has_censoring<Score>::value) {
      fill(rows, out, stride, plain, [=](const Values<P>& theta, double y) {
        return Score::natural_gradient_censored(part, theta, y);
      });
    } else {
      fill(rows, out, stride, plain, plain);
    }
  }

  static void metric(const FieldValues& fields, const Rows& rows, double* out, Index stride) {
    const Part part = prepared_part<Part>(fields);
    for (Index i = 0; i < rows.count; ++i) {
      put(Score::metric(part, at(rows.params, rows.stride, i)), out, stride, i);
    }
  }

  static bool exists(const FieldValues& fields) {
    if constexpr (may_not_exist<Score>::value) return Score::exists(make_part<Part>(fields));
    return true;
  }

  static ScoreRow row(const char* name) {
    return {name,   has_censoring<Score>::value, &score, &gradient, &natural_gradient, &metric,
            &exists};
  }
};

/// What the table needs beside the scores, for a distribution with a fixed number of parameters.
template <class Part>
struct FixedParameters {
  static std::vector<ParameterRecord> parameters(const FieldValues&) {
    std::vector<ParameterRecord> records;
    for (const Parameter& p : Part::parameters) records.push_back({p.name, p.doc});
    return records;
  }
  static Index n_params(const FieldValues&) { return Index(Part::parameters.size()); }
  static Index n_outputs(const FieldValues&) { return 1; }
  static Index first_outside(const FieldValues&, Index count, const double* y, Index) {
    for (Index i = 0; i < count; ++i) {
      if (!inside(Part::support, y[i])) return i;
    }
    return count;
  }
  static bool start(const FieldValues& fields, Index count, const double* y, Index,
                    const double* weight, double* params) {
    const auto theta = make_part<Part>(fields).start(summarize(count, y, weight));
    for (std::size_t k = 0; k < theta.size(); ++k) params[k] = theta[k];
    return Part::start_is_exact;
  }
  static std::vector<ScoreRow> scores() {
    std::vector<ScoreRow> rows{EachRow<Part, typename Part::LogScore>::row("log")};
    if constexpr (has_crps<Part>::value) {
      rows.push_back(EachRow<Part, typename Part::Crps>::row("crps"));
    }
    return rows;
  }
};

}  // namespace detail

/// The table row of one distribution; those with their own loops supply the functions themselves.
template <class Part>
DistributionRow make_distribution_row(const Entry<Part>& entry) {
  using Functions = std::conditional_t<detail::has_fixed_parameters<Part>::value,
                                       detail::FixedParameters<Part>, Part>;
  static_assert(detail::has_crps<Part>::value || detail::has_no_crps<Part>::value,
                "A distribution without Crps says why, in no_crps");
  const char* no_crps = nullptr;
  if constexpr (detail::has_no_crps<Part>::value) no_crps = Part::no_crps;
  void (*bound)(double*) = nullptr;
  if constexpr (detail::has_bound<Part>::value) bound = &Part::bound;
  return {describe("distributions", entry),
          Part::support,
          Functions::scores(),
          &Functions::parameters,
          &Functions::n_params,
          &Functions::n_outputs,
          &Functions::first_outside,
          &Functions::start,
          bound,
          no_crps};
}

}  // namespace optlite
