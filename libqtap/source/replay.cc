// SPDX-License-Identifier: Apache-2.0
#include "source/replay.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "source/record_decode.h"
#include "source/record_layout.h"
#include "source/recording.h"

namespace qtap::source {
namespace {

constexpr size_t kReadBytes = 256u << 10;
// The longest record that anybody writes: process texts, four of 64 KiB at most.
constexpr size_t kMaxFrame = sizeof(qtap_rec_process_info) + 5 * size_t{UINT16_MAX};
static_assert(kMaxFrame > kMaxRecordBytes);

}  // namespace

Error ReplaySource::corrupt(const std::string& what) {
  at_end_ = true;
  return {QTAP_ERR_CORRUPT,
          "read recording " + path_ + ": " + what + " at byte " + std::to_string(offset_)};
}

// Makes at least `need` bytes available unless the file ends before.
Status ReplaySource::fill(size_t need) {
  if (available() >= need) return {};
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(start_));
  start_ = 0;
  while (buffer_.size() < need) {
    const size_t had = buffer_.size();
    buffer_.resize(had + kReadBytes);
    const ssize_t n = ::read(fd_.get(), buffer_.data() + had, kReadBytes);
    buffer_.resize(had + static_cast<size_t>(n > 0 ? n : 0));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      at_end_ = true;
      return Error{QTAP_ERR_IO, "read recording " + path_ + ": " + std::strerror(errno)};
    }
    if (n == 0) break;
  }
  return {};
}

Result<std::unique_ptr<Source>> ReplaySource::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error{QTAP_ERR_IO, "open recording " + path + ": " + std::strerror(errno)};
  std::unique_ptr<ReplaySource> source(new ReplaySource(std::move(fd), path));
  QTAP_CHECK(source->read_head());
  return std::unique_ptr<Source>(std::move(source));
}

Status ReplaySource::read_head() {
  QTAP_CHECK(fill(sizeof(RecordingHead)));
  if (available() == 0) return corrupt("the file is empty: not a recording");
  RecordingHead head = {};
  std::memcpy(&head, buffer_.data(), std::min(available(), sizeof head));
  if (std::memcmp(head.magic, kRecordingMagic, sizeof head.magic) != 0) {
    return corrupt("not a recording (no QTAPREC mark)");
  }
  if (available() < sizeof head) return corrupt("the file ends inside its head");
  if (head.byte_order != kByteOrderMark) {
    return Error{QTAP_ERR_UNSUPPORTED, "read recording " + path_ +
                                           ": written on a machine of the other byte order"};
  }
  if (head.format_version != kRecordingVersion || head.record_version != QTAP_RECORD_VERSION) {
    return Error{QTAP_ERR_UNSUPPORTED,
                 "read recording " + path_ + ": format " + std::to_string(head.format_version) +
                     ", records " + std::to_string(head.record_version) + "; this library reads " +
                     std::to_string(kRecordingVersion) + " and " +
                     std::to_string(QTAP_RECORD_VERSION)};
  }
  const size_t size = sizeof head + head.hostname_len + head.instance_len;
  QTAP_CHECK(fill(size));
  if (available() < size) return corrupt("the file ends inside its head");
  const char* text = reinterpret_cast<const char*>(buffer_.data()) + sizeof head;
  origin_.boot_to_unix_ns = head.boot_to_unix_ns;
  origin_.id_seed = head.id_seed;
  origin_.hostname.assign(text, head.hostname_len);
  origin_.instance.assign(text + head.hostname_len, head.instance_len);
  start_ = size;
  offset_ = size;
  return {};
}

Result<int> ReplaySource::poll(RecordSink& sink, int max_records) {
  int delivered = 0;
  while (delivered < max_records && !at_end_) {
    QTAP_CHECK(fill(sizeof(RecordingFrame)));
    if (available() == 0) {
      at_end_ = true;
      break;
    }
    if (available() < sizeof(RecordingFrame)) return corrupt("the file ends inside a frame");
    RecordingFrame frame;
    std::memcpy(&frame, buffer_.data() + start_, sizeof frame);
    if (frame.size > kMaxFrame) return corrupt("impossible record size");
    QTAP_CHECK(fill(sizeof frame + frame.size));
    if (available() < sizeof frame + frame.size) return corrupt("the file ends inside a record");
    const std::span<const uint8_t> bytes(buffer_.data() + start_ + sizeof frame, frame.size);
    if (record_crc(bytes) != frame.crc32) return corrupt("checksum does not match");
    Result<Record> record = decode_record(bytes);
    if (!record.ok()) return corrupt(record.error().text);
    uint32_t own_size = 0;
    std::memcpy(&own_size, bytes.data(), sizeof own_size);
    if (own_size != frame.size) return corrupt("the record and its frame differ in size");
    start_ += sizeof frame + frame.size;
    offset_ += sizeof frame + frame.size;
    ++delivered;
    if (!sink.on_record(*record)) break;
  }
  return delivered;
}

}  // namespace qtap::source
