// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "s3/credential_json.h"
#include "s3/metadata.h"

namespace qtap::s3 {
namespace {

// botocore's IMDSFetcher: a machine that is no instance must not wait long.
constexpr int64_t kTimeoutNs = 1'000'000'000;
constexpr std::string_view kRoles = "/latest/meta-data/iam/security-credentials/";

bool is_on(const Surroundings& in, const char* name) {
  return lower(in.variable(name).value_or("")) == "true";
}

std::string base_of(const Surroundings& in) {
  if (auto endpoint = in.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")) {
    while (endpoint->ends_with('/')) endpoint->pop_back();
    return *endpoint;
  }
  const bool is_ipv6 =
      lower(in.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").value_or("")) == "ipv6";
  return is_ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

enum class Version { kTwo, kOne, kNone };

// The token of version 2, or that version 1 is to be asked, or that nobody answers.
Result<Version> fetch_token(const Surroundings& in, const std::string& base, std::string& ret) {
  const auto response =
      in.fetch({"PUT",
                base + "/latest/api/token",
                {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}, {"content-length", "0"}},
                "",
                kTimeoutNs,
                false});
  // A hop limit of 1 makes the answer to a container's PUT time out: version 1 may still work.
  const bool is_old =
      response ? response->status == 403 || response->status == 404 || response->status == 405
               : response.error().status == QTAP_ERR_TIMEOUT;
  if (is_old) return is_on(in, "AWS_EC2_METADATA_V1_DISABLED") ? Version::kNone : Version::kOne;
  if (!response) return Version::kNone;
  if (response->status == 400) {
    return Error(QTAP_ERR_INVALID, base + "/latest/api/token: status 400");
  }
  if (response->status != 200 || response->body.empty()) return Version::kNone;
  ret = response->body;
  return Version::kTwo;
}

// Nothing for any answer but 200 with a body.
std::optional<std::string> get(const Surroundings& in, const std::string& url,
                               const std::string& token) {
  FetchRequest request{"GET", url, {}, "", kTimeoutNs, false};
  if (!token.empty()) request.headers.push_back({"x-aws-ec2-metadata-token", token});
  auto response = in.fetch(request);
  if (!response || response->status != 200 || response->body.empty()) return std::nullopt;
  return std::move(response->body);
}

}  // namespace

Result<std::optional<Credentials>> instance_credentials(const Surroundings& in) {
  const std::optional<Credentials> none;
  if (is_on(in, "AWS_EC2_METADATA_DISABLED")) return none;
  const std::string base = base_of(in);
  std::string token;
  QTAP_TRY(const Version version, fetch_token(in, base, token));
  if (version == Version::kNone) return none;
  const auto roles = get(in, base + std::string(kRoles), token);
  if (!roles) return none;
  const std::string role = roles->substr(0, roles->find_first_of("\r\n"));
  // It becomes part of a URL: what is no name of a role is no answer of EC2.
  if (role.empty() || role.find_first_of(" /?#%") != std::string::npos) return none;
  auto body = get(in, base + std::string(kRoles) + role, token);
  if (!body) return none;
  auto credentials = credentials_of_json(*body, JsonDialect::kInstance);
  cleanse(body->data(), body->size());
  cleanse(token.data(), token.size());
  if (!credentials) return none;
  credentials->source = "instance metadata, role " + role;
  credentials->is_stable = true;
  return std::optional<Credentials>(*std::move(credentials));
}

}  // namespace qtap::s3
