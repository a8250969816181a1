// SPDX-License-Identifier: Apache-2.0
#include "model/transaction.h"

namespace qtap {
namespace {

std::optional<uint64_t> elapsed_us(int64_t from_ns, int64_t to_ns) {
  if (from_ns == 0 || to_ns < from_ns) return std::nullopt;
  return static_cast<uint64_t>(to_ns - from_ns) / 1000;
}

const http::Message& message_of(const Transaction& tx, MessageKind kind) {
  if (kind == MessageKind::kRequest) return tx.request;
  return tx.response;
}

}  // namespace

const DecodedBody& decoded_body(const Transaction& tx, MessageKind kind) {
  return tx.decoded.use(message_of(tx, kind), kind, tx.decoding.get());
}

const DecodedBody& lend_decoded_body(const Transaction& tx, MessageKind kind) {
  return tx.decoded.lend(message_of(tx, kind), kind, tx.decoding.get());
}

std::string_view without_user_info(std::string_view authority) {
  const size_t at = authority.rfind('@');
  return at == std::string_view::npos ? authority : authority.substr(at + 1);
}

std::optional<uint64_t> Transaction::missing_bytes() const {
  if (!request.missing_bytes || !response.missing_bytes) return std::nullopt;
  return *request.missing_bytes + *response.missing_bytes;
}

std::optional<uint64_t> Transaction::duration_us() const {
  if (!response.status) return std::nullopt;
  return elapsed_us(request.start_ns, response.end_ns);
}

std::optional<uint64_t> Transaction::request_us() const {
  if (!request.complete) return std::nullopt;
  return elapsed_us(request.start_ns, request.end_ns);
}

std::optional<uint64_t> Transaction::first_message_us(MessageKind part) const {
  if (!messages || messages->flow(part).messages == 0) return std::nullopt;
  return elapsed_us(request.start_ns, messages->flow(part).first_end_ns);
}

std::optional<uint64_t> Transaction::ttfb_us() const {
  if (!response.status) return std::nullopt;
  return elapsed_us(request.start_ns, response.start_ns);
}

// The four forms of a request target: RFC 9112, 3.2.
void resolve_url(Transaction& tx) {
  const std::string_view target = tx.request.target;
  tx.scheme = tx.connection && tx.connection->is_tls ? "https" : "http";
  if (!tx.request.scheme.empty()) tx.scheme = tx.request.scheme;
  tx.authority = without_user_info(tx.request.authority);
  tx.path = target;
  const bool is_path = target.starts_with('/');  // most are
  const size_t scheme_end = is_path ? std::string_view::npos : target.find("://");
  if (scheme_end != std::string_view::npos && target.find('/') == scheme_end + 1) {
    const std::string_view rest = target.substr(scheme_end + 3);
    const size_t path = rest.find_first_of("/?");
    tx.scheme = target.substr(0, scheme_end);
    tx.authority = without_user_info(rest.substr(0, path));
    tx.path = path == std::string_view::npos ? "/" : rest.substr(path);
  } else if (tx.request.method == "CONNECT" && tx.authority.empty()) {
    tx.authority = without_user_info(target);
    tx.path.clear();
  }
  if (tx.authority.empty()) {
    if (const auto host = http::find_header(tx.request, "host")) {
      tx.authority = without_user_info(*host);
    } else if (tx.connection) {
      tx.authority = tx.connection->endpoint_id;
    }
  }
  const bool has_path = !tx.path.empty() && tx.path != "*";
  const std::string_view path = has_path ? std::string_view(tx.path) : std::string_view();
  constexpr std::string_view kBehindScheme = "://";
  tx.url.clear();
  tx.url.reserve(tx.scheme.size() + kBehindScheme.size() + tx.authority.size() + path.size());
  tx.url.append(tx.scheme).append(kBehindScheme).append(tx.authority).append(path);
}

bool names_authority(const Transaction& tx) {
  const std::string_view target = tx.request.target;
  const size_t scheme_end = target.find("://");
  const bool is_absolute =
      scheme_end != std::string_view::npos && target.find('/') == scheme_end + 1;
  return is_absolute || !tx.request.authority.empty() || tx.request.method == "CONNECT" ||
         http::find_header(tx.request, "host").has_value();
}

}  // namespace qtap
