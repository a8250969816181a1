// SPDX-License-Identifier: Apache-2.0
#include "source/record_decode.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "source/record_layout.h"

namespace qtap::source {
namespace {

constexpr unsigned kKnownFlags = QTAP_RF_TRUNCATED | QTAP_RF_TLS | QTAP_RF_LATE;

// The text without its beginning, which decode_record() knows.
Error corrupt(const char* what, uint64_t value) {
  return {"QT065", QTAP_ERR_CORRUPT, std::string(what) + " " + std::to_string(value)};
}

// Copies the fixed part; the bytes behind it stay where they are.
template <typename Layout>
Result<Layout> fixed_part(std::span<const uint8_t> bytes) {
  Layout layout;
  if (bytes.size() < sizeof layout) return corrupt("too short, bytes:", bytes.size());
  std::memcpy(&layout, bytes.data(), sizeof layout);
  return layout;
}

// Like fixed_part, for records that end with it.
template <typename Layout>
Result<Layout> whole(std::span<const uint8_t> bytes) {
  if (bytes.size() != sizeof(Layout)) {
    return corrupt("size does not fit the type, bytes:", bytes.size());
  }
  return fixed_part<Layout>(bytes);
}

Result<std::string_view> text_until_nul(std::span<const uint8_t> bytes, size_t offset,
                                        size_t capacity) {
  const char* start = reinterpret_cast<const char*>(bytes.data()) + offset;
  const size_t len = ::strnlen(start, capacity);
  if (len == capacity) return corrupt("text without its NUL, bytes:", capacity);
  return std::string_view(start, len);
}

Status check_time(uint64_t time_ns) {
  if (time_ns > kMaxTimeNs) return corrupt("time out of range:", time_ns);
  return {};
}

Status decode_open(std::span<const uint8_t> bytes, Record& r) {
  QTAP_TRY(const auto raw, whole<qtap_rec_open>(bytes));
  if (raw.role > QTAP_ROLE_SERVER) return corrupt("unknown role", raw.role);
  if (raw.transport > QTAP_TRANSPORT_UDP) return corrupt("unknown transport", raw.transport);
  if (raw.family != 0 && raw.family != AF_INET && raw.family != AF_INET6) {
    return corrupt("unknown address family", raw.family);
  }
  QTAP_CHECK(check_time(raw.start_ns));
  r.socket_cookie = raw.socket_cookie;
  r.start_ns = raw.start_ns;
  r.role = static_cast<Role>(raw.role);
  r.transport = static_cast<Transport>(raw.transport);
  r.fd = raw.fd;
  r.netns = raw.netns;
  r.local.family = r.remote.family = raw.family;
  r.local.port = raw.local_port;
  r.remote.port = raw.remote_port;
  std::memcpy(r.local.ip.data(), raw.local_ip, sizeof raw.local_ip);
  std::memcpy(r.remote.ip.data(), raw.remote_ip, sizeof raw.remote_ip);
  return {};
}

Status decode_bind(std::span<const uint8_t> bytes, Record& r) {
  QTAP_TRY(const auto raw, whole<qtap_rec_bind>(bytes));
  if (raw.stream_kind > QTAP_STREAM_OPENSSL) return corrupt("unknown stream kind", raw.stream_kind);
  if (raw.method > QTAP_BIND_CIPHERTEXT) return corrupt("unknown way to bind", raw.method);
  r.stream_kind = static_cast<StreamKind>(raw.stream_kind);
  r.bind_method = static_cast<BindMethod>(raw.method);
  return {};
}

Status decode_data(std::span<const uint8_t> bytes, Record& r) {
  QTAP_TRY(const auto raw, fixed_part<qtap_rec_data>(bytes));
  if (raw.direction > QTAP_RECEIVED) return corrupt("unknown direction", raw.direction);
  if (raw.stream_kind > QTAP_STREAM_OPENSSL) return corrupt("unknown stream kind", raw.stream_kind);
  if (bytes.size() - sizeof raw != raw.captured_len) {
    return corrupt("payload does not fit the size, bytes:", raw.captured_len);
  }
  if (raw.captured_len > QTAP_DATA_MAX) return corrupt("too long, bytes:", raw.captured_len);
  if (raw.captured_len > raw.full_len) {
    return corrupt("more captured than there was, bytes:", raw.captured_len);
  }
  if (r.type == RecordType::kGap && raw.captured_len != 0) {
    return corrupt("bytes where none can be:", raw.captured_len);
  }
  // A record that left something out in silence would be a hole that nobody counts.
  if (r.truncated != (raw.captured_len < raw.full_len)) {
    return corrupt("wrong truncation flag, bytes missing:", raw.full_len - raw.captured_len);
  }
  if (raw.cause >= QTAP_LOSS_CAUSES || (raw.cause != 0 && !r.truncated)) {
    return corrupt("impossible cause of missing bytes", raw.cause);
  }
  if (raw.filtered > raw.offset || raw.budget > raw.offset - raw.filtered) {
    return corrupt("more left out than there was before it, bytes:",
                   std::max(raw.filtered, raw.budget));
  }
  if (raw.offset > kMaxStreamBytes - raw.full_len) {
    return corrupt("offset out of range:", raw.offset);
  }
  r.direction = static_cast<Direction>(raw.direction);
  r.stream_kind = static_cast<StreamKind>(raw.stream_kind);
  r.offset = raw.offset;
  r.full_len = raw.full_len;
  r.bytes = bytes.subspan(sizeof raw);
  r.cause = static_cast<LossCause>(raw.cause);
  for (size_t d = 0; d < 2; ++d) r.wire_bytes[d] = raw.wire[d];
  r.handshake_us = raw.handshake_us;
  r.filtered = raw.filtered;
  r.over_budget = raw.budget;
  return {};
}

Status decode_count(std::span<const uint8_t> bytes, Record& r) {
  QTAP_TRY(const auto raw, whole<qtap_rec_count>(bytes));
  for (size_t d = 0; d < 2; ++d) {
    r.total_bytes[d] = raw.bytes[d];
    r.filtered_bytes[d] = raw.filtered[d];
    r.over_budget_bytes[d] = raw.budget[d];
  }
  return {};
}

Status decode_process(std::span<const uint8_t> bytes, Record& r) {
  QTAP_TRY(const auto raw, whole<qtap_rec_process>(bytes));
  r.ppid = raw.ppid;
  r.uid = raw.uid;
  r.exit_code = raw.exit_code;
  r.start_ns = raw.start_ns;
  QTAP_CHECK(check_time(r.start_ns));
  QTAP_TRY(r.comm, text_until_nul(bytes, offsetof(qtap_rec_process, comm), sizeof raw.comm));
  QTAP_TRY(r.exe, text_until_nul(bytes, offsetof(qtap_rec_process, filename), sizeof raw.filename));
  return {};
}

Status decode_process_info(std::span<const uint8_t> bytes, Record& r) {
  QTAP_TRY(const auto raw, fixed_part<qtap_rec_process_info>(bytes));
  const char* text = reinterpret_cast<const char*>(bytes.data()) + sizeof raw;
  size_t left = bytes.size() - sizeof raw;
  const std::pair<std::string_view*, size_t> fields[] = {{&r.exe, raw.exe_len},
                                                         {&r.comm, raw.comm_len},
                                                         {&r.user, raw.user_len},
                                                         {&r.cgroup, raw.cgroup_len},
                                                         {&r.container_id, raw.container_id_len}};
  for (const auto& [field, len] : fields) {
    if (len > kMaxText) return corrupt("text too long, bytes:", len);
    if (len > left) return corrupt("text is longer than the record, bytes:", len);
    *field = {text, len};
    text += len;
    left -= len;
  }
  if (left != 0) return corrupt("bytes behind the text:", left);
  QTAP_CHECK(check_time(raw.start_ns));
  QTAP_CHECK(check_time(raw.probed_ns));
  if (raw.tls_library > QTAP_TLS_LIBRARY_MISSED) {
    return corrupt("unknown state of the TLS library", raw.tls_library);
  }
  r.ppid = raw.ppid;
  r.uid = raw.uid;
  r.start_ns = raw.start_ns;
  r.tls_library = static_cast<TlsLibrary>(raw.tls_library);
  r.probed_ns = raw.probed_ns;
  return {};
}

Status decode_loss(std::span<const uint8_t> bytes, Record& r) {
  QTAP_TRY(const auto raw, whole<qtap_rec_loss>(bytes));
  std::memcpy(r.lost_records.data(), raw.records, sizeof raw.records);
  std::memcpy(r.lost_bytes.data(), raw.bytes, sizeof raw.bytes);
  return {};
}

Status decode_level(std::span<const uint8_t> bytes, Record& r) {
  QTAP_TRY(const auto raw, whole<qtap_rec_level>(bytes));
  if (raw.level > QTAP_LEVEL_COUNT) return corrupt("unknown level", raw.level);
  if (raw.of_all > 1) return corrupt("unknown kind of budget", raw.of_all);
  r.level = static_cast<CaptureLevel>(raw.level);
  r.of_all = raw.of_all != 0;
  r.spent = raw.spent;
  r.budget = raw.budget;
  return {};
}

Status decode_body(std::span<const uint8_t> bytes, Record& r) {
  switch (r.type) {
    case RecordType::kOpen:
      return decode_open(bytes, r);
    case RecordType::kBind:
      return decode_bind(bytes, r);
    case RecordType::kData:
    case RecordType::kGap:
      return decode_data(bytes, r);
    case RecordType::kCount:
    case RecordType::kClose:
    case RecordType::kStreamEnd:
      return decode_count(bytes, r);
    case RecordType::kExec:
    case RecordType::kExit:
      return decode_process(bytes, r);
    case RecordType::kProcessInfo:
      return decode_process_info(bytes, r);
    case RecordType::kLoss:
      return decode_loss(bytes, r);
    case RecordType::kLevel:
      return decode_level(bytes, r);
    case RecordType::kTick:
      break;
  }
  if (bytes.size() != sizeof(qtap_record_header)) {
    return corrupt("size does not fit the type, bytes:", bytes.size());
  }
  return {};
}

std::string decoding(const char* name) {
  return std::string("decode ") + name + " record: ";
}

const RecordKind* find_kind(uint32_t number) {
  for (const RecordKind& kind : kRecordKinds) {
    if (kind.number == number) return &kind;
  }
  return nullptr;
}

}  // namespace

Result<Record> decode_record(std::span<const uint8_t> bytes) {
  const auto failed = [](const char* name, const std::string& why) {
    return Error{"QT066", QTAP_ERR_CORRUPT, decoding(name) + why};
  };
  const auto header = fixed_part<qtap_record_header>(bytes);
  if (!header.ok()) return failed("a", header.error().text);
  const RecordKind* kind = find_kind(header->type);
  if (!kind) return failed("a", "unknown type " + std::to_string(header->type));
  if (header->size < sizeof *header || header->size > bytes.size()) {
    return failed(kind->name, "impossible size " + std::to_string(header->size));
  }
  if ((header->flags & ~kKnownFlags) != 0) {
    return failed(kind->name, "unknown flags " + std::to_string(header->flags));
  }

  Record r;
  r.type = kind->type;
  r.truncated = (header->flags & QTAP_RF_TRUNCATED) != 0;
  r.tls = (header->flags & QTAP_RF_TLS) != 0;
  r.late = (header->flags & QTAP_RF_LATE) != 0;
  r.time_ns = header->time_ns;
  r.pid = header->pid;
  r.tid = header->tid;
  r.cgroup_id = header->cgroup_id;
  r.conn_key = header->conn_key;
  r.stream_id = header->stream_id;
  Status status = check_time(r.time_ns);
  if (status.ok()) status = decode_body(bytes.first(header->size), r);
  if (!status.ok()) {
    Error error = std::move(status).error();
    error.text.insert(0, decoding(kind->name));
    return error;
  }
  return r;
}

}  // namespace qtap::source
