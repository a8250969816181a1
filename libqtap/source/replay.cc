// SPDX-License-Identifier: Apache-2.0
#include "source/replay.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "source/record_decode.h"
#include "source/record_layout.h"
#include "source/recording.h"

namespace qtap::source {
namespace {

constexpr size_t kReadBytes = 256u
                              << 10;  // large enough that read(2) costs nothing beside the decoding

Error read_error(const std::string& path, int error, uint64_t offset) {
  return {"QT071", QTAP_ERR_IO,
          "read recording " + path + ": " + std::strerror(error) + " at byte " +
              std::to_string(offset)};
}

}  // namespace

Error ReplaySource::corrupt(const std::string& what, uint64_t offset) const {
  return {"QT072", QTAP_ERR_CORRUPT,
          "read recording " + path_ + ": " + what + " at byte " + std::to_string(offset)};
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
    const int error = errno;
    buffer_.resize(had + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && error == EINTR) continue;
    if (n < 0) return read_error(path_, error, offset_ + had);
    if (n == 0) break;
  }
  return {};
}

Result<std::unique_ptr<Source>> ReplaySource::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd)
    return Error{"QT070", QTAP_ERR_IO, "open recording " + path + ": " + std::strerror(errno)};
  std::unique_ptr<ReplaySource> source(new ReplaySource(std::move(fd), path));
  QTAP_CHECK(source->read_head());
  return std::unique_ptr<Source>(std::move(source));
}

Status ReplaySource::read_head() {
  QTAP_CHECK(fill(kMaxHeadBytes));
  Result<DecodedHead> head = decode_head(unread());
  if (!head.ok()) {
    Error error = std::move(head).error();
    error.text = "read recording " + path_ + ": " + error.text;
    return error;
  }
  origin_ = std::move(head->origin);
  start_ = head->size;
  offset_ = head->size;
  return {};
}

// The record of the next frame, checked but not used up; empty at the end of the file.
Result<std::span<const uint8_t>> ReplaySource::next_frame() {
  RecordingFrame frame;
  QTAP_CHECK(fill(sizeof frame));
  if (available() == 0) return std::span<const uint8_t>();
  if (available() < sizeof frame) {
    return corrupt("the file ends inside a frame", offset_ + available());
  }
  std::memcpy(&frame, unread().data(), sizeof frame);
  if (frame.size < sizeof(qtap_record_header) || frame.size > kMaxRecordBytes) {
    return corrupt("impossible record size " + std::to_string(frame.size), offset_);
  }
  QTAP_CHECK(fill(sizeof frame + frame.size));
  if (available() < sizeof frame + frame.size) {
    return corrupt("the file ends inside a record", offset_ + available());
  }
  const std::span<const uint8_t> record = unread().subspan(sizeof frame, frame.size);
  if (recording_crc(record) != frame.crc32) return corrupt("checksum does not match", offset_);
  uint32_t own_size = 0;
  static_assert(offsetof(qtap_record_header, size) == 0);
  std::memcpy(&own_size, record.data(), sizeof own_size);
  if (own_size != frame.size) return corrupt("a record and its frame differ in size", offset_);
  return record;
}

Result<int> ReplaySource::poll(RecordSink& sink, int max_records) {
  int delivered = 0;
  while (delivered < max_records && !at_end_) {
    Result<std::span<const uint8_t>> bytes = next_frame();
    if (bytes.ok() && bytes->empty()) {
      at_end_ = true;
      break;
    }
    Result<Record> record = bytes.ok() ? decode_record(*bytes) : Result<Record>(bytes.error());
    if (!record.ok()) {
      if (delivered > 0) break;  // found again, alone, by the next call
      at_end_ = true;
      return bytes.ok() ? corrupt(record.error().text, offset_) : record.error();
    }
    const size_t used = sizeof(RecordingFrame) + bytes->size();
    start_ += used;
    offset_ += used;
    ++delivered;
    if (!sink.on_record(*record)) break;
  }
  return delivered;
}

}  // namespace qtap::source
