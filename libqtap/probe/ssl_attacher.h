// SPDX-License-Identifier: Apache-2.0
// In: library files. Out: probes on their SSL_* functions, for every process that maps the file,
// now and later. LiveSource owns it, on the thread that polls. A file is probed once, whatever its
// name (device and inode); at most kMaxLibraries. What does not work becomes a line in warnings().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "model/record.h"
#include "probe/found_library.h"
#include "probe/kernel_side.h"
#include "probe/openssl_places.h"

namespace qtap::probe {

class SslAttacher {
 public:
  // 4 MiB of links and a second of detaching; a machine has a handful.
  static constexpr size_t kMaxLibraries = 256;
  static constexpr size_t kMaxWarnings = 64;
  static constexpr size_t kMaxSeen = 16384;  // files, those without anything to probe too

  SslAttacher(KernelSide& kernel, PlaceChoice choice) : kernel_(kernel), choice_(choice) {}

  // `open_path` leads to the file from here, `shown_path` is what people know it by. Returns what
  // is true of the file now: kProbed, kNoSymbols, or kUnknown when it could not be looked at.
  FoundLibrary attach(const std::string& open_path, const std::string& shown_path);
  // What the process has mapped, else what its program has inside. kNone: nothing that we know; of
  // several, the best.
  FoundLibrary attach_mapped(const std::string& proc_root, uint32_t pid);
  // OpenSSL inside of the program that the process runs. kNone: it has none that can be seen.
  FoundLibrary attach_executable(const std::string& proc_root, uint32_t pid);
  // Of a file that a process had mapped which is gone: what was found when it was looked at last.
  // kMissed: it never was.
  FoundLibrary known(uint64_t device, uint64_t inode) const;
  // From now on BIO_write gets no probe where OpenSSL's memory BIOs have: whoever calls this is
  // told of processes that have a BIO of their own, and calls one of the next two then.
  void defer_custom_bios() { defers_custom_bios_ = true; }
  void attach_custom_bios(const std::string& proc_root, uint32_t pid);
  void attach_all_custom_bios();
  void detach() { links_.clear(); }

  // Plain text can come; libcrypto alone has none.
  bool probes_ssl() const { return probes_ssl_; }
  const std::vector<std::string>& attached() const { return attached_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  FoundLibrary look_at(const std::string& open_path, const std::string& shown_path,
                       const std::function<TlsLibrary(int fd)>& first_look);
  // What BIO_write of a file still needs.
  struct Deferred {
    UniqueFd fd;
    std::string shown_path;
    std::vector<OpensslPlace> places;
  };
  using FileId = std::pair<uint64_t, uint64_t>;  // device and inode

  TlsLibrary attach_library(int fd, const std::string& open_path, const std::string& shown_path);
  void attach_deferred(const Deferred& deferred);
  Status attach_places(const std::string& path, const std::string& shown_path,
                       const std::vector<OpensslPlace>& places);
  TlsLibrary attach_to(const std::string& path, const std::string& shown_path,
                       const OpensslPlaces& found);
  Status attach_multi(const std::string& path, const std::string& shown_path,
                      const std::vector<OpensslPlace>& places);
  Status attach_each(const std::string& path, const std::string& shown_path,
                     const std::vector<OpensslPlace>& places);
  void warn(std::string text);

  KernelSide& kernel_;
  PlaceChoice choice_;
  Links links_;
  std::map<FileId, FoundLibrary> seen_;
  std::map<FileId, Deferred> deferred_;
  bool defers_custom_bios_ = false;
  size_t probed_files_ = 0;
  bool probes_ssl_ = false;
  std::vector<std::string> attached_;
  std::vector<std::string> warnings_;
};

}  // namespace qtap::probe
