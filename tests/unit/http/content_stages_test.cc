// SPDX-License-Identifier: Apache-2.0
// What is particular to each coding.
#include <doctest/doctest.h>

#include <cstring>

#include "decoded.h"
#include "support/encode.h"

using namespace qtap;
using http::DecodeLimit;
using http::DecodeState;
using test::decode_bytes;
using test::decode_whole;
using test::Decoded;

namespace {

constexpr std::string_view kHello = "hello hello hello\n";

// Of gzip 1.12, python's zlib, node's brotliCompressSync() and zstd 1.5.4.
constexpr std::string_view kGzipTool(
    "\x1f\x8b\x08\x08\x67\x00\x0a\x6b\x00\x03"
    "a.txt\0\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x5c\x00\x3b\x7c\x8a\xdf\x12\0\0\0",
    35);
constexpr std::string_view kZlibPython(
    "\x78\x9c\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x5c\x00\x40\xb5\x06\x87", 17);
constexpr std::string_view kBrotliNode("\x8b\x08\x80hello hello hello\n\x03", 22);
constexpr std::string_view kZstdTool(
    "\x28\xb5\x2f\xfd\x24\x12\x6d\x00\x00\x38hello \x0a\x01\x00\x31\x4a\x11\xa3\xaa\x74\xce", 26);

// Whole and byte by byte; both must say the same.
Decoded decode(std::string_view coding, const std::string& body,
               const http::DecodeLimits& limits = {}) {
  Decoded whole = decode_whole(coding, body, limits);
  const Decoded bytes = decode_bytes(coding, body, limits);
  CHECK(bytes.text == whole.text);
  CHECK(bytes.state == whole.state);
  CHECK(bytes.trailing_bytes == whole.trailing_bytes);
  return whole;
}

void check_hello(std::string_view coding, const std::string& body, uint64_t trailing = 0) {
  const Decoded out = decode(coding, body);
  CHECK(out.state == DecodeState::kComplete);
  CHECK(out.text == kHello);
  CHECK(out.trailing_bytes == trailing);
}

void check_corrupt(std::string_view coding, const std::string& body, const char* what) {
  const Decoded out = decode(coding, body);
  CHECK(out.state == DecodeState::kCorrupt);
  CHECK(std::string(out.damage.what) == what);
}

std::string gzip_with_fields(std::string_view text) {
  gz_header header = {};
  Bytef extra[] = "extra";
  Bytef name[] = "name.txt";
  Bytef comment[] = "a comment";
  header.extra = extra;
  header.extra_len = 5;
  header.name = name;
  header.comment = comment;
  header.hcrc = 1;
  return test::deflated(text, 31, &header);
}

std::string skipped_frame(std::string_view content) {
  std::string frame("\x5a\x2a\x4d\x18", 4);
  frame += static_cast<char>(content.size());
  frame += std::string(3, '\0');
  return frame + std::string(content);
}

}  // namespace

TEST_SUITE("http/content_stages") {
  TEST_CASE("what other tools coded is decoded") {
    check_hello("gzip", std::string(kGzipTool));
    check_hello("deflate", std::string(kZlibPython));
    check_hello("br", std::string(kBrotliNode));
    check_hello("zstd", std::string(kZstdTool));
  }

  TEST_CASE("gzip: members follow each other, with all header fields") {
    check_hello("gzip", gzip_with_fields(kHello));
    check_hello("gzip", test::gzip("hello ") + gzip_with_fields("hello hello") + test::gzip("") +
                            test::gzip("\n"));
    std::string wrong = gzip_with_fields(kHello);
    wrong[9] ^= 1;  // OS: only the header's CRC tells
    check_corrupt("gzip", wrong, "header crc mismatch");
  }

  TEST_CASE("gzip: what follows the last member is told") {
    check_hello("gzip", test::gzip(kHello) + std::string(7, '\0'), 7);
    check_hello("gzip", test::gzip(kHello) + "\x1f", 1);
    check_hello("gzip", test::gzip(kHello) + "\x1fxyz", 4);
    const Decoded out = decode("gzip", test::gzip(kHello) + "\x1f\x8b");
    CHECK(out.text == kHello);
    CHECK(out.state == DecodeState::kTruncated);
    check_corrupt("gzip", test::gzip(kHello) + std::string("\x1f\x8b\x07\x00", 4),
                  "unknown compression method");
  }

  TEST_CASE("gzip: checksum and length are checked") {
    std::string body = test::gzip(kHello);
    body[body.size() - 5] ^= 1;
    check_corrupt("gzip", body, "incorrect data check");
    body[body.size() - 5] ^= 1;
    body[body.size() - 1] ^= 1;
    check_corrupt("gzip", body, "incorrect length check");
    CHECK(decode_whole("gzip", body).text == kHello);
    CHECK(decode_whole("gzip", body).damage.body_offset == body.size());
    check_corrupt("gzip", "plain text", "incorrect header check");
  }

  TEST_CASE("deflate: with zlib's header and without") {
    check_hello("deflate", test::zlib(kHello));
    check_hello("deflate", test::raw_deflate(kHello));
    check_hello("deflate", test::zlib(kHello) + "xyz", 3);
    check_hello("deflate", test::raw_deflate(kHello) + "xyz", 3);
    CHECK(decode("deflate", test::raw_deflate("")).state == DecodeState::kComplete);
    CHECK(decode("deflate", std::string("\x03\x00", 2)).state == DecodeState::kComplete);
    CHECK(decode("deflate", "\x78").state == DecodeState::kTruncated);
    // The first letter is in the second byte already.
    CHECK(decode("deflate", test::raw_deflate("x")).text == "x");
  }

  TEST_CASE("deflate: the checksum is checked, a dictionary is not there") {
    std::string body = test::zlib(kHello);
    body.back() ^= 1;
    check_corrupt("deflate", body, "incorrect data check");
    check_corrupt("deflate", std::string("\x78\xbb\x01\x02\x03\x04xxxx"),
                  "needs a preset dictionary");
    check_corrupt("deflate", "\x07 is no deflate data", "invalid block type");
  }

  TEST_CASE("br: what follows the end is told, a larger window than allowed is refused") {
    check_hello("br", test::brotli(kHello) + "xyz", 3);
    const std::string text = test::sample_text(100'000);
    for (const int bits : {10, 16, 17, 18, 22, 24}) {
      const std::string body = test::brotli(text, bits);
      http::DecodeLimits limits;
      limits.max_brotli_window_bytes = size_t{1} << bits;
      CHECK(decode_whole("br", body, limits).text == text);
      limits.max_brotli_window_bytes -= 1;
      const Decoded refused = decode_whole("br", body, limits);
      CHECK(refused.state == DecodeState::kLimit);
      CHECK(refused.limit == DecodeLimit::kWindow);
      CHECK(refused.text.empty());
    }
    CHECK(decode("br", "\x11").state == DecodeState::kCorrupt);  // a "large window"
  }

  TEST_CASE("zstd: frames follow each other, some are skipped") {
    check_hello("zstd", test::zstd("hello ") + skipped_frame("abc") +
                            test::zstd_known_size("hello hello\n"));
    check_hello("zstd", skipped_frame("") + test::zstd_known_size(kHello) + skipped_frame("x"));
    CHECK(decode("zstd", skipped_frame("abc")).state == DecodeState::kComplete);
    CHECK(decode("zstd", skipped_frame("abc").substr(0, 9)).state == DecodeState::kTruncated);
    CHECK(decode("zstd", test::zstd("")).state == DecodeState::kComplete);
  }

  TEST_CASE("zstd: what follows the last frame is told") {
    check_hello("zstd", test::zstd(kHello) + "xyz", 3);
    check_hello("zstd", test::zstd(kHello) + "\x28\xb5x", 3);
    check_hello("zstd", test::zstd(kHello) + "\x28\xb5", 2);
    check_corrupt("zstd", "\x28\xb5xx", "no zstd frame begins here");
    check_corrupt("zstd", std::string("\x25\xb5\x2f\xfd", 4), "no zstd frame begins here");  // v0.5
    CHECK(decode("zstd", "\x28\xb5").state == DecodeState::kTruncated);
    CHECK(decode("zstd", "\x28\xb5").trailing_bytes == 0);
  }

  TEST_CASE("zstd: a block is out whole before damage behind it is found") {
    // One block of 128 KiB, twice kDecodeBlock, and one of a type that does not exist.
    std::string body = test::zstd_known_size(std::string(256u << 10, 'x'));
    const Decoded good = decode("zstd", body);
    CHECK(good.state == DecodeState::kComplete);
    CHECK(good.text == std::string(256u << 10, 'x'));
    const size_t second = body.size() - 4;  // an RLE block: three bytes of header, and the byte
    REQUIRE((body[second] & 6) == 2);
    body[second] |= 6;
    const Decoded out = decode("zstd", body);
    CHECK(out.state == DecodeState::kCorrupt);
    CHECK(out.text == std::string(128u << 10, 'x'));
  }

  TEST_CASE("zstd: the checksum is checked, windows beyond RFC 9659 are refused") {
    std::string body = test::zstd(kHello);
    body.back() ^= 1;
    const Decoded wrong = decode("zstd", body);
    CHECK(wrong.state == DecodeState::kCorrupt);
    CHECK(wrong.text == kHello);
    const std::string text = test::sample_text(100'000);
    CHECK(decode_whole("zstd", test::zstd(text, 23)).text == text);
    const Decoded refused = decode_whole("zstd", test::zstd(text, 24));
    CHECK(refused.state == DecodeState::kLimit);
    CHECK(refused.limit == DecodeLimit::kWindow);
    CHECK(refused.text.empty());
  }
}
