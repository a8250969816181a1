// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over the files of directories, without a fuzzer: so each target is a plain
// test, too. Usage: <target> PATH... (directories, of which each file is an input, or single files)
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

bool fail(const char* what, const std::string& path) {
  std::fprintf(stderr, "fuzz driver: %s %s: %s\n", what, path.c_str(), std::strerror(errno));
  return false;
}

// Regular files only, in an order that does not depend on the file system.
bool list_inputs(const std::string& path, std::vector<std::string>& files) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return fail("find", path);
  if (S_ISREG(info.st_mode)) {
    files.push_back(path);
    return true;
  }
  DIR* dir = ::opendir(path.c_str());
  if (!dir) return fail("open", path);
  const size_t first = files.size();
  while (const dirent* entry = ::readdir(dir)) {
    const std::string file = path + "/" + entry->d_name;
    if (entry->d_name[0] == '.') continue;
    if (::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode)) files.push_back(file);
  }
  ::closedir(dir);
  std::sort(files.begin() + static_cast<ptrdiff_t>(first), files.end());
  return true;
}

// From a copy of exactly its size: a sanitizer sees a target that reads past the end.
bool run_input(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return fail("open", path);
  std::string content;
  char part[65536];
  while (const size_t n = std::fread(part, 1, sizeof part, file)) content.append(part, n);
  const bool is_read = std::ferror(file) == 0;
  if (!is_read) fail("read", path);
  std::fclose(file);
  if (!is_read) return false;
  const auto copy = std::make_unique<uint8_t[]>(content.size());
  if (!content.empty()) std::memcpy(copy.get(), content.data(), content.size());
  // A target that aborts says nothing of the input.
  std::printf("%s (%zu bytes)\n", path.c_str(), content.size());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(copy.get(), content.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s PATH... (directories of inputs, or files)\n", argv[0]);
    return 2;
  }
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (!list_inputs(argv[i], files)) return 1;
  }
  if (files.empty()) {
    std::fprintf(stderr, "fuzz driver: no inputs in %s\n", argv[1]);
    return 1;
  }
  for (const std::string& file : files) {
    if (!run_input(file)) return 1;
  }
  std::printf("%zu inputs\n", files.size());
  return 0;
}
