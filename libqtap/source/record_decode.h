// SPDX-License-Identifier: Apache-2.0
// In: the bytes of one record (bpf/shared/records.h), from the ring or a recording: never trusted.
// Out: Record.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "model/record.h"

namespace qtap::source {

// Decodes the record at the start of `bytes`. The views in the Record point into `bytes`.
// QTAP_ERR_CORRUPT: a size, type or length does not fit; the text says which.
Result<Record> decode_record(std::span<const uint8_t> bytes);

}  // namespace qtap::source
