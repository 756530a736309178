// Update rules from Python. step() is called once for each step of a run, often on a thousand
// numbers: it bypasses pybind11's dispatch, looks at arrays without copying their descriptions, and
// leaves everything unusual to Python, which words the errors.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

#include "bindings.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/rules/concept.hpp"

namespace py = pybind11;

namespace optlite::bindings {

namespace {

constexpr const char* kernel_name = "optlite.kernel";
constexpr const char* state_name = "optlite.state";

/// A rule with its hyper-parameters.
struct Kernel {
  const RuleRow* row;
  std::vector<double> fields;
  WeightDecay decay;
};

/// The arrays of state of one run. `held` keeps them alive; they are views, which NumPy does not
/// resize.
struct State {
  const RuleRow* row;
  bool single;
  bool in_list;  // whether arrays come in lists, or one alone
  Index t;
  std::vector<std::vector<Index>> shapes;
  std::vector<Index> sizes;
  std::vector<void*> slots;  // tensor by tensor
  std::vector<Index> slot_sizes;
  double* scalars;
  Index n_scalars;
  Workspace work;
  std::vector<char> saved;  // as it was before a step that may be interrupted
  std::atomic<bool> busy{false};
  std::vector<Py_buffer> held;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    for (Py_buffer& buffer : held) PyBuffer_Release(&buffer);
  }
  void* hold(py::handle array) {
    Py_buffer buffer;
    if (PyObject_GetBuffer(array.ptr(), &buffer, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) != 0) {
      throw py::error_already_set();
    }
    held.push_back(buffer);
    return buffer.buf;
  }
};

/// To Python it is an object like others: the type of capsules has a name in newer versions only.
template <class Held>
py::object capsule(std::unique_ptr<Held> held, const char* name) {
  return py::capsule(held.release(), name, [](PyObject* object) {
    delete static_cast<Held*>(PyCapsule_GetPointer(object, PyCapsule_GetName(object)));
  });
}

py::object make_kernel(const std::string& rule, std::vector<double> fields, int form,
                       double strength) {
  const RuleRow* row = find_by_name(rule_table(), rule);
  if (row == nullptr) throw py::value_error("There is no rule named '" + rule + "'.");
  const WeightDecay decay{static_cast<DecayForm>(form), strength};
  return capsule(std::make_unique<Kernel>(Kernel{row, std::move(fields), decay}), kernel_name);
}

/// `slots`: the arrays of each tensor, all of one type; `scalars`: a float64 array.
py::object make_state(const std::string& rule, bool single, bool in_list, Index t,
                      const std::vector<std::vector<Index>>& shapes, const py::list& slots,
                      const py::array_t<double>& scalars) {
  auto state = std::make_unique<State>();
  state->row = find_by_name(rule_table(), rule);
  if (state->row == nullptr) throw py::value_error("There is no rule named '" + rule + "'.");
  state->single = single;
  state->in_list = in_list;
  state->t = t;
  state->shapes = shapes;
  for (const std::vector<Index>& shape : shapes) {
    Index size = 1;
    for (Index extent : shape) size *= extent;
    state->sizes.push_back(size);
  }
  state->held.reserve(slots.size() + 1);
  for (py::handle array : slots) {
    state->slots.push_back(state->hold(array));
    const Py_buffer& buffer = state->held.back();
    state->slot_sizes.push_back(buffer.len / buffer.itemsize);
  }
  state->scalars = static_cast<double*>(state->hold(scalars));
  state->n_scalars = scalars.size();
  return capsule(std::move(state), state_name);
}

/// The shapes of the arrays that a rule keeps for a tensor.
py::list slot_shapes(const std::string& rule, const std::vector<double>& fields,
                     const std::vector<Index>& tensor) {
  const RuleRow* row = find_by_name(rule_table(), rule);
  if (row == nullptr) throw py::value_error("There is no rule named '" + rule + "'.");
  const Shape shape(tensor.data(), static_cast<int>(tensor.size()));
  py::list all;
  for (std::size_t s = 0; s < row->slots.size(); ++s) {
    const Shape own = row->slot_shape == nullptr ? shape : row->slot_shape(fields, s, shape);
    all.append(py::tuple(py::cast(std::vector<Index>(own.begin(), own.end()))));
  }
  return all;
}

/// Whether the arrays of a state are as large as the rule needs them: their shapes depend on its
/// hyper-parameters.
bool slots_fit(const Kernel& kernel, const State& state) {
  const RuleRow& row = *state.row;
  if (row.slot_shape == nullptr) return true;
  auto size = state.slot_sizes.begin();
  for (const std::vector<Index>& own : state.shapes) {
    const Shape shape(own.data(), static_cast<int>(own.size()));
    for (std::size_t s = 0; s < row.slots.size(); ++s) {
      if (row.slot_shape(kernel.fields, s, shape).size() != *size++) return false;
    }
  }
  return true;
}

Index steps_done(const py::object& state) {
  const auto* held = static_cast<State*>(PyCapsule_GetPointer(state.ptr(), state_name));
  if (held == nullptr) throw py::error_already_set();
  return held->t;
}

/// Whether a descriptor is that of native float32 or float64. NumPy has one object for each, except
/// that unpickled arrays bring their own.
bool is_native(PyObject* descriptor, bool single) {
  static PyObject* const of_float = py::dtype::of<float>().release().ptr();
  static PyObject* const of_double = py::dtype::of<double>().release().ptr();
  PyObject* const expected = single ? of_float : of_double;
  return descriptor == expected ||
         py::detail::npy_api::get().PyArray_EquivTypes_(descriptor, expected) != 0;
}

/// Whoever steps a state: two threads cannot share its scratch memory.
class Turn {
 public:
  explicit Turn(State& state) : state_(state) {
    if (state_.busy.exchange(true)) {
      throw std::runtime_error("Another thread is making a step with this state: copy it.");
    }
  }
  ~Turn() { state_.busy = false; }

 private:
  State& state_;
};

/// The data of an array of this type and shape in C order, or nullptr.
void* data_of(PyObject* object, bool single, const std::vector<Index>& shape, bool writable) {
  static PyTypeObject* const array_type = py::detail::npy_api::get().PyArray_Type_;
  if (Py_TYPE(object) != array_type) return nullptr;
  const auto* array = py::detail::array_proxy(object);
  int wanted =
      py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if (writable) wanted |= py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  if ((array->flags & wanted) != wanted || !is_native(array->descr, single)) return nullptr;
  if (array->nd != static_cast<int>(shape.size())) return nullptr;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (array->dimensions[i] != shape[i]) return nullptr;
  }
  return array->data;
}

/// Whether anything that is read, or another tensor, lies in the memory of a tensor that is
/// written.
template <class T>
bool overlaps(const Tensor<T>* all, Index tensors, std::size_t n_inputs) {
  const auto apart = [](const T* a, const T* b, Index size) {
    return a + size <= b || b + size <= a;
  };
  if (tensors == 1) {
    bool clear = apart(all->g, all->x, all->size);
    for (std::size_t i = 0; i < n_inputs; ++i) {
      clear = clear && apart(all->arrays[i], all->x, all->size);
    }
    return !clear;
  }
  std::vector<std::pair<const T*, const T*>> written;
  for (Index k = 0; k < tensors; ++k) {
    if (all[k].size > 0) written.push_back({all[k].x, all[k].x + all[k].size});
  }
  std::sort(written.begin(), written.end());
  for (std::size_t k = 1; k < written.size(); ++k) {
    if (written[k].first < written[k - 1].second) return true;
  }
  const auto hits = [&](const T* values, Index size) {
    // The first tensor that ends behind the start of the values is the only one that can overlap
    // before they end, since tensors do not overlap each other.
    const auto next =
        std::upper_bound(written.begin(), written.end(), values,
                         [](const T* start, const std::pair<const T*, const T*>& one) {
                           return start < one.second;
                         });
    return next != written.end() && next->first < values + size;
  };
  for (Index k = 0; k < tensors; ++k) {
    if (all[k].size == 0) continue;
    if (hits(all[k].g, all[k].size)) return true;
    for (std::size_t i = 0; i < n_inputs; ++i) {
      if (hits(all[k].arrays[i], all[k].size)) return true;
    }
  }
  return false;
}

/// Everything that a step changes, to be taken back if it is interrupted.
template <class T>
class Saved {
 public:
  Saved(State& state, const Tensor<T>* all) : state_(state), all_(all) {
    std::size_t bytes = 0;
    each([&](char*, std::size_t size) { bytes += size; });
    state.saved.resize(bytes);
    copy([](char* values, char* kept, std::size_t size) { std::memcpy(kept, values, size); });
  }
  void restore() {
    copy([](char* values, char* kept, std::size_t size) { std::memcpy(values, kept, size); });
  }

 private:
  template <class Body>
  void each(Body body) {
    const std::size_t n_slots = state_.row->slots.size();
    for (std::size_t k = 0; k < state_.sizes.size(); ++k) {
      body(reinterpret_cast<char*>(all_[k].x), bytes_of(state_.sizes[k], sizeof(T)));
      for (std::size_t s = k * n_slots; s < (k + 1) * n_slots; ++s) {
        body(static_cast<char*>(state_.slots[s]), bytes_of(state_.slot_sizes[s], sizeof(T)));
      }
    }
    body(reinterpret_cast<char*>(state_.scalars), bytes_of(state_.n_scalars, sizeof(double)));
  }
  template <class Body>
  void copy(Body body) {
    char* kept = state_.saved.data();
    each([&](char* values, std::size_t size) {
      if (size > 0) body(values, kept, size);
      kept += size;
    });
  }
  static std::size_t bytes_of(Index count, std::size_t each) {
    return static_cast<std::size_t>(count) * each;
  }

  State& state_;
  const Tensor<T>* all_;
};

template <class T>
bool advance(const Kernel& kernel, State& state, PyObject* const* lists, Index n_lists) {
  const Index tensors = static_cast<Index>(state.sizes.size());
  const std::size_t n_slots = state.row->slots.size();
  const std::size_t n_inputs = state.row->inputs.size();
  const std::size_t n_scalars = state.row->scalars.size();
  constexpr std::size_t few = 16;
  T* few_arrays[few];
  Tensor<T> single_tensor;
  std::vector<T*> many_arrays;
  std::vector<Tensor<T>> many;
  const std::size_t each = n_slots + n_inputs;
  T** arrays = few_arrays;
  Tensor<T>* all = &single_tensor;
  if (tensors != 1 || each > few) {
    many_arrays.resize(each * static_cast<std::size_t>(tensors));
    many.resize(static_cast<std::size_t>(tensors));
    arrays = many_arrays.data();
    all = many.data();
  }
  Index total = 0;
  for (Index k = 0; k < tensors; ++k) {
    const auto i = static_cast<std::size_t>(k);
    const auto item = [&](Index list) {
      return state.in_list ? PyList_GET_ITEM(lists[list], k) : lists[list];
    };
    T** own = arrays + each * i;
    auto* x = static_cast<T*>(data_of(item(0), state.single, state.shapes[i], true));
    if (x == nullptr) return false;
    const Index size = state.sizes[i];
    for (Index list = 1; list < n_lists; ++list) {
      auto* values = static_cast<T*>(data_of(item(list), state.single, state.shapes[i], false));
      if (values == nullptr) return false;
      if (list == 1) {
        all[k].g = values;
      } else {
        own[list - 2] = values;
      }
    }
    for (std::size_t s = 0; s < n_slots; ++s) {
      own[n_inputs + s] = static_cast<T*>(state.slots[i * n_slots + s]);
    }
    all[k].size = size;
    all[k].dimensions = static_cast<int>(state.shapes[i].size());
    all[k].extents = state.shapes[i].data();
    all[k].x = x;
    all[k].arrays = own;
    all[k].scalars = state.scalars + n_scalars * i;
    total += size;
  }
  // The loop assumes that nothing it reads is written: overlapping arrays are copied first.
  if (overlaps(all, tensors, n_inputs)) return false;
  const Turn turn(state);
  const auto run = [&] {
    ++state.t;
    if constexpr (std::is_same_v<T, float>) {
      state.row->run_float(kernel.fields, kernel.decay, state.t, all, tensors, state.scalars,
                           state.work);
    } else {
      state.row->run_double(kernel.fields, kernel.decay, state.t, all, tensors, state.scalars,
                            state.work);
    }
  };
  // All or nothing: a step that may be interrupted is taken back, others are made to the end.
  const auto run_whole = [&] {
    const bool may_stop = state.row->is_long != nullptr && total >= 10000 &&
                          state.row->is_long(kernel.fields, state.t + 1);
    if (!may_stop) {
      const interrupt::Deferred whole;
      run();
      return;
    }
    Saved<T> before(state, all);
    try {
      run();
    } catch (...) {
      before.restore();
      --state.t;
      throw;
    }
  };
  // Letting go of the interpreter costs as much as a step of a thousand numbers.
  const Index short_step = state.row->slot_shape == nullptr ? 50000 : 500;
  if (total < short_step) {
    run_whole();
  } else {
    // Another thread may replace the items of the lists meanwhile.
    std::vector<py::object> kept;
    for (Index list = 0; list < n_lists; ++list) {
      for (Index k = 0; k < tensors; ++k) {
        kept.push_back(py::reinterpret_borrow<py::object>(
            state.in_list ? PyList_GET_ITEM(lists[list], k) : lists[list]));
      }
    }
    const py::gil_scoped_release release;
    run_whole();
  }
  return true;
}

/// step(kernel, state, params, grads, *inputs): arrays, or lists of arrays. Returns whether the
/// step was made; False, with nothing changed, when an argument is not what the state was made for.
PyObject* step(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
  const auto* kernel =
      static_cast<Kernel*>(count >= 4 ? PyCapsule_GetPointer(arguments[0], kernel_name) : nullptr);
  auto* state = kernel == nullptr
                    ? nullptr
                    : static_cast<State*>(PyCapsule_GetPointer(arguments[1], state_name));
  if (state == nullptr) {
    if (PyErr_Occurred() == nullptr) {
      PyErr_SetString(PyExc_TypeError, "step(kernel, state, params, grads, *inputs)");
    }
    return nullptr;
  }
  const Index n_lists = count - 2;
  bool fits =
      kernel->row == state->row && n_lists == 2 + static_cast<Index>(state->row->inputs.size());
  for (Index i = 0; fits && state->in_list && i < n_lists; ++i) {
    fits = PyList_Check(arguments[2 + i]) &&
           PyList_GET_SIZE(arguments[2 + i]) == static_cast<Py_ssize_t>(state->sizes.size());
  }
  if (!fits || !slots_fit(*kernel, *state)) Py_RETURN_FALSE;
  try {
    const bool done = state->single ? advance<float>(*kernel, *state, arguments + 2, n_lists)
                                    : advance<double>(*kernel, *state, arguments + 2, n_lists);
    return PyBool_FromLong(done);
  } catch (const interrupt::Interrupted&) {
    return nullptr;  // the KeyboardInterrupt is already the current exception
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
}

PyMethodDef step_definition = {
    "rule_step", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&step)), METH_FASTCALL,
    "rule_step(kernel, state, params, grads, *inputs): one step in place; False if refused."};

}  // namespace

void bind_rules(py::module_& m) {
  m.def("rule_kernel", &make_kernel, py::arg("rule"), py::arg("fields"), py::arg("decay_form"),
        py::arg("decay_strength"), "A rule with its hyper-parameters, for rule_step.");
  m.def("rule_state", &make_state, py::arg("rule"), py::arg("single"), py::arg("in_list"),
        py::arg("t"), py::arg("shapes"), py::arg("slots"), py::arg("scalars"),
        "The arrays of a run, for rule_step, which writes into them.");
  m.def("rule_slot_shapes", &slot_shapes, py::arg("rule"), py::arg("fields"), py::arg("shape"),
        "The shapes of the arrays that a rule keeps for a tensor of this shape.");
  m.def("rule_steps_done", &steps_done, py::arg("state"));
  PyObject* function = PyCFunction_NewEx(&step_definition, nullptr, m.attr("__name__").ptr());
  if (function == nullptr) throw py::error_already_set();
  m.attr("rule_step") = py::reinterpret_steal<py::object>(function);
}

}  // namespace optlite::bindings
