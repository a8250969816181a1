// SPDX-License-Identifier: Apache-2.0
#include "source/record_encode.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "source/record_layout.h"

namespace qtap::source {
namespace {

template <typename Layout>
void put(std::vector<uint8_t>& out, const Layout& layout) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&layout);
  out.insert(out.end(), bytes, bytes + sizeof layout);
}

void put_text(std::vector<uint8_t>& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

template <size_t N>
void copy_text(char (&to)[N], std::string_view text) {
  std::copy_n(text.begin(), std::min(text.size(), N - 1), to);
}

uint16_t cut_text(std::string_view& text) {
  text = text.substr(0, kMaxText);
  return static_cast<uint16_t>(text.size());
}

qtap_record_header header_of(const Record& r) {
  qtap_record_header h = {};
  for (const RecordKind& kind : kRecordKinds) {
    if (kind.type == r.type) h.type = static_cast<uint16_t>(kind.number);
  }
  h.flags = static_cast<uint16_t>((r.truncated ? QTAP_RF_TRUNCATED : 0) |
                                  (r.tls ? QTAP_RF_TLS : 0) | (r.late ? QTAP_RF_LATE : 0));
  h.time_ns = r.time_ns;
  h.pid = r.pid;
  h.tid = r.tid;
  h.cgroup_id = r.cgroup_id;
  h.conn_key = r.conn_key;
  h.stream_id = r.stream_id;
  return h;
}

void put_open(std::vector<uint8_t>& out, const Record& r, const qtap_record_header& h) {
  qtap_rec_open raw = {};
  raw.h = h;
  raw.socket_cookie = r.socket_cookie;
  raw.start_ns = r.start_ns;
  std::memcpy(raw.local_ip, r.local.ip.data(), sizeof raw.local_ip);
  std::memcpy(raw.remote_ip, r.remote.ip.data(), sizeof raw.remote_ip);
  raw.local_port = r.local.port;
  raw.remote_port = r.remote.port;
  raw.family = r.remote.family;
  raw.role = static_cast<uint8_t>(r.role);
  raw.transport = static_cast<uint8_t>(r.transport);
  raw.fd = r.fd;
  raw.netns = r.netns;
  put(out, raw);
}

void put_data(std::vector<uint8_t>& out, const Record& r, const qtap_record_header& h) {
  const std::span<const uint8_t> bytes =
      r.bytes.first(std::min<size_t>(r.bytes.size(), QTAP_DATA_MAX));
  const uint64_t full_len = std::max<uint64_t>(r.full_len, bytes.size());
  qtap_rec_data raw = {};
  raw.h = h;
  raw.offset = r.offset;
  raw.full_len = static_cast<uint32_t>(std::min<uint64_t>(full_len, UINT32_MAX));
  raw.captured_len = static_cast<uint32_t>(bytes.size());
  if (raw.captured_len < raw.full_len) {
    raw.h.flags |= QTAP_RF_TRUNCATED;
    raw.cause = r.cause;
  }
  for (size_t d = 0; d < 2; ++d) raw.wire[d] = r.wire_bytes[d];
  raw.handshake_us = r.handshake_us;
  raw.filtered = r.filtered;
  raw.budget = r.over_budget;
  raw.direction = static_cast<uint8_t>(r.direction);
  raw.stream_kind = static_cast<uint8_t>(r.stream_kind);
  put(out, raw);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_process(std::vector<uint8_t>& out, const Record& r, const qtap_record_header& h) {
  qtap_rec_process raw = {};
  raw.h = h;
  raw.ppid = r.ppid;
  raw.uid = r.uid;
  raw.exit_code = r.exit_code;
  raw.start_ns = r.start_ns;
  copy_text(raw.comm, r.comm);
  copy_text(raw.filename, r.exe);
  put(out, raw);
}

void put_process_info(std::vector<uint8_t>& out, Record r, const qtap_record_header& h) {
  qtap_rec_process_info raw = {};
  raw.h = h;
  raw.ppid = r.ppid;
  raw.uid = r.uid;
  raw.start_ns = r.start_ns;
  raw.exe_len = cut_text(r.exe);
  raw.comm_len = cut_text(r.comm);
  raw.user_len = cut_text(r.user);
  raw.cgroup_len = cut_text(r.cgroup);
  raw.container_id_len = cut_text(r.container_id);
  raw.tls_library = static_cast<uint8_t>(r.tls_library);
  raw.probed_ns = r.probed_ns;
  put(out, raw);
  for (const std::string_view text : {r.exe, r.comm, r.user, r.cgroup, r.container_id}) {
    put_text(out, text);
  }
}

void put_count(std::vector<uint8_t>& out, const Record& r, const qtap_record_header& h) {
  qtap_rec_count raw = {};
  raw.h = h;
  for (size_t d = 0; d < 2; ++d) {
    raw.bytes[d] = r.total_bytes[d];
    raw.filtered[d] = r.filtered_bytes[d];
    raw.budget[d] = r.over_budget_bytes[d];
  }
  put(out, raw);
}

void put_loss(std::vector<uint8_t>& out, const Record& r, const qtap_record_header& h) {
  qtap_rec_loss raw = {};
  raw.h = h;
  std::memcpy(raw.records, r.lost_records.data(), sizeof raw.records);
  std::memcpy(raw.bytes, r.lost_bytes.data(), sizeof raw.bytes);
  put(out, raw);
}

void put_level(std::vector<uint8_t>& out, const Record& r, const qtap_record_header& h) {
  qtap_rec_level raw = {};
  raw.h = h;
  raw.spent = r.spent;
  raw.budget = r.budget;
  raw.level = static_cast<uint32_t>(r.level);
  raw.of_all = r.of_all ? 1 : 0;
  put(out, raw);
}

void put_bind(std::vector<uint8_t>& out, const Record& r, const qtap_record_header& h) {
  qtap_rec_bind raw = {};
  raw.h = h;
  raw.stream_kind = static_cast<uint32_t>(r.stream_kind);
  raw.method = static_cast<uint32_t>(r.bind_method);
  put(out, raw);
}

}  // namespace

void encode_record(const Record& record, std::vector<uint8_t>& out) {
  out.clear();
  const qtap_record_header h = header_of(record);
  switch (record.type) {
    case RecordType::kOpen:
      put_open(out, record, h);
      break;
    case RecordType::kBind:
      put_bind(out, record, h);
      break;
    case RecordType::kData:
    case RecordType::kGap:
      put_data(out, record, h);
      break;
    case RecordType::kCount:
    case RecordType::kClose:
    case RecordType::kStreamEnd:
      put_count(out, record, h);
      break;
    case RecordType::kExec:
    case RecordType::kExit:
      put_process(out, record, h);
      break;
    case RecordType::kProcessInfo:
      put_process_info(out, record, h);
      break;
    case RecordType::kLoss:
      put_loss(out, record, h);
      break;
    case RecordType::kLevel:
      put_level(out, record, h);
      break;
    case RecordType::kTick:
      put(out, h);
      break;
  }
  const uint32_t size = static_cast<uint32_t>(out.size());
  std::memcpy(out.data() + offsetof(qtap_record_header, size), &size, sizeof size);
}

}  // namespace qtap::source
