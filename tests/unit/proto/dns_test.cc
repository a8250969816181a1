// SPDX-License-Identifier: Apache-2.0
#include "proto/dns.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "../support/dns_writer.h"
#include "proto/parser.h"

using namespace qtap;
using test::DnsWriter;

namespace {

class Answers final : public proto::ParserEvents {
 public:
  void on_exchange(Ref<http::Exchange>) override {}
  void on_request_head(http::Exchange&) override {}
  void on_client(Direction client) override {
    role = client == Direction::kSent ? Role::kClient : Role::kServer;
  }
  void on_dns_answer(const proto::DnsMessage& answer) override {
    for (const Address& address : answer.addresses) {
      names.push_back(answer.question + "=" + ip_text(address));
    }
  }
  void on_parse_error(const http::ParseError&) override { ++errors; }
  void on_limit() override { ++limits; }

  std::vector<std::string> names;
  Role role = Role::kUnknown;
  int errors = 0;
  int limits = 0;
};

std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string answer(uint16_t id = 7) {
  return DnsWriter(id, true).question("Api.Example", 1).a("api.example", "10.0.0.9").done();
}

std::string query(uint16_t id = 7) {
  return DnsWriter(id, false).question("api.example", 1).done();
}

std::string framed(const std::string& message) {
  return {std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} +
          message};
}

}  // namespace

TEST_SUITE("proto/dns") {
  TEST_CASE("a question and its answer") {
    const auto asked = proto::read_dns(query());
    REQUIRE(asked);
    CHECK_FALSE(asked->is_response);
    CHECK(asked->id == 7);
    CHECK(asked->question == "api.example");
    CHECK(asked->type == 1);
    const auto told = proto::read_dns(answer());
    REQUIRE(told);
    CHECK(told->is_response);
    CHECK(told->question == "api.example");  // in lower case
    REQUIRE(told->addresses.size() == 1);
    CHECK(ip_text(told->addresses[0]) == "10.0.0.9");
  }

  TEST_CASE("IPv6, several addresses, other records and EDNS beside them") {
    const auto told = proto::read_dns(DnsWriter(1, true)
                                          .question("a.example", 28)
                                          .aaaa("a.example", "2001:db8::1")
                                          .aaaa("a.example", "2001:db8::2")
                                          .text("a.example", "v=spf1")
                                          .edns()
                                          .done());
    REQUIRE(told);
    REQUIRE(told->addresses.size() == 2);
    CHECK(ip_text(told->addresses[1]) == "2001:db8::2");
  }

  TEST_CASE("aliases lead to addresses of the name that was asked for, in any order") {
    const auto told = proto::read_dns(DnsWriter(1, true)
                                          .question("www.example", 1)
                                          .a("x.cdn.example", "192.0.2.1")
                                          .cname("y.example", "x.cdn.example")
                                          .cname("www.example", "y.example")
                                          .a("unasked.example", "192.0.2.66")
                                          .done());
    REQUIRE(told);
    CHECK(told->question == "www.example");
    REQUIRE(told->addresses.size() == 1);
    CHECK(ip_text(told->addresses[0]) == "192.0.2.1");
  }

  TEST_CASE("aliases that lead in a circle end") {
    const auto told = proto::read_dns(DnsWriter(1, true)
                                          .question("a.example", 1)
                                          .cname("a.example", "b.example")
                                          .cname("b.example", "a.example")
                                          .done());
    REQUIRE(told);
    CHECK(told->addresses.empty());
  }

  TEST_CASE(
      "compressed names that point at themselves, forwards, or out of the message are refused") {
    for (const char* pointer : {"\xc0\x0c", "\xc0\x0e", "\xc0\xff", "\xff\xff", "\xc0\x02"}) {
      std::string message = DnsWriter(1, false).done_header(1);
      message += std::string(pointer, 2) + std::string("\0\1\0\1", 4);
      CAPTURE(message.size());
      CHECK_FALSE(proto::read_dns(message));
    }
  }

  TEST_CASE("a name longer than 255 bytes, a label of a reserved kind: refused") {
    std::string name;
    for (int i = 0; i < 8; ++i) name += '\x28' + std::string(40, 'a');
    std::string message = DnsWriter(1, false).done_header(1);
    CHECK_FALSE(proto::read_dns(message + name + std::string("\0\0\1\0\1", 5)));
    CHECK_FALSE(proto::read_dns(message + std::string("\x41"
                                                      "a\0\0\1\0\1",
                                                      7)));
    CHECK(proto::read_dns(message + std::string("\1a\0\0\1\0\1", 7)));
  }

  TEST_CASE("cut anywhere, or with a byte behind it, it is no message") {
    const std::string whole = answer();
    for (size_t len = 0; len < whole.size(); ++len) {
      CAPTURE(len);
      CHECK_FALSE(proto::read_dns(whole.substr(0, len)));
    }
    CHECK_FALSE(proto::read_dns(whole + "x"));
  }

  TEST_CASE("every byte changed: no crash, and addresses only of what was asked") {
    const std::string whole = DnsWriter(1, true)
                                  .question("a.example", 1)
                                  .cname("a.example", "b.example")
                                  .a("b.example", "192.0.2.1")
                                  .done();
    for (size_t at = 0; at < whole.size(); ++at) {
      for (int value = 0; value < 256; value += 5) {
        std::string changed = whole;
        changed[at] = static_cast<char>(value);
        if (const auto told = proto::read_dns(changed)) CHECK(told->addresses.size() <= 1);
      }
    }
  }

  TEST_CASE("no name: a failure tells no addresses") {
    std::string message = answer();
    message[3] = static_cast<char>(message[3] | 3);  // NXDOMAIN
    const auto told = proto::read_dns(message);
    REQUIRE(told);
    CHECK(told->rcode == 3);
    CHECK(told->addresses.empty());
  }
}

TEST_SUITE("proto/dns_parser") {
  TEST_CASE("an answer to a question counts, however the stream is cut") {
    const std::string asked = framed(query());
    const std::string told = framed(answer());
    for (size_t cut = 0; cut <= told.size(); ++cut) {
      Answers events;
      auto parser = proto::make_dns_parser(proto::DnsFraming::kStream, events);
      for (const char c : asked) parser->data(Direction::kSent, 1, as_bytes({&c, 1}));
      parser->data(Direction::kReceived, 2, as_bytes(told).first(cut));
      parser->data(Direction::kReceived, 2, as_bytes(told).subspan(cut));
      CHECK(events.names == std::vector<std::string>{"api.example=10.0.0.9"});
      CHECK(events.role == Role::kClient);
    }
  }

  TEST_CASE("what nobody asked, or asked otherwise, is not believed") {
    Answers events;
    auto parser = proto::make_dns_parser(proto::DnsFraming::kDatagram, events);
    parser->data(Direction::kReceived, 1, as_bytes(answer()));
    CHECK(events.names.empty());
    parser->data(Direction::kSent, 1, as_bytes(query(8)));
    parser->data(Direction::kReceived, 1, as_bytes(answer(7)));
    CHECK(events.names.empty());
    parser->data(Direction::kReceived, 1, as_bytes(answer(8)));
    CHECK(events.names.size() == 1);
    parser->data(Direction::kReceived, 1, as_bytes(answer(8)));  // once per question
    CHECK(events.names.size() == 1);
  }

  TEST_CASE("a server's own answers are not names that it uses") {
    Answers events;
    auto parser = proto::make_dns_parser(proto::DnsFraming::kDatagram, events);
    parser->data(Direction::kReceived, 1, as_bytes(query()));
    parser->data(Direction::kSent, 1, as_bytes(answer()));
    CHECK(events.names.empty());
    CHECK(events.role == Role::kServer);
  }

  TEST_CASE("after a gap in the stream nothing more is read of that direction") {
    Answers events;
    auto parser = proto::make_dns_parser(proto::DnsFraming::kStream, events);
    parser->data(Direction::kSent, 1, as_bytes(framed(query())));
    parser->gap(Direction::kReceived, 1, 5);
    parser->data(Direction::kReceived, 1, as_bytes(framed(answer())));
    CHECK(events.names.empty());
    CHECK(events.errors == 0);
  }

  TEST_CASE("questions that nobody answers are bounded and counted") {
    Answers events;
    auto parser = proto::make_dns_parser(proto::DnsFraming::kDatagram, events);
    for (uint16_t id = 0; id < 300; ++id) parser->data(Direction::kSent, 1, as_bytes(query(id)));
    CHECK(events.limits == 300 - 256);
    parser->data(Direction::kReceived, 1, as_bytes(answer(0)));
    CHECK(events.names.empty());
    parser->data(Direction::kReceived, 1, as_bytes(answer(299)));
    CHECK(events.names.size() == 1);
  }
}
