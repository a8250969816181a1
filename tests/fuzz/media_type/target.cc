// SPDX-License-Identifier: Apache-2.0
// Value of Content-Type → media type. What is read without a fault, written again, reads the same.
#include "http/media_type.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

using namespace qtap::http;

namespace {

void must(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "media type: %s\n", what);
  abort();
}

std::string written(const MediaType& read) {
  std::string out = read.type + "/" + read.subtype;
  for (const MediaTypeParameter& parameter : read.parameters) {
    out += "; " + parameter.name + "=\"";
    for (const char c : parameter.value) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  const MediaType read = parse_media_type(value);
  must(read.fault_offset <= size, "a fault behind the end");
  must(read.parameters.size() <= kMaxParameters, "too many parameters");
  must(media_type(value) == read.type + (read.subtype.empty() ? "" : "/" + read.subtype),
       "two ways to read the type differ");
  must(suffix(read).size() < read.subtype.size() + 1, "a suffix from nowhere");
  const std::string* told = parameter(read, "CHARSET");
  must(charset(read) == (told ? std::string_view(*told) : ""), "a charset from nowhere");
  if (read.fault != MediaTypeFault::kNone) return 0;
  const std::string text = written(read);
  const MediaType again = parse_media_type(text);
  must(again.fault == MediaTypeFault::kNone && written(again) == text, "reads otherwise again");
  return 0;
}
