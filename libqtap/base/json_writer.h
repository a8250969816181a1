// SPDX-License-Identifier: Apache-2.0
// Appends JSON to a string, members in the order of the calls. Bytes that are not UTF-8 are read as
// ISO 8859-1, so that any bytes give a valid document (spec/events-and-objects.md 1). Control
// characters, C1 too, are escaped, so that a document cannot drive the terminal that shows it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qtap {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  // Containers; `key` names them inside an object and is left out inside a list.
  void begin_object(std::string_view key = {}) { open('{', key); }
  void end_object() { close('}'); }
  void begin_list(std::string_view key = {}) { open('[', key); }
  void end_list() { close(']'); }

  void member(std::string_view key, std::string_view text);
  void member(std::string_view key, const char* text) { member(key, std::string_view(text)); }
  void member(std::string_view key, uint64_t number);
  void member(std::string_view key, int64_t number);
  void member(std::string_view key, uint32_t number) { member(key, uint64_t{number}); }
  void member(std::string_view key, int number) { member(key, int64_t{number}); }
  void member(std::string_view key, bool value);
  void null(std::string_view key);
  // Only when there is something to say.
  void optional(std::string_view key, std::string_view text) {
    if (!text.empty()) member(key, text);
  }
  void optional(std::string_view key, uint64_t number) {
    if (number != 0) member(key, number);
  }
  // Text that needs no escaping (base64, hex).
  void plain(std::string_view key, std::string_view text);

  void element(std::string_view text);

 private:
  void open(char bracket, std::string_view key);
  void close(char bracket);
  void comma();
  void name(std::string_view key);

  std::string& out_;
  bool first_ = true;
};

// `text` between quotes, escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace qtap
