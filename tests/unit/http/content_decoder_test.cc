// SPDX-License-Identifier: Apache-2.0
#include "http/content_decoder.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include <cstring>

#include "decoded.h"
#include "support/encode.h"

using namespace qtap;
using http::ContentDecoder;
using http::DecodeState;
using test::decode_bytes;
using test::decode_whole;

TEST_SUITE("http/content_decoder") {
  TEST_CASE("stacked codings are undone from the last to the first") {
    const std::string text = test::sample_text(5000);
    CHECK(decode_whole("gzip, br", test::brotli(test::gzip(text))).text == text);
    CHECK(decode_whole("zstd, deflate", test::zlib(test::zstd(text))).text == text);
    CHECK(decode_whole("gzip, br", test::gzip(test::brotli(text))).state == DecodeState::kCorrupt);
    const std::string five =
        test::gzip(test::zstd(test::brotli(test::raw_deflate(test::gzip(text)))));
    for (const auto& out : {decode_whole("gzip, deflate, br, zstd, x-gzip", five),
                            decode_bytes("gzip, deflate, br, zstd, x-gzip", five)}) {
      CHECK(out.state == DecodeState::kComplete);
      CHECK(out.text == text);
    }
  }

  TEST_CASE("what cannot be decoded is said before the first byte") {
    const auto unknown = ContentDecoder::create("gzip, compress");
    REQUIRE_FALSE(unknown.ok());
    CHECK(unknown.error().status == QTAP_ERR_UNSUPPORTED);
    CHECK(unknown.error().text.find("\"compress\"") != std::string::npos);
    const auto many = ContentDecoder::create("br,br,br,br,br,br");
    REQUIRE_FALSE(many.ok());
    CHECK(many.error().status == QTAP_ERR_LIMIT);
    CHECK_FALSE(ContentDecoder::create(std::vector<http::Coding>(6)).ok());
  }

  TEST_CASE("without a coding the bytes pass as they are, also around a gap") {
    ContentDecoder decoder = test::decoder_for("identity");
    std::string text;
    decoder.decode_to("abc", text, 100);
    CHECK(decoder.gap() == DecodeState::kOngoing);
    CHECK_FALSE(decoder.may_end());
    decoder.decode_to("def", text, 100);
    CHECK(text == "abcdef");
    CHECK(decoder.finish() == DecodeState::kGap);
    CHECK(decode_whole("", "abc").state == DecodeState::kComplete);
  }

  TEST_CASE("a body without any byte is complete, whatever its coding") {
    for (const char* coding : {"", "gzip", "deflate", "br", "zstd", "gzip, br"}) {
      CHECK(decode_whole(coding, "").state == DecodeState::kComplete);
    }
    CHECK(decode_whole("gzip, gzip", test::gzip("")).state == DecodeState::kTruncated);
  }

  TEST_CASE("text comes out as soon as its sender flushed it") {
    z_stream stream = {};
    REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    ContentDecoder decoder = test::decoder_for("gzip");
    std::string text;
    for (int i = 0; i < 3; ++i) {
      std::string event = "data: " + std::to_string(i) + "\n\n";
      char coded[256];
      stream.next_in = reinterpret_cast<Bytef*>(event.data());
      stream.avail_in = static_cast<uInt>(event.size());
      stream.next_out = reinterpret_cast<Bytef*>(coded);
      stream.avail_out = sizeof coded;
      REQUIRE(deflate(&stream, Z_SYNC_FLUSH) == Z_OK);
      text.clear();
      decoder.decode_to({coded, sizeof coded - stream.avail_out}, text, 100);
      CHECK(text == event);
    }
    deflateEnd(&stream);
    CHECK(decoder.finish() == DecodeState::kTruncated);
  }

  TEST_CASE("after a gap nothing is decoded, and the rest is counted") {
    const std::string body = test::gzip(test::sample_text(5000));
    ContentDecoder decoder = test::decoder_for("gzip");
    std::string text;
    decoder.decode_to(std::string_view(body).substr(0, body.size() / 2), text, 10000);
    CHECK(decoder.gap() == DecodeState::kGap);
    const size_t before = text.size();
    CHECK(before > 0);
    CHECK(text == test::sample_text(5000).substr(0, before));
    CHECK(decoder.decode_to("more", text, 10000) == DecodeState::kGap);
    CHECK(decoder.finish() == DecodeState::kGap);
    CHECK(text.size() == before);
    CHECK(decoder.undecoded_bytes() == 4);
  }

  TEST_CASE("a gap behind the end of the coded data does not matter") {
    ContentDecoder decoder = test::decoder_for("br");
    std::string text;
    decoder.decode_to(test::brotli("hello") + "xx", text, 100);
    CHECK(decoder.gap() == DecodeState::kOngoing);
    CHECK(decoder.finish() == DecodeState::kComplete);
    CHECK(text == "hello");
    CHECK(decoder.trailing_bytes() == 2);
  }

  TEST_CASE("text beyond the room of its keeper is only counted") {
    const std::string body = test::zstd(test::sample_text(200'000));
    ContentDecoder decoder = test::decoder_for("zstd");
    std::string text = "12345";
    decoder.decode_to(body, text, 1000);
    CHECK(text == "12345" + test::sample_text(995));
    CHECK(decoder.output_bytes() == 200'000);
    CHECK(decoder.left_out_bytes() == 199'005);
    CHECK(decoder.finish() == DecodeState::kComplete);
    CHECK(decoder.decode_to("late", text, 1000) == DecodeState::kComplete);
    CHECK(decoder.undecoded_bytes() == 4);
  }

  TEST_CASE("memory stays flat while a long body passes") {
    const std::string text = test::sample_text(8u << 20);
    for (const auto& [coding, body] :
         {std::pair{"gzip", test::gzip(text)}, std::pair{"deflate", test::raw_deflate(text)},
          std::pair{"zstd", test::zstd(text, 17)}}) {
      ContentDecoder decoder = test::decoder_for(coding);
      uint64_t seen = 0;
      const auto take = [&](std::string_view bytes) { seen += bytes.size(); };
      std::string_view rest = body;
      decoder.decode(rest.substr(0, 100'000), take);
      rest.remove_prefix(100'000);
      const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
      while (!rest.empty()) {
        decoder.decode(rest.substr(0, 1000), take);
        rest.remove_prefix(std::min<size_t>(rest.size(), 1000));
      }
      CHECK(mallinfo2().uordblks + mallinfo2().hblkhd == before);
      CHECK(seen == text.size());
    }
  }

  TEST_CASE("states and limits have names") {
    CHECK(std::strcmp(decode_state_name(DecodeState::kOngoing), "ongoing") == 0);
    CHECK(std::strcmp(decode_state_name(DecodeState::kGap), "gap") == 0);
    CHECK(std::strcmp(decode_limit_name(http::DecodeLimit::kNone), "") == 0);
    CHECK(std::strcmp(decode_limit_name(http::DecodeLimit::kMemory), "memory") == 0);
  }
}
