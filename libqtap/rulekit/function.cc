// SPDX-License-Identifier: Apache-2.0
#include "rulekit/function.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <qtap/base.h>

#include "rulekit/address.h"
#include "rulekit/chars.h"
#include "rulekit/public_suffix.h"
#include "rulekit/text.h"

namespace qtap::rulekit {

std::string_view Scratch::copy(std::string_view text) {
  if (text.empty()) return {};
  char* data = static_cast<char*>(resource_.allocate(text.size(), 1));
  std::memcpy(data, text.data(), text.size());
  return {data, text.size()};
}

namespace {

// The text of a value; `storage` is used only when there is none to borrow.
std::string_view text_of(const Value& value, std::string* storage) {
  if (value.type == Type::kString) return value.str();
  append_text(value, storage);
  return *storage;
}

int starts_with(void*, std::span<const Value> args, Scratch&, Value* ret, std::string* error) {
  for (size_t at = 0; at < args.size(); ++at) {
    if (args[at].type != Type::kNull) continue;
    if (error != nullptr) {
      *error = at == 0 ? "starts_with: the value is null" : "starts_with: the prefix is null";
    }
    return QTAP_ERR_INVALID;
  }
  std::string value_storage;
  std::string prefix_storage;
  *ret = Value::boolean(
      text_of(args[0], &value_storage).starts_with(text_of(args[1], &prefix_storage)));
  return QTAP_OK;
}

// Without a trailing ":port" (digits only, and not inside an IPv6 address) and a trailing dot.
std::string_view bare_domain(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && colon + 1 < text.size() &&
      std::all_of(text.begin() + static_cast<std::ptrdiff_t>(colon) + 1, text.end(), is_digit)) {
    text = text.substr(0, colon);
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  return text;
}

// spec/rule-fields.md section 3: the zone itself or a name below it.
int in_zone(void*, std::span<const Value> args, Scratch&, Value* ret, std::string*) {
  *ret = Value::boolean(false);
  if (args[0].type != Type::kString || args[1].type != Type::kString) return QTAP_OK;
  const std::string_view domain = bare_domain(args[0].str());
  const std::string_view zone = bare_domain(args[1].str());
  if (zone.empty() || domain.size() < zone.size()) return QTAP_OK;
  const size_t head = domain.size() - zone.size();
  const bool same_tail =
      std::equal(zone.begin(), zone.end(), domain.begin() + static_cast<std::ptrdiff_t>(head),
                 [](char a, char b) { return to_lower(a) == to_lower(b); });
  *ret = Value::boolean(same_tail && (head == 0 || domain[head - 1] == '.'));
  return QTAP_OK;
}

// A host name in lower case, in `storage`; empty when it is none: an address, an empty label (two
// dots, or one in front), or longer than names can be.
std::string_view host_name(std::string_view text, std::array<char, kMaxDomain>* storage) {
  const std::string_view domain = bare_domain(text);
  const bool is_address = domain.find(':') != std::string_view::npos || parse_ip(domain);
  const bool has_empty_label = domain.starts_with('.') || domain.ends_with('.') ||
                               domain.find("..") != std::string_view::npos;
  if (is_address || has_empty_label || domain.size() > kMaxDomain) return {};
  std::transform(domain.begin(), domain.end(), storage->begin(), to_lower);
  return {storage->data(), domain.size()};
}

// spec/rule-fields.md section 3: the public suffix and one label, in lower case; null for what has
// none.
int zone(void*, std::span<const Value> args, Scratch& scratch, Value* ret, std::string*) {
  *ret = Value::null();
  if (args[0].type != Type::kString) return QTAP_OK;
  std::array<char, kMaxDomain> storage;
  const std::string_view domain = host_name(args[0].str(), &storage);
  // Any text may come from the wire; libpsl reads up to the first NUL.
  if (domain.empty() || domain.find('\0') != std::string_view::npos) return QTAP_OK;
  const std::string_view found = registrable_domain(domain);
  if (!found.empty()) *ret = Value::string(scratch.copy(found));
  return QTAP_OK;
}

constexpr Builtin kBuiltins[] = {
    {"starts_with", 2, starts_with, nullptr},
    {"in_zone", 2, in_zone, nullptr},
    {"zone", 1, zone, load_public_suffixes},
};

}  // namespace

std::span<const Builtin> builtins() {
  return kBuiltins;
}

const Builtin* find_builtin(std::string_view name) {
  const auto* it = std::find_if(std::begin(kBuiltins), std::end(kBuiltins),
                                [name](const Builtin& builtin) { return builtin.name == name; });
  return it == std::end(kBuiltins) ? nullptr : it;
}

}  // namespace qtap::rulekit
