// SPDX-License-Identifier: Apache-2.0
#include "sink/azure_key.h"

#include <doctest/doctest.h>

using namespace qtap;
using sink::AzureRequest;

namespace {

// Of Azurite, and of every storage emulator before it: known to everybody.
constexpr const char* kKey =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

}  // namespace

TEST_SUITE("sink/azure_key") {
  // The example of "Authorize with Shared Key" in the REST reference.
  TEST_CASE("headers of the service and the query are sorted into what is signed") {
    const std::pair<std::string_view, std::string_view> query[] = {
        {"timeout", "20"}, {"restype", "container"}, {"comp", "metadata"}};
    const s3::HeaderView headers[] = {{"x-ms-version", "2015-02-21"},
                                      {"X-Ms-Date", "Fri, 26 Jun 2015 23:39:12 GMT"}};
    const AzureRequest request = {"GET", "/mycontainer", query, headers};
    CHECK(sink::azure_string_to_sign(request, "myaccount") ==
          "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\n"
          "x-ms-version:2015-02-21\n/myaccount/mycontainer\ncomp:metadata\nrestype:container\n"
          "timeout:20");
  }

  TEST_CASE("what the standard's headers say has a line each, in their order") {
    const s3::HeaderView headers[] = {
        {"If-None-Match", "*"}, {"content-type", "text/plain"}, {"Content-MD5", "m"}};
    const AzureRequest request = {"PUT", "/a/c/k%20y", {}, headers, 11};
    CHECK(sink::azure_string_to_sign(request, "a") ==
          "PUT\n\n\n11\nm\ntext/plain\n\n\n\n*\n\n\n/a/a/c/k%20y");
  }

  // openssl dgst -sha256 -mac HMAC -macopt hexkey:... -binary | base64
  TEST_CASE("the signature is an HMAC with the account's key") {
    const auto key = sink::read_azure_key(kKey);
    REQUIRE(key.ok());
    CHECK(key->reveal().size() == 64);
    CHECK(sink::azure_authorization({"PUT", "/c/k", {}, {}}, "a", *key) ==
          "SharedKey a:Uk89zxQT/wWA4BA+PfWRHvPVAEiHHvowpiVZWxDPSsE=");
    CHECK_FALSE(sink::read_azure_key("no base64!").ok());
    CHECK_FALSE(sink::read_azure_key("").ok());
    CHECK(sink::read_azure_key("x!").error().text.find("x!") == std::string::npos);
  }

  TEST_CASE("dates are those of HTTP") {
    CHECK(sink::http_date(1'772'359'200) == "Sun, 01 Mar 2026 10:00:00 GMT");
    CHECK(sink::http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  }
}
