// SPDX-License-Identifier: Apache-2.0
// Appends a JSON document to a string, members in the order of the calls. Bytes that are not UTF-8
// are read as ISO 8859-1, so that any bytes give a valid document (spec/events-and-objects.md 1).
// Control characters, C1 too, are escaped, so that a document cannot drive the terminal that shows
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qtap {

// The name of a member, in the source: needs no escaping, which the compiler checks.
class JsonName {
 public:
  consteval JsonName(const char* text) : text_(text) {  // NOLINT: meant to be implicit
    for (const char c : text_) {
      if (c < ' ' || c == '"' || c == '\\' || c == 0x7f) throw "a name that needs escaping";
    }
  }
  consteval JsonName() = default;
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

class JsonWriter {
 public:
  // The string is complete when the outermost container has ended. Until then it is the writer's.
  explicit JsonWriter(std::string& out) : out_(out), used_(out.size()) {}

  // Containers; `name` names them inside an object and is left out inside a list.
  void begin_object(JsonName name = {}) { open('{', name); }
  void end_object() { close('}'); }
  void begin_list(JsonName name = {}) { open('[', name); }
  void end_list() { close(']'); }

  void member(JsonName name, std::string_view value) {
    put_name(name);
    text(value);
  }
  void member(JsonName name, const char* value) { member(name, std::string_view(value)); }
  void member(JsonName name, uint64_t value);
  void member(JsonName name, int64_t value);
  void member(JsonName name, uint32_t value) { member(name, uint64_t{value}); }
  void member(JsonName name, int value) { member(name, int64_t{value}); }
  void member(JsonName name, double value);  // a finite one
  void member(JsonName name, bool value);
  void null(JsonName name);
  // Only when there is something to say.
  void optional(JsonName name, std::string_view value) {
    if (!value.empty()) member(name, value);
  }
  void optional(JsonName name, uint64_t value) {
    if (value != 0) member(name, value);
  }
  void base64(JsonName name, std::string_view bytes);
  // A name that comes from elsewhere.
  void entry(std::string_view name, std::string_view value);

  // Of a list.
  void element(std::string_view value) {
    comma();
    text(value);
  }
  void null_element() {
    comma();
    literal("null");
  }

 private:
  void open(char bracket, JsonName name);
  void close(char bracket);
  void put_name(JsonName name);
  void text(std::string_view text);
  template <typename Number>
  void number(Number number);
  void literal(std::string_view text);
  void grow(size_t bytes);
  void finish() { out_.resize(used_); }
  friend void append_json_string(std::string& out, std::string_view text);

  // Where `bytes` more can be written.
  char* room(size_t bytes) {
    if (out_.size() - used_ < bytes) grow(bytes);
    return out_.data() + used_;
  }
  void used_until(const char* end) { used_ = static_cast<size_t>(end - out_.data()); }
  void put(char c) {
    *room(1) = c;
    ++used_;
  }
  void comma() {
    if (!first_) put(',');
    first_ = false;
  }

  // The string is longer than what is written: to append to it byte by byte would cost a check, and
  // a terminating NUL, for each.
  std::string& out_;
  size_t used_;
  int depth_ = 0;
  bool first_ = true;
};

// `text` between quotes, escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace qtap
