// SPDX-License-Identifier: Apache-2.0
#include "sink/builtin.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/clock.h"
#include "base/fd.h"
#include "sink/file_bodies.h"
#include "sink/file_io.h"
#include "sink/file_limits.h"

namespace qtap::sink {
namespace {

std::string absolute(const std::string& dir) {
  char buffer[PATH_MAX];
  return ::realpath(dir.c_str(), buffer) ? std::string(buffer) : dir;
}

class FileObjects final : public Sink {
 public:
  FileObjects(std::string id, std::string dir, const FileObjectsOptions& options)
      : id_(std::move(id)),
        dir_(std::move(dir)),
        digest_(options.digest),
        limits_(dir_, options.max_bytes, options.max_age_ns) {
    if (limits_.is_on()) {
      limits_.scan();
      limits_.trim(clock_ns(CLOCK_REALTIME));
    }
    if (options.bodies) bodies_.emplace(dir_ + "/bodies");
  }

  const std::string& id() const override { return id_; }
  bool takes_events() const override { return false; }
  bool takes_objects() const override { return true; }
  bool takes_bodies() const override { return bodies_.has_value(); }
  Status put_event(const Ref<Event>&) override { return {}; }
  Status put_object(const Ref<Object>& object) override;
  Status put_body(const BodyPart& part) override { return bodies_->put(part); }
  std::string locate(const Object& object) const override { return "file://" + path_of(object); }
  const std::string& digest_of(const Object& object) const override {
    return qtap::digest_of(object, digest_);
  }
  // What is remembered as stored may be removed meanwhile.
  std::string identity(const Object& object) const override {
    return limits_.is_on() ? std::string() : object.digest;
  }
  uint64_t removed() const override { return limits_.removed(); }
  Status flush(int) override {
    limits_.trim(clock_ns(CLOCK_REALTIME));
    return {};
  }
  void close() override {}

 private:
  std::string name_of(const Object& object) const {
    return digest_of(object).substr(0, 2) + "/" + digest_of(object);
  }
  Status write(const Object& object, const std::string& path) const;
  std::string folder_of(const Object& object) const {
    return dir_ + "/" + digest_of(object).substr(0, 2);
  }
  std::string path_of(const Object& object) const { return dir_ + "/" + name_of(object); }

  std::string id_;
  std::string dir_;
  const DigestKind digest_;
  FileLimits limits_;
  std::optional<FileBodies> bodies_;
};

// The name tells the content: a file of that name and size is the object.
Status FileObjects::put_object(const Ref<Object>& object) {
  const std::string path = path_of(*object);
  const std::string name = name_of(*object);
  const uint64_t size = object->data.size();
  QTAP_CHECK(limits_.check(name, size));
  struct stat info = {};
  const bool is_there = ::lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
                        static_cast<uint64_t>(info.st_size) == size;
  if (!is_there) QTAP_CHECK(write(*object, path));
  if (!limits_.is_on()) return {};
  if (is_there) ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // for the next run
  const int64_t now_ns = clock_ns(CLOCK_REALTIME);
  limits_.add(name, size, now_ns);
  limits_.trim(now_ns);
  return {};
}

// Readers never see half of one; several sessions may write the same one at the same time.
Status FileObjects::write(const Object& object, const std::string& path) const {
  std::string aside = path + ".XXXXXX";
  UniqueFd fd(::mkostemp(aside.data(), O_CLOEXEC));  // mode 0600
  if (!fd && errno == ENOENT) {                      // the first object of this folder
    QTAP_CHECK(make_dirs(folder_of(object)));
    aside = path + ".XXXXXX";
    fd = UniqueFd(::mkostemp(aside.data(), O_CLOEXEC));
  }
  if (!fd) return io_error("create object file " + path, errno);
  Status written = write_whole(std::move(fd), path, object.data);
  if (written.ok() && ::rename(aside.c_str(), path.c_str()) != 0) {
    written = io_error("rename object file to " + path, errno);
  }
  if (!written.ok()) ::unlink(aside.c_str());
  return written;
}

}  // namespace

Result<std::unique_ptr<Sink>> make_file_objects(std::string id, const std::string& dir,
                                                const FileObjectsOptions& options) {
  QTAP_CHECK(make_dirs(dir));
  if (::access(dir.c_str(), W_OK | X_OK) != 0) {
    return io_error("write to object directory " + dir, errno);
  }
  return std::unique_ptr<Sink>(
      std::make_unique<FileObjects>(std::move(id), absolute(dir), options));
}

}  // namespace qtap::sink
