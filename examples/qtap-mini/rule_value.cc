// SPDX-License-Identifier: Apache-2.0
#include "rule_value.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace {

// Field names of docs/fields.md in other spellings.
constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"req.", "http.req."},      {"request.", "http.req."},   {"res.", "http.res."},
    {"response.", "http.res."}, {"exe", "src.process.path"},
};

// "int", "text list", ...; empty: no field of a transaction.
std::string_view type_of(std::string_view name) {
  for (size_t at = 0; const qtap_field* field = qtap_field_at(at); ++at) {
    std::string_view known = field->name;
    const bool is_free = known.ends_with("<name>");
    if (is_free) known.remove_suffix(6);
    if (known.ends_with("[]")) known.remove_suffix(2);
    if (is_free ? name.starts_with(known) && name.size() > known.size() : name == known) {
      return field->type;
    }
  }
  return {};
}

bool set_int(const std::string& text, qtap_value& ret) {
  ret.type = QTAP_VALUE_INT64;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, ret.i);
  return error == std::errc() && last == end;
}

bool set_number(const std::string& text, qtap_value& ret) {
  ret.type = QTAP_VALUE_DOUBLE;
  char* end = nullptr;
  ret.d = strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0';
}

bool set_bool(const std::string& text, qtap_value& ret) {
  ret.type = QTAP_VALUE_BOOL;
  ret.i = text == "true";
  return text == "true" || text == "false";
}

bool set_ip(const std::string& text, qtap_value& ret) {
  ret.type = QTAP_VALUE_IP;
  ret.family = 6;
  if (inet_pton(AF_INET6, text.c_str(), ret.ip) == 1) return true;
  ret.family = 4;
  ret.ip[10] = ret.ip[11] = 0xff;  // IPv4 travels mapped, see value.h
  return inet_pton(AF_INET, text.c_str(), ret.ip + 12) == 1;
}

bool set_text(std::string_view text, qtap_value& ret) {
  ret.type = QTAP_VALUE_STRING;
  ret.s = {text.data(), text.size()};
  return true;
}

bool set_list(RuleValue& of) {
  std::string_view rest = of.text;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    set_text(item, of.items.emplace_back());
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
  }
  of.value.type = QTAP_VALUE_STRING_LIST;
  of.value.items = of.items.data();
  of.value.count = of.items.size();
  return true;
}

bool set_by_looks(RuleValue& of) {
  for (const auto set : {set_int, set_number, set_bool, set_ip}) {
    of.value = {};
    if (set(of.text, of.value)) return true;
  }
  of.value = {};
  return set_text(of.text, of.value);
}

}  // namespace

std::string canonical_field(std::string_view name) {
  for (const auto& [alias, meant] : kAliases) {
    if (alias.ends_with('.') ? name.starts_with(alias) : name == alias) {
      return std::string(meant) + std::string(name.substr(alias.size()));
    }
  }
  return std::string(name);
}

std::string read_value(RuleValue& ret) {
  const std::string_view type = type_of(ret.name);
  const bool ok = type == "int"         ? set_int(ret.text, ret.value)
                  : type == "number"    ? set_number(ret.text, ret.value)
                  : type == "bool"      ? set_bool(ret.text, ret.value)
                  : type == "ip"        ? set_ip(ret.text, ret.value)
                  : type == "text"      ? set_text(ret.text, ret.value)
                  : type == "text list" ? set_list(ret)
                                        : set_by_looks(ret);
  if (ok) return "";
  return "--field " + ret.name + "=" + ret.text + ": the field holds " + std::string(type) +
         ", not that";
}

std::string shown_value(const qtap_value& value) {
  char text[64] = "";
  switch (value.type) {
    case QTAP_VALUE_NULL:
      return "null";
    case QTAP_VALUE_BOOL:
      return value.i != 0 ? "true" : "false";
    case QTAP_VALUE_INT64:
      return std::to_string(value.i);
    case QTAP_VALUE_UINT64:
      return std::to_string(value.u);
    case QTAP_VALUE_DOUBLE:
      snprintf(text, sizeof text, "%.17g", value.d);
      return text;
    case QTAP_VALUE_STRING:
      return "\"" + std::string(value.s.data, value.s.len) + "\"";
    case QTAP_VALUE_REGEX:
      return "/" + std::string(value.s.data, value.s.len) + "/";
    case QTAP_VALUE_IP:
    case QTAP_VALUE_CIDR:
      inet_ntop(value.family == 4 ? AF_INET : AF_INET6,
                value.family == 4 ? value.ip + 12 : value.ip, text, sizeof text);
      return value.type == QTAP_VALUE_IP ? text : text + ("/" + std::to_string(value.bits));
    case QTAP_VALUE_LIST:
    case QTAP_VALUE_STRING_LIST: {
      std::string out = "[";
      for (size_t at = 0; at < value.count; ++at) {
        out += (at == 0 ? "" : ", ") + shown_value(value.items[at]);
      }
      return out + "]";
    }
    default:
      return "(" + std::to_string(value.s.len) + " bytes)";
  }
}
