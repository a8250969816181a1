// SPDX-License-Identifier: Apache-2.0
#include "proto/l7/l7.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "l7_samples.h"
#include "proto/parser.h"

using namespace qtap;
using proto::Detected;
using proto::Detection;
using proto::l7::From;
using proto::l7::Verdict;
using test::Opening;

namespace {

std::span<const uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Detected detected(std::string_view sent, std::string_view received,
                  proto::StreamStart start = proto::StreamStart::kFirstByte) {
  return proto::detect(bytes(sent), bytes(received), start);
}

bool is_named(const Detected& found, const Opening& opening) {
  return found.what == Detection::kNamed && found.protocol == opening.protocol;
}

// Such a server's first words are the proof, unless its client contradicts.
bool greets(const Opening& opening) {
  return opening.protocol == L7Protocol::kMysql || opening.protocol == L7Protocol::kNats;
}

// What random requests are made of.
std::string random_request(std::mt19937& random) {
  const char* const methods[] = {"GET",   "POST",    "PUT",      "DELETE", "HEAD",      "OPTIONS",
                                 "PATCH", "CONNECT", "PROPFIND", "NOTIFY", "SUBSCRIBE", "INFO"};
  std::string text = methods[random() % 11];
  text += text == "CONNECT" ? " host.example:443" : " /";
  for (size_t i = random() % 60; i > 0 && !text.starts_with("CONNECT"); --i) {
    text += "abcdefghijklmnopqrstuvwxyz/?=&%$*+-:_"[random() % 37];
  }
  text += random() % 2 == 0 ? " HTTP/1.1\r\nHost: a\r\n" : " HTTP/1.0\r\n";
  for (size_t i = random() % 5; i > 0; --i) {
    text += "X-" + std::to_string(random()) + ": " + std::to_string(random()) + "\r\n";
  }
  text += "Content-Length: 40\r\n\r\n";
  for (size_t i = 0; i < 40; ++i) text += static_cast<char>(random());
  return text;
}

std::string random_bytes(std::mt19937& random, size_t max) {
  std::string text(random() % max, '\0');
  // Small numbers, as the lengths and kinds of binary protocols are.
  const bool is_small = random() % 2 == 0;
  for (char& c : text) c = static_cast<char>(is_small ? random() % 6 : random());
  return text;
}

}  // namespace

TEST_SUITE("proto/l7") {
  TEST_CASE("each opening proves its protocol, from both ends") {
    for (const Opening& opening : test::openings()) {
      const std::string opening_name = opening.name;
      CAPTURE(opening_name);
      CHECK(is_named(detected(opening.client, opening.server), opening));
      CHECK(is_named(detected(opening.server, opening.client), opening));
    }
  }

  TEST_CASE("cut at any byte of either end, an opening is that protocol or not yet known") {
    for (const Opening& opening : test::openings()) {
      const std::string opening_name = opening.name;
      CAPTURE(opening_name);
      size_t proven = 0;
      for (size_t c = 0; c <= opening.client.size(); ++c) {
        for (size_t s = 0; s <= opening.server.size(); ++s) {
          const Detected found = detected(opening.client.substr(0, c), opening.server.substr(0, s));
          CAPTURE(c);
          CAPTURE(s);
          proven += is_named(found, opening);
          REQUIRE((is_named(found, opening) || found.what == Detection::kNeedMore));
        }
      }
      CHECK(proven > 0);
      if (opening.client.empty() || opening_name == "postgresql SSLRequest") continue;
      // Proven, it stays so.
      CHECK(is_named(detected(opening.client + "more", opening.server + "more"), opening));
    }
  }

  TEST_CASE("one end alone proves nothing, but for servers that greet") {
    for (const Opening& opening : test::openings()) {
      const std::string opening_name = opening.name;
      CAPTURE(opening_name);
      if (!opening.client.empty()) {
        CHECK(detected(opening.client, "").what == Detection::kNeedMore);
      }
      CHECK(is_named(detected("", opening.server), opening) == greets(opening));
    }
  }

  TEST_CASE("the client of one protocol at the server of another proves neither") {
    const auto all = test::openings();
    for (const Opening& asks : all) {
      for (const Opening& answers : all) {
        if (asks.protocol == answers.protocol) continue;
        if (asks.client.empty()) continue;  // a greeting waits for its client
        const std::string asks_name = asks.name;
        CAPTURE(asks_name);
        const std::string answers_name = answers.name;
        CAPTURE(answers_name);
        CHECK(detected(asks.client, answers.server).what != Detection::kNamed);
      }
    }
  }

  TEST_CASE("other protocols are not taken for one of these") {
    const auto all = test::openings();
    for (const Opening& other : test::others()) {
      const std::string other_name = other.name;
      CAPTURE(other_name);
      for (size_t c = 0; c <= other.client.size(); ++c) {
        for (size_t s = 0; s <= other.server.size(); ++s) {
          const Detected found = detected(other.client.substr(0, c), other.server.substr(0, s));
          REQUIRE(found.what != Detection::kNamed);
        }
      }
      for (const Opening& opening : all) {
        const std::string opening_name = opening.name;
        CAPTURE(opening_name);
        if (!greets(opening)) {
          CHECK(detected(other.client, opening.server).what != Detection::kNamed);
        }
        // What Kafka's client says is proof enough; ZooKeeper's answer begins like Kafka's.
        const bool is_alike = other_name == "zookeeper" && opening.protocol == L7Protocol::kKafka;
        if (!opening.client.empty() && !is_alike) {
          CHECK(detected(opening.client, other.server).what != Detection::kNamed);
        }
      }
    }
  }

  TEST_CASE("10,000 HTTP requests and their answers, whole and cut, are HTTP") {
    std::mt19937 random(1);
    for (int i = 0; i < 10000; ++i) {
      const std::string request = random_request(random);
      const std::string response =
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + random_bytes(random, 60);
      REQUIRE(detected(request, "").what == Detection::kHttp1);
      REQUIRE(detected(response, request).what == Detection::kHttp1);
      const Detected cut = detected(request.substr(0, random() % request.size()), "");
      REQUIRE((cut.what == Detection::kHttp1 || cut.what == Detection::kNeedMore));
    }
  }

  TEST_CASE("random bytes are nothing") {
    std::mt19937 random(2);
    const auto all = test::openings();
    for (int i = 0; i < 50000; ++i) {
      const std::string one = random_bytes(random, 80);
      const std::string two = random_bytes(random, 80);
      REQUIRE(detected(one, two).what != Detection::kNamed);
      REQUIRE(detected(one, two, proto::StreamStart::kAnywhere).what != Detection::kNamed);
      const Opening& opening = all[random() % all.size()];
      if (opening.client.empty() || one.size() < 2) continue;
      if (opening.protocol == L7Protocol::kKafka) continue;  // four zeros answer its first request
      REQUIRE(detected(one, opening.client).what != Detection::kNamed);
    }
  }

  TEST_CASE("in the middle of a connection only messages that prove themselves count") {
    for (const Opening& opening : test::openings()) {
      const std::string opening_name = opening.name;
      CAPTURE(opening_name);
      const bool proves =
          opening.protocol == L7Protocol::kRedis || opening.protocol == L7Protocol::kKafka ||
          opening.protocol == L7Protocol::kMongodb || opening.protocol == L7Protocol::kDns;
      const Detected found =
          detected(opening.client, opening.server, proto::StreamStart::kAnywhere);
      CHECK(is_named(found, opening) == proves);
      if (!proves) continue;
      // Nothing is waited for on the strength of a few bytes: a start line may come next.
      if (opening.client[0] != 0) {  // as frames of HTTP/2 begin
        CHECK(detected(opening.client.substr(0, 3), "x", proto::StreamStart::kAnywhere).what ==
              Detection::kUnknown);
      }
      CHECK(detected(opening.client, "", proto::StreamStart::kAnywhere).what ==
            Detection::kNeedMore);
    }
  }

  TEST_CASE("a client that says GET or CONNECT without HTTP is not HTTP") {
    CHECK(detected("GET key\r\n", "").what != Detection::kHttp1);
    CHECK(detected("CONNECT {\"verbose\"", "").what != Detection::kHttp1);
    CHECK(detected("CONNECT a.example:443 HTTP/1.1\r\n", "").what == Detection::kHttp1);
  }

  TEST_CASE("a long value of Redis need not be seen to its end") {
    const std::string begin = "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$100000\r\n" + std::string(900, 'x');
    CHECK(detected(begin, "+OK\r\n").protocol == L7Protocol::kRedis);
    CHECK(detected("*3\r\n$3\r\nSET\r\n$3\r\n", "+OK\r\n").what == Detection::kNeedMore);
  }

  TEST_CASE("what is longer than any proof is not waited for") {
    const std::string greeting = "INFO {" + std::string(40000, ' ');
    CHECK(detected("CONNECT {", greeting).what == Detection::kUnknown);
  }
}
