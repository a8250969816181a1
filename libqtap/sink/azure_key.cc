// SPDX-License-Identifier: Apache-2.0
#include "sink/azure_key.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/base64.h"
#include "base/text.h"
#include "s3/hmac.h"

namespace qtap::sink {
namespace {

std::string_view value_of(std::span<const s3::HeaderView> headers, std::string_view name) {
  for (const s3::HeaderView& header : headers) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

void append_ms_headers(std::string& out, std::span<const s3::HeaderView> headers) {
  std::vector<std::pair<std::string, std::string_view>> found;
  for (const s3::HeaderView& header : headers) {
    std::string name = lower(header.name);
    if (name.starts_with("x-ms-")) found.emplace_back(std::move(name), header.value);
  }
  std::sort(found.begin(), found.end());
  for (const auto& [name, value] : found) out.append(name).append(":").append(value).append("\n");
}

}  // namespace

std::string azure_string_to_sign(const AzureRequest& request, std::string_view account) {
  std::string out(request.method);
  out += '\n';
  const std::string length =
      request.content_length == 0 ? "" : std::to_string(request.content_length);
  for (const char* name :
       {"Content-Encoding", "Content-Language", "Content-Length", "Content-MD5", "Content-Type",
        "Date", "If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range"}) {
    out += std::string_view(name) == "Content-Length" ? length : value_of(request.headers, name);
    out += '\n';
  }
  append_ms_headers(out, request.headers);
  out.append("/").append(account).append(request.path);
  std::vector<std::pair<std::string_view, std::string_view>> query(request.query.begin(),
                                                                   request.query.end());
  std::sort(query.begin(), query.end());
  for (const auto& [name, value] : query) {
    out.append("\n").append(name).append(":").append(value);
  }
  return out;
}

Result<s3::Secret> read_azure_key(std::string_view base64) {
  std::string text(base64.substr(0, base64.find_last_not_of('=') + 1));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  std::optional<std::string> bytes = base64url_bytes(text);
  s3::cleanse(text.data(), text.size());
  if (!bytes || bytes->empty()) {
    return Error{"QT193", QTAP_ERR_INVALID, "shared_key: expected the account's key in base64"};
  }
  std::string& plain = *bytes;
  s3::Secret key(plain);
  s3::cleanse(plain.data(), plain.size());
  return key;
}

std::string azure_authorization(const AzureRequest& request, std::string_view account,
                                const s3::Secret& key) {
  const s3::Digest mac = s3::Hmac(key.reveal()).digest(azure_string_to_sign(request, account));
  char text[base64_size(std::tuple_size_v<s3::Digest>) + 1];
  const char* const end = put_base64(text, {reinterpret_cast<const char*>(mac.data()), mac.size()});
  return "SharedKey " + std::string(account) + ":" +
         std::string(text, static_cast<size_t>(end - text));
}

std::string http_date(int64_t unix_s) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t time = unix_s;
  tm utc = {};
  ::gmtime_r(&time, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday],
                utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                utc.tm_sec);
  return text;
}

}  // namespace qtap::sink
