// SPDX-License-Identifier: Apache-2.0
#include "probe/ssl_attacher.h"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "bpf/shared/config.h"
#include "probe/elf_symbols.h"
#include "probe/libbpf_log.h"
#include "probe/library_finder.h"

#include <qtap_bpf.skel.h>

namespace qtap::probe {
namespace {

// The symbols of a larger program take long to read, and whoever links OpenSSL in exports it.
constexpr size_t kMaxExecutableTable = 16u << 20;

constexpr SslFunction kFunctions[] = {
    {"SSL_write", kWrite},       {"SSL_read", kRead},        {"SSL_write_ex", kWriteEx},
    {"SSL_read_ex", kReadEx},    {"SSL_free", kFree},        {"SSL_do_handshake", kHandshake},
    {"SSL_connect", kHandshake}, {"SSL_accept", kHandshake}, {"SSL_clear", kClear},
};

// Whether the end of the call says something that its beginning does not.
bool has_return(SslCall call) {
  return call != kFree && call != kClear && call != kBioWrite;
}

constexpr SslFunction kCryptoFunctions[] = {{"BIO_write", kBioWrite}, {"BIO_write_ex", kBioWrite}};

// Programs that have OpenSSL inside (node).
constexpr SslFunction kStaticFunctions[] = {
    {"SSL_write", kWrite},       {"SSL_read", kRead},         {"SSL_write_ex", kWriteEx},
    {"SSL_read_ex", kReadEx},    {"SSL_free", kFree},         {"SSL_do_handshake", kHandshake},
    {"SSL_connect", kHandshake}, {"SSL_accept", kHandshake},  {"SSL_clear", kClear},
    {"BIO_write", kBioWrite},    {"BIO_write_ex", kBioWrite},
};

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::vector<std::string_view> names_of(std::span<const SslFunction> functions) {
  std::vector<std::string_view> names;
  for (const SslFunction& function : functions) names.push_back(function.name);
  return names;
}

bool is_libcrypto(const std::string& path) {
  return is_libcrypto_name(base_name(path));
}

Error failed(const std::string& path, int error, const LibbpfLog& log) {
  std::string text = "attach to " + path + ": " + strerror(error);
  if (const std::string reason = log.reason(); !reason.empty()) text += ": " + reason;
  return {"QT051", error == EPERM || error == EACCES ? QTAP_ERR_PERM : QTAP_ERR_IO,
          std::move(text)};
}

const bpf_program* entry_program(const qtap_bpf& skeleton, SslCall call) {
  switch (call) {
    case kWrite:
      return skeleton.progs.on_ssl_write_enter;
    case kRead:
      return skeleton.progs.on_ssl_read_enter;
    case kWriteEx:
      return skeleton.progs.on_ssl_write_ex_enter;
    case kReadEx:
      return skeleton.progs.on_ssl_read_ex_enter;
    case kHandshake:
      return skeleton.progs.on_ssl_handshake_enter;
    case kFree:
      return skeleton.progs.on_ssl_free_enter;
    case kClear:
      return skeleton.progs.on_ssl_clear_enter;
    case kBioWrite:
      return skeleton.progs.on_bio_write;
  }
  return nullptr;
}

}  // namespace

void SslAttacher::warn(std::string text) {
  if (warnings_.size() < kMaxWarnings) warnings_.push_back(std::move(text));
}

TlsLibrary SslAttacher::attach(const std::string& open_path, const std::string& shown_path) {
  const std::span<const SslFunction> functions =
      is_libcrypto(shown_path) ? std::span<const SslFunction>(kCryptoFunctions) : kFunctions;
  return look_at(open_path, shown_path, [&](int fd) -> TlsLibrary {
    if (probed_files_ >= kMaxLibraries) {
      warn("QT054: attach to " + shown_path + ": more than " + std::to_string(kMaxLibraries) +
           " TLS libraries");
      return TlsLibrary::kNoSymbols;
    }
    return attach_file(fd, open_path, shown_path, functions);
  });
}

TlsLibrary SslAttacher::attach_executable(const std::string& proc_root, uint32_t pid) {
  const std::string open_path = proc_root + "/" + std::to_string(pid) + "/exe";
  std::string shown_path = open_path;
  std::error_code ignored;
  if (const auto target = std::filesystem::read_symlink(open_path, ignored); !ignored) {
    shown_path = target.string();
  }
  return look_at(open_path, shown_path, [&](int fd) -> TlsLibrary {
    const auto names = names_of(kStaticFunctions);
    const auto offsets = find_functions(fd, shown_path, names, kMaxExecutableTable);
    if (!offsets.ok() || !(*offsets)[0] || !(*offsets)[1]) return TlsLibrary::kNone;
    if (probed_files_ >= kMaxLibraries) return TlsLibrary::kNoSymbols;
    return attach_file(fd, open_path, shown_path, kStaticFunctions);
  });
}

TlsLibrary SslAttacher::look_at(const std::string& open_path, const std::string& shown_path,
                                const std::function<TlsLibrary(int fd)>& first_look) {
  const int fd = open(open_path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno != ENOENT &&
        errno != ESRCH) {  // the process or its file went away: nothing to capture
      warn("QT053: open " + shown_path + ": " + strerror(errno));
    }
    return TlsLibrary::kUnknown;
  }
  struct stat st = {};
  TlsLibrary found = TlsLibrary::kUnknown;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
    const std::pair<uint64_t, uint64_t> file(st.st_dev, st.st_ino);
    if (const auto known = seen_.find(file); known != seen_.end()) {
      found = known->second;
    } else {
      found = first_look(fd);
      if (seen_.size() >= kMaxSeen) {  // look again at those that have nothing to probe
        std::erase_if(seen_, [](const auto& one) { return one.second == TlsLibrary::kNone; });
      }
      seen_.emplace(file, found);
    }
  }
  close(fd);
  return found;
}

TlsLibrary SslAttacher::attach_file(int fd, const std::string& open_path,
                                    const std::string& shown_path,
                                    std::span<const SslFunction> functions) {
  const auto probed = attach_functions(fd, open_path, shown_path, functions);
  if (!probed.ok()) {
    warn(message_of(probed.error()));
    return TlsLibrary::kNoSymbols;
  }
  ++probed_files_;
  attached_.push_back("openssl: " + shown_path + " (" + std::to_string(*probed) + " functions)");
  return TlsLibrary::kProbed;
}

TlsLibrary SslAttacher::attach_mapped(const std::string& proc_root, uint32_t pid) {
  const auto libraries = libraries_of(proc_root, pid);
  if (!libraries) return TlsLibrary::kUnknown;
  const auto is_ssl = [](const MappedLibrary& library) {
    return !is_libcrypto(library.shown_path);
  };
  // Without libssl, libcrypto hashes files or speaks SSH: not our concern.
  if (std::none_of(libraries->begin(), libraries->end(), is_ssl)) {
    return attach_executable(proc_root, pid);
  }
  TlsLibrary best = TlsLibrary::kUnknown;
  for (const MappedLibrary& library : *libraries) {
    const TlsLibrary found = attach(library.open_path, library.shown_path);
    if (is_ssl(library)) best = std::max(best, found);
  }
  return best;
}

Result<int> SslAttacher::attach_functions(int fd, const std::string& open_path,
                                          const std::string& shown_path,
                                          std::span<const SslFunction> functions) {
  const auto names = names_of(functions);
  QTAP_TRY(const auto offsets, find_functions(fd, shown_path, names));
  if (!offsets[0] || !offsets[1]) {
    return Error{"QT052", QTAP_ERR_UNSUPPORTED,
                 "attach to " + shown_path + ": it does not define " + std::string(names[0]) +
                     " and " + std::string(names[1])};
  }
  std::vector<Place> places;
  for (size_t i = 0; i < offsets.size(); ++i) {
    const auto same = [&](const Place& other) { return other.offset == offsets[i]; };
    if (offsets[i] && std::none_of(places.begin(), places.end(), same)) {
      places.push_back({functions[i].call, *offsets[i]});
    }
  }
  QTAP_CHECK(kernel_.has_uprobe_multi() ? attach_multi(open_path, places)
                                        : attach_each(open_path, places));
  return static_cast<int>(places.size());
}

// Returns first: a call whose entry was seen must not lack its return.
Status SslAttacher::attach_multi(const std::string& path, const std::vector<Place>& places) {
  std::vector<unsigned long> entry_offsets;
  std::vector<unsigned long> exit_offsets;
  std::vector<__u64> cookies;
  for (const Place& place : places) {
    entry_offsets.push_back(place.offset);
    cookies.push_back(place.call);
    if (has_return(place.call)) exit_offsets.push_back(place.offset);
  }

  const LibbpfLog log(kernel_.libbpf_print());
  bpf_link* link = nullptr;
  if (!exit_offsets.empty()) {
    bpf_uprobe_multi_opts exit = {};
    exit.sz = sizeof(exit);
    exit.offsets = exit_offsets.data();
    exit.cnt = exit_offsets.size();
    exit.retprobe = true;
    link = bpf_program__attach_uprobe_multi(kernel_.ssl_exit_program(), /*pid=*/-1, path.c_str(),
                                            nullptr, &exit);
    if (link == nullptr) return failed(path, errno, log);
    links_.add(link);
  }

  bpf_uprobe_multi_opts entry = {};
  entry.sz = sizeof(entry);
  entry.offsets = entry_offsets.data();
  entry.cookies = cookies.data();
  entry.cnt = entry_offsets.size();
  link = bpf_program__attach_uprobe_multi(kernel_.skeleton().progs.on_ssl_enter_multi, /*pid=*/-1,
                                          path.c_str(), nullptr, &entry);
  if (link == nullptr) return failed(path, errno, log);
  links_.add(link);
  return {};
}

Status SslAttacher::attach_each(const std::string& path, const std::vector<Place>& places) {
  const LibbpfLog log(kernel_.libbpf_print());
  for (const bool at_return : {true, false}) {
    for (const Place& place : places) {
      if (at_return && !has_return(place.call)) continue;
      const bpf_program* program =
          at_return ? kernel_.ssl_exit_program() : entry_program(kernel_.skeleton(), place.call);
      bpf_link* link =
          bpf_program__attach_uprobe(program, at_return, /*pid=*/-1, path.c_str(), place.offset);
      if (link == nullptr) return failed(path, errno, log);
      links_.add(link);
    }
  }
  return {};
}

}  // namespace qtap::probe
