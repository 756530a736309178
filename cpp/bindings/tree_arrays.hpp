// The arrays in which Python keeps bins and trees, as views that the core checks before use.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "holders.hpp"
#include "optlite/core/sparse.hpp"
#include "optlite/trees/forest.hpp"
#include "optlite/trees/grower.hpp"

namespace optlite::bindings {

template <class T>
using Contiguous = pybind11::array_t<T, pybind11::array::c_style>;
using Integers = Contiguous<std::int64_t>;
using Bytes = Contiguous<std::uint8_t>;
using SignedBytes = Contiguous<std::int8_t>;

template <class T>
Contiguous<T> array_of(const std::vector<T>& values) {
  return Contiguous<T>(static_cast<pybind11::ssize_t>(values.size()), values.data());
}

struct BinsArrays {
  BinsArrays(const Integers& s, const Doubles& v, const Bytes& c)
      : starts(s), values(v), categorical(c) {
    view = {static_cast<Index>(c.size()), s.data(), v.data(), c.data()};
    view.check(s.size(), v.size(), c.size());
  }
  Integers starts;
  Doubles values;
  Bytes categorical;
  trees::BinsView view;
};

/// Keeps the arrays of a dict alive, each of the type that is asked for.
class ForestArrays {
 public:
  ForestArrays(const pybind11::dict& arrays, Index outputs, Index parameters) {
    view.outputs = outputs;
    view.parameters = parameters;
    take(arrays, "starts", view.starts);
    take(arrays, "target", view.target);
    take(arrays, "feature", view.feature);
    take(arrays, "left", view.left);
    take(arrays, "level_set", view.level_set);
    take(arrays, "code", view.code);
    take(arrays, "missing_left", view.missing_left);
    take(arrays, "value", view.value);
    take(arrays, "level_sets", view.level_sets);
  }
  trees::ForestView view;

 private:
  template <class T>
  void take(const pybind11::dict& arrays, const char* name, trees::ForestView::Array<T>& into) {
    if (!arrays.contains(name) || !pybind11::isinstance<Contiguous<T>>(arrays[name])) {
      throw pybind11::value_error("The trees of this model are damaged: " + std::string(name) +
                                  " is missing or has another type. Load the model again from an "
                                  "intact file.");
    }
    const auto array = pybind11::reinterpret_borrow<Contiguous<T>>(arrays[name]);
    into = {array.data(), static_cast<Index>(array.size())};
    owners_.push_back(array);
  }
  std::vector<pybind11::object> owners_;
};

/// Codes (features x rows, C order) whose bytes fit the bins: histograms are indexed by them.
trees::Sample sample_of(const Bytes& codes, const BinsArrays& bins);

inline const std::int8_t* monotonic_of(const std::optional<SignedBytes>& signs, Index features) {
  if (!signs) return nullptr;
  if (signs->size() != features) throw pybind11::value_error("monotonic_cst differs in length.");
  return signs->data();
}

inline pybind11::dict tree_to_dict(const trees::Tree& tree) {
  pybind11::dict result;
  result["feature"] = array_of(tree.feature);
  result["left"] = array_of(tree.left);
  result["code"] = array_of(tree.code);
  result["missing_left"] = array_of(tree.missing_left);
  result["level_set"] = array_of(tree.level_set);
  result["gain"] = array_of(tree.gain);
  result["weight"] = array_of(tree.weight);
  result["value"] = array_of(tree.value);
  std::vector<std::uint64_t> words;
  for (const trees::LevelSet& set : tree.level_sets)
    words.insert(words.end(), set.begin(), set.end());
  result["level_sets"] = array_of(words);
  return result;
}

}  // namespace optlite::bindings
