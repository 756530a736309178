// From the folder listing to records that bindings, documentation and tests read.
//
// CMake writes registered/<kind>.hpp: a tuple of Entry<Part>, one for each header of the folder.
// describe() turns an entry into a Record; the kind's own table of functions stands beside it (see
// objectives/concept.hpp for an example). Nothing is registered by hand.
#pragma once

#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "optlite/core/field.hpp"

namespace optlite {

/// What the generated listing holds for each header: the type and the names made from the file.
template <class PartType>
struct Entry {
  using Part = PartType;
  const char* class_name;
  const char* file_stem;
};

struct FieldRecord {
  std::string name;
  double default_value;
  Range range;
  std::string doc;
  std::string words;  // of a flag or a choice, separated by spaces
  bool is_integer;
};

struct Record {
  std::string kind;
  std::string name;        // "log_cosh": how users and the registry spell it
  std::string class_name;  // "LogCosh": the struct, and the Python class unless it has a title
  std::string doc;
  std::string formula;     // LaTeX
  std::string reference;   // authors, title, year, equation or algorithm number
  std::vector<FieldRecord> fields;
  std::vector<std::string> rising;  // names of fields, each to be less than the next
};

namespace detail {

template <class Part, class = void>
struct has_fields : std::false_type {};
template <class Part>
struct has_fields<Part, std::void_t<decltype(Part::fields())>> : std::true_type {};

template <class Part, class = void>
struct has_rising : std::false_type {};
template <class Part>
struct has_rising<Part, std::void_t<decltype(Part::rising)>> : std::true_type {};

template <class Part, class = void>
struct has_title : std::false_type {};
template <class Part>
struct has_title<Part, std::void_t<decltype(Part::title)>> : std::true_type {};

}  // namespace detail

/// The description of one part. `Part` declares doc, formula, reference and, if it has
/// hyper-parameters, fields(); `rising`, names of fields, where each has to be less than the next;
/// a title where the literature spells its name in another way than the file does ("AdamW" in
/// adamw.hpp).
template <class Part>
Record describe(const char* kind, const Entry<Part>& entry) {
  Record record{
      kind, entry.file_stem, entry.class_name, Part::doc, Part::formula, Part::reference, {}, {}};
  if constexpr (detail::has_title<Part>::value) record.class_name = Part::title;
  if constexpr (detail::has_fields<Part>::value) {
    const Part defaults{};
    for (const auto& f : Part::fields()) {
      record.fields.push_back(
          {f.name, defaults.*(f.member), f.range, f.doc, f.words, f.is_integer});
    }
  }
  if constexpr (detail::has_rising<Part>::value) {
    record.rising.assign(Part::rising.begin(), Part::rising.end());
  }
  return record;
}

/// A part whose fields are set from `values`, in the order of fields(); the defaults when empty.
template <class Part>
Part make_part(const std::vector<double>& values) {
  Part part{};
  if constexpr (detail::has_fields<Part>::value) {
    std::size_t i = 0;
    for (const auto& f : Part::fields()) {
      if (i < values.size()) part.*(f.member) = values[i];
      ++i;
    }
  }
  return part;
}

/// Applies `make(entry)` to each entry of a generated tuple; `Row` is the kind's own table row.
template <class Row, class Entries, class Make>
std::vector<Row> tabulate(const Entries& entries, Make make) {
  std::vector<Row> rows;
  std::apply([&](const auto&... entry) { (rows.push_back(make(entry)), ...); }, entries);
  return rows;
}

/// The row of a table whose record has this name, or nullptr.
template <class Row>
const Row* find_by_name(const std::vector<Row>& rows, const std::string& name) {
  for (const Row& row : rows) {
    if (row.record.name == name) return &row;
  }
  return nullptr;
}

/// Every record of every kind, in the order of the folders.
const std::vector<Record>& all_records();

}  // namespace optlite
