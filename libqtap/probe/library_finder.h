// SPDX-License-Identifier: Apache-2.0
// Where OpenSSL libraries lie: in the directories of the dynamic linker, and in what running
// processes have mapped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qtap::probe {

// libssl.so.3, libssl.so.1.1, libssl.so.1.1.1k, libssl-ab12.so.1.1 (Python wheels); not libssl3.so
// (NSS).
bool is_openssl_name(std::string_view file_name);
// The same of OpenSSL's libcrypto, which libssl writes its records through.
bool is_libcrypto_name(std::string_view file_name);

// The directories of ld.so: built in, and those of `etc_root`/ld.so.conf with its includes.
std::vector<std::string> linker_directories(const std::string& etc_root);

// Existing libssl and libcrypto files in those directories; one file may appear under several
// names.
std::vector<std::string> libraries_in(const std::vector<std::string>& directories);

// A path that leads to a libssl or libcrypto that the process has mapped, whatever its mount
// namespace, and also after the file was replaced: through /proc/PID/root, else
// /proc/PID/map_files.
struct MappedLibrary {
  std::string open_path;
  std::string shown_path;  // as the process sees it
};
// nullopt: the process is gone, or may not be looked into.
std::optional<std::vector<MappedLibrary>> libraries_of(const std::string& proc_root, uint32_t pid);

}  // namespace qtap::probe
