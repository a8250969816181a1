// SPDX-License-Identifier: Apache-2.0
#include "sink/builtin.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace qtap::sink {
namespace {

Error io_error(const std::string& what) {
  return {QTAP_ERR_IO, what + ": " + std::strerror(errno)};
}

// Makes a directory and those above it; mode 0700, since what goes there is sensitive.
Status make_dirs(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return io_error("make directory " + part);
    if (slash == std::string::npos) break;
  }
  struct stat info = {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode)) {
    return Error{QTAP_ERR_IO, "make directory " + path + ": a file has this name"};
  }
  return {};
}

std::string absolute(const std::string& dir) {
  char buffer[PATH_MAX];
  return ::realpath(dir.c_str(), buffer) ? std::string(buffer) : dir;
}

class FileObjects final : public Sink {
 public:
  FileObjects(std::string id, std::string dir) : id_(std::move(id)), dir_(std::move(dir)) {}

  const std::string& id() const override { return id_; }
  bool takes_events() const override { return false; }
  bool takes_objects() const override { return true; }
  Status put_event(const Ref<Event>&) override { return {}; }
  Status put_object(const Ref<Object>& object) override;
  std::string locate(const Object& object) const override { return "file://" + path_of(object); }
  Status flush(int) override { return {}; }
  void close() override {}

 private:
  std::string folder_of(const Object& object) const { return dir_ + "/" + object.digest.substr(0, 2); }
  std::string path_of(const Object& object) const { return folder_of(object) + "/" + object.digest; }

  std::string id_;
  std::string dir_;
};

Status write_whole(const std::string& path, std::string_view data) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) return io_error("create object file " + path);
  while (!data.empty()) {
    const ssize_t n = ::write(fd.get(), data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("write object file " + path);
    data.remove_prefix(static_cast<size_t>(n));
  }
  if (::close(fd.release()) != 0) return io_error("write object file " + path);
  return {};
}

// The name tells the content: a file of that name and size is the object. Readers never see half of one.
Status FileObjects::put_object(const Ref<Object>& object) {
  const std::string path = path_of(*object);
  struct stat info = {};
  if (::stat(path.c_str(), &info) == 0 && static_cast<size_t>(info.st_size) == object->data.size()) return {};
  QTAP_CHECK(make_dirs(folder_of(*object)));
  const std::string aside = path + "." + std::to_string(::getpid()) + ".part";
  Status written = write_whole(aside, object->data);
  if (written.ok() && ::rename(aside.c_str(), path.c_str()) != 0) {
    written = io_error("rename object file to " + path);
  }
  if (!written.ok()) ::unlink(aside.c_str());
  return written;
}

}  // namespace

Result<std::unique_ptr<Sink>> make_file_objects(std::string id, const std::string& dir) {
  QTAP_CHECK(make_dirs(dir));
  if (::access(dir.c_str(), W_OK | X_OK) != 0) return io_error("write to object directory " + dir);
  return std::unique_ptr<Sink>(std::make_unique<FileObjects>(std::move(id), absolute(dir)));
}

}  // namespace qtap::sink
