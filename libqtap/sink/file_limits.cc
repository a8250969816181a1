// SPDX-License-Identifier: Apache-2.0
#include "sink/file_limits.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace qtap::sink {
namespace {

constexpr size_t kSha1Digits = 40;
constexpr size_t kSha256Digits = 64;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_object(std::string_view folder, std::string_view file) {
  return (file.size() == kSha256Digits || file.size() == kSha1Digits) && is_hex(file) &&
         file.starts_with(folder);
}

struct Close {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, Close>;

// Calls `use` with each name in it.
template <typename Use>
void for_each_name(const std::string& path, Use use) {
  const Dir dir(::opendir(path.c_str()));
  if (!dir) return;
  while (const dirent* entry = ::readdir(dir.get())) use(std::string_view(entry->d_name));
}

int64_t modified_ns(const struct stat& info) {
  return int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

bool is_file(const std::string& path, struct stat& info) {
  return ::lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

void FileLimits::scan() {
  for_each_name(dir_, [this](std::string_view folder) {
    if (folder.size() == 2 && is_hex(folder)) scan_folder(std::string(folder));
  });
}

void FileLimits::scan_folder(const std::string& folder) {
  struct stat info = {};
  const std::string path = dir_ + "/" + folder;
  if (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return;  // no link elsewhere
  for_each_name(path, [&](std::string_view file) {
    if (!is_object(folder, file)) return;
    const std::string name = folder + "/" + std::string(file);
    if (!is_file(dir_ + "/" + name, info)) return;
    add(name, static_cast<uint64_t>(info.st_size), modified_ns(info));
  });
}

Status FileLimits::check(std::string_view name, uint64_t size) const {
  if (max_bytes_ == 0 || size <= max_bytes_) return {};
  return Error{"QT192", QTAP_ERR_LIMIT,
               "write object file " + dir_ + "/" + std::string(name) + ": its " +
                   std::to_string(size) + " bytes are more than max_bytes (" +
                   std::to_string(max_bytes_) + ")"};
}

void FileLimits::forget(std::string_view name) {
  const auto time = times_.find(std::string(name));
  if (time == times_.end()) return;
  const auto file = files_.find(File{time->second, std::string(name), 0});
  bytes_ -= file->size;
  files_.erase(file);
  times_.erase(time);
}

void FileLimits::add(std::string_view name, uint64_t size, int64_t time_ns) {
  forget(name);
  files_.insert({time_ns, std::string(name), size});
  times_.emplace(name, time_ns);
  bytes_ += size;
}

// One that cannot be removed counts no more: it would be tried at each object, in vain.
void FileLimits::trim(int64_t now_ns) {
  while (!files_.empty()) {
    const File oldest = *files_.begin();
    const bool is_old = max_age_ns_ != 0 && now_ns - oldest.time_ns > max_age_ns_;
    if (!is_old && (max_bytes_ == 0 || bytes_ <= max_bytes_)) return;
    struct stat info = {};
    const std::string path = dir_ + "/" + oldest.name;
    if (is_file(path, info) && ::unlink(path.c_str()) == 0) ++removed_;
    forget(oldest.name);
  }
}

}  // namespace qtap::sink
