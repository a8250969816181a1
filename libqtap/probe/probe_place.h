// SPDX-License-Identifier: Apache-2.0
// Where to probe a library function so that the probe costs little. The public functions of
// OpenSSL begin with `sub` or `endbr64`, which the kernel single-steps (21 us on a virtual machine,
// against 0.6 us); the static functions that do their work begin with `push`, and are called by all
// public forms, and by BIO_f_ssl besides.
//
// In: an ELF file. Out: file offsets. Nothing is taken on trust: a worker that is not understood in
// every respect is an error that says why, and the caller takes the public functions' own places.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "probe/code_map.h"
#include "probe/elf_file.h"
#include "probe/elf_symbols.h"

namespace qtap::probe {

// Where the probe of one function goes, and whether the kernel single-steps what stands there.
struct OwnPlace {
  uint64_t offset;
  bool slow;
};
// The function's first instruction, or the one behind `endbr64` if that is the cheaper one.
Result<OwnPlace> own_place(const ElfFile& file, const ElfFunction& function);

// The static function that both forms of a public one call: `plain` is (object, buffer, int) ->
// count, `extended` is (object, buffer, size_t, size_t* count) -> 1 on success. The worker is as
// `extended`, or has one more argument before the last (flags, SSL_write_ex2 of OpenSSL 3.3).
struct Worker {
  uint64_t offset;     // of the place in the file
  int count_argument;  // 4 or 5: which one points to the count
};
// QTAP_ERR_UNSUPPORTED: there is none that can be trusted; the text says why. Other errors as of
// ElfFile.
Result<Worker> find_worker(const ElfFile& file, const CodeMap& map, const ElfFunction& plain,
                           const ElfFunction& extended);

}  // namespace qtap::probe
