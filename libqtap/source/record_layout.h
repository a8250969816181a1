// SPDX-License-Identifier: Apache-2.0
// What both directions of the translation agree on: the two numberings of record types
// (bpf/shared/records.h and model/record.h) and the largest values that a record may hold.
#pragma once

#include <array>
#include <cstdint>

#include "bpf/shared/records.h"
#include "model/record.h"

namespace qtap::source {

struct RecordKind {
  uint32_t number;  // QTAP_REC_*
  RecordType type;
  const char* name;  // for error texts
};

inline constexpr std::array<RecordKind, 13> kRecordKinds = {{
    {QTAP_REC_OPEN, RecordType::kOpen, "open"},
    {QTAP_REC_BIND, RecordType::kBind, "bind"},
    {QTAP_REC_DATA, RecordType::kData, "data"},
    {QTAP_REC_COUNT, RecordType::kCount, "count"},
    {QTAP_REC_CLOSE, RecordType::kClose, "close"},
    {QTAP_REC_STREAM_END, RecordType::kStreamEnd, "stream end"},
    {QTAP_REC_EXEC, RecordType::kExec, "exec"},
    {QTAP_REC_EXIT, RecordType::kExit, "exit"},
    {QTAP_REC_PROCESS_INFO, RecordType::kProcessInfo, "process info"},
    {QTAP_REC_TICK, RecordType::kTick, "tick"},
    {QTAP_REC_LOSS, RecordType::kLoss, "loss"},
    {QTAP_REC_GAP, RecordType::kGap, "gap"},
    {QTAP_REC_LEVEL, RecordType::kLevel, "level"},
}};

static_assert(kLossCauses == QTAP_LOSS_CAUSES);
static_assert(kLossRingFull == QTAP_LOSS_RING_FULL && kLossFault == QTAP_LOSS_FAULT &&
              kLossMapFull == QTAP_LOSS_MAP_FULL && kLossCallLimit == QTAP_LOSS_CALL_LIMIT &&
              kLossNoEntry == QTAP_LOSS_NO_ENTRY && kLossMissed == QTAP_LOSS_MISSED &&
              kLossNoBuffer == QTAP_LOSS_NO_BUFFER && kLossHost == QTAP_LOSS_HOST &&
              kLossRecording == QTAP_LOSS_RECORDING && kLossBudget == QTAP_LOSS_BUDGET);
static_assert(static_cast<unsigned>(CaptureLevel::kCount) == QTAP_LEVEL_COUNT);
static_assert(static_cast<unsigned>(TlsLibrary::kMissed) == QTAP_TLS_LIBRARY_MISSED);

// Half of what an int64_t holds (146 years): a time plus an Origin's offset never overflows.
inline constexpr uint64_t kMaxTimeNs = INT64_MAX / 2;

// Positions in a stream fit an int64_t, so that nobody who adds or prints them has to think.
inline constexpr uint64_t kMaxStreamBytes = INT64_MAX;

// Of each text of a process: PATH_MAX, include/uapi/linux/limits.h.
inline constexpr size_t kMaxText = 4096;

// The largest record that is valid: process info with five texts of kMaxText.
inline constexpr size_t kMaxRecordBytes = sizeof(qtap_rec_process_info) + 5 * kMaxText;
static_assert(kMaxRecordBytes >= sizeof(qtap_rec_data) + QTAP_DATA_MAX);

}  // namespace qtap::source
