// SPDX-License-Identifier: Apache-2.0
#include "proto/dns.h"

#include <sys/socket.h>

#include <algorithm>

#include "proto/byte_reader.h"

namespace qtap::proto {
namespace {

// RFC 1035, 2.3.4 (sizes), 3.2.2 (types), 4.1.1 (flags); RFC 3596, 2.1 (AAAA).
constexpr size_t kMaxName = 255;
constexpr size_t kMaxLabel = 63;
constexpr uint16_t kTypeA = 1;
constexpr uint16_t kTypeCname = 5;
constexpr uint16_t kTypeAaaa = 28;
constexpr uint16_t kClassIn = 1;
constexpr uint32_t kResponseFlag = 0x8000;
constexpr uint32_t kReservedFlag = 0x0040;
constexpr size_t kMaxAddresses = 64;  // kept of one answer
constexpr size_t kMaxAliases = 32;    // resolvers follow fewer: 16 in BIND, 11 in Unbound

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c;
}

// Reads the name at `at`, which moves behind it.
bool read_name(std::string_view message, size_t& at, std::string& name) {
  name.clear();
  size_t next = at;
  size_t lowest = at;  // where the name, or its part that was pointed to, begins
  bool jumped = false;
  size_t wire_len = 0;
  for (;;) {
    if (next >= message.size()) return false;
    const size_t len = static_cast<uint8_t>(message[next]);
    if ((len & 0xc0) == 0xc0) {
      if (next + 1 >= message.size()) return false;
      const size_t target = (len & 0x3f) << 8 | static_cast<uint8_t>(message[next + 1]);
      if (!jumped) at = next + 2;
      if (target >= lowest || target < kDnsHeader) return false;
      jumped = true;
      next = lowest = target;
      continue;
    }
    wire_len += len + 1;
    if (len > kMaxLabel || wire_len > kMaxName || next + 1 + len > message.size()) return false;
    if (len == 0) {
      if (!jumped) at = next + 1;
      return true;
    }
    if (!name.empty()) name += '.';
    for (const char c : message.substr(next + 1, len)) name += lower(c);
    next += 1 + len;
  }
}

struct Resource {
  std::string owner;
  uint32_t type = 0;
  uint32_t klass = 0;
  size_t data_at = 0;
  std::string_view data;
};

bool read_resource(std::string_view message, size_t& at, Resource& resource) {
  if (!read_name(message, at, resource.owner)) return false;
  ByteReader r(message.substr(at));
  resource.type = r.number(2);
  resource.klass = r.number(2);
  r.number(4);  // how long it may be kept; ours is another time
  const uint32_t len = r.number(2);
  resource.data = r.take(len);
  if (!r.ok()) return false;
  resource.data_at = at + 10;
  at += 10 + len;
  return true;
}

struct Alias {
  std::string owner;
  std::string target;
};

struct Owned {
  std::string owner;
  Address address;
};

struct Answers {
  std::vector<Alias> aliases;
  std::vector<Owned> addresses;
};

Address address_of(std::string_view data) {
  Address address;
  address.family = data.size() == 4 ? AF_INET : AF_INET6;
  if (data.size() == 4) address.ip[10] = address.ip[11] = 0xff;
  std::copy(data.begin(), data.end(), address.ip.end() - static_cast<ptrdiff_t>(data.size()));
  return address;
}

bool note_answer(std::string_view message, Resource& resource, Answers& answers) {
  if (resource.klass != kClassIn) return true;
  if (resource.type == kTypeCname) {
    Alias alias;
    size_t at = resource.data_at;
    if (!read_name(message, at, alias.target)) return false;
    if (at != resource.data_at + resource.data.size()) return false;
    alias.owner = std::move(resource.owner);
    if (answers.aliases.size() < kMaxAliases) answers.aliases.push_back(std::move(alias));
  } else if (resource.type == kTypeA || resource.type == kTypeAaaa) {
    if (resource.data.size() != (resource.type == kTypeA ? 4 : 16)) return false;
    if (answers.addresses.size() < kMaxAddresses) {
      answers.addresses.push_back({std::move(resource.owner), address_of(resource.data)});
    }
  }
  return true;
}

// Follows the aliases from the question; each can be used once, so it ends.
void resolve(const Answers& answers, DnsMessage& message) {
  std::string name = message.question;
  for (size_t step = 0; step <= answers.aliases.size(); ++step) {
    for (const Owned& owned : answers.addresses) {
      if (owned.owner == name) message.addresses.push_back(owned.address);
    }
    const auto alias = std::find_if(answers.aliases.begin(), answers.aliases.end(),
                                    [&](const Alias& a) { return a.owner == name; });
    if (alias == answers.aliases.end() || !message.addresses.empty()) return;
    name = alias->target;
  }
}

// A query has no answers and no result (RFC 1035, 4.1.1).
bool is_sound(uint32_t flags, uint32_t questions, uint32_t answers) {
  const uint32_t opcode = flags >> 11 & 0xf;
  const bool is_known = opcode == 0 || opcode == 4 || opcode == 5;  // query, notify, update
  if (!is_known || questions != 1 || (flags & kReservedFlag) != 0) return false;
  if ((flags & kResponseFlag) != 0) return true;
  return (flags & 0xf) == 0 && (answers == 0 || opcode != 0);
}

}  // namespace

std::optional<DnsMessage> read_dns(std::string_view bytes) {
  DnsMessage message;
  ByteReader r(bytes);
  message.id = static_cast<uint16_t>(r.number(2));
  const uint32_t flags = r.number(2);
  const uint32_t questions = r.number(2);
  const uint32_t answer_count = r.number(2);
  uint32_t others = r.number(2);
  others += r.number(2);
  if (!r.ok() || !is_sound(flags, questions, answer_count)) return std::nullopt;
  message.is_response = (flags & kResponseFlag) != 0;
  message.rcode = static_cast<uint8_t>(flags & 0xf);

  size_t at = kDnsHeader;
  if (!read_name(bytes, at, message.question)) return std::nullopt;
  ByteReader question(bytes.substr(at));
  message.type = static_cast<uint16_t>(question.number(2));
  const uint32_t klass = question.number(2);
  const bool is_class = (klass >= 1 && klass <= 4) || klass == 254 || klass == 255;
  if (!question.ok() || message.type == 0 || !is_class) return std::nullopt;
  at += 4;

  Answers answers;
  Resource resource;
  for (uint32_t i = 0; i < answer_count + others; ++i) {
    if (!read_resource(bytes, at, resource)) return std::nullopt;
    if (i < answer_count && !note_answer(bytes, resource, answers)) return std::nullopt;
  }
  if (at != bytes.size()) return std::nullopt;
  if (message.is_response && message.rcode == 0) resolve(answers, message);
  return message;
}

}  // namespace qtap::proto
