// SPDX-License-Identifier: Apache-2.0
#include "source/feed.h"

#include <algorithm>

#include "bpf/shared/records.h"

namespace qtap::source {
namespace {

// A connection's socket and its TLS stream have ids of their own; those of the fed ones never meet.
constexpr uint64_t kTlsStream = uint64_t{1} << 63;
// One gap record stands for at most what its 32-bit length can say.
constexpr uint64_t kMaxGap = UINT32_MAX;

}  // namespace

Result<FeedSource::Connection*> FeedSource::find(uint64_t id, uint64_t time_ns) {
  const auto it = open_.find(id);
  if (it == open_.end()) {
    return Error{QTAP_ERR_NOTFOUND,
                 "feed: no open connection has the id " + std::to_string(id)};
  }
  if (time_ns < it->second.time_ns) {
    return Error{QTAP_ERR_INVALID, "feed: the time of connection " + std::to_string(id) +
                                       " goes back from " + std::to_string(it->second.time_ns) +
                                       " to " + std::to_string(time_ns) + " ns"};
  }
  it->second.time_ns = time_ns;
  return &it->second;
}

Record FeedSource::record_of(RecordType type, uint64_t id, const Connection& conn) const {
  Record r;
  r.type = type;
  r.time_ns = conn.time_ns;
  r.pid = conn.pid;
  r.conn_key = id;
  r.stream_id = conn.tls ? id | kTlsStream : id;
  r.stream_kind = conn.tls ? StreamKind::kOpenssl : StreamKind::kSocket;
  return r;
}

Result<uint64_t> FeedSource::open(RecordSink& sink, const FeedPeer& peer, uint64_t time_ns) {
  if (open_.size() >= kMaxOpen) {
    return Error{QTAP_ERR_LIMIT, "feed: " + std::to_string(kMaxOpen) +
                                     " connections are open; close some before opening more"};
  }
  const uint64_t id = ++last_id_;
  Connection& conn = open_[id];
  conn = {.pid = peer.pid, .tls = peer.tls, .time_ns = time_ns};

  if (peer.pid != 0 || !peer.exe.empty()) {
    Record process = record_of(RecordType::kProcessInfo, 0, conn);
    process.stream_id = 0;
    process.stream_kind = StreamKind::kSocket;
    process.uid = peer.uid;
    process.exe = peer.exe;
    process.comm = peer.comm;
    process.user = peer.user;
    process.container_id = peer.container_id;
    sink.on_record(process);
  }
  Record opened = record_of(RecordType::kOpen, id, conn);
  opened.stream_id = id;
  opened.stream_kind = StreamKind::kSocket;
  opened.role = peer.role;
  opened.local = peer.local;
  opened.remote = peer.remote;
  sink.on_record(opened);
  if (peer.tls) sink.on_record(record_of(RecordType::kBind, id, conn));
  return id;
}

Status FeedSource::data(RecordSink& sink, uint64_t id, Direction direction, uint64_t time_ns,
                        std::span<const uint8_t> bytes) {
  QTAP_TRY(Connection * conn, find(id, time_ns));
  while (!bytes.empty()) {
    Record piece = record_of(RecordType::kData, id, *conn);
    piece.direction = direction;
    piece.offset = conn->offset[index(direction)];
    piece.bytes = bytes.first(std::min<size_t>(bytes.size(), QTAP_DATA_MAX));
    piece.full_len = piece.bytes.size();
    conn->offset[index(direction)] += piece.full_len;
    bytes = bytes.subspan(piece.bytes.size());
    sink.on_record(piece);
  }
  return {};
}

Status FeedSource::gap(RecordSink& sink, uint64_t id, Direction direction, uint64_t len) {
  const auto it = open_.find(id);
  QTAP_TRY(Connection * conn, find(id, it == open_.end() ? 0 : it->second.time_ns));
  uint64_t& offset = conn->offset[index(direction)];
  if (len > UINT64_MAX / 2 - offset) {
    return Error{QTAP_ERR_INVALID, "feed: a gap of " + std::to_string(len) + " bytes is impossible"};
  }
  // The last record alone carries what 32 bits cannot say: its offset tells the rest as a gap before it.
  Record missing = record_of(RecordType::kGap, id, *conn);
  missing.truncated = true;
  missing.direction = direction;
  missing.full_len = std::min(len, kMaxGap);
  missing.offset = offset + len - missing.full_len;
  offset += len;
  if (len > 0) sink.on_record(missing);
  return {};
}

Status FeedSource::close(RecordSink& sink, uint64_t id, uint64_t time_ns) {
  QTAP_TRY(Connection * conn, find(id, time_ns));
  const Connection closed = *conn;
  open_.erase(id);
  if (closed.tls) sink.on_record(record_of(RecordType::kStreamEnd, id, closed));
  Record end = record_of(RecordType::kClose, id, closed);
  end.stream_id = id;
  end.stream_kind = StreamKind::kSocket;
  end.total_bytes = closed.offset;
  sink.on_record(end);
  return {};
}

Status FeedSource::tick(RecordSink& sink, uint64_t time_ns) {
  if (time_ns < last_tick_ns_) {
    return Error{QTAP_ERR_INVALID, "feed: the time goes back from " + std::to_string(last_tick_ns_) +
                                       " to " + std::to_string(time_ns) + " ns"};
  }
  last_tick_ns_ = time_ns;
  Record tick;
  tick.type = RecordType::kTick;
  tick.time_ns = time_ns;
  sink.on_record(tick);
  return {};
}

}  // namespace qtap::source
