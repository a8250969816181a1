// SPDX-License-Identifier: Apache-2.0
// Records of every type, their comparison and files to record into.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "bpf/shared/records.h"
#include "source/recording.h"
#include "source/source.h"

namespace qtap::source::test {

inline std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline auto address_members(const Address& a) {
  return std::tie(a.family, a.port, a.ip);
}

inline bool same(const Record& a, const Record& b) {
  const auto members = [](const Record& r) {
    return std::tuple_cat(
        std::tie(r.type, r.truncated, r.tls, r.late, r.time_ns, r.pid, r.tid, r.cgroup_id,
                 r.conn_key, r.stream_id, r.stream_kind, r.direction, r.offset, r.full_len, r.role,
                 r.transport),
        std::tie(r.socket_cookie, r.start_ns, r.fd, r.netns, r.total_bytes, r.filtered_bytes,
                 r.ppid, r.uid, r.exit_code, r.comm, r.exe, r.user, r.cgroup, r.container_id,
                 r.lost_records, r.lost_bytes, r.cause, r.wire_bytes, r.handshake_us, r.tls_library,
                 r.bind_method, r.filtered, r.over_budget, r.over_budget_bytes, r.level, r.of_all,
                 r.spent, r.budget),
        address_members(r.local), address_members(r.remote));
  };
  return members(a) == members(b) && text_of(a.bytes) == text_of(b.bytes);
}

// One record of each type, every member of it different from its default.
inline std::vector<Record> one_of_each() {
  std::vector<Record> records;
  const auto add = [&](RecordType type) -> Record& {
    Record& r = records.emplace_back();
    r.type = type;
    r.tls = true;
    r.late = true;
    r.time_ns = 1000 + records.size();
    r.pid = 11;
    r.tid = 12;
    r.cgroup_id = 13;
    r.conn_key = 14;
    r.stream_id = 15;
    return r;
  };
  Record& open = add(RecordType::kOpen);
  open.role = Role::kServer;
  open.transport = Transport::kUdp;
  open.local = {AF_INET6, 443, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  open.remote = {AF_INET6, 50000, {16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}};
  open.socket_cookie = 21;
  open.start_ns = 900;
  open.fd = 5;
  open.netns = 22;
  Record& bind = add(RecordType::kBind);
  bind.stream_kind = StreamKind::kOpenssl;
  bind.bind_method = BindMethod::kCiphertext;
  Record& data = add(RecordType::kData);
  data.stream_kind = StreamKind::kOpenssl;
  data.direction = Direction::kReceived;
  data.offset = 31;
  data.truncated = true;
  data.full_len = 100;
  data.cause = kLossFault;
  data.wire_bytes = {33, 34};
  data.handshake_us = 35;
  data.filtered = 29;
  data.over_budget = 2;
  data.bytes = bytes_of("the first bytes");
  Record& gap = add(RecordType::kGap);
  gap.direction = Direction::kReceived;
  gap.truncated = true;
  gap.offset = 32;
  gap.full_len = UINT32_MAX;
  gap.cause = kLossHost;
  for (const RecordType type : {RecordType::kCount, RecordType::kClose, RecordType::kStreamEnd}) {
    Record& count = add(type);
    count.total_bytes = {41, 42};
    count.filtered_bytes = {43, 44};
    count.over_budget_bytes = {45, 46};
  }
  for (const RecordType type : {RecordType::kExec, RecordType::kExit}) {
    Record& process = add(type);
    process.ppid = 51;
    process.uid = 52;
    process.exit_code = -53;
    process.start_ns = 54;
    process.comm = "curl";
    process.exe = "/usr/bin/curl";
  }
  Record& info = add(RecordType::kProcessInfo);
  info.ppid = 61;
  info.uid = 62;
  info.start_ns = 63;
  info.exe = "/usr/sbin/nginx";
  info.comm = "nginx";
  info.user = "www-data";
  info.cgroup = "/system.slice/nginx.service";
  info.container_id = "0123456789ab";
  info.tls_library = TlsLibrary::kProbed;
  info.probed_ns = 64;
  add(RecordType::kTick);
  Record& loss = add(RecordType::kLoss);
  for (size_t i = 0; i < kLossCauses; ++i) {
    loss.lost_records[i] = 71 + i;
    loss.lost_bytes[i] = 81 + i;
  }
  Record& level = add(RecordType::kLevel);
  level.level = CaptureLevel::kCount;
  level.of_all = true;
  level.spent = 91;
  level.budget = 92;
  return records;
}

inline Record tick_at(uint64_t time_ns) {
  Record r;
  r.type = RecordType::kTick;
  r.time_ns = time_ns;
  return r;
}

// Keeps what it is given, the bytes too.
class Collector final : public RecordSink {
 public:
  bool on_record(const Record& record) override {
    records.push_back(record);
    payload.emplace_back(text_of(record.bytes));
    texts.push_back(std::string(record.exe) + "," + std::string(record.comm) + "," +
                    std::string(record.user) + "," + std::string(record.cgroup) + "," +
                    std::string(record.container_id));
    return records.size() != stop_after;
  }

  std::vector<RecordType> types() const {
    std::vector<RecordType> all;
    for (const Record& r : records) all.push_back(r.type);
    return all;
  }

  std::vector<Record> records;  // without their bytes and texts, which are gone
  std::vector<std::string> payload;
  std::vector<std::string> texts;
  size_t stop_after = 0;
};

// A directory that goes away with its files.
class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/qtap-source-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  ~TempDir() {
    for (const std::string& file : files_) ::unlink(file.c_str());
    ::rmdir(path_.c_str());
  }
  std::string file(const char* name) {
    files_.push_back(path_ + "/" + name);
    return files_.back();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::vector<std::string> files_;
};

inline std::string read_file(const std::string& path) {
  std::string content;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  char part[4096];
  while (const size_t n = std::fread(part, 1, sizeof part, file)) content.append(part, n);
  std::fclose(file);
  return content;
}

inline void write_file(const std::string& path, std::string_view content) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  REQUIRE(std::fwrite(content.data(), 1, content.size(), file) == content.size());
  REQUIRE(std::fclose(file) == 0);
}

// The head and the frames of a recording, as its bytes.
inline std::string head_of(const Origin& origin) {
  return std::string(text_of(encode_head(origin)));
}

inline std::string frame_of(std::span<const uint8_t> record) {
  const RecordingFrame frame = {static_cast<uint32_t>(record.size()), recording_crc(record)};
  std::string out(sizeof frame, '\0');
  std::memcpy(out.data(), &frame, sizeof frame);
  return out += text_of(record);
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace qtap::source::test
