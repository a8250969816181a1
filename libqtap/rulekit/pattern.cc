// SPDX-License-Identifier: Apache-2.0
#include "rulekit/pattern.h"

#include <re2/re2.h>

#include <cstdint>
#include <cstring>

#include "base/utf8.h"
#include "rulekit/utf8.h"

namespace qtap::rulekit {

namespace {

// Most subjects are, and eight bytes at a time are asked faster than one character.
bool is_ascii(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  uint64_t seen = 0;
  while (text.size() >= sizeof seen) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    seen |= word;
    text.remove_prefix(sizeof word);
  }
  uint64_t word = 0;
  std::memcpy(&word, text.data(), text.size());
  return ((seen | word) & kHighBits) == 0;
}

// The language has the regex dialect of Go's regexp package. It differs from RE2's in two ways: \C
// (any byte) is refused, and (?<name>re) is accepted, which RE2 knows only since 2023-09.
Result<std::string> to_re2(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  bool in_class = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\' && at + 1 < text.size()) {
      const char escaped = text[at + 1];
      if (escaped == 'C') return Error{QTAP_ERR_INVALID, "\\C is not allowed in a regex"};
      size_t len = 2;
      if (escaped == 'Q' && !in_class) {  // literal text up to \E
        const size_t end = text.find("\\E", at + 2);
        len = (end == std::string_view::npos ? text.size() : end + 2) - at;
      }
      out.append(text.substr(at, len));
      at += len - 1;
      continue;
    }
    out.push_back(c);
    if (in_class) {
      if (c == ']') in_class = false;
      if (c == '[' && text.substr(at).starts_with("[:")) {  // [[:alpha:]]: its ']' is not the end
        const size_t end = text.find(":]", at + 2);
        if (end != std::string_view::npos) {
          out.append(text.substr(at + 1, end + 2 - (at + 1)));
          at = end + 1;
        }
      }
    } else if (c == '[') {
      in_class = true;
      if (text.substr(at + 1).starts_with("^")) out.push_back(text[++at]);
      if (text.substr(at + 1).starts_with("]"))
        out.push_back(text[++at]);  // []a] holds ']' and 'a'
    } else if (c == '(' && text.substr(at).starts_with("(?<")) {
      out.append("?P<");
      at += 2;
    }
  }
  return out;
}

}  // namespace

Pattern::Pattern(std::string_view text, std::unique_ptr<re2::RE2> compiled)
    : text_(text), compiled_(std::move(compiled)), literals_(literal_choices(text)) {}

Pattern::~Pattern() = default;

Result<std::unique_ptr<const Pattern>> Pattern::create(std::string_view text) {
  if (text.size() > kMaxRegexText) {
    return Error{QTAP_ERR_LIMIT,
                 "regex is longer than " + std::to_string(kMaxRegexText) + " bytes"};
  }
  if (!is_utf8(text)) return Error{QTAP_ERR_INVALID, "regex is not valid UTF-8"};
  QTAP_TRY(const std::string translated, to_re2(text));
  re2::RE2::Options options;
  options.set_log_errors(false);  // the library does not print
  // RE2 gives two thirds of its budget to the program (re2.cc, 2022-06-01), the rest to the DFA
  // caches.
  options.set_max_mem(static_cast<int64_t>(kMaxRegexProgram / 2 * 3));
  auto compiled = std::make_unique<re2::RE2>(translated, options);
  if (!compiled->ok()) {
    const bool too_large = compiled->error_code() == re2::RE2::ErrorPatternTooLarge;
    std::string why = compiled->error();
    // Where RE2 quotes the whole, it is as the user wrote it.
    if (why.ends_with(translated)) why.replace(why.size() - translated.size(), why.npos, text);
    return Error{too_large ? QTAP_ERR_LIMIT : QTAP_ERR_INVALID, "regex does not compile: " + why};
  }
  return std::unique_ptr<const Pattern>(new Pattern(text, std::move(compiled)));
}

size_t Pattern::program_bytes() const {
  constexpr size_t kInstructionBytes =
      16;  // Prog::Inst of RE2 2022-06-01: one word and a pointer-sized pair
  return static_cast<size_t>(compiled_->ProgramSize()) * kInstructionBytes;
}

bool Pattern::found_in(std::string_view subject) const {
  return literals_ ? rulekit::found_in(*literals_, subject) : found_by_re2(subject);
}

bool Pattern::found_by_re2(std::string_view subject) const {
  const auto find = [this](std::string_view bytes) {
    return compiled_->Match(re2::StringPiece(bytes.data(), bytes.size()), 0, bytes.size(),
                            re2::RE2::UNANCHORED, nullptr, 0);
  };
  if (is_ascii(subject) || is_utf8(subject)) return find(subject);
  return find(replace_invalid_utf8(subject));
}

}  // namespace qtap::rulekit
