// SPDX-License-Identifier: Apache-2.0
#include "source/recorder.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "source/record_encode.h"
#include "source/recording.h"

namespace qtap::source {
namespace {

constexpr size_t kFlushBytes = 256u << 10;  // large enough that write(2) costs nothing beside the copy

Error io_error(const char* what, const std::string& path) {
  return {QTAP_ERR_IO, std::string(what) + " recording " + path + ": " + std::strerror(errno)};
}

template <typename T>
void append_raw(std::vector<uint8_t>& out, const T& value) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::create(const std::string& path, const Origin& origin) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) return io_error("create", path);
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(fd), path));
  recorder->buffer_ = encode_head(origin);
  QTAP_CHECK(recorder->flush());
  return recorder;
}

Recorder::~Recorder() { [[maybe_unused]] const Status ignored = close(); }

Status Recorder::append(const Record& record) {
  if (!fd_) return Error{QTAP_ERR_STATE, "append to recording " + path_ + ": it is closed"};
  encode_record(record, record_);
  append_raw(buffer_, RecordingFrame{static_cast<uint32_t>(record_.size()), record_crc(record_)});
  buffer_.insert(buffer_.end(), record_.begin(), record_.end());
  return buffer_.size() >= kFlushBytes ? flush() : Status();
}

Status Recorder::flush() {
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t n = ::write(fd_.get(), buffer_.data() + done, buffer_.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const Error error = io_error("write", path_);
      // Half a frame would make the rest unreadable.
      if (::ftruncate(fd_.get(), written_) == 0) ::lseek(fd_.get(), written_, SEEK_SET);
      buffer_.clear();
      return error;
    }
    done += static_cast<size_t>(n);
  }
  written_ += static_cast<int64_t>(buffer_.size());
  buffer_.clear();
  return {};
}

Status Recorder::close() {
  if (!fd_) return {};
  Status status = flush();
  if (::close(fd_.release()) != 0 && status.ok()) return io_error("close", path_);
  return status;
}

}  // namespace qtap::source
