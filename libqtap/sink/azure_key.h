// SPDX-License-Identifier: Apache-2.0
// In: a request to Azure's Blob service. Out: what Shared Key signs, and the signature ("Authorize
// with Shared Key" of the REST reference, versions from 2015-02-21 on). Pure: texts in, texts out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "s3/request.h"
#include "s3/secret.h"

namespace qtap::sink {

struct AzureRequest {
  std::string_view method;
  std::string_view path;  // as it is sent, "/container/a%20key"
  // Of the query, unescaped, by names in lower case.
  std::span<const std::pair<std::string_view, std::string_view>> query;
  std::span<const s3::HeaderView> headers;  // without Content-Length
  uint64_t content_length = 0;
};

std::string azure_string_to_sign(const AzureRequest& request, std::string_view account);

// The account's key, from base64 as the portal shows it. QTAP_ERR_INVALID: it is none.
Result<s3::Secret> read_azure_key(std::string_view base64);

// "SharedKey account:signature": the value of Authorization.
std::string azure_authorization(const AzureRequest& request, std::string_view account,
                                const s3::Secret& key);

// "Sun, 01 Mar 2026 10:00:00 GMT" (RFC 9110, 5.6.7), for x-ms-date.
std::string http_date(int64_t unix_s);

}  // namespace qtap::sink
