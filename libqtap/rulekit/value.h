// SPDX-License-Identifier: Apache-2.0
// The run-time value of the rule language: what a field, a literal or a function holds.
//
// A Value is 32 bytes, trivially copyable and owns nothing: text, items and patterns are borrowed
// from the rule (literals), from the field source, or from the Scratch of one evaluation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace qtap::rulekit {

class Pattern;
struct MapEntry;

enum class Type : uint8_t {
  kNull,
  kBool,
  kInt,      // int64_t
  kUint,     // uint64_t
  kFloat32,  // kept apart from kDouble only for its text; compares as a double
  kDouble,
  kString,
  kIp,
  kCidr,
  kMac,
  kHex,  // a hex literal: bytes, and the text as written
  kRegex,
  kArray,       // elements of any type, kinds mixed
  kStringList,  // a list known to hold only strings; compares differently from kArray
  kNumberList,  // a list known to hold only numbers
  kMap,
  kBytes,    // raw bytes; carried, never compares
  kForeign,  // a host type that the language does not know; carried, never compares, truthy
};

struct HexText {
  std::string_view bytes;
  std::string_view raw;
};

using IpBytes = std::array<uint8_t, 16>;  // network order; IPv4 is mapped, RFC 4291 2.5.5.2

struct Value {
  struct Text {
    const char* data;
    size_t len;
  };
  struct Items {
    const Value* data;
    size_t count;
  };
  struct Entries {
    const MapEntry* data;
    size_t count;
  };

  Type type = Type::kNull;
  bool no_address = false;  // kIp, kCidr: the host has the type but no address; never equal to one
  uint8_t prefix = 0;       // kCidr: 0-128, for IPv4 counted in the mapped form (96-128)
  union {
    bool b;
    int64_t i;
    uint64_t u;
    double d;
    Text text;               // kString, kMac, kBytes, kForeign
    Items items;             // kArray, kStringList, kNumberList
    Entries entries;         // kMap, sorted by key
    const HexText* hex;      // kHex
    const Pattern* pattern;  // kRegex
    IpBytes ip{};            // kIp, kCidr
  };

  static Value null() { return {}; }
  static Value boolean(bool value);
  static Value integer(int64_t value);
  static Value unsigned_integer(uint64_t value);
  static Value number(double value);
  static Value float32(float value);
  static Value string(std::string_view value);
  static Value bytes(std::string_view value);
  static Value mac(std::string_view raw);
  static Value ip_address(const IpBytes& value);
  static Value cidr(const IpBytes& network, uint8_t prefix);
  static Value hex_text(const HexText& value);
  static Value regex(const Pattern& value);
  static Value list(Type type, std::span<const Value> values);
  static Value map(std::span<const MapEntry> values);
  static Value foreign(std::string_view shown_as);

  std::string_view str() const { return {text.data, text.len}; }
  std::span<const Value> elements() const { return {items.data, items.count}; }
  std::span<const MapEntry> members() const;
  bool is_number() const;
  bool is_list() const;
};

struct MapEntry {
  std::string_view key;
  Value value;
};

// Section 6 of the language: what counts as true where a condition is asked for.
bool truthy_other(const Value& value);  // of any type
inline bool truthy(const Value& value) {
  return value.type == Type::kBool ? value.b : truthy_other(value);
}

// Section 5: a dotted name in nested maps. A whole key beats nesting; the cut is at the first dot
// and never taken back. Null when there is no such member.
const Value* find_member(std::span<const MapEntry> entries, std::string_view name);

}  // namespace qtap::rulekit
