// SPDX-License-Identifier: Apache-2.0
#include "model/event_store_check.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.h"
#include "model/option_key.h"

namespace qtap {
namespace {

bool is_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    return !text.empty() && !text.starts_with('/') && !text.starts_with(':') &&
           text.find_first_of("?#@ \t\r\n\"\\") == std::string_view::npos;
  }
  return false;
}

bool is_plain_elsewhere(std::string_view url) {
  constexpr std::string_view kPlain = "http://";
  if (!url.starts_with(kPlain)) return false;
  const std::string_view host = url.substr(kPlain.size());
  return !is_loopback(host.substr(0, host.find('/')));
}

class StoreCheck {
 public:
  StoreCheck(const Config::Entries& entries, std::string element, std::vector<Conflict>& found)
      : entries_(entries), element_(std::move(element)), found_(found) {}

  std::string value(const char* key) const {
    const auto it = entries_.find(element_ + "." + key);
    return it == entries_.end() ? std::string() : it->second.value;
  }
  void url(const char* key) {
    const std::string text = value(key);
    if (text.empty() || is_url(text)) return;
    const std::string whole = element_ + "." + key;
    found_.push_back({whole, Error{"QT173", QTAP_ERR_INVALID,
                                   std::string(display_key(whole)) +
                                       ": expected http://host or https://host, with a port and a "
                                       "path or without"}});
  }
  void pulse() {
    const char* const key = value("endpoint").empty() ? "url" : "endpoint";
    const std::string text = value(key);
    if (text.empty()) {
      const std::string name(display_key(element_));
      found_.push_back({element_ + ".type", missing_option(name, "pulse", "endpoint")});
      return;
    }
    url(key);
    if (!is_plain_elsewhere(text) || value("allow_insecure") == "true") return;
    const std::string whole = element_ + "." + key;
    found_.push_back({whole, Error{"QT176", QTAP_ERR_INVALID,
                                   std::string(display_key(whole)) +
                                       ": http:// would show the token to the network; use "
                                       "https:// or set allow_insecure"}});
  }
  void identifier(const char* key) {
    const std::string text = value(key);
    const bool is_one = std::all_of(text.begin(), text.end(), [](char c) {
      return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    if (is_one) return;
    const std::string whole = element_ + "." + key;
    found_.push_back(
        {whole, Error{"QT174", QTAP_ERR_INVALID,
                      std::string(display_key(whole)) + ": expected letters, digits and _"}});
  }

 private:
  const Config::Entries& entries_;
  const std::string element_;
  std::vector<Conflict>& found_;
};

}  // namespace

void check_event_stores(const Config::Entries& entries, std::vector<Conflict>& found) {
  const std::string list = "services.event_stores";
  for (const size_t i : indices_of(entries, list)) {
    StoreCheck store(entries, list + "[" + std::to_string(i) + "]", found);
    const std::string type = store.value("type");
    if (type == "axiom") store.url("url");
    if (type == "pulse") store.pulse();
    if (type == "clickhouse") {
      store.url("endpoint");
      store.identifier("table_prefix");
    }
  }
}

}  // namespace qtap
