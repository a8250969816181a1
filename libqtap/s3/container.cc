// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "s3/credential_json.h"
#include "s3/metadata.h"

namespace qtap::s3 {
namespace {

// botocore's ContainerMetadataFetcher.
constexpr int64_t kTimeoutNs = 2'000'000'000;
constexpr int64_t kPauseNs = 1'000'000'000;
constexpr int kTries = 3;
constexpr std::string_view kEcsHost = "http://169.254.170.2";

std::string_view host_of(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.starts_with('[')) return url.substr(1, std::min(url.find(']'), url.size()) - 1);
  return url.substr(0, url.rfind(':'));
}

bool is_loopback(std::string_view host) {
  if (host == "::1") return true;
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Without TLS the token may only go to this machine, and to the agents of ECS and EKS.
bool may_be_plain(std::string_view host) {
  return host == "localhost" || is_loopback(host) || host == "169.254.170.2" ||
         host == "169.254.170.23" || host == "fd00:ec2::23";
}

Status check_url(const std::string& url) {
  const bool is_plain = url.starts_with("http://");
  // "http://169.254.170.2@elsewhere/" is elsewhere.
  const std::string_view authority =
      std::string_view(url).substr(0, url.find_first_of("/?#", url.find("://") + 3));
  if ((!is_plain && !url.starts_with("https://")) || authority.find('@') != std::string::npos) {
    return Error(QTAP_ERR_INVALID,
                 "AWS_CONTAINER_CREDENTIALS_FULL_URI: expected http:// or https://");
  }
  if (!is_plain || may_be_plain(host_of(url))) return {};
  return Error(QTAP_ERR_INVALID,
               "AWS_CONTAINER_CREDENTIALS_FULL_URI: http:// is for loopback, "
               "169.254.170.2, 169.254.170.23 and fd00:ec2::23; use https://");
}

Result<std::string> url_of(const Surroundings& in, const std::optional<std::string>& relative) {
  if (relative) {
    if (relative->starts_with('/')) return std::string(kEcsHost) + *relative;
    return Error(QTAP_ERR_INVALID, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: expected a path");
  }
  std::string url = *in.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  QTAP_CHECK(check_url(url));
  return url;
}

// The file wins, and is read at each fetch: EKS writes it anew.
Result<std::string> token_of(const Surroundings& in) {
  std::string token;
  if (const auto path = in.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    QTAP_TRY(token, in.read_file(*path));
  } else {
    token = in.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  }
  const size_t bad = token.find_first_of("\r\n");
  if (bad == std::string::npos) return token;
  cleanse(token.data(), token.size());
  return Error(QTAP_ERR_INVALID, "container authorization token: byte " + std::to_string(bad) +
                                     ": a line break, which no header may hold");
}

Result<Credentials> fetch_once(const Surroundings& in, const std::string& url, bool& ret_may_pass) {
  FetchRequest request{"GET", url, {{"accept", "application/json"}}, "", kTimeoutNs, false};
  ret_may_pass = false;
  QTAP_TRY(std::string token, token_of(in));
  if (!token.empty()) request.headers.push_back({"authorization", std::move(token)});
  ret_may_pass = true;
  auto response = in.fetch(request);
  for (Header& header : request.headers) cleanse(header.value.data(), header.value.size());
  if (!response) return Error(response.error().status, url + ": " + response.error().text);
  if (response->status != 200) {
    return Error(QTAP_ERR_IO, url + ": status " + std::to_string(response->status));
  }
  auto credentials = credentials_of_json(response->body, JsonDialect::kContainer);
  cleanse(response->body.data(), response->body.size());
  if (!credentials) return Error(credentials.error().status, url + ": " + credentials.error().text);
  credentials->source = "container " + url;
  return credentials;
}

}  // namespace

Result<std::optional<Credentials>> container_credentials(const Surroundings& in) {
  const auto relative = in.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (!relative && !in.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
    return std::optional<Credentials>();
  }
  QTAP_TRY(const std::string url, url_of(in, relative));
  for (int left = kTries - 1;; --left) {
    bool may_pass = false;
    auto credentials = fetch_once(in, url, may_pass);
    if (credentials) return std::optional<Credentials>(*std::move(credentials));
    if (left == 0 || !may_pass) return std::move(credentials).error();
    in.wait(kPauseNs);
  }
}

}  // namespace qtap::s3
