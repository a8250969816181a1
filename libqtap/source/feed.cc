// SPDX-License-Identifier: Apache-2.0
#include "source/feed.h"

#include <algorithm>

#include "source/record_layout.h"

namespace qtap::source {
namespace {

// A connection's socket and its TLS stream have ids of their own; those of the fed ones never meet.
constexpr uint64_t kTlsStream = uint64_t{1} << 63;
// One gap record stands for at most what its 32-bit length can say.
constexpr uint64_t kMaxGap = UINT32_MAX;

Error invalid(MessageId id, const std::string& why) {
  return {id, QTAP_ERR_INVALID, "feed: " + why};
}

Status check_time(uint64_t time_ns) {
  if (time_ns <= kMaxTimeNs) return {};
  return invalid("QT080", "the time " + std::to_string(time_ns) + " ns is out of range, at most " +
                              std::to_string(kMaxTimeNs));
}

Status check_peer(const FeedPeer& peer) {
  // A record has one family for both ends.
  if (peer.local.family != peer.remote.family) {
    return invalid("QT081", "the local address is of family " + std::to_string(peer.local.family) +
                                ", the remote one of " + std::to_string(peer.remote.family));
  }
  for (const std::string* text :
       {&peer.exe, &peer.comm, &peer.user, &peer.cgroup, &peer.container_id}) {
    if (text->size() > kMaxText) {
      return invalid("QT082", "a text of the peer has " + std::to_string(text->size()) +
                                  " bytes, at most " + std::to_string(kMaxText));
    }
  }
  return {};
}

bool has_process(const FeedPeer& peer) {
  return peer.pid != 0 || peer.uid != 0 || !peer.exe.empty() || !peer.comm.empty() ||
         !peer.user.empty() || !peer.cgroup.empty() || !peer.container_id.empty();
}

// What all records have; of the socket, not of the TLS stream.
template <typename Whose>
Record record_of(RecordType type, const Whose& whose, uint64_t id, uint64_t time_ns) {
  Record r;
  r.type = type;
  r.time_ns = time_ns;
  r.pid = whose.pid;
  r.tid = whose.tid;
  r.conn_key = id;
  r.stream_id = id;
  return r;
}

template <typename Connection>
Record stream_record_of(RecordType type, const Connection& conn, uint64_t id) {
  Record r = record_of(type, conn, id, conn.time_ns);
  if (!conn.tls) return r;
  r.stream_id = id | kTlsStream;
  // The end of a stream has no room for the kind.
  if (type != RecordType::kStreamEnd) r.stream_kind = StreamKind::kOpenssl;
  return r;
}

// A stream that was this long would have no position for the next byte.
Status check_room(uint64_t offset, uint64_t len) {
  if (len == 0) return invalid("QT083", "no bytes; give at least one");
  if (len <= kMaxStreamBytes - offset) return {};
  return invalid(
      "QT084", std::to_string(len) + " bytes more are impossible after " + std::to_string(offset));
}

}  // namespace

Result<FeedSource::Connection*> FeedSource::find(uint64_t id) {
  const auto it = open_.find(id);
  if (it != open_.end()) return &it->second;
  const bool was_open = id != 0 && id <= last_id_;
  return Error{
      "QT085", QTAP_ERR_NOTFOUND,
      "feed: connection " + std::to_string(id) + (was_open ? " is closed" : " was never opened")};
}

Result<FeedSource::Connection*> FeedSource::find_at(uint64_t id, uint64_t time_ns) {
  QTAP_TRY(Connection * conn, find(id));
  QTAP_CHECK(check_time(time_ns));
  if (time_ns < conn->time_ns) {
    return invalid("QT086", "the time of connection " + std::to_string(id) + " goes back from " +
                                std::to_string(conn->time_ns) + " to " + std::to_string(time_ns) +
                                " ns");
  }
  return conn;
}

// Peers without a pid share the number 0: one of whom nothing is known must not look like the one
// before it.
void FeedSource::introduce(RecordSink& sink, const FeedPeer& peer, uint64_t time_ns) {
  if (!has_process(peer) && !pid_zero_told_) return;
  if (peer.pid == 0) pid_zero_told_ = true;
  Record process = record_of(RecordType::kProcessInfo, peer, 0, time_ns);
  process.uid = peer.uid;
  process.exe = peer.exe;
  process.comm = peer.comm;
  process.user = peer.user;
  process.cgroup = peer.cgroup;
  process.container_id = peer.container_id;
  sink.on_record(process);
}

Result<uint64_t> FeedSource::open(RecordSink& sink, const FeedPeer& peer, uint64_t time_ns) {
  QTAP_CHECK(check_time(time_ns));
  QTAP_CHECK(check_peer(peer));
  if (open_.size() >= max_open_) {
    return Error{"QT087", QTAP_ERR_LIMIT,
                 "feed: " + std::to_string(max_open_) +
                     " connections are open; close some before opening more"};
  }
  const uint64_t id = ++last_id_;
  const Connection conn = {.pid = peer.pid, .tid = peer.tid, .tls = peer.tls, .time_ns = time_ns};
  open_.emplace(id, conn);

  introduce(sink, peer, time_ns);
  Record opened = record_of(RecordType::kOpen, peer, id, time_ns);
  opened.role = peer.role;
  opened.local = peer.local;
  opened.remote = peer.remote;
  sink.on_record(opened);
  if (peer.tls) sink.on_record(stream_record_of(RecordType::kBind, conn, id));
  return id;
}

Status FeedSource::data(RecordSink& sink, uint64_t id, Direction direction, uint64_t time_ns,
                        std::span<const uint8_t> bytes) {
  QTAP_TRY(Connection * conn, find_at(id, time_ns));
  uint64_t& offset = conn->offset[index(direction)];
  QTAP_CHECK(check_room(offset, bytes.size()));
  conn->time_ns = time_ns;
  while (!bytes.empty()) {
    Record piece = stream_record_of(RecordType::kData, *conn, id);
    piece.direction = direction;
    piece.offset = offset;
    piece.bytes = bytes.first(std::min<size_t>(bytes.size(), QTAP_DATA_MAX));
    piece.full_len = piece.bytes.size();
    offset += piece.full_len;
    bytes = bytes.subspan(piece.bytes.size());
    sink.on_record(piece);
  }
  return {};
}

Status FeedSource::gap(RecordSink& sink, uint64_t id, Direction direction, uint64_t len) {
  QTAP_TRY(Connection * conn, find(id));
  uint64_t& offset = conn->offset[index(direction)];
  QTAP_CHECK(check_room(offset, len));
  // The record alone carries what 32 bits can say: its offset tells the rest as a gap before it.
  Record missing = stream_record_of(RecordType::kGap, *conn, id);
  missing.truncated = true;
  missing.cause = kLossHost;
  missing.direction = direction;
  missing.full_len = std::min(len, kMaxGap);
  missing.offset = offset + len - missing.full_len;
  offset += len;
  sink.on_record(missing);
  return {};
}

Status FeedSource::close(RecordSink& sink, uint64_t id, uint64_t time_ns) {
  QTAP_TRY(Connection * conn, find_at(id, time_ns));
  Connection closed = *conn;
  closed.time_ns = time_ns;
  open_.erase(id);
  if (closed.tls) {
    Record stream_end = stream_record_of(RecordType::kStreamEnd, closed, id);
    stream_end.total_bytes = closed.offset;
    sink.on_record(stream_end);
  }
  Record end = record_of(RecordType::kClose, closed, id, time_ns);
  end.total_bytes = closed.offset;
  sink.on_record(end);
  return {};
}

Status FeedSource::tick(RecordSink& sink, uint64_t time_ns) {
  QTAP_CHECK(check_time(time_ns));
  if (time_ns < last_tick_ns_) {
    return invalid("QT088", "the time goes back from " + std::to_string(last_tick_ns_) + " to " +
                                std::to_string(time_ns) + " ns");
  }
  last_tick_ns_ = time_ns;
  Record tick;
  tick.type = RecordType::kTick;
  tick.time_ns = time_ns;
  sink.on_record(tick);
  return {};
}

}  // namespace qtap::source
