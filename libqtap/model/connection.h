// SPDX-License-Identifier: Apache-2.0
// A connection as seen by one local process: who talks to whom. Snapshots are immutable once handed
// out; a change makes a new snapshot (base/ref.h, writable()).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ref.h"
#include "model/record.h"
#include "model/text_list.h"

namespace qtap {

// The program at the local end. Text is empty when not known.
struct Process {
  uint32_t pid = 0;
  uint32_t ppid = 0;
  uint32_t uid = 0;
  bool known = false;  // uid, user and exe were read
  std::string exe;
  std::string comm;
  std::string user;
  std::string cgroup;
  std::string container_id;  // first 12 hex characters
  TlsLibrary tls_library = TlsLibrary::kUnknown;
  uint64_t probed_ns = 0;  // as in Record
};

enum class FlowDirection : uint8_t {
  kUnknown,
  kIngress,
  kEgress,
  kEgressInternal,
  kEgressExternal
};

// spec/events-and-objects.md 2.1, tlsState. kNone: the connection carries no TLS.
enum class TlsState : uint8_t {
  kNone,
  kDecrypted,
  kJoinedLate,
  kNeverHit,
  kNoSymbols,
  kNoLibrary,
  kNotProbed
};

// Words of spec/events-and-objects.md 1, l7Protocol, and three more. HTTP/1 and HTTP/2 are parsed,
// DNS is read for its names; the others are only named.
enum class L7Protocol : uint8_t {
  kOther,
  kHttp1,
  kHttp2,
  kDns,
  kRedis,
  kMysql,
  kPostgresql,
  kKafka,
  kMongodb,
  kHttp3,
  kAmqp,
  kNats,
  kSsh,
  kGrpc  // HTTP/2 on which a gRPC call was seen
};

// Facts of the TLS hellos.
struct TlsInfo {
  std::string sni;
  TextList alpn;              // offered by the client
  std::string alpn_selected;  // of the ServerHello; TLS 1.3 encrypts it (RFC 8446, 4.3.1)
  uint16_t version = 0;       // 771 = TLS 1.2, 772 = TLS 1.3 (RFC 8446, 4.2.1); 0 = no hello seen
  uint16_t cipher = 0;        // of the ServerHello; 0 = not seen
};

// What became of the plain text of one direction: seen() bytes crossed the probes.
struct Ledger {
  uint64_t delivered = 0;
  BytesByCause lost = {};

  uint64_t lost_bytes() const;
  uint64_t seen() const { return delivered + lost_bytes(); }
};

// Of the WebSockets on it, by Direction.
struct WebSocketTotals {
  std::array<uint64_t, 2> messages = {};
  std::array<uint64_t, 2> bytes = {};  // of their payloads as sent
  bool is_lost = false;                // more may have come than were seen
  uint16_t close_code = 0;             // of the last close frame that had one
  bool is_used = false;
};

struct Connection : RefCounted {
  std::string id;  // 20 characters [0-9a-v]
  // Counts the changes of what rules may read of it before a transaction is over: of the fields
  // that model/field_table.h calls known from the connection on.
  uint32_t facts = 0;
  // SNI or Host, else the name that DNS gave for the remote address, else that address.
  std::string endpoint_id;
  bool endpoint_is_name = false;
  bool endpoint_is_asked = false;  // it is the name that DNS gave: the peers may say another

  Address local;
  Address remote;
  bool address_known = false;
  Role role = Role::kUnknown;
  Transport transport = Transport::kTcp;
  FlowDirection direction = FlowDirection::kUnknown;
  uint64_t socket_cookie = 0;
  int32_t fd = -1;

  Process process;

  int64_t opened_ns = 0;  // nanoseconds since 1970 UTC, like every time outside of Record
  int64_t closed_ns = 0;  // 0 = open, or its end was not seen
  int64_t reported_ns = 0;
  uint32_t part = 0;         // number of reports so far
  bool joined_late = false;  // it is older than the capture, or its TLS object than the probes

  bool is_tls = false;
  bool tls_probed = false;  // plain text of a TLS object was delivered
  TlsState tls_state = TlsState::kNone;
  std::optional<BindMethod> bind_method;  // how its TLS object was found to run over the socket
  TlsInfo tls;
  L7Protocol l7 = L7Protocol::kOther;
  CaptureLevel capture_level = CaptureLevel::kFull;  // of its process: what a budget left

  std::array<uint64_t, 2> wire_bytes = {};  // payload bytes on the socket, by Direction
  std::array<Ledger, 2> ledger = {};        // of its plain text, by Direction
  WebSocketTotals websocket;
  uint64_t connect_us = 0;        // 0 = not measured
  uint64_t tls_handshake_us = 0;  // 0 = not measured

  uint64_t lost_bytes() const { return ledger[0].lost_bytes() + ledger[1].lost_bytes(); }
};

const char* flow_direction_name(FlowDirection direction);  // "egress-external"
const char* tls_state_name(TlsState state);
const char* bind_method_name(BindMethod method);     // "nested_call"
const char* capture_level_name(CaptureLevel level);  // "headers"
const char* transport_name(Transport transport);     // "tcp"
const char* l7_protocol_name(L7Protocol protocol);

// "TLS_AES_128_GCM_SHA256" of the IANA registry; "0x1301" for one that is not in our list; "" for
// 0.
std::string cipher_name(uint16_t cipher);

// "10.0.0.1", "::1"; empty when the family is not known.
std::string ip_text(const Address& address);

// spec/features.md F16: RFC 1918, loopback, link-local, ULA and CGNAT are internal.
bool is_internal_ip(const Address& address);
bool is_loopback_ip(const Address& address);

}  // namespace qtap
