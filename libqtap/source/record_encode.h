// SPDX-License-Identifier: Apache-2.0
// In: Record. Out: the bytes of bpf/shared/records.h; the inverse of record_decode.
#pragma once

#include <cstdint>
#include <vector>

#include "model/record.h"

namespace qtap::source {

// Replaces the content of `out`. decode_record(out) gives the same Record back; of what no source
// makes (texts or payload longer than a record holds) the beginning, flagged as truncated when it
// is payload.
void encode_record(const Record& record, std::vector<uint8_t>& out);

}  // namespace qtap::source
