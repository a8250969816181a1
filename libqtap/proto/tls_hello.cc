// SPDX-License-Identifier: Apache-2.0
#include "proto/tls_hello.h"

#include "proto/byte_reader.h"

namespace qtap::proto {
namespace {

// RFC 8446: 5.1 record layer, 4 handshake protocol, 4.2 extensions; RFC 6066, 3 server_name; RFC
// 7301, 3.1 ALPN.
constexpr size_t kRecordHeader = 5;
constexpr size_t kHandshakeHeader = 4;
constexpr uint8_t kContentHandshake = 22;
constexpr uint8_t kClientHelloType = 1;
constexpr uint8_t kServerHelloType = 2;
constexpr uint16_t kExtServerName = 0;
constexpr uint16_t kExtAlpn = 16;
constexpr uint16_t kExtSupportedVersions = 43;
constexpr uint8_t kNameTypeHost = 0;
constexpr size_t kRandomLen = 32;
constexpr size_t kMaxAlpn = 16;  // offers kept; browsers send two or three

void read_server_name(std::string_view body, TlsInfo& info) {
  ByteReader names(ByteReader(body).vector(2));
  while (!names.empty() && names.ok()) {
    const uint32_t type = names.number(1);
    const std::string_view name = names.vector(2);
    if (type == kNameTypeHost && !name.empty() && info.sni.empty()) info.sni = name;
  }
}

void read_alpn(std::string_view body, TlsInfo& info) {
  std::vector<std::string> alpn;
  ByteReader names(ByteReader(body).vector(2));
  while (!names.empty() && names.ok() && alpn.size() < kMaxAlpn) {
    const std::string_view name = names.vector(1);
    if (!name.empty()) alpn.emplace_back(name);
  }
  info.alpn = std::move(alpn);
}

bool is_grease(uint32_t version) {
  return (version & 0x0f0f) == 0x0a0a;
}  // RFC 8701, 2

void read_client_extension(uint32_t type, std::string_view body, TlsInfo& info) {
  if (type == kExtServerName) read_server_name(body, info);
  if (type == kExtAlpn) read_alpn(body, info);
  if (type == kExtSupportedVersions) {
    // What the client offers at most; the ServerHello overrides it.
    ByteReader versions(ByteReader(body).vector(1));
    while (!versions.empty() && versions.ok()) {
      const uint32_t version = versions.number(2);
      if (!is_grease(version) && version > info.version)
        info.version = static_cast<uint16_t>(version);
    }
  }
}

bool read_client_hello(std::string_view body, TlsInfo& info) {
  ByteReader r(body);
  const uint32_t legacy_version = r.number(2);
  r.take(kRandomLen);
  r.vector(1);  // session id
  r.vector(2);  // cipher suites
  r.vector(1);  // compression methods
  if (!r.ok()) return false;
  const bool server_hello_seen = info.cipher != 0;
  const uint16_t version_before = info.version;
  info.version = static_cast<uint16_t>(legacy_version);
  ByteReader extensions(r.vector(2));
  while (!extensions.empty() && extensions.ok()) {
    const uint32_t type = extensions.number(2);
    read_client_extension(type, extensions.vector(2), info);
  }
  if (server_hello_seen) info.version = version_before;
  return true;
}

bool read_server_hello(std::string_view body, TlsInfo& info) {
  ByteReader r(body);
  uint32_t version = r.number(2);
  r.take(kRandomLen);
  r.vector(1);  // session id
  const uint32_t cipher = r.number(2);
  r.take(1);  // compression method
  if (!r.ok()) return false;
  ByteReader extensions(r.vector(2));
  while (!extensions.empty() && extensions.ok()) {
    const uint32_t type = extensions.number(2);
    const std::string_view extension = extensions.vector(2);
    if (type == kExtSupportedVersions) version = ByteReader(extension).number(2);
    if (type == kExtAlpn)
      info.alpn_selected = ByteReader(ByteReader(extension).vector(2)).vector(1);
  }
  info.version = static_cast<uint16_t>(version);
  info.cipher = static_cast<uint16_t>(cipher);
  return true;
}

}  // namespace

TlsHelloReader::State TlsHelloReader::add(std::span<const uint8_t> bytes, TlsInfo& info) {
  if (state_ != State::kNeedMore) return state_;
  raw_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!take_records() || raw_.size() + handshake_.size() > kMaxHello) {
    state_ = State::kNotTls;
  } else {
    state_ = parse_handshake(info);
  }
  if (state_ != State::kNeedMore) {
    raw_ = {};
    handshake_ = {};
  }
  return state_;
}

// Moves the payload of whole handshake records from raw_ to handshake_; false when this is not a
// TLS handshake.
bool TlsHelloReader::take_records() {
  while (raw_.size() >= kRecordHeader) {
    ByteReader r(raw_);
    const uint32_t type = r.number(1);
    const uint32_t major = r.number(1);
    r.number(1);
    const size_t len = r.number(2);
    if (type != kContentHandshake || major != 3) return false;
    if (raw_.size() < kRecordHeader + len) return true;
    handshake_.append(raw_, kRecordHeader, len);
    raw_.erase(0, kRecordHeader + len);
    // The hello comes first; what follows it may be encrypted or of another type.
    if (handshake_.size() >= kHandshakeHeader) {
      ByteReader h(handshake_);
      h.number(1);
      if (h.number(3) <= handshake_.size() - kHandshakeHeader) return true;
    }
  }
  return true;
}

TlsHelloReader::State TlsHelloReader::parse_handshake(TlsInfo& info) {
  if (handshake_.size() < kHandshakeHeader) return State::kNeedMore;
  ByteReader r(handshake_);
  const uint32_t type = r.number(1);
  if (type != kClientHelloType && type != kServerHelloType) return State::kNotTls;
  const std::string_view body = r.vector(3);
  if (!r.ok()) return State::kNeedMore;
  if (type == kClientHelloType) {
    return read_client_hello(body, info) ? State::kClientHello : State::kNotTls;
  }
  return read_server_hello(body, info) ? State::kServerHello : State::kNotTls;
}

}  // namespace qtap::proto
