// SPDX-License-Identifier: Apache-2.0
#include "sink/file_io.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace qtap::sink {
namespace {

const char* advice(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; free space there or choose another directory";
    case EROFS:
    case EACCES:
    case EPERM:
      return "; choose a directory that can be written to";
    default:
      return "";
  }
}

}  // namespace

Error io_error(const std::string& what, int error) {
  return {"QT095", QTAP_ERR_IO, what + ": " + std::strerror(error) + advice(error)};
}

Status make_dirs(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return io_error("make directory " + part, errno);
    }
    if (slash == std::string::npos) break;
  }
  struct stat info = {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode)) {
    return Error{"QT096", QTAP_ERR_IO, "make directory " + path + ": a file has this name"};
  }
  return {};
}

Status write_whole(UniqueFd fd, const std::string& path, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd.get(), data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("write object file " + path, errno);
    data.remove_prefix(static_cast<size_t>(n));
  }
  if (::close(fd.release()) != 0) return io_error("write object file " + path, errno);
  return {};
}

}  // namespace qtap::sink
