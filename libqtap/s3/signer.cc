// SPDX-License-Identifier: Apache-2.0
#include "s3/signer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/sha256.h"
#include "base/text.h"
#include "s3/canonical.h"
#include "s3/limits.h"
#include "s3/timestamp.h"
#include "s3/uri.h"

namespace qtap::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

std::string_view day_of(std::string_view date) {
  return date.substr(0, 8);
}

Status check_scope_part(std::string_view what, std::string_view text) {
  if (text.empty()) return wrong_at(what, 0, "is empty");
  if (text.size() > kMaxScopePartBytes) {
    return Error(QTAP_ERR_LIMIT, std::string(what) + ": has more than " +
                                     std::to_string(kMaxScopePartBytes) + " bytes");
  }
  for (size_t at = 0; at < text.size(); ++at) {
    // Any of these would end it, in the scope or in the header.
    const auto c = static_cast<unsigned char>(text[at]);
    if (c <= ' ' || c >= 0x7f || c == '/' || c == ',') {
      return wrong_at(what, at, "a character that no scope may hold");
    }
  }
  return {};
}

std::string payload_hash(const Payload& payload) {
  switch (payload.kind) {
    case PayloadKind::kUnsigned:
      return std::string(kUnsignedPayload);
    case PayloadKind::kSignedChunks:
      return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    case PayloadKind::kSignedChunksTrailer:
      return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
    case PayloadKind::kUnsignedChunksTrailer:
      return "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    case PayloadKind::kSigned:
      break;
  }
  return payload.sha256.empty() ? sha256_hex(payload.body) : std::string(payload.sha256);
}

// S3 takes "aws-chunked" off again: what is stored keeps the encodings behind it.
std::string content_encoding(std::span<const HeaderView> headers) {
  std::string value = "aws-chunked";
  for (const HeaderView& header : headers) {
    if (!equal_ignoring_case(header.name, "content-encoding") || header.value.empty()) continue;
    value += ',';
    value += header.value;
  }
  return value;
}

std::string joined(std::span<const std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) {
    if (!out.empty()) out += ',';
    out += name;
  }
  return out;
}

// The headers that signing adds, without Authorization. The token comes first, and is the one that
// may stay unsigned.
std::vector<Header> own_headers(const Request& request, const Credentials& credentials,
                                const Rules& rules, const std::string& date,
                                const std::string& hash) {
  const Payload& payload = request.payload;
  std::vector<Header> own;
  own.reserve(7);  // with Authorization
  if (!credentials.session_token.empty()) {
    own.push_back({"x-amz-security-token", std::string(credentials.session_token.reveal())});
  }
  own.push_back({"x-amz-date", date});
  if (rules.content_sha256_header || payload.kind != PayloadKind::kSigned) {
    own.push_back({"x-amz-content-sha256", hash});
  }
  if (is_chunked(payload.kind)) {
    own.push_back({"content-encoding", content_encoding(request.headers)});
    own.push_back({"x-amz-decoded-content-length", std::to_string(payload.decoded_length)});
  }
  if (has_trailers(payload.kind)) own.push_back({"x-amz-trailer", joined(payload.trailers)});
  return own;
}

// Those of the request, but for those that signing sets: they may only say the same.
Status add_headers(std::span<const HeaderView> headers, std::span<const Header> own,
                   SignedHeaders& to) {
  for (size_t i = 0; i < headers.size(); ++i) {
    std::string name = lower(headers[i].name);
    const auto same = std::find_if(own.begin(), own.end(),
                                   [&](const Header& header) { return header.name == name; });
    if (same == own.end()) {
      to.add(std::move(name), headers[i].value);
    } else if (same->value != headers[i].value && name != "content-encoding") {
      return Error(QTAP_ERR_INVALID, "header " + std::to_string(i) + " (" + name +
                                         "): differs from what signing makes; leave it out");
    }
  }
  return {};
}

// A target that has one of them is signed already, or would be read as if it were.
Status check_query(std::string_view query) {
  static constexpr std::array<std::string_view, 7> kOurs = {
      "x-amz-algorithm", "x-amz-credential",     "x-amz-date",         "x-amz-expires",
      "x-amz-signature", "x-amz-security-token", "x-amz-signedheaders"};
  for (size_t at = 0; at < query.size();) {
    const size_t end = std::min(query.find('&', at), query.size());
    const std::string_view one = query.substr(at, end - at);
    const std::string name = lower(one.substr(0, one.find('=')));
    if (std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end()) {
      return wrong_at("query", at, "the parameter " + name + " is made by signing; leave it out");
    }
    at = end + 1;
  }
  return {};
}

void append_parameter(std::string& query, std::string_view name, std::string_view value) {
  if (!query.empty()) query += '&';
  query += name;
  query += '=';
  append_encoded(query, value, Slash::kEncoded);
}

}  // namespace

Status check_credentials(const Credentials& credentials) {
  QTAP_CHECK(check_scope_part("access key", credentials.access_key_id));
  if (credentials.secret_key.empty()) return Error(QTAP_ERR_INVALID, "secret key: is empty");
  if (credentials.secret_key.reveal().size() > kMaxSecretBytes ||
      credentials.session_token.reveal().size() > kMaxSecretBytes) {
    return Error(QTAP_ERR_LIMIT, "secret key or session token: has more than " +
                                     std::to_string(kMaxSecretBytes) + " bytes");
  }
  const std::string_view token = credentials.session_token.reveal();
  for (size_t at = 0; at < token.size(); ++at) {
    const auto c = static_cast<unsigned char>(token[at]);
    if (c <= ' ' || c == 0x7f) return wrong_at("session token", at, "a blank or control character");
  }
  return {};
}

Result<Signer> Signer::create(Scope scope, const Rules& rules) {
  QTAP_CHECK(check_scope_part("region", scope.region));
  QTAP_CHECK(check_scope_part("service", scope.service));
  return Signer(std::move(scope), rules);
}

Signed Signer::begin(const Request& request) const {
  Signed to;
  to.date = amz_date(request.time_s);
  to.scope = day_of(to.date);
  for (const std::string_view part :
       {std::string_view(scope_.region), std::string_view(scope_.service),
        std::string_view("aws4_request")}) {
    to.scope += '/';
    to.scope += part;
  }
  to.target = request.target;
  return to;
}

void Signer::finish(Signed& to, const Request& request, const Credentials& credentials,
                    std::string_view path, std::string_view query, std::string_view header_lines,
                    std::string_view payload_hash) const {
  std::string& text = to.canonical_request;
  text.reserve(request.method.size() + path.size() + query.size() + header_lines.size() +
               to.signed_headers.size() + payload_hash.size() + 5);
  for (const std::string_view line :
       {request.method, path, query, header_lines, std::string_view(to.signed_headers)}) {
    text += line;
    text += '\n';
  }
  text += payload_hash;

  to.string_to_sign.reserve(kAlgorithm.size() + to.date.size() + to.scope.size() + 64 + 3);
  to.string_to_sign += kAlgorithm;
  for (const std::string& part : {to.date, to.scope, sha256_hex(text)}) {
    to.string_to_sign += '\n';
    to.string_to_sign += part;
  }
  to.signature = keys_->sign(credentials.secret_key, day_of(to.date), scope_, to.string_to_sign);
}

Result<Signed> Signer::sign(const Request& request, const Credentials& credentials) const {
  QTAP_CHECK(check_request(request, rules_));
  QTAP_CHECK(check_credentials(credentials));
  Signed to = begin(request);
  const std::string hash = payload_hash(request.payload);
  to.headers = own_headers(request, credentials, rules_, to.date, hash);

  SignedHeaders headers;
  QTAP_CHECK(add_headers(request.headers, to.headers, headers));
  for (const Header& header : to.headers) {
    if (rules_.sign_token || header.name != "x-amz-security-token") {
      headers.add(header.name, header.value);
    }
  }
  to.signed_headers = headers.names();
  std::string lines;
  headers.append_lines(lines);

  const TargetParts parts = split_target(request.target);
  finish(to, request, credentials, canonical_path(parts.path, rules_), canonical_query(parts.query),
         lines, hash);

  std::string authorization(kAlgorithm);
  authorization += " Credential=" + credentials.access_key_id + "/" + to.scope;
  authorization += ", SignedHeaders=" + to.signed_headers + ", Signature=" + to.signature;
  to.headers.push_back({"authorization", std::move(authorization)});
  return to;
}

Result<Signed> Signer::presign(const Request& request, const Credentials& credentials,
                               int64_t expires_s) const {
  QTAP_CHECK(check_request(request, rules_));
  QTAP_CHECK(check_credentials(credentials));
  if (expires_s < 1 || expires_s > kMaxExpiresS) {
    return Error(QTAP_ERR_LIMIT, "expiry: " + std::to_string(expires_s) +
                                     " s is not between 1 and " + std::to_string(kMaxExpiresS));
  }
  if (is_chunked(request.payload.kind)) {
    return Error(QTAP_ERR_UNSUPPORTED, "the body of a link cannot be in signed chunks");
  }
  const TargetParts parts = split_target(request.target);
  QTAP_CHECK(check_query(parts.query));

  Signed to = begin(request);
  SignedHeaders headers;
  QTAP_CHECK(add_headers(request.headers, {}, headers));
  to.signed_headers = headers.names();
  std::string lines;
  headers.append_lines(lines);

  std::string query(parts.query);
  append_parameter(query, "X-Amz-Algorithm", kAlgorithm);
  append_parameter(query, "X-Amz-Credential", credentials.access_key_id + "/" + to.scope);
  append_parameter(query, "X-Amz-Date", to.date);
  append_parameter(query, "X-Amz-SignedHeaders", to.signed_headers);
  append_parameter(query, "X-Amz-Expires", std::to_string(expires_s));
  std::string sent = query;
  if (!credentials.session_token.empty()) {
    append_parameter(sent, "X-Amz-Security-Token", credentials.session_token.reveal());
    if (rules_.sign_token) query = sent;
  }
  finish(to, request, credentials, canonical_path(parts.path, rules_), canonical_query(query),
         lines,
         rules_.unsigned_presigned ? std::string(kUnsignedPayload) : payload_hash(request.payload));
  append_parameter(sent, "X-Amz-Signature", to.signature);
  to.target = std::string(parts.path) + "?" + sent;
  return to;
}

Result<ChunkEncoder> Signer::encoder(const Signed& signed_request, const Payload& payload,
                                     const Credentials& credentials, size_t chunk_bytes) const {
  if (!is_chunked(payload.kind)) {
    return Error(QTAP_ERR_INVALID, "the request was signed for a body in one piece");
  }
  if (chunk_bytes == 0) chunk_bytes = kDefaultChunkBytes;
  if (chunk_bytes < kMinChunkBytes || chunk_bytes > kMaxChunkBytes) {
    return Error(QTAP_ERR_LIMIT, std::to_string(chunk_bytes) + " bytes for each are not between " +
                                     std::to_string(kMinChunkBytes) + " and " +
                                     std::to_string(kMaxChunkBytes));
  }
  std::optional<ChunkEncoder::Signing> signing;
  if (has_signed_chunks(payload.kind)) {
    signing = ChunkEncoder::Signing{
        keys_->key(credentials.secret_key, day_of(signed_request.date), scope_),
        signed_request.date, signed_request.scope, signed_request.signature};
  }
  return ChunkEncoder({payload.kind, payload.decoded_length, chunk_bytes,
                       std::vector<std::string>(payload.trailers.begin(), payload.trailers.end())},
                      std::move(signing));
}

}  // namespace qtap::s3
