// SPDX-License-Identifier: Apache-2.0
// Where TLS libraries are, and when to look: the code that programs map tells of most, their start
// and their first TLS bytes of the rest.
#include <algorithm>

#include "probe/library_finder.h"
#include "probe/live.h"
#include "probe/process_files.h"

namespace qtap::probe {
namespace {

// A new image maps its libraries within this time after exec, or we see them at its first TLS
// bytes.
constexpr uint64_t kMapsDelayNs = 100'000'000;
constexpr size_t kMaxPendingMaps = 4096;

}  // namespace

void Live::find_libraries() {
  const auto directories = options_.library_directories.empty()
                               ? linker_directories(options_.etc_root)
                               : options_.library_directories;
  for (const std::string& path : libraries_in(directories)) ssl_->attach(path, path);
  if (options_.search_processes) look_into_all();
  if (!ssl_->probes_ssl() && ssl_->warnings().empty()) {
    warnings_.push_back(
        "QT063: no OpenSSL library found (libssl.so.3, libssl.so.1.1) in the linker's directories "
        "or in running processes: TLS traffic is seen but not decrypted until a program that uses "
        "one starts");
  }
}

void Live::look_into_all() {
  for (const uint32_t pid : list_processes(options_.proc_root)) {
    if (pid != options_.self_pid) ssl_->attach_mapped(options_.proc_root, pid);
  }
}

// Before anything else: its first handshake may follow within a millisecond.
void Live::attach_what_was_mapped() {
  if (!map_events_ || stopped_) return;
  const MapNews news = map_events_->take();
  for (const uint32_t pid : news.mapped) look_into_maps_of(pid);
  for (const MappedSsl& file : news.ssl) {
    if (processes_.tls_library(file.pid) != TlsLibrary::kUnknown) continue;
    learn_library(file.pid, ssl_->known(file.device, file.inode), file.time_ns);  // it is gone
  }
  for (const uint32_t pid : news.custom_bios) ssl_->attach_custom_bios(options_.proc_root, pid);
  if (map_events_->take_lost()) {
    look_into_all();
    ssl_->attach_all_custom_bios();
  }
}

void Live::learn_library(uint32_t pid, const FoundLibrary& found, uint64_t looked_ns) {
  if (processes_.learn_tls_library(pid, found, looked_ns)) news_of_.push_back(pid);
}

void Live::look_into_maps_of(uint32_t pid) {
  const uint64_t looked_ns = boot_ns();
  learn_library(pid, ssl_->attach_mapped(options_.proc_root, pid), looked_ns);
}

// What a delivered record means for our own tables.
void Live::note(const Record& record) {
  const auto look_into_maps = [&](uint64_t due_ns) {
    if (options_.tls.empty() || !options_.search_processes) return;
    if (pending_maps_.size() < kMaxPendingMaps) {
      pending_maps_.push_back({record.pid, due_ns});
    } else if (!maps_overflowed_) {  // told once: a machine that does this does it all the time
      maps_overflowed_ = true;
      warnings_.push_back("QT064: more than " + std::to_string(kMaxPendingMaps) +
                          " processes started at once: TLS libraries that only the others map are "
                          "found when those speak TLS");
    }
  };
  // At once: a program with OpenSSL inside may speak before its libraries are mapped.
  const auto look_into_program = [&](uint32_t pid) {
    if (options_.tls.empty() || !options_.search_processes) return;
    const uint64_t looked_ns = boot_ns();
    const FoundLibrary found = ssl_->attach_executable(options_.proc_root, pid);
    if (found.library == TlsLibrary::kNone) return;  // libraries may follow
    learn_library(pid, found, looked_ns);
  };
  switch (record.type) {
    case RecordType::kExec:
      speaks_tls_.erase(record.pid);
      ended_images_[record.pid] = record.time_ns;
      look_into_program(record.pid);
      look_into_maps(record.time_ns + kMapsDelayNs);
      break;
    case RecordType::kExit:
      processes_.on_exit(record.pid);
      if (budget_.on()) budget_.on_exit(*kernel_, record.pid);
      speaks_tls_.erase(record.pid);
      ended_images_[record.pid] = record.time_ns;
      break;
    case RecordType::kData:
      // The hello of a first connection: whoever speaks TLS has mapped its library by now.
      if (record.tls && record.stream_kind == StreamKind::kSocket &&
          speaks_tls_.size() < kMaxPendingMaps && speaks_tls_.insert(record.pid).second) {
        look_into_maps(0);
      }
      break;
    default:
      break;
  }
}

void Live::look_for_libraries(uint64_t now_ns) {
  const auto due =
      std::partition(pending_maps_.begin(), pending_maps_.end(),
                     [&](const PendingMaps& pending) { return pending.due_ns > now_ns; });
  for (auto it = due; it != pending_maps_.end(); ++it) look_into_maps_of(it->pid);
  pending_maps_.erase(due, pending_maps_.end());
}

}  // namespace qtap::probe
