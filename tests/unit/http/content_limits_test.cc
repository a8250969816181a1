// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "decoded.h"
#include "support/encode.h"

using namespace qtap;
using http::DecodeLimit;
using http::DecodeState;
using test::decode_bytes;
using test::decode_whole;
using test::Decoded;

namespace {

const std::string& zeros() {
  static const std::string text(10u << 20, '\0');
  return text;
}

http::DecodeLimits with_output(uint64_t bytes) {
  http::DecodeLimits limits;
  limits.max_output_bytes = bytes;
  limits.max_ratio = 1u << 30;
  return limits;
}

}  // namespace

TEST_SUITE("http/content_limits") {
  TEST_CASE("a bomb ends at its ratio") {
    for (const auto& [coding, body] :
         {std::pair{"gzip", test::gzip(zeros())}, std::pair{"deflate", test::raw_deflate(zeros())},
          std::pair{"br", test::brotli(zeros())}, std::pair{"zstd", test::zstd(zeros())},
          std::pair{"gzip, gzip", test::gzip(test::gzip(zeros()))}}) {
      const std::string of = coding;  // clang 14 captures no structured bindings
      CAPTURE(of);
      for (const Decoded& out : {decode_whole(coding, body), decode_bytes(coding, body)}) {
        CHECK(out.state == DecodeState::kLimit);
        CHECK(out.limit == DecodeLimit::kRatio);
        // The floor, and one block to see that it was passed.
        CHECK(out.text.size() == (1u << 20) + http::kDecodeBlock);
        CHECK(out.text.find_first_not_of('\0') == std::string::npos);
      }
    }
  }

  TEST_CASE("a bomb below its ratio ends at the length of its output, to the byte") {
    const auto limits = with_output(3'000'000);
    for (const auto& [coding, body] :
         {std::pair{"gzip", test::gzip(zeros())}, std::pair{"br", test::brotli(zeros())},
          std::pair{"zstd", test::zstd(zeros())}, std::pair{"", zeros()},
          std::pair{"gzip, gzip", test::gzip(test::gzip(zeros()))}}) {
      const std::string of = coding;  // clang 14 captures no structured bindings
      CAPTURE(of);
      const Decoded out = decode_whole(coding, body, limits);
      CHECK(out.state == DecodeState::kLimit);
      CHECK(out.limit == DecodeLimit::kOutput);
      CHECK(out.text.size() == 3'000'000);
    }
  }

  TEST_CASE("a body of exactly the allowed length is complete") {
    const std::string text = test::sample_text(100'000);
    for (const auto& [coding, body] :
         {std::pair{"gzip", test::gzip(text)}, std::pair{"deflate", test::zlib(text)},
          std::pair{"br", test::brotli(text)}, std::pair{"zstd", test::zstd(text)},
          std::pair{"", text}}) {
      const std::string of = coding;  // clang 14 captures no structured bindings
      CAPTURE(of);
      CHECK(decode_whole(coding, body, with_output(text.size())).state == DecodeState::kComplete);
      for (const auto& out : {decode_whole(coding, body, with_output(text.size() - 1)),
                              decode_bytes(coding, body, with_output(text.size() - 1))}) {
        CHECK(out.state == DecodeState::kLimit);
        CHECK(out.text == text.substr(0, text.size() - 1));
      }
    }
    CHECK(decode_whole("gzip", test::gzip(""), with_output(0)).state == DecodeState::kComplete);
  }

  TEST_CASE("a body below the floor is no bomb, nor is a long one of common text") {
    const std::string blanks(1u << 20, ' ');
    CHECK(decode_whole("gzip", test::gzip(blanks)).state == DecodeState::kComplete);
    const std::string text = test::sample_text(4u << 20);
    CHECK(decode_whole("br", test::brotli(text)).state == DecodeState::kComplete);
  }

  TEST_CASE("what codings give each other is limited, too") {
    // zeros() is data to skip for zstd: no output ever, but work.
    std::string skipped("\x50\x2a\x4d\x18\xff\xff\xff\x7f", 8);
    skipped += zeros();
    const Decoded out = decode_whole("zstd, gzip", test::gzip(skipped));
    CHECK(out.state == DecodeState::kLimit);
    CHECK(out.limit == DecodeLimit::kRatio);
    CHECK(out.damage.coding == http::Coding::kGzip);
    CHECK(out.text.empty());
    const Decoded longer = decode_whole("zstd, gzip", test::gzip(skipped), with_output(5'000'000));
    CHECK(longer.limit == DecodeLimit::kOutput);
    CHECK(longer.damage.coding == http::Coding::kGzip);
  }

  TEST_CASE("the input behind a limit is counted") {
    const std::string body = test::gzip(test::sample_text(500'000));
    const Decoded out = decode_whole("gzip", body, with_output(1000));
    CHECK(out.undecoded_bytes > 0);
    CHECK(out.undecoded_bytes + out.damage.body_offset == body.size());
  }
}
