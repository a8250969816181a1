// SPDX-License-Identifier: Apache-2.0
#include "source/recording.h"

#include <cstddef>

#include "helpers.h"
#include "source/record_layout.h"

using namespace qtap;
using namespace qtap::source;
using namespace qtap::source::test;

namespace {

const Origin kOrigin = {.boot_to_unix_ns = -5, .id_seed = 7, .hostname = "host", .instance = "run"};

Error error_of(std::span<const uint8_t> bytes) {
  const Result<DecodedHead> head = decode_head(bytes);
  REQUIRE_FALSE(head.ok());
  return head.error();
}

}  // namespace

TEST_SUITE("source/recording") {
  TEST_CASE("the head gives the origin back and says where the frames begin") {
    std::vector<uint8_t> bytes = encode_head(kOrigin);
    const size_t size = bytes.size();
    bytes.resize(size + 100);
    const Result<DecodedHead> head = decode_head(bytes);
    REQUIRE_MESSAGE(head.ok(), head.error().text);
    CHECK(head->size == size);
    CHECK(head->origin.boot_to_unix_ns == -5);
    CHECK(head->origin.id_seed == 7);
    CHECK(head->origin.hostname == "host");
    CHECK(head->origin.instance == "run");
  }

  TEST_CASE("long names are cut, so that a head has a largest size") {
    const Origin origin = {.boot_to_unix_ns = 0,
                           .id_seed = 0,
                           .hostname = std::string(300, 'h'),
                           .instance = std::string(300, 'i')};
    const std::vector<uint8_t> bytes = encode_head(origin);
    CHECK(bytes.size() == kMaxHeadBytes);
    const Result<DecodedHead> head = decode_head(bytes);
    REQUIRE(head.ok());
    CHECK(head->origin.hostname == std::string(255, 'h'));
  }

  TEST_CASE("an empty file, another file and half a head are told apart") {
    const std::vector<uint8_t> bytes = encode_head(kOrigin);
    CHECK(error_of({}).text == "the file is empty, not a recording at byte 0");
    CHECK(error_of(bytes_of("#!/bin/sh\n")).text == "not a recording, no QTAPREC mark at byte 0");
    CHECK(error_of(bytes_of("X")).text == "not a recording, no QTAPREC mark at byte 0");
    for (size_t len = 1; len < bytes.size(); ++len) {
      const Error error = error_of(std::span(bytes).first(len));
      CHECK(error.status == QTAP_ERR_CORRUPT);
      CHECK(error.text == "the file ends inside its head at byte " + std::to_string(len));
    }
  }

  TEST_CASE("another version or byte order is not supported, and said so") {
    std::vector<uint8_t> bytes = encode_head(kOrigin);
    SUBCASE("format") {
      bytes[offsetof(RecordingHead, format_version)] ^= 2;
      CHECK(contains(error_of(bytes).text, "format 3 with records of version 5"));
      CHECK(error_of(bytes).status == QTAP_ERR_UNSUPPORTED);
    }
    SUBCASE("records") {
      bytes[offsetof(RecordingHead, record_version)] ^= 2;
      CHECK(contains(error_of(bytes).text, "format 1 with records of version 7"));
      CHECK(error_of(bytes).status == QTAP_ERR_UNSUPPORTED);
    }
    SUBCASE("byte order") {
      std::swap(bytes[8], bytes[11]);
      std::swap(bytes[9], bytes[10]);
      CHECK(contains(error_of(bytes).text, "the other byte order"));
      CHECK(error_of(bytes).status == QTAP_ERR_UNSUPPORTED);
    }
    SUBCASE("no byte order at all") {
      bytes[8] ^= 1;
      CHECK(error_of(bytes).text == "no byte-order mark at byte 8");
      CHECK(error_of(bytes).status == QTAP_ERR_CORRUPT);
    }
  }

  TEST_CASE("no byte of the head can change unnoticed") {
    const std::vector<uint8_t> bytes = encode_head(kOrigin);
    for (size_t i = 0; i < bytes.size(); ++i) {
      for (unsigned change = 1; change < 256; ++change) {
        std::vector<uint8_t> damaged = bytes;
        damaged[i] = static_cast<uint8_t>(damaged[i] ^ change);
        CHECK_FALSE(decode_head(damaged).ok());
      }
    }
  }

  TEST_CASE("a clock offset that overflows with a time is an error") {
    Origin origin = kOrigin;
    origin.boot_to_unix_ns = static_cast<int64_t>(kMaxTimeNs) + 1;
    CHECK(error_of(encode_head(origin)).text == "time out of range at byte 24");
    origin.boot_to_unix_ns = INT64_MIN;
    CHECK(error_of(encode_head(origin)).text == "time out of range at byte 24");
  }

  TEST_CASE("the checksum is the CRC-32 that everybody computes") {
    CHECK(recording_crc(bytes_of("123456789")) == 0xcbf43926);  // the check value of ISO 3309's CRC
  }
}
