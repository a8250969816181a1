// SPDX-License-Identifier: Apache-2.0
#include "s3/sts.h"

#include <algorithm>
#include <utility>

#include "s3/signer.h"
#include "s3/timestamp.h"
#include "s3/uri.h"

namespace qtap::s3 {
namespace {

constexpr int64_t kTimeoutNs = 10'000'000'000;  // botocore waits for up to 60 s; a store cannot
constexpr int64_t kPauseNs = 1'000'000'000;
constexpr int kTries = 3;

using Parameters = std::vector<std::pair<std::string_view, std::string>>;

std::string endpoint_of(const RoleRequest& role) {
  if (!role.endpoint.empty()) return role.endpoint;
  const std::string suffix =
      role.region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  return "https://sts." + role.region + suffix;
}

std::string form_of(const Parameters& parameters) {
  std::string form;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    if (!form.empty()) form += '&';
    form += name;
    form += '=';
    append_encoded(form, value, Slash::kEncoded);
  }
  return form;
}

FetchRequest request_to(const RoleRequest& role, std::string form) {
  FetchRequest request;
  request.method = "POST";
  request.url = endpoint_of(role);
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += '/';
  request.headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"},
                     {"accept", "application/xml"}};
  request.body = std::move(form);
  request.timeout_ns = kTimeoutNs;
  return request;
}

// Host and target of a URL that has a scheme.
std::pair<std::string, std::string> split_url(const std::string& url) {
  const size_t host = url.find("://") + 3;
  const size_t path = std::min(url.find('/', host), url.size());
  return {url.substr(host, path - host), url.substr(path)};
}

Status sign(FetchRequest& request, const RoleRequest& role, const Credentials& by, int64_t now_s) {
  QTAP_TRY(const Signer signer, Signer::create({role.region, "sts"}, Rules::generic()));
  const auto [host, target] = split_url(request.url);
  std::vector<HeaderView> headers = {{"host", host}};
  for (const Header& header : request.headers) headers.push_back({header.name, header.value});
  Request to_sign{request.method, target, headers, {}, now_s};
  to_sign.payload.body = request.body;
  QTAP_TRY(const Signed made, signer.sign(to_sign, by));
  request.headers.insert(request.headers.end(), made.headers.begin(), made.headers.end());
  return {};
}

// One line, short, without anything that drives a terminal.
std::string printable(std::string_view text) {
  std::string out(text.substr(0, 200));
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
  return out;
}

// A fault of the other side, or of its side of the network, passes; a refusal stays.
bool may_pass(int status, std::string_view code) {
  return status >= 500 || status == 429 || code == "IDPCommunicationError" ||
         code == "InvalidIdentityToken" || code == "Throttling";
}

struct Answer {
  std::optional<Credentials> credentials;
  Error error;
  bool may_pass = false;
};

Answer read_answer(const std::string& url, Result<FetchResponse> response) {
  if (!response) {
    return {{}, Error(response.error().status, url + ": " + response.error().text), true};
  }
  auto reply = parse_sts_reply(response->body);
  cleanse(response->body.data(), response->body.size());
  const std::string status = url + ": status " + std::to_string(response->status);
  if (response->status != 200) {
    const std::string code = reply.ok() ? reply->error_code : "";
    const std::string message = reply.ok() ? reply->error_message : "";
    std::string text = status + (code.empty() ? "" : ", " + printable(code)) +
                       (message.empty() ? "" : ": " + printable(message));
    const int kind = response->status < 500 ? QTAP_ERR_PERM : QTAP_ERR_IO;
    return {{}, Error(kind, std::move(text)), may_pass(response->status, code)};
  }
  if (!reply) return {{}, Error(reply.error().status, url + ": " + reply.error().text), false};
  Credentials out;
  out.access_key_id = std::move(reply->access_key_id);
  out.secret_key = std::move(reply->secret_key);
  out.session_token = std::move(reply->session_token);
  out.expires_s = parse_time(reply->expiration);
  if (out.access_key_id.empty() || out.secret_key.empty() || out.session_token.empty() ||
      !out.expires_s) {
    return {{},
            Error(QTAP_ERR_INVALID, url + ": the reply lacks a key, the token or the expiry"),
            false};
  }
  return {std::move(out), {}, false};
}

// `make` is called for each try: a signature is as old as its request, a token may be a new one.
template <typename Make>
Result<Credentials> ask(const Surroundings& in, Make make) {
  for (int left = kTries - 1;; --left) {
    QTAP_TRY(FetchRequest request, make());
    Answer answer = read_answer(request.url, in.fetch(request));
    cleanse(request.body.data(), request.body.size());
    if (answer.credentials) return *std::move(answer.credentials);
    if (left == 0 || !answer.may_pass) return std::move(answer.error);
    in.wait(kPauseNs);
  }
}

Parameters common(const char* action, const RoleRequest& role) {
  return {{"Action", action},
          {"Version", "2011-06-15"},
          {"RoleArn", role.role_arn},
          {"RoleSessionName", role.session_name}};
}

}  // namespace

Result<Credentials> assume_role(const Surroundings& in, const RoleRequest& role,
                                const Credentials& by) {
  return ask(in, [&]() -> Result<FetchRequest> {
    Parameters parameters = common("AssumeRole", role);
    parameters.emplace_back("DurationSeconds", role.duration_seconds);
    parameters.emplace_back("ExternalId", role.external_id);
    FetchRequest request = request_to(role, form_of(parameters));
    QTAP_CHECK(sign(request, role, by, in.now_s()));
    return request;
  });
}

Result<Credentials> assume_role_with_web_identity(const Surroundings& in, const RoleRequest& role,
                                                  const std::string& token_path) {
  return ask(in, [&]() -> Result<FetchRequest> {
    QTAP_TRY(std::string token, in.read_file(token_path));
    // Ceph refuses a token with the line feed that editors leave.
    while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.pop_back();
    if (token.empty()) return Error(QTAP_ERR_INVALID, token_path + ": is empty");
    Parameters parameters = common("AssumeRoleWithWebIdentity", role);
    parameters.emplace_back("WebIdentityToken", std::move(token));
    parameters.emplace_back("DurationSeconds", role.duration_seconds);
    FetchRequest request = request_to(role, form_of(parameters));
    cleanse(parameters[4].second.data(), parameters[4].second.size());
    return request;
  });
}

}  // namespace qtap::s3
