// SPDX-License-Identifier: Apache-2.0
#include "s3/timestamp.h"

#include <doctest/doctest.h>

namespace qtap::s3 {

TEST_SUITE("s3/timestamp") {
  TEST_CASE("seconds become the basic form of ISO 8601") {
    CHECK(amz_date(0) == "19700101T000000Z");
    CHECK(amz_date(1'440'938'160) == "20150830T123600Z");
    CHECK(amz_date(951'782'399) == "20000228T235959Z");
    CHECK(amz_date(kFirstSecond) == "00000101T000000Z");
    CHECK(amz_date(kLastSecond) == "99991231T235959Z");
  }

  TEST_CASE("the forms that AWS writes are read") {
    CHECK(parse_time("2015-08-30T12:36:00Z") == 1'440'938'160);
    CHECK(parse_time("20150830T123600Z") == 1'440'938'160);
    CHECK(parse_time("2015-08-30T12:36:00.987654321Z") == 1'440'938'160);
    CHECK(parse_time("2015-08-30T14:36:00+02:00") == 1'440'938'160);
    CHECK(parse_time("2015-08-30T07:06:00-0530") == 1'440'938'160);
    CHECK(parse_time("2000-02-29T00:00:00Z").has_value());
  }

  TEST_CASE("what is no time is none") {
    for (const char* text :
         {"", "2015", "2015-08-30", "2015-08-30T12:36:00", "2015-13-30T12:36:00Z",
          "2015-02-29T12:36:00Z", "2015-08-30T24:36:00Z", "2015-08-30T12:60:00Z",
          "2015-08-30T12:36:00Zx", "2015-08-30T12:36:00.Z", "2015-08-30T12:36:00+25:00",
          "+015-08-30T12:36:00Z", "2015-0830T12:36:00Z"}) {
      CAPTURE(text);
      CHECK_FALSE(parse_time(text).has_value());
    }
  }
}

}  // namespace qtap::s3
