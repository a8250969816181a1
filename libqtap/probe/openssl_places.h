// SPDX-License-Identifier: Apache-2.0
// Which functions of an OpenSSL library get probes, and where in its file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace qtap::probe {

// enum ssl_call of bpf/stream.h: the attach cookie that tells the program which function it is in.
enum SslCall : uint64_t {
  kWrite = 1,
  kRead,
  kWriteEx,
  kReadEx,
  kHandshake,
  kFree,
  kClear,
  kBioWrite,
  kWriteEx2
};

struct OpensslPlace {
  SslCall call;
  uint64_t offset;  // in the file
};

struct OpensslPlaces {
  std::vector<OpensslPlace> places;
  // Needed besides, once a program is seen to have a BIO of its own: each write of any BIO pays.
  std::vector<OpensslPlace> for_custom_bios;
  std::string remark;  // of interest to people: "workers", "memory BIOs", or what costs
                       // more than it might, and why; may be empty
};

enum class PlaceChoice {
  kCheapest,
  kPublic,  // never the static workers: for tests, and where those are not to be trusted
};

enum class OpensslPart {
  kSsl,      // libssl
  kCrypto,   // libcrypto
  kProgram,  // a program that has both inside (node)
};

// `path` is for the text. QTAP_ERR_UNSUPPORTED: not an OpenSSL library of this machine; other
// errors as of ElfFile.
Result<OpensslPlaces> openssl_places(int fd, const std::string& path, OpensslPart part,
                                     PlaceChoice choice);

}  // namespace qtap::probe
