// SPDX-License-Identifier: Apache-2.0
// Points in time as AWS writes them; seconds since 1970 UTC inside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qtap::s3 {

// The years that have four digits.
inline constexpr int64_t kFirstSecond = -62'167'219'200;  // 0000-01-01T00:00:00Z
inline constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z

// "20150830T123600Z" (ISO 8601 basic); its first eight bytes are the day.
std::string amz_date(int64_t unix_s);

// "2015-08-30T12:36:00Z", with a fraction, which is dropped, and an offset if there is one; and the
// basic form. Nothing for any other text.
std::optional<int64_t> parse_time(std::string_view text);

}  // namespace qtap::s3
