// SPDX-License-Identifier: Apache-2.0
#include "probe/library_finder.h"

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "probe/process_files.h"
#include "probe/text_file.h"

namespace qtap::probe {
namespace {

constexpr size_t kMaxConfBytes = 1u << 20;
constexpr int kMaxIncludeDepth = 4;
constexpr size_t kMaxDirectories = 256;
constexpr size_t kMaxMapsBytes = 32u << 20;

// Directories that ld.so searches without being told (Debian multiarch, ld.so(8)), and where people
// install.
constexpr const char* kBuiltInDirectories[] = {
    "/usr/lib/x86_64-linux-gnu",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/lib64",
    "/usr/lib",
    "/lib",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/ssl/lib",
    "/usr/local/ssl/lib64",
};
constexpr const char* kNames[] = {"libssl.so.3", "libssl.so.1.1", "libcrypto.so.3",
                                  "libcrypto.so.1.1"};

// STEM.so, STEM.so.1.1, STEM-a1b2c3.so (as Python's wheels bring them).
bool is_library_name(std::string_view name, std::string_view stem) {
  if (!name.starts_with(stem)) return false;
  name.remove_prefix(stem.size());
  return name.starts_with(".so") || (name.starts_with("-") && name.find(".so") != name.npos);
}

void add_conf(const std::string& path, int depth, std::vector<std::string>& directories) {
  const auto text = read_text_file(path, kMaxConfBytes);
  if (!text || depth > kMaxIncludeDepth) return;
  std::string_view rest = *text;
  std::string_view line;
  while (next_line(rest, line) && directories.size() < kMaxDirectories) {
    line = line.substr(0, line.find('#'));
    const std::string_view word = next_word(line);
    if (word == "include") {
      std::string pattern(next_word(line));
      if (!pattern.empty() && pattern[0] != '/') {
        pattern = path.substr(0, path.rfind('/') + 1) + pattern;
      }
      glob_t found = {};
      if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; ++i) {
          add_conf(found.gl_pathv[i], depth + 1, directories);
        }
      }
      globfree(&found);
    } else if (word.starts_with('/')) {
      directories.emplace_back(word);
    }
  }
}

std::string map_file_name(const MappedFile& file) {
  char name[40];
  const int n = snprintf(name, sizeof(name), "%" PRIx64 "-%" PRIx64, file.start, file.end);
  return std::string(name, static_cast<size_t>(n));
}

}  // namespace

bool is_openssl_name(std::string_view name) {
  return is_library_name(name, "libssl");
}

bool is_libcrypto_name(std::string_view name) {
  return is_library_name(name, "libcrypto");
}

std::vector<std::string> linker_directories(const std::string& etc_root) {
  std::vector<std::string> directories(std::begin(kBuiltInDirectories),
                                       std::end(kBuiltInDirectories));
  add_conf(etc_root + "/ld.so.conf", 0, directories);
  return directories;
}

std::vector<std::string> libraries_in(const std::vector<std::string>& directories) {
  std::vector<std::string> paths;
  for (const std::string& directory : directories) {
    for (const char* name : kNames) {
      std::string path = directory + "/" + name;
      if (access(path.c_str(), R_OK) == 0) paths.push_back(std::move(path));
    }
  }
  return paths;
}

std::optional<std::vector<MappedLibrary>> libraries_of(const std::string& proc_root, uint32_t pid) {
  std::vector<MappedLibrary> libraries;
  const std::string base = proc_root + "/" + std::to_string(pid);
  const auto maps = read_text_file(base + "/maps", kMaxMapsBytes);
  if (!maps) return std::nullopt;
  for (const MappedFile& file : parse_maps(*maps, [](std::string_view name) {
         return is_openssl_name(name) || is_libcrypto_name(name);
       })) {
    std::string path = base + "/root" + file.path;
    struct stat st = {};
    if (file.deleted || stat(path.c_str(), &st) != 0 || st.st_ino != file.inode) {
      path = base + "/map_files/" + map_file_name(file);
    }
    libraries.push_back({std::move(path), file.path});
  }
  return libraries;
}

}  // namespace qtap::probe
