// SPDX-License-Identifier: Apache-2.0
// Bodies cut at each position, ended at each position, and damaged at each position.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "decoded.h"
#include "support/encode.h"

using namespace qtap;
using http::DecodeState;
using test::decode_bytes;
using test::decode_cut;
using test::decode_whole;
using test::Decoded;

namespace {

struct Body {
  const char* coding;
  bool has_checksum;  // damage cannot stay unseen
  std::string text;
  std::string coded;
};

std::vector<Body> bodies() {
  const std::string text = test::sample_text(700);
  const std::string two = text + text;
  return {
      {"gzip", true, text, test::gzip(text)},
      {"gzip", true, two, test::gzip(text) + test::gzip(text)},
      {"deflate", true, text, test::zlib(text)},
      {"deflate", false, text, test::raw_deflate(text)},
      {"br", false, text, test::brotli(text)},
      {"zstd", true, text, test::zstd(text)},
      {"zstd", false, text, test::zstd_known_size(text)},
      {"zstd", true, two, test::zstd(text) + test::zstd(text)},
      {"gzip, br", true, text, test::brotli(test::gzip(text))},
      {"zstd, deflate", true, text, test::raw_deflate(test::zstd(text))},
  };
}

bool is_prefix(const std::string& part, const std::string& whole) {
  return whole.compare(0, part.size(), part) == 0;
}

}  // namespace

TEST_SUITE("http/content_damage") {
  TEST_CASE("however a body is cut, the same comes out") {
    for (const Body& body : bodies()) {
      CAPTURE(body.coding);
      for (size_t cut = 0; cut <= body.coded.size(); ++cut) {
        const Decoded out = decode_cut(body.coding, body.coded, {cut});
        REQUIRE(out.state == DecodeState::kComplete);
        REQUIRE(out.text == body.text);
        REQUIRE(out.trailing_bytes == 0);
      }
      CHECK(decode_bytes(body.coding, body.coded).text == body.text);
    }
  }

  TEST_CASE("a body that ends too early is truncated, and its beginning is there") {
    for (const Body& body : bodies()) {
      CAPTURE(body.coding);
      // Where a member or frame ends, nothing is missing that could be known.
      const size_t half = body.text.size() == 700 ? 0 : body.coded.size() / 2;
      for (size_t len = 1; len < body.coded.size(); ++len) {
        CAPTURE(len);
        const Decoded out = decode_whole(body.coding, body.coded.substr(0, len));
        const bool may_be_all = half != 0 && out.text.size() == 700 && out.trailing_bytes < 4;
        REQUIRE((out.state == DecodeState::kTruncated || may_be_all));
        REQUIRE(out.undecoded_bytes == 0);
        REQUIRE(is_prefix(out.text, body.text));
        REQUIRE(decode_bytes(body.coding, body.coded.substr(0, len)).text == out.text);
      }
    }
  }

  TEST_CASE("damage at any byte ends in a state, and checksums see it") {
    for (const Body& body : bodies()) {
      CAPTURE(body.coding);
      for (size_t at = 0; at < body.coded.size(); ++at) {
        for (const int with : {0x01, 0x80, 0xff}) {
          CAPTURE(at);
          CAPTURE(with);
          std::string coded = body.coded;
          coded[at] = static_cast<char>(coded[at] ^ with);
          const Decoded whole = decode_whole(body.coding, coded);
          REQUIRE(whole.state != DecodeState::kOngoing);
          if (whole.state == DecodeState::kComplete && body.has_checksum) {
            // Unless it hit what does not matter, or made garbage of the second member.
            REQUIRE((whole.text == body.text || whole.trailing_bytes > 0));
          }
          if (whole.state == DecodeState::kCorrupt) {
            REQUIRE(whole.damage.what[0] != '\0');
            REQUIRE(whole.damage.body_offset <= coded.size());
            REQUIRE(whole.damage.body_offset + whole.undecoded_bytes == coded.size());
          }
          // What brotli had not handed out when it found the damage is lost: a beginning then.
          const Decoded bytes = decode_bytes(body.coding, coded);
          REQUIRE(bytes.state == whole.state);
          REQUIRE((bytes.text == whole.text || is_prefix(whole.text, bytes.text)));
        }
      }
    }
  }

  TEST_CASE("the position of damage is close behind it") {
    const std::string text = test::sample_text(300'000);
    std::string coded = test::gzip(text);
    const size_t at = coded.size() / 2;
    for (size_t i = 0; i < 8; ++i) coded[at + i] = '\xff';
    const Decoded out = decode_whole("gzip", coded);
    CHECK(out.state == DecodeState::kCorrupt);
    CHECK(out.damage.coding_offset == out.damage.body_offset);
    CHECK(out.damage.body_offset >= at);
    CHECK(out.text.size() > 100'000);
    const size_t same = static_cast<size_t>(
        std::mismatch(out.text.begin(), out.text.end(), text.begin(), text.end()).first -
        out.text.begin());
    CHECK(same > 100'000);
  }

  TEST_CASE("of stacked codings the one that found the damage is named") {
    std::string inner = test::gzip(test::sample_text(5000));
    inner[inner.size() - 5] ^= 1;
    const std::string coded = test::brotli(inner);
    const Decoded out = decode_whole("gzip, br", coded);
    CHECK(out.state == DecodeState::kCorrupt);
    CHECK(out.damage.coding == http::Coding::kGzip);
    CHECK(std::string(out.damage.what) == "incorrect data check");
    CHECK(out.damage.coding_offset > inner.size() - 8);
    CHECK(out.damage.body_offset <= coded.size());
    CHECK(out.text == test::sample_text(5000));
  }
}
