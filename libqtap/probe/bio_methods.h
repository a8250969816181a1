// SPDX-License-Identifier: Apache-2.0
// What OpenSSL's memory BIOs are written with. BIO_write serves all kinds of BIOs, and a probe on
// it is paid for by each record that goes to a socket; these functions only see memory.
//
// In: libcrypto. Out: file offsets. They are static: found through the tables of functions that
// BIO_s_mem() and BIO_s_bio() return, and trusted only if all of it is as it should be.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "probe/code_map.h"
#include "probe/elf_file.h"
#include "probe/elf_symbols.h"

namespace qtap::probe {

struct MethodMakers {
  std::optional<ElfFunction> memory;  // BIO_s_mem
  std::optional<ElfFunction> pair;    // BIO_s_bio
};

// (BIO *, const char *data, int len), one per kind. QTAP_ERR_UNSUPPORTED: not all of them can be
// trusted, or be probed cheaply; the text says why. Other errors as of ElfFile.
Result<std::vector<uint64_t>> memory_bio_writers(const ElfFile& file, const CodeMap& map,
                                                 const MethodMakers& makers);

}  // namespace qtap::probe
