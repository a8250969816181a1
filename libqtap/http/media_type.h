// SPDX-License-Identifier: Apache-2.0
// What Content-Type says (RFC 9110, 8.3.1), as an observer reads it: what breaks the grammar is
// told, and what can be read in spite of it is there. Nothing is guessed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qtap::http {

// Where a value breaks the grammar of RFC 9110, 8.3.1 and 5.6.6. What has been read so far stays.
enum class MediaTypeFault : uint8_t {
  kNone,
  kNoType,         // it does not begin with a token
  kNoSubtype,      // no "/", or no token behind it
  kAfterSubtype,   // something else than ";" behind the subtype; skipped up to there
  kParameterName,  // a parameter does not begin with a token; skipped
  kNoEquals,       // no "=" behind a parameter's name; skipped
  kBlanks,         // blanks around "="; the parameter is read
  kValue,          // neither a token nor a quoted string; read up to the next ";"
  kOpenQuote,      // a quoted string without an end; the rest is its value
  kAfterValue,     // something else than ";" behind a value; skipped up to there
  kRepeated,       // a parameter comes twice; parameter() gives the first
  kTooMany,        // more than kMaxParameters; the rest is not read
};
const char* media_type_fault_name(MediaTypeFault fault);  // "open_quote"; static storage

// The types of the IANA registry have up to 15 optional parameters; the header is the peer's, so
// there is a limit.
constexpr size_t kMaxParameters = 32;

struct MediaTypeParameter {
  std::string name;   // lower case
  std::string value;  // case as sent, without quotes and their escapes; may be empty
};

struct MediaType {
  std::string type;                              // "application", lower case
  std::string subtype;                           // "problem+json", lower case
  std::vector<MediaTypeParameter> parameters;    // as sent, repeats included
  MediaTypeFault fault = MediaTypeFault::kNone;  // the first one
  size_t fault_offset = 0;                       // bytes into the value
};

// Reads the value of Content-Type. Never fails: see MediaType::fault.
MediaType parse_media_type(std::string_view content_type);

// "text/html" of "Text/HTML; charset=utf-8": type and subtype alone, in lower case, as far as they
// are there; "" without a type. The same as parse_media_type() finds.
std::string media_type(std::string_view content_type);

// Whether media_type() is `type`/`subtype`, both in lower case.
bool is_media_type(std::string_view content_type, std::string_view type, std::string_view subtype);

// The value of the first parameter of that name, any case; nullptr when there is none.
const std::string* parameter(const MediaType& media_type, std::string_view name);

// The charset as the peer told it, case as sent; "" when it told none. Never a default of the type
// and never from the content.
std::string_view charset(const MediaType& media_type);

// The structured syntax suffix (RFC 6838, 4.2.8): "json" of "application/problem+json", lower case;
// "" without one.
std::string_view suffix(const MediaType& media_type);

}  // namespace qtap::http
