// SPDX-License-Identifier: Apache-2.0
#include "sink/rotated_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "sink/file_io.h"

namespace qtap::sink {
namespace {

// When the file was made, where its file system knows; else now.
int64_t begun_ns(int fd) {
  struct statx info = {};
  const int64_t now = clock_ns(CLOCK_REALTIME);
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &info) != 0) return now;
  if ((info.stx_mask & STATX_BTIME) == 0) return now;
  return int64_t{info.stx_btime.tv_sec} * 1'000'000'000 + info.stx_btime.tv_nsec;
}

Error write_error(const std::string& path, int error) {
  Error made = io_error("write event file " + path, error);
  // Somebody may free space, while the events wait in the queue.
  if (error == ENOSPC || error == EDQUOT) made.status = QTAP_ERR_AGAIN;
  return made;
}

}  // namespace

Status RotatedFile::open() {
  // Without O_NONBLOCK a named pipe would wait here for its reader.
  UniqueFd fd(::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600));
  if (!fd) return io_error("open event file " + path_, errno);
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return io_error("open event file " + path_, errno);
  if (!S_ISREG(info.st_mode)) {
    return Error{"QT170", QTAP_ERR_IO, "open event file " + path_ + ": it is not a regular file"};
  }
  device_ = info.st_dev;
  inode_ = info.st_ino;
  size_ = static_cast<uint64_t>(info.st_size);
  begun_ns_ = size_ == 0 ? clock_ns(CLOCK_REALTIME) : begun_ns(fd.get());
  fd_ = std::move(fd);
  return end_cut_line();
}

Status RotatedFile::end_cut_line() {
  char last = '\n';
  if (size_ > 0 && ::pread(fd_.get(), &last, 1, static_cast<off_t>(size_ - 1)) != 1) {
    return io_error("read event file " + path_, errno);
  }
  size_t written = 0;
  return last == '\n' ? Status() : append("\n", written);
}

Status RotatedFile::follow() {
  struct stat info = {};
  const bool is_there =
      fd_ && ::stat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_;
  if (!is_there) return open();
  size_ = static_cast<uint64_t>(info.st_size);  // another may write it too, or have emptied it
  return {};
}

bool RotatedFile::is_due(size_t next, int64_t now_ns) const {
  if (size_ == 0) return false;
  const bool is_old = rotation_.max_age_ns > 0 && now_ns - begun_ns_ >= rotation_.max_age_ns;
  return is_old || size_ + next > rotation_.max_bytes;
}

Status RotatedFile::rotate() {
  if (rotation_.keep == 0) {
    if (::unlink(path_.c_str()) != 0) return io_error("remove event file " + path_, errno);
    return open();
  }
  for (uint32_t number = rotation_.keep; number > 0; --number) {
    const std::string from = number == 1 ? path_ : numbered(number - 1);
    if (::rename(from.c_str(), numbered(number).c_str()) != 0 && errno != ENOENT) {
      return io_error("rename event file " + from, errno);
    }
  }
  return open();
}

Status RotatedFile::append(std::string_view lines, size_t& written) {
  written = 0;
  while (written < lines.size()) {
    const ssize_t n = ::write(fd_.get(), lines.data() + written, lines.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n > 0) {
      written += static_cast<size_t>(n);
      continue;
    }
    const int error = n < 0 ? errno : ENOSPC;
    const size_t whole = lines.substr(0, written).rfind('\n') + 1;  // npos + 1 = none
    const size_t broken = written - whole;
    written = whole;
    size_ += whole;
    struct stat info = {};
    if (broken > 0 && ::fstat(fd_.get(), &info) == 0 &&
        ::ftruncate(fd_.get(), info.st_size - static_cast<off_t>(broken)) != 0) {
      return write_error(path_, errno);
    }
    return write_error(path_, error);
  }
  size_ += written;
  return {};
}

Status RotatedFile::sync() {
  if (fd_ && ::fdatasync(fd_.get()) != 0) return io_error("sync event file " + path_, errno);
  return {};
}

}  // namespace qtap::sink
