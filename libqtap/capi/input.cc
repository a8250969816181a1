// SPDX-License-Identifier: Apache-2.0
#include <qtap/input.h>
#include <sys/socket.h>

#include "capi/boundary.h"

using namespace qtap::capi;
using qtap::Direction;
using qtap::Error;
using qtap::Status;
using qtap::session::Session;

namespace {

// Mapped prefix of IPv4 (RFC 4291, 2.5.5.2).
constexpr size_t kMapped = 12;

qtap::Address address(int family, uint16_t port, const uint8_t* ip) {
  qtap::Address a;
  a.family = static_cast<uint16_t>(family);
  a.port = port;
  if (family == AF_INET) {
    a.ip[10] = a.ip[11] = 0xff;
    std::copy(ip, ip + 4, a.ip.begin() + kMapped);
  } else if (family == AF_INET6) {
    std::copy(ip, ip + 16, a.ip.begin());
  }
  return a;
}

qtap::Result<Direction> direction_of(int direction) {
  if (direction == QTAP_DIR_SENT) return Direction::kSent;
  if (direction == QTAP_DIR_RECEIVED) return Direction::kReceived;
  return Error{"QT011", QTAP_ERR_INVALID,
               "feed: direction " + std::to_string(direction) + " is neither sent nor received"};
}

Status check_peer(const qtap_peer& peer) {
  for (const qtap_str& text : {peer.exe, peer.comm, peer.user_name, peer.container_id}) {
    if (!text.data && text.len > 0) {
      return Error{"QT008", QTAP_ERR_INVALID, "qtap_peer: a text has a length but is NULL"};
    }
  }
  if (peer.role < QTAP_ROLE_ANY || peer.role > QTAP_ROLE_ACCEPTED) {
    return Error{"QT009", QTAP_ERR_INVALID,
                 "qtap_peer.role: " + std::to_string(peer.role) + " is no role"};
  }
  if (peer.family != 0 && peer.family != AF_INET && peer.family != AF_INET6) {
    return Error{
        "QT010", QTAP_ERR_INVALID,
        "qtap_peer.family: " + std::to_string(peer.family) + " is not AF_INET or AF_INET6"};
  }
  return {};
}

std::string_view view(const qtap_str& text) {
  return text.data ? std::string_view(text.data, text.len) : std::string_view();
}

qtap::session::Peer peer_of(const qtap_peer& from) {
  return {.pid = from.pid,
          .uid = from.uid,
          .exe = view(from.exe),
          .comm = view(from.comm),
          .user = view(from.user_name),
          .container_id = view(from.container_id),
          .role = static_cast<qtap::Role>(from.role),
          .is_tls = from.is_tls != 0,
          .local = address(from.family, from.local_port, from.local_ip),
          .remote = address(from.family, from.remote_port, from.remote_ip)};
}

}  // namespace

extern "C" {

int qtap_feed_open(qtap_session* s, const struct qtap_peer* peer, uint64_t time_ns,
                   uint64_t* ret_id) {
  constexpr Call kCall = call("qtap_feed_open");
  if (!ret_id) return QTAP_ERR_INVALID;
  return on_session(s, kCall, [&](Session& session) -> Status {
    QTAP_TRY(const qtap_peer from, import_struct(peer, "qtap_peer"));
    QTAP_CHECK(check_peer(from));
    QTAP_TRY(*ret_id, session.feed_open(peer_of(from), time_ns));
    return {};
  });
}

int qtap_feed_data(qtap_session* s, uint64_t id, int direction, uint64_t time_ns, const void* bytes,
                   size_t n) {
  constexpr Call kCall = call("qtap_feed_data");
  return on_session(s, kCall, [&](Session& session) -> Status {
    if (!bytes && n > 0) return Error{"QT012", QTAP_ERR_INVALID, "feed: bytes is NULL"};
    QTAP_TRY(const Direction d, direction_of(direction));
    return session.feed_data(id, d, time_ns, {static_cast<const uint8_t*>(bytes), n});
  });
}

int qtap_feed_gap(qtap_session* s, uint64_t id, int direction, uint64_t len) {
  constexpr Call kCall = call("qtap_feed_gap");
  return on_session(s, kCall, [&](Session& session) -> Status {
    QTAP_TRY(const Direction d, direction_of(direction));
    return session.feed_gap(id, d, len);
  });
}

int qtap_feed_close(qtap_session* s, uint64_t id, uint64_t time_ns) {
  constexpr Call kCall = call("qtap_feed_close");
  return on_session(s, kCall, [&](Session& session) { return session.feed_close(id, time_ns); });
}

int qtap_feed_tick(qtap_session* s, uint64_t time_ns) {
  constexpr Call kCall = call("qtap_feed_tick");
  return on_session(s, kCall, [&](Session& session) { return session.feed_tick(time_ns); });
}

}  // extern "C"
