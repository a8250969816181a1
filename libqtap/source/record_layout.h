// SPDX-License-Identifier: Apache-2.0
// The two numberings of record types, side by side: bpf/shared/records.h and model/record.h.
#pragma once

#include <array>
#include <utility>

#include "bpf/shared/records.h"
#include "model/record.h"

namespace qtap::source {

inline constexpr std::array<std::pair<uint32_t, RecordType>, 12> kRecordTypes = {{
    {QTAP_REC_OPEN, RecordType::kOpen},
    {QTAP_REC_BIND, RecordType::kBind},
    {QTAP_REC_DATA, RecordType::kData},
    {QTAP_REC_COUNT, RecordType::kCount},
    {QTAP_REC_CLOSE, RecordType::kClose},
    {QTAP_REC_STREAM_END, RecordType::kStreamEnd},
    {QTAP_REC_EXEC, RecordType::kExec},
    {QTAP_REC_EXIT, RecordType::kExit},
    {QTAP_REC_PROCESS_INFO, RecordType::kProcessInfo},
    {QTAP_REC_TICK, RecordType::kTick},
    {QTAP_REC_LOSS, RecordType::kLoss},
    {QTAP_REC_GAP, RecordType::kGap},
}};

static_assert(kLossCauses == QTAP_LOSS_CAUSES);

// The largest record that is valid: data with its payload.
inline constexpr size_t kMaxRecordBytes = sizeof(qtap_rec_data) + QTAP_DATA_MAX;

}  // namespace qtap::source
