// SPDX-License-Identifier: Apache-2.0
#include "session/upload_log.h"

#include <doctest/doctest.h>

using qtap::session::UploadLog;

TEST_SUITE("session/upload_log") {
  TEST_CASE("ten lines in a second, then how many more there were") {
    constexpr int64_t kSecond = 1'000'000'000;
    UploadLog log("s");
    for (int i = 0; i < 10; ++i) {
      const auto lines = log.uploaded("s3://b/d", i);
      REQUIRE(lines.size() == 1);
      CHECK(lines[0] == "Uploaded payload to s3://b/d");
    }
    for (int64_t i = 0; i < 37; ++i) CHECK(log.uploaded("s3://b/d", kSecond - 1).empty());
    const auto next = log.uploaded("s3://b/e", kSecond);
    REQUIRE(next.size() == 2);
    CHECK(next[0] == "store s: uploaded 37 more payloads");
    CHECK(next[1] == "Uploaded payload to s3://b/e");
    CHECK(log.rest().empty());
  }

  TEST_CASE("those that wait for a line are told at the end") {
    UploadLog log("s");
    for (int i = 0; i < 12; ++i) log.uploaded("x", 0);
    CHECK(log.rest() == "store s: uploaded 2 more payloads");
    CHECK(log.rest().empty());
  }
}
