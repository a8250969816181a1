// SPDX-License-Identifier: Apache-2.0
// Writes DNS messages (RFC 1035, 4); names in answers are compressed where they are the question's.
#pragma once

#include <arpa/inet.h>

#include <string>
#include <string_view>

namespace qtap::test {

class DnsWriter {
 public:
  DnsWriter(uint16_t id, bool is_response) : id_(id), flags_(is_response ? 0x8180 : 0x0100) {}

  DnsWriter& question(std::string_view name, uint16_t type) {
    asked_ = lower(name);
    body_ += plain(name);
    number(body_, type);
    number(body_, 1);
    return *this;
  }
  DnsWriter& a(std::string_view owner, const char* ip) {
    char raw[4];
    ::inet_pton(AF_INET, ip, raw);
    return record(owner, 1, {raw, sizeof raw});
  }
  DnsWriter& aaaa(std::string_view owner, const char* ip) {
    char raw[16];
    ::inet_pton(AF_INET6, ip, raw);
    return record(owner, 28, {raw, sizeof raw});
  }
  DnsWriter& cname(std::string_view owner, std::string_view target) {
    return record(owner, 5, name(target));
  }
  DnsWriter& text(std::string_view owner, std::string_view value) {
    return record(owner, 16, static_cast<char>(value.size()) + std::string(value));
  }
  // RFC 6891, 6.1.2
  DnsWriter& edns() {
    ++more_;
    body_ += std::string("\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
    return *this;
  }
  std::string done() const { return done_header(1) + body_; }
  std::string done_header(uint16_t questions) const {
    std::string out;
    for (const uint16_t n : {id_, flags_, questions, answers_, uint16_t{0}, more_}) number(out, n);
    return out;
  }

 private:
  static void number(std::string& out, uint16_t n) {
    out += static_cast<char>(n >> 8);
    out += static_cast<char>(n);
  }
  static std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(::tolower(c));
    return out;
  }
  static std::string plain(std::string_view name) {
    std::string out;
    while (!name.empty()) {
      const std::string_view label = name.substr(0, name.find('.'));
      out += static_cast<char>(label.size());
      out += label;
      name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    return out + '\0';
  }
  std::string name(std::string_view name) const {
    return lower(name) == asked_ ? std::string("\xc0\x0c") : plain(name);
  }
  DnsWriter& record(std::string_view owner, uint16_t type, const std::string& data) {
    ++answers_;
    body_ += name(owner);
    number(body_, type);
    number(body_, 1);
    body_ += std::string("\0\0\0\x3c", 4);
    number(body_, static_cast<uint16_t>(data.size()));
    body_ += data;
    return *this;
  }

  uint16_t id_;
  uint16_t flags_;
  uint16_t answers_ = 0;
  uint16_t more_ = 0;
  std::string asked_;
  std::string body_;
};

}  // namespace qtap::test
