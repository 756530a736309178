# Turns a folder listing into a C++ type list: every header in cpp/include/optlite/<kind>/ except
# concept.hpp is a registered part. File log_cosh.hpp must define `struct LogCosh`.
function(optlite_collect kind)
  set(folder "${CMAKE_CURRENT_SOURCE_DIR}/cpp/include/optlite/${kind}")
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE "${folder}" "${folder}/*.hpp")
  list(REMOVE_ITEM headers concept.hpp)
  list(SORT headers)
  set(includes "")
  set(entries "")
  foreach(header IN LISTS headers)
    string(REGEX REPLACE "\\.hpp$" "" stem "${header}")
    string(REPLACE "_" ";" words "${stem}")
    set(expected "")
    foreach(word IN LISTS words)
      string(SUBSTRING "${word}" 0 1 first)
      string(SUBSTRING "${word}" 1 -1 rest)
      string(TOUPPER "${first}" first)
      string(APPEND expected "${first}${rest}")
    endforeach()
    file(STRINGS "${folder}/${header}" declaration REGEX "^struct ${expected}( |\\{|$)")
    if(NOT declaration)
      message(FATAL_ERROR "${kind}/${header} must define `struct ${expected}` at the start of a "
                          "line: the registry derives the name of a part from its file.")
    endif()
    # A changed header must re-run this check, a new one is caught by CONFIGURE_DEPENDS.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${folder}/${header}")
    string(APPEND includes "#include \"optlite/${kind}/${header}\"\n")
    list(APPEND entries "    Entry<${kind}::${expected}>{\"${expected}\", \"${stem}\"}")
  endforeach()
  list(JOIN entries ",\n" entries)
  file(CONFIGURE OUTPUT "generated/optlite/registered/${kind}.hpp" @ONLY CONTENT
"// Generated from the listing of cpp/include/optlite/${kind}; do not edit.
#pragma once

#include <tuple>

#include \"optlite/core/registry.hpp\"
@includes@
namespace optlite::registered {
inline constexpr auto ${kind} = std::tuple{
@entries@};
}
")
endfunction()
