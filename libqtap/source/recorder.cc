// SPDX-License-Identifier: Apache-2.0
#include "source/recorder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "source/record_encode.h"
#include "source/record_layout.h"
#include "source/recording.h"

namespace qtap::source {
namespace {

constexpr size_t kFlushBytes = 256u
                               << 10;  // large enough that write(2) costs nothing beside the copy

Error io_error(const char* what, const std::string& path, int error) {
  return {"QT076", QTAP_ERR_IO,
          std::string(what) + " recording " + path + ": " + std::strerror(error)};
}

// The name in the same folder under which a recording is made until it is one.
std::string aside(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1) + ".qtap-XXXXXX";
}

Status check_replaceable(const std::string& path) {
  struct stat old = {};
  if (::lstat(path.c_str(), &old) != 0 || S_ISREG(old.st_mode)) return {};
  return Error{
      "QT077", QTAP_ERR_INVALID,
      "create recording " + path + ": it exists and is not a regular file; choose another name"};
}

}  // namespace

// What stood there goes when its successor is there with its head. mkostemp gives a file of our
// own, mode 0600.
Result<std::unique_ptr<Recorder>> Recorder::create(const std::string& path, const Origin& origin) {
  QTAP_CHECK(check_replaceable(path));
  std::string temporary = aside(path);
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return io_error("create", path, errno);
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(fd), path));
  recorder->buffer_ = encode_head(origin);
  Status status = recorder->flush();
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = io_error("create", path, errno);
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return std::move(status).error();
  }
  return recorder;
}

Recorder::~Recorder() {
  [[maybe_unused]] const Status ignored = close();
}

void Recorder::put(const Record& record) {
  encode_record(record, record_);
  const RecordingFrame frame = {static_cast<uint32_t>(record_.size()), recording_crc(record_)};
  const auto* bytes = reinterpret_cast<const uint8_t*>(&frame);
  buffer_.insert(buffer_.end(), bytes, bytes + sizeof frame);
  buffer_.insert(buffer_.end(), record_.begin(), record_.end());
}

// The totals of the source and, among them, ours.
void Recorder::put_losses(uint64_t time_ns) {
  Record losses = losses_;
  losses.type = RecordType::kLoss;
  losses.time_ns = time_ns;
  losses.lost_records[kLossRecording] += lost_;
  put(losses);
  told_lost_ = lost_;
}

Status Recorder::append(const Record& record) {
  if (!fd_)
    return Error{"QT078", QTAP_ERR_STATE, "append to recording " + path_ + ": it is closed"};
  if (broken_) {
    ++lost_;
    return Error{"QT079", QTAP_ERR_IO,
                 "write recording " + path_ + ": it could not be repaired after an error; " +
                     std::to_string(lost_) + " records are missing at its end"};
  }
  ++buffered_;
  if (record.type == RecordType::kLoss) {
    losses_ = record;
    put_losses(record.time_ns);
  } else {
    if (lost_ != told_lost_) put_losses(record.time_ns);
    put(record);
  }
  const bool is_due = buffer_.size() >= kFlushBytes || record.type == RecordType::kTick;
  return is_due ? flush() : Status();
}

// Half a frame would make everything behind it unreadable.
Error Recorder::give_up_buffer(int error) {
  broken_ = ::ftruncate(fd_.get(), written_) != 0 || ::lseek(fd_.get(), written_, SEEK_SET) < 0;
  lost_ += buffered_;
  buffered_ = 0;
  buffer_.clear();
  Error report = io_error("write", path_, error);
  if (lost_ > 0) report.text += "; " + std::to_string(lost_) + " records are missing in it so far";
  return report;
}

Status Recorder::flush() {
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t n = ::write(fd_.get(), buffer_.data() + done, buffer_.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return give_up_buffer(errno);
    done += static_cast<size_t>(n);
  }
  written_ += static_cast<int64_t>(buffer_.size());
  buffered_ = 0;
  buffer_.clear();
  return {};
}

Status Recorder::close() {
  if (!fd_) return {};
  if (lost_ != told_lost_ && !broken_) put_losses(losses_.time_ns);
  Status status = flush();
  if (::close(fd_.release()) != 0 && status.ok()) return io_error("close", path_, errno);
  return status;
}

}  // namespace qtap::source
