// SPDX-License-Identifier: Apache-2.0
#include "rulekit/address.h"

#include <algorithm>
#include <cstring>

#include "rulekit/chars.h"

namespace qtap::rulekit {

namespace {

constexpr size_t kMappedBytes = 12;  // ::ffff:0:0/96, RFC 4291 2.5.5.2
constexpr std::array<uint8_t, kMappedBytes> kMappedPrefix = {0, 0, 0, 0, 0,    0,
                                                             0, 0, 0, 0, 0xff, 0xff};
constexpr size_t kMaxIpText = 45;

// Reads one octet at the front of `text`; returns its length, 0 when there is none.
size_t read_octet(std::string_view text, uint8_t* ret) {
  unsigned value = 0;
  size_t len = 0;
  while (len < text.size() && len < 3 && is_digit(text[len])) {
    const unsigned next = value * 10 + static_cast<unsigned>(text[len] - '0');
    if (next > 255 || (len == 1 && value == 0)) break;  // 256.., or a leading zero
    value = next;
    ++len;
  }
  *ret = static_cast<uint8_t>(value);
  return len;
}

// Longest dotted quad at the front: "1.2.3.256" gives 8 ("1.2.3.25").
size_t read_dotted_quad(std::string_view text, uint8_t* ret) {
  size_t pos = 0;
  for (int octet = 0; octet < 4; ++octet) {
    if (octet > 0) {
      if (pos >= text.size() || text[pos] != '.') return 0;
      ++pos;
    }
    const size_t len = read_octet(text.substr(pos), ret + octet);
    if (len == 0) return 0;
    pos += len;
  }
  return pos;
}

std::optional<IpBytes> parse_ipv6(std::string_view text) {
  std::array<uint8_t, 16> out{};
  size_t filled = 0;
  std::optional<size_t> gap;
  size_t pos = 0;
  if (text.starts_with("::")) {
    gap = 0;
    pos = 2;
  }
  while (pos < text.size()) {
    if (filled == out.size()) return std::nullopt;
    unsigned group = 0;
    size_t digits = 0;
    while (pos + digits < text.size() && digits < 5 && is_hex_digit(text[pos + digits])) {
      group = group * 16 + hex_value(text[pos + digits]);
      ++digits;
    }
    if (digits == 0 || digits > 4) return std::nullopt;
    if (pos + digits < text.size() && text[pos + digits] == '.') {  // dotted tail, in place of two
      if (filled + 4 > out.size()) return std::nullopt;
      if (read_dotted_quad(text.substr(pos), &out[filled]) != text.size() - pos)
        return std::nullopt;
      filled += 4;
      break;
    }
    out[filled++] = static_cast<uint8_t>(group >> 8);
    out[filled++] = static_cast<uint8_t>(group & 0xff);
    pos += digits;
    if (pos == text.size()) break;
    if (text[pos] != ':') return std::nullopt;
    ++pos;
    if (pos == text.size()) return std::nullopt;  // a single trailing colon
    if (text[pos] == ':') {
      if (gap) return std::nullopt;
      gap = filled;
      ++pos;
    }
  }
  if (!gap) return filled == out.size() ? std::optional<IpBytes>(out) : std::nullopt;
  if (filled == out.size()) return std::nullopt;  // "::" must stand for at least one group
  const size_t tail = filled - *gap;
  std::copy_backward(out.begin() + static_cast<std::ptrdiff_t>(*gap),
                     out.begin() + static_cast<std::ptrdiff_t>(filled), out.end());
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(*gap),
            out.end() - static_cast<std::ptrdiff_t>(tail), uint8_t{0});
  return out;
}

IpBytes mapped(const uint8_t* quad) {
  IpBytes ip{};
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin());
  std::copy(quad, quad + 4, ip.begin() + kMappedBytes);
  return ip;
}

IpBytes masked(IpBytes ip, unsigned prefix) {
  for (unsigned byte = 0; byte < ip.size(); ++byte) {
    const unsigned first_bit = byte * 8;
    if (prefix >= first_bit + 8) continue;
    const unsigned keep = prefix > first_bit ? prefix - first_bit : 0;
    ip[byte] = static_cast<uint8_t>(ip[byte] & (0xff00u >> keep));
  }
  return ip;
}

class TextWriter {
 public:
  explicit TextWriter(AddressText* out) : out_(out) {}
  void put(char c) {
    if (out_->len < out_->data.size()) out_->data[out_->len++] = c;
  }
  void decimal(unsigned value) {
    if (value >= 10) decimal(value / 10);
    put(static_cast<char>('0' + value % 10));
  }
  void hex_group(unsigned value) {
    if (value >= 16) hex_group(value / 16);
    put(kLowerHex[value % 16]);
  }
  void hex_pair(uint8_t value) {
    put(kLowerHex[value >> 4]);
    put(kLowerHex[value & 15]);
  }

 private:
  AddressText* out_;
};

// RFC 5952: lower case, the longest run of two or more zero groups (the first on a tie) becomes
// "::".
void write_ipv6(const IpBytes& ip, TextWriter* out) {
  std::array<unsigned, 8> groups{};
  for (size_t g = 0; g < groups.size(); ++g) groups[g] = ip[2 * g] * 256u + ip[2 * g + 1];
  size_t best = groups.size();
  size_t best_len = 1;
  for (size_t g = 0; g < groups.size();) {
    size_t end = g;
    while (end < groups.size() && groups[end] == 0) ++end;
    if (end - g > best_len) {
      best = g;
      best_len = end - g;
    }
    g = end + 1;
  }
  for (size_t g = 0; g < groups.size(); ++g) {
    if (g == best) {
      out->put(':');
      out->put(':');
      g += best_len - 1;
      continue;
    }
    if (g > 0 && g != best + best_len) out->put(':');
    out->hex_group(groups[g]);
  }
}

}  // namespace

std::optional<IpBytes> parse_ip(std::string_view text) {
  if (text.size() < 2 || text.size() > kMaxIpText) return std::nullopt;
  if (text.find(':') != std::string_view::npos) return parse_ipv6(text);
  uint8_t quad[4];
  if (read_dotted_quad(text, quad) != text.size()) return std::nullopt;
  return mapped(quad);
}

std::optional<Value> parse_cidr(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view address = text.substr(0, slash);
  const std::string_view digits = text.substr(slash + 1);
  const auto ip = parse_ip(address);
  if (!ip || digits.empty()) return std::nullopt;
  unsigned prefix = 0;
  for (char c : digits) {  // leading zeros are fine: "/08"
    if (!is_digit(c)) return std::nullopt;
    prefix = prefix * 10 + static_cast<unsigned>(c - '0');
    if (prefix > 128) return std::nullopt;
  }
  if (address.find(':') == std::string_view::npos) {
    if (prefix > 32) return std::nullopt;
    prefix += kMappedBits;
  }
  return network(*ip, prefix);
}

Value network(const IpBytes& ip, unsigned prefix) {
  return Value::cidr(masked(ip, prefix), static_cast<uint8_t>(prefix));
}

std::optional<std::array<uint8_t, 6>> parse_mac(std::string_view text) {
  std::array<uint8_t, 6> mac{};
  if (text.size() != 17) return std::nullopt;  // six pairs and five colons
  for (size_t pair = 0; pair < mac.size(); ++pair) {
    const char high = text[pair * 3];
    const char low = text[pair * 3 + 1];
    if (!is_hex_digit(high) || !is_hex_digit(low)) return std::nullopt;
    if (pair > 0 && text[pair * 3 - 1] != ':') return std::nullopt;
    mac[pair] = static_cast<uint8_t>(hex_value(high) * 16 + hex_value(low));
  }
  return mac;
}

size_t ip_prefix_length(std::string_view text) {
  uint8_t quad[4];
  size_t best = read_dotted_quad(text, quad);
  size_t run = 0;
  size_t colons = 0;
  while (run < text.size() && run < kMaxIpText &&
         (is_hex_digit(text[run]) || text[run] == ':' || text[run] == '.')) {
    if (text[run] == ':') ++colons;
    ++run;
  }
  if (colons < 2) return best;
  for (size_t len = run; len > best; --len) {
    if (parse_ip(text.substr(0, len))) return len;
  }
  return best;
}

bool is_ipv4(const IpBytes& ip) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin());
}

AddressText address_text(const Value& value) {
  AddressText text;
  TextWriter out(&text);
  if (value.no_address) {
    for (char c : std::string_view("<nil>")) out.put(c);
    return text;
  }
  const bool v4 = is_ipv4(value.ip) && (value.type == Type::kIp || value.prefix >= kMappedBits);
  if (v4) {
    for (size_t octet = 0; octet < 4; ++octet) {
      if (octet > 0) out.put('.');
      out.decimal(value.ip[kMappedBytes + octet]);
    }
  } else {
    write_ipv6(value.ip, &out);
  }
  if (value.type == Type::kCidr) {
    out.put('/');
    out.decimal(v4 ? static_cast<unsigned>(value.prefix - kMappedBits) : value.prefix);
  }
  return text;
}

AddressText mac_text(std::string_view raw) {
  AddressText text;
  TextWriter out(&text);
  for (size_t at = 0; at < std::min(raw.size(), kMaxMacBytes); ++at) {
    if (at > 0) out.put(':');
    out.hex_pair(static_cast<uint8_t>(raw[at]));
  }
  return text;
}

bool cidr_contains(const Value& cidr, const Value& ip) {
  if (cidr.no_address || ip.no_address) return false;
  const bool v4_network = is_ipv4(cidr.ip) && cidr.prefix >= kMappedBits;
  if (is_ipv4(ip.ip) != v4_network) return false;
  return masked(ip.ip, cidr.prefix) == cidr.ip;
}

}  // namespace qtap::rulekit
