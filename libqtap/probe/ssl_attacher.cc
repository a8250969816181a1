// SPDX-License-Identifier: Apache-2.0
#include "probe/ssl_attacher.h"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "bpf/shared/config.h"
#include "probe/libbpf_log.h"
#include "probe/library_finder.h"

#include <qtap_bpf.skel.h>

namespace qtap::probe {
namespace {

// Whether the end of the call says something that its beginning does not.
bool has_return(SslCall call) {
  return call != kFree && call != kClear && call != kBioWrite;
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

uint64_t boot_ns() {
  timespec t = {};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
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

// Leads to the file as long as it is open here, also when the process that it was found by has
// ended meanwhile, or the file was replaced. A file is looked at once: for all later processes.
std::string path_of(int fd, const std::string& open_path) {
  std::string path = "/proc/self/fd/" + std::to_string(fd);
  return access(path.c_str(), F_OK) == 0 ? path : open_path;
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
    case kWriteEx2:
      return skeleton.progs.on_ssl_write_ex2_enter;
  }
  return nullptr;
}

}  // namespace

void SslAttacher::warn(std::string text) {
  if (warnings_.size() < kMaxWarnings) warnings_.push_back(std::move(text));
}

FoundLibrary SslAttacher::attach(const std::string& open_path, const std::string& shown_path) {
  return look_at(open_path, shown_path,
                 [&](int fd) { return attach_library(fd, open_path, shown_path); });
}

TlsLibrary SslAttacher::attach_library(int fd, const std::string& open_path,
                                       const std::string& shown_path) {
  if (probed_files_ >= kMaxLibraries) {
    warn("QT054: attach to " + shown_path + ": more than " + std::to_string(kMaxLibraries) +
         " TLS libraries");
    return TlsLibrary::kNoSymbols;
  }
  const OpensslPart part = is_libcrypto(shown_path) ? OpensslPart::kCrypto : OpensslPart::kSsl;
  auto found = openssl_places(fd, shown_path, part, choice_);
  if (!found.ok()) {
    warn(message_of(found.error()));
    return TlsLibrary::kNoSymbols;
  }
  struct stat st = {};
  UniqueFd kept;
  if (defers_custom_bios_ && !found->for_custom_bios.empty() && fstat(fd, &st) == 0) {
    kept = UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  }
  if (!kept) {
    found->places.insert(found->places.end(), found->for_custom_bios.begin(),
                         found->for_custom_bios.end());
  }
  const TlsLibrary result = attach_to(path_of(fd, open_path), shown_path, *found);
  if (result == TlsLibrary::kProbed && kept) {
    deferred_[{st.st_dev, st.st_ino}] = {std::move(kept), shown_path,
                                         std::move(found->for_custom_bios)};
  }
  return result;
}

void SslAttacher::attach_deferred(const Deferred& deferred) {
  const std::string path = path_of(deferred.fd.get(), deferred.shown_path);
  const Status attached = attach_places(path, deferred.shown_path, deferred.places);
  if (!attached.ok()) {
    warn(message_of(attached.error()));
    return;
  }
  attached_.push_back("openssl: " + deferred.shown_path + " (all BIOs: a program has its own)");
}

void SslAttacher::attach_custom_bios(const std::string& proc_root, uint32_t pid) {
  if (deferred_.empty()) return;
  const auto libraries = libraries_of(proc_root, pid);
  if (!libraries) return;
  for (const MappedLibrary& library : *libraries) {
    struct stat st = {};
    if (stat(library.open_path.c_str(), &st) != 0) continue;
    const auto found = deferred_.find({st.st_dev, st.st_ino});
    if (found == deferred_.end()) continue;
    attach_deferred(found->second);
    deferred_.erase(found);
  }
}

void SslAttacher::attach_all_custom_bios() {
  for (const auto& one : deferred_) attach_deferred(one.second);
  deferred_.clear();
}

FoundLibrary SslAttacher::attach_executable(const std::string& proc_root, uint32_t pid) {
  const std::string open_path = proc_root + "/" + std::to_string(pid) + "/exe";
  std::string shown_path = open_path;
  std::error_code ignored;
  if (const auto target = std::filesystem::read_symlink(open_path, ignored); !ignored) {
    shown_path = target.string();
  }
  return look_at(open_path, shown_path, [&](int fd) -> TlsLibrary {
    const auto found = openssl_places(fd, shown_path, OpensslPart::kProgram, choice_);
    if (!found.ok()) return TlsLibrary::kNone;
    if (probed_files_ >= kMaxLibraries) return TlsLibrary::kNoSymbols;
    return attach_to(path_of(fd, open_path), shown_path, *found);
  });
}

FoundLibrary SslAttacher::look_at(const std::string& open_path, const std::string& shown_path,
                                  const std::function<TlsLibrary(int fd)>& first_look) {
  const int fd = open(open_path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno != ENOENT &&
        errno != ESRCH) {  // the process or its file went away: nothing to capture
      warn("QT053: open " + shown_path + ": " + strerror(errno));
    }
    return {};
  }
  struct stat st = {};
  FoundLibrary found;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
    const std::pair<uint64_t, uint64_t> file(st.st_dev, st.st_ino);
    if (const auto known = seen_.find(file); known != seen_.end()) {
      found = known->second;
    } else {
      found.library = first_look(fd);
      if (found.library == TlsLibrary::kProbed) found.probed_ns = boot_ns();
      if (seen_.size() >= kMaxSeen) {  // look again at those that have nothing to probe
        std::erase_if(seen_,
                      [](const auto& one) { return one.second.library == TlsLibrary::kNone; });
      }
      seen_.emplace(file, found);
    }
  }
  close(fd);
  return found;
}

Status SslAttacher::attach_places(const std::string& path, const std::string& shown_path,
                                  const std::vector<OpensslPlace>& places) {
  return kernel_.has_uprobe_multi() ? attach_multi(path, shown_path, places)
                                    : attach_each(path, shown_path, places);
}

TlsLibrary SslAttacher::attach_to(const std::string& path, const std::string& shown_path,
                                  const OpensslPlaces& found) {
  const Status attached = attach_places(path, shown_path, found.places);
  if (!attached.ok()) {
    warn(message_of(attached.error()));
    return TlsLibrary::kNoSymbols;
  }
  ++probed_files_;
  probes_ssl_ |= !is_libcrypto(shown_path);
  const size_t count = found.places.size();
  attached_.push_back("openssl: " + shown_path + " (" + std::to_string(count) +
                      (count == 1 ? " function" : " functions") +
                      (found.remark.empty() ? "" : ", " + found.remark) + ")");
  return TlsLibrary::kProbed;
}

FoundLibrary SslAttacher::known(uint64_t device, uint64_t inode) const {
  const auto it = seen_.find({device, inode});
  return it != seen_.end() ? it->second : FoundLibrary{TlsLibrary::kMissed};
}

FoundLibrary SslAttacher::attach_mapped(const std::string& proc_root, uint32_t pid) {
  const auto libraries = libraries_of(proc_root, pid);
  if (!libraries) return {};
  const auto is_ssl = [](const MappedLibrary& library) {
    return !is_libcrypto(library.shown_path);
  };
  // Without libssl, libcrypto hashes files or speaks SSH: not our concern.
  if (std::none_of(libraries->begin(), libraries->end(), is_ssl)) {
    return attach_executable(proc_root, pid);
  }
  FoundLibrary best;
  for (const MappedLibrary& library : *libraries) {
    const FoundLibrary found = attach(library.open_path, library.shown_path);
    if (is_ssl(library)) best = std::max(best, found);
  }
  return best;
}

// Returns first: a call whose entry was seen must not lack its return.
Status SslAttacher::attach_multi(const std::string& path, const std::string& shown_path,
                                 const std::vector<OpensslPlace>& places) {
  std::vector<unsigned long> entry_offsets;
  std::vector<unsigned long> exit_offsets;
  std::vector<__u64> cookies;
  for (const OpensslPlace& place : places) {
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
    if (link == nullptr) return failed(shown_path, errno, log);
    links_.add(link);
  }

  bpf_uprobe_multi_opts entry = {};
  entry.sz = sizeof(entry);
  entry.offsets = entry_offsets.data();
  entry.cookies = cookies.data();
  entry.cnt = entry_offsets.size();
  link = bpf_program__attach_uprobe_multi(kernel_.skeleton().progs.on_ssl_enter_multi, /*pid=*/-1,
                                          path.c_str(), nullptr, &entry);
  if (link == nullptr) return failed(shown_path, errno, log);
  links_.add(link);
  return {};
}

Status SslAttacher::attach_each(const std::string& path, const std::string& shown_path,
                                const std::vector<OpensslPlace>& places) {
  const LibbpfLog log(kernel_.libbpf_print());
  for (const bool at_return : {true, false}) {
    for (const OpensslPlace& place : places) {
      if (at_return && !has_return(place.call)) continue;
      const bpf_program* program =
          at_return ? kernel_.ssl_exit_program() : entry_program(kernel_.skeleton(), place.call);
      bpf_link* link =
          bpf_program__attach_uprobe(program, at_return, /*pid=*/-1, path.c_str(), place.offset);
      if (link == nullptr) return failed(shown_path, errno, log);
      links_.add(link);
    }
  }
  return {};
}

}  // namespace qtap::probe
