// SPDX-License-Identifier: Apache-2.0
#include "sink/file_bodies.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "sink/file_io.h"

namespace qtap::sink {

Status FileBodies::put(const BodyPart& part) {
  const BodyChunk& chunk = part.chunk;
  const bool is_request = chunk.message == MessageKind::kRequest;
  const std::string path =
      dir_ + "/" + chunk.transaction_id + (is_request ? ".request" : ".response");
  if (const auto failed = failed_.find(path); failed != failed_.end()) {
    const int error = failed->second;
    if (chunk.last) failed_.erase(failed);
    return io_error("close body file " + path + ".part", error);
  }
  if (!chunk.last) return write(part, path);
  if (part.first) return {};  // nothing of it came: there is no file
  return finish(part, path);
}

// The descriptor is gone in any case (close(2)).
Status FileBodies::close_open() {
  if (!fd_) return {};
  const std::string path = std::exchange(open_path_, {});
  if (close_(fd_.release()) == 0) return {};
  const int error = errno;
  failed_[path] = error;
  return io_error("close body file " + path + ".part", error);
}

Status FileBodies::open(const std::string& path, bool is_new) {
  if (open_path_ == path) return {};
  static_cast<void>(close_open().ok());  // told at the next part of the body whose file that was
  const std::string aside = path + ".part";
  const int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (is_new ? O_CREAT | O_TRUNC : 0);
  fd_ = UniqueFd(::open(aside.c_str(), flags, 0600));
  if (!fd_ && errno == ENOENT && is_new) {
    QTAP_CHECK(make_dirs(dir_));
    fd_ = UniqueFd(::open(aside.c_str(), flags, 0600));
  }
  if (!fd_) return io_error("open body file " + aside, errno);
  open_path_ = path;
  return {};
}

// At its place, so that what is missing before it is a hole.
Status FileBodies::write(const BodyPart& part, const std::string& path) {
  QTAP_CHECK(open(path, part.first));
  std::string_view data = part.chunk.data;
  auto offset = static_cast<off_t>(part.chunk.offset);
  while (!data.empty()) {
    const ssize_t n = ::pwrite(fd_.get(), data.data(), data.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("write body file " + path + ".part", errno);
    data.remove_prefix(static_cast<size_t>(n));
    offset += n;
  }
  return {};
}

Status FileBodies::finish(const BodyPart& part, const std::string& path) {
  QTAP_CHECK(open(path, /*is_new=*/false));
  Status resized;
  if (part.missing > 0 && ::ftruncate(fd_.get(), static_cast<off_t>(part.chunk.offset)) != 0) {
    resized = io_error("write body file " + path + ".part", errno);
  }
  Status closed = close_open();
  failed_.erase(path);  // told now
  QTAP_CHECK(std::move(resized));
  QTAP_CHECK(std::move(closed));
  const std::string done = path + (part.truncated ? ".truncated" : "");
  if (::rename((path + ".part").c_str(), done.c_str()) != 0) {
    return io_error("rename body file to " + done, errno);
  }
  return {};
}

}  // namespace qtap::sink
