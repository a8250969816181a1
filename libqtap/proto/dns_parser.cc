// SPDX-License-Identifier: Apache-2.0
// DNS of one connection: answers to questions that were asked on it. No transaction is made of
// them.
#include <algorithm>
#include <array>
#include <deque>
#include <string>

#include "proto/dns.h"
#include "proto/parser.h"

namespace qtap::proto {
namespace {

constexpr size_t kLengthBytes = 2;  // RFC 1035, 4.2.2
// Open questions that are remembered: a resolver that has more of them open on one connection is
// rare; the answers to those that were asked first are then not believed.
constexpr size_t kMaxOpen = 256;

class DnsParser final : public Parser {
 public:
  DnsParser(DnsFraming framing, ParserEvents& events) : framing_(framing), events_(events) {}

  void data(Direction direction, int64_t /*time_ns*/, std::span<const uint8_t> bytes) override {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (framing_ == DnsFraming::kDatagram) return message(direction, text);
    std::string& waiting = waiting_[index(direction)];
    if (lost_[index(direction)]) return;
    waiting.append(text);
    size_t at = 0;
    while (waiting.size() - at >= kLengthBytes) {
      const size_t len = static_cast<size_t>(static_cast<uint8_t>(waiting[at])) << 8 |
                         static_cast<uint8_t>(waiting[at + 1]);
      if (waiting.size() - at - kLengthBytes < len) break;
      message(direction, std::string_view(waiting).substr(at + kLengthBytes, len));
      at += kLengthBytes + len;
    }
    waiting.erase(0, at);
  }
  // Nothing shows where the next message begins.
  void gap(Direction direction, int64_t, uint64_t) override {
    if (framing_ == DnsFraming::kDatagram) return;
    lost_[index(direction)] = true;
    waiting_[index(direction)] = {};
  }
  void left_out(Direction direction, int64_t time_ns, uint64_t len) override {
    gap(direction, time_ns, len);
  }
  void skipped(Direction direction, int64_t time_ns, uint64_t len) override {
    gap(direction, time_ns, len);
  }
  void keep_bodies(bool) override {}
  uint64_t unwanted(Direction) const override { return 0; }
  void close(int64_t, http::Truncation) override {}
  void abandon(http::Truncation) override {}
  int64_t pending_since_ns() const override { return 0; }

 private:
  struct Question {
    Direction direction;
    uint16_t id;
    uint16_t type;
    std::string name;
  };

  void message(Direction direction, std::string_view bytes) {
    const std::optional<DnsMessage> read = read_dns(bytes);
    if (!read) {
      return events_.on_parse_error({.direction = direction, .reason = "not a DNS message"});
    }
    if (!read->is_response) {
      events_.on_client(direction);
      if (open_.size() == kMaxOpen) {
        open_.pop_front();
        events_.on_limit();
      }
      open_.push_back({direction, read->id, read->type, read->question});
      return;
    }
    const auto asked = std::find_if(open_.begin(), open_.end(), [&](const Question& q) {
      return q.direction == opposite(direction) && q.id == read->id && q.type == read->type &&
             q.name == read->question;
    });
    if (asked == open_.end()) return;  // whoever sent it may be anybody
    open_.erase(asked);
    if (direction == Direction::kReceived && !read->addresses.empty()) events_.on_dns_answer(*read);
  }

  const DnsFraming framing_;
  ParserEvents& events_;
  std::array<std::string, 2> waiting_;  // below one message each: 64 KiB
  std::array<bool, 2> lost_ = {};
  std::deque<Question> open_;
};

}  // namespace

std::unique_ptr<Parser> make_dns_parser(DnsFraming framing, ParserEvents& events) {
  return std::make_unique<DnsParser>(framing, events);
}

}  // namespace qtap::proto
