// SPDX-License-Identifier: Apache-2.0
#include "http/media_type.h"

#include <algorithm>

#include "base/text.h"
#include "http/token.h"

namespace qtap::http {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  size_t at() const { return at_; }
  bool is_at_end() const { return at_ == text_.size(); }
  bool is_at(char c) const { return !is_at_end() && text_[at_] == c; }
  void next() { ++at_; }
  bool skip_blanks() { return !skip(is_blank).empty(); }
  std::string_view token() { return skip(is_tchar); }
  std::string_view up_to_semicolon() {
    return skip([](char c) { return c != ';'; });
  }
  char take() { return text_[at_++]; }

 private:
  template <typename Is>
  std::string_view skip(Is is) {
    const size_t begin = at_;
    while (!is_at_end() && is(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  size_t at_ = 0;
};

struct Essence {
  std::string_view type;
  std::string_view subtype;
  MediaTypeFault fault = MediaTypeFault::kNone;
  size_t fault_offset = 0;
};

Essence read_essence(Reader& reader) {
  Essence essence;
  reader.skip_blanks();
  essence.type = reader.token();
  if (reader.is_at('/') && !essence.type.empty()) {
    reader.next();
    essence.subtype = reader.token();
  }
  essence.fault_offset = reader.at();
  if (essence.type.empty()) {
    essence.fault = MediaTypeFault::kNoType;
  } else if (essence.subtype.empty()) {
    essence.fault = MediaTypeFault::kNoSubtype;
  }
  reader.skip_blanks();
  if (essence.fault == MediaTypeFault::kNone && !reader.is_at_end() && !reader.is_at(';')) {
    essence.fault = MediaTypeFault::kAfterSubtype;
    essence.fault_offset = reader.at();
  }
  reader.up_to_semicolon();
  return essence;
}

class ParameterReader {
 public:
  ParameterReader(Reader& reader, MediaType& out) : reader_(reader), out_(out) {}

  void read_all() {
    while (reader_.is_at(';')) {
      reader_.next();
      reader_.skip_blanks();
      if (reader_.is_at(';') || reader_.is_at_end()) continue;  // an empty one is allowed
      if (out_.parameters.size() == kMaxParameters) return blame(MediaTypeFault::kTooMany);
      read_one();
    }
  }

 private:
  void blame(MediaTypeFault fault) {
    if (out_.fault != MediaTypeFault::kNone) return;
    out_.fault = fault;
    out_.fault_offset = reader_.at();
  }

  void skip(MediaTypeFault fault) {
    blame(fault);
    reader_.up_to_semicolon();
  }

  void read_one() {
    MediaTypeParameter read;
    read.name = lower(reader_.token());
    if (read.name.empty()) return skip(MediaTypeFault::kParameterName);
    const bool has_blanks = reader_.skip_blanks();
    if (!reader_.is_at('=')) return skip(MediaTypeFault::kNoEquals);
    if (has_blanks) blame(MediaTypeFault::kBlanks);
    reader_.next();
    if (reader_.skip_blanks()) blame(MediaTypeFault::kBlanks);
    if (parameter(out_, read.name)) blame(MediaTypeFault::kRepeated);
    read.value = reader_.is_at('"') ? read_quoted() : read_plain();
    out_.parameters.push_back(std::move(read));
  }

  std::string read_quoted() {
    std::string value;
    reader_.next();
    while (!reader_.is_at_end() && !reader_.is_at('"')) {
      if (reader_.is_at('\\')) reader_.next();
      if (reader_.is_at_end()) break;
      const size_t at = reader_.at();
      value += reader_.take();
      if (!is_quotable(value.back())) blame_at(MediaTypeFault::kValue, at);
    }
    if (reader_.is_at_end()) {
      blame(MediaTypeFault::kOpenQuote);
      return value;
    }
    reader_.next();
    reader_.skip_blanks();
    if (!reader_.is_at_end() && !reader_.is_at(';')) skip(MediaTypeFault::kAfterValue);
    return value;
  }

  void blame_at(MediaTypeFault fault, size_t offset) {
    const bool is_first = out_.fault == MediaTypeFault::kNone;
    blame(fault);
    if (is_first) out_.fault_offset = offset;
  }

  std::string read_plain() {
    const std::string_view token = reader_.token();
    const size_t end = reader_.at();
    std::string_view rest = reader_.up_to_semicolon();
    while (!rest.empty() && is_blank(rest.back())) rest.remove_suffix(1);
    if (token.empty() || !rest.empty()) blame_at(MediaTypeFault::kValue, end);
    return std::string(token) + std::string(rest);
  }

  Reader& reader_;
  MediaType& out_;
};

}  // namespace

const char* media_type_fault_name(MediaTypeFault fault) {
  constexpr const char* kNames[] = {
      "",       "no_type", "no_subtype", "after_subtype", "parameter_name", "no_equals",
      "blanks", "value",   "open_quote", "after_value",   "repeated",       "too_many"};
  return kNames[static_cast<size_t>(fault)];
}

MediaType parse_media_type(std::string_view content_type) {
  Reader reader(content_type);
  const Essence essence = read_essence(reader);
  MediaType out;
  out.type = lower(essence.type);
  out.subtype = lower(essence.subtype);
  out.fault = essence.fault;
  out.fault_offset = essence.fault == MediaTypeFault::kNone ? 0 : essence.fault_offset;
  ParameterReader(reader, out).read_all();
  return out;
}

std::string media_type(std::string_view content_type) {
  Reader reader(content_type);
  const Essence essence = read_essence(reader);
  if (essence.subtype.empty()) return lower(essence.type);
  // They stand in one piece, with nothing but the slash between them.
  return lower({essence.type.data(), essence.type.size() + 1 + essence.subtype.size()});
}

bool is_media_type(std::string_view content_type, std::string_view type, std::string_view subtype) {
  Reader reader(content_type);
  const Essence essence = read_essence(reader);
  return equal_ignoring_case(essence.type, type) && equal_ignoring_case(essence.subtype, subtype);
}

const std::string* parameter(const MediaType& media_type, std::string_view name) {
  for (const MediaTypeParameter& parameter : media_type.parameters) {
    if (equal_ignoring_case(parameter.name, name)) return &parameter.value;
  }
  return nullptr;
}

std::string_view charset(const MediaType& media_type) {
  const std::string* value = parameter(media_type, "charset");
  return value ? std::string_view(*value) : std::string_view();
}

std::string_view suffix(const MediaType& media_type) {
  const size_t plus = media_type.subtype.rfind('+');
  if (plus == std::string::npos) return {};
  return std::string_view(media_type.subtype).substr(plus + 1);
}

}  // namespace qtap::http
