// Memory that runs out at the k-th allocation of a fit, for every k: std::bad_alloc and no more.
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "check.hpp"
#include "data.hpp"
#include "optlite/drivers/fit.hpp"
#include "optlite/rules/concept.hpp"
#include "with_threads.hpp"

namespace {

/// Allocations left before the next one fails; negative: none fails.
std::atomic<long> left{-1};
std::atomic<long> made{0};

bool refuse() {
  ++made;
  long now = left.load();
  while (now >= 0 && !left.compare_exchange_weak(now, now - 1)) {
  }
  return now == 0;
}

}  // namespace

// Eigen calls malloc for its arrays; the containers of the library call operator new. Both are
// counted: the linker sends the calls of malloc in this program here (see CMakeLists.txt).
extern "C" {
void* __real_malloc(std::size_t size);
void* __wrap_malloc(std::size_t size) { return refuse() ? nullptr : __real_malloc(size); }
}

void* operator new(std::size_t size) {
  if (refuse()) throw std::bad_alloc();
  void* memory = __real_malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using optlite::Index;
using optlite::Vector;

/// Runs `work` with the k-th allocation failing, for k = 0, 1, ... until it runs through.
template <class Work>
long fail_each_allocation(Work work) {
  long failed = 0;
  for (;; ++failed) {
    bool finished = false;
    bool refused = false;
    left = failed;
    try {
      work();
      finished = true;
    } catch (const std::bad_alloc&) {
      refused = true;
    }
    const bool untouched = left.load() >= 0;
    left = -1;
    CHECK(finished || refused);
    // A failure that nobody noticed would be as bad as a crash.
    CHECK(!finished || untouched);
    if (finished && untouched) return failed;
    if (failed > 100000) break;
  }
  CHECK(false);
  return failed;
}

}  // namespace

TEST("allocation: each one of a fit may fail") {
  for (const char* name : {"logistic", "multinomial"}) {
    const optlite::ObjectiveRow& loss = *optlite::find_by_name(optlite::objective_table(), name);
    for (const char* storage : {"row-major double", "csr double int32"}) {
      const data::Stored stored(storage, 150, 3, 23);
      const Vector y = data::targets(loss.target, stored.X, 3);
      for (const optlite::Solver solver :
           {optlite::Solver::newton, optlite::Solver::newton_cg, optlite::Solver::lbfgs}) {
        const long failed = fail_each_allocation([&] {
          optlite::ModelOptions model_options;
          model_options.outputs = loss.one_margin ? 1 : 3;
          model_options.intercept = true;
          model_options.alpha = 0.1;
          optlite::GeneralizedLinear model(*stored.design, loss, y.data(), nullptr, model_options);
          optlite::FitOptions options;
          options.solver = solver;
          options.max_iterations = 2;
          optlite::fit(model, Vector(), options);
        });
        CHECK(failed > 20);
      }
    }
  }
}

TEST("allocation: one that fails inside a parallel region leaves it as an exception") {
  const data::Stored stored("row-major float", 3000, 20, 23);
  const optlite::Matrix W = data::random_matrix(20, 3, 1);
  optlite::Matrix G(20, 3);
  with_threads(2, [&] {
    const auto work = [&] {
      stored.design->pass(W.data(), 3, 3, [](Index, Index, double*) {}, G.data());
    };
    CHECK(fail_each_allocation(work) > 2);
    return 0;
  });
}

namespace {

/// Some tensors of a run with an update rule, as the binding lays them out.
template <class T>
struct Run {
  const optlite::RuleRow& row;
  std::vector<std::vector<Index>> shapes{{40, 30}, {300, 7}, {5, 4, 3}, {9}, {}};
  std::vector<double> fields;
  std::vector<std::vector<T>> memory;
  std::vector<std::vector<T*>> arrays;
  std::vector<optlite::Tensor<T>> tensors;
  std::vector<double> scalars;
  optlite::Workspace work;
  Index t = 0;

  explicit Run(const optlite::RuleRow& rule) : row(rule) {
    for (const auto& field : row.record.fields) fields.push_back(field.default_value);
    scalars.resize(row.scalars.size() * shapes.size());
    arrays.resize(shapes.size());
    for (std::size_t k = 0; k < shapes.size(); ++k) add(k);
  }

  T* filled(Index size, T value, T slope) {
    std::vector<T> all(static_cast<std::size_t>(size));
    for (Index j = 0; j < size; ++j) all[static_cast<std::size_t>(j)] = value + slope * T(j % 7);
    memory.push_back(std::move(all));
    return memory.back().data();
  }

  void add(std::size_t k) {
    const optlite::Shape shape(shapes[k].data(), static_cast<int>(shapes[k].size()));
    const Index size = shape.size();
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      arrays[k].push_back(filled(size, T(1), T(0)));
    }
    for (std::size_t s = 0; s < row.slots.size(); ++s) {
      const bool like_tensor = row.slot_shape == nullptr;
      const Index own = like_tensor ? size : row.slot_shape(fields, s, shape).size();
      arrays[k].push_back(filled(own, T(0.5), T(0.01)));
    }
    tensors.push_back({size, shape.dimensions, shapes[k].data(), filled(size, T(1), T(0.1)),
                       filled(size, T(0.3), T(-0.2)), arrays[k].data(),
                       scalars.data() + k * row.scalars.size()});
  }

  void step() {
    ++t;
    const Index count = static_cast<Index>(tensors.size());
    if constexpr (std::is_same_v<T, float>) {
      row.run_float(fields, {}, t, tensors.data(), count, scalars.data(), work);
    } else {
      row.run_double(fields, {}, t, tensors.data(), count, scalars.data(), work);
    }
  }

  /// Allocations of the second and third step.
  long allocations() {
    step();
    const long before = made.load();
    step();
    step();
    return made.load() - before;
  }
};

}  // namespace

TEST("allocation: a step of an update rule makes none after the first") {
  int of_matrices = 0, of_coordinates = 0;
  for (const optlite::RuleRow& row : optlite::rule_table()) {
    CHECK_EQUAL(Run<float>(row).allocations(), 0);
    CHECK_EQUAL(Run<double>(row).allocations(), 0);
    ++(row.slot_shape == nullptr ? of_coordinates : of_matrices);
  }
  CHECK(of_matrices > 0 && of_coordinates > 0);
}

TEST("allocation: nor does one that takes roots or singular vectors anew") {
  int seen = 0;
  for (const optlite::RuleRow& row : optlite::rule_table()) {
    for (std::size_t k = 0; k < row.record.fields.size(); ++k) {
      if (std::string(row.record.fields[k].name) != "update_period") continue;
      Run<float> run(row);
      run.fields[k] = 1.0;
      CHECK_EQUAL(run.allocations(), 0);
      ++seen;
    }
  }
  CHECK(seen > 0);
}
