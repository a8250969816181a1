// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace qtap;

TEST_SUITE("http/message") {
  TEST_CASE("a header is found in any case, the first one of its name") {
    http::Message message;
    message.headers = {{"Host", "a"}, {"x-id", "1"}, {"X-Id", "2"}};
    CHECK(http::find_header(message, "X-ID") == "1");
    CHECK(http::find_header(message, "Hos") == std::nullopt);
    CHECK(http::find_header(message, "") == std::nullopt);
  }

  TEST_CASE("reasons for a truncation have the names of the specification") {
    CHECK(std::strcmp(http::truncation_name(http::Truncation::kBodyBuffer), "body_buffer") == 0);
    CHECK(std::strcmp(http::truncation_name(http::Truncation::kCaptureLoss), "capture_loss") == 0);
    CHECK(std::strcmp(http::truncation_name(http::Truncation::kMidstream), "midstream") == 0);
    CHECK(std::strcmp(http::truncation_name(http::Truncation::kAborted), "aborted") == 0);
    CHECK(std::strcmp(http::truncation_name(http::Truncation::kIdle), "idle") == 0);
    CHECK(std::strcmp(http::truncation_name(http::Truncation::kLimit), "limit") == 0);
    CHECK(std::strcmp(http::truncation_name(http::Truncation::kNone), "") == 0);
  }

  TEST_CASE("status codes have the phrases of the registry, others none") {
    CHECK(std::strcmp(http::status_reason(200), "OK") == 0);
    CHECK(std::strcmp(http::status_reason(413), "Content Too Large") == 0);
    CHECK(std::strcmp(http::status_reason(511), "Network Authentication Required") == 0);
    CHECK(std::strcmp(http::status_reason(299), "") == 0);
    CHECK(std::strcmp(http::status_reason(0), "") == 0);
  }
}
