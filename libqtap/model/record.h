// SPDX-License-Identifier: Apache-2.0
// A record: one observation, decoded and validated, the only thing that the pipeline is fed with.
// The bytes it points to belong to the source and live until the source is asked for the next
// record.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/direction.h"

namespace qtap {

enum class Role : uint8_t { kUnknown = 0, kClient = 1, kServer = 2 };
enum class Transport : uint8_t { kTcp = 0, kUdp = 1 };
enum class StreamKind : uint8_t { kSocket = 0, kOpenssl = 1 };

// What showed which socket a TLS stream runs over (QTAP_BIND_*).
enum class BindMethod : uint8_t { kNestedCall = 0, kCiphertext = 1 };

enum class RecordType : uint16_t {
  kOpen,
  kBind,
  kData,
  kCount,
  kClose,
  kStreamEnd,
  kExec,
  kExit,
  kProcessInfo,
  kTick,
  kLoss,
  kGap,
  kLevel,
};

// How much of a process is captured, each step less than the one before (QTAP_LEVEL_*).
enum class CaptureLevel : uint8_t { kFull, kHeaders, kSummary, kCount };

// Why user space asks for bytes to be left out.
enum class SkipCause : uint8_t { kUnwanted, kBudget };

struct Address {
  uint16_t family = 0;              // AF_INET, AF_INET6; 0 = not known
  uint16_t port = 0;                // host order
  std::array<uint8_t, 16> ip = {};  // network order; IPv4 mapped
  bool operator==(const Address&) const = default;
};

// Why bytes or records are missing, QTAP_LOSS_* of bpf/shared/records.h: indices of
// Record::lost_records and of every ledger.
enum LossCause : uint8_t {
  kLossRingFull,
  kLossFault,
  kLossMapFull,
  kLossCallLimit,
  kLossNoEntry,
  kLossMissed,
  kLossNoBuffer,
  kLossHost,
  kLossRecording,
  kLossBudget,
};
constexpr size_t kLossCauses = 12;
using BytesByCause = std::array<uint64_t, kLossCauses>;

// What a look into a process found, the worst first (QTAP_TLS_LIBRARY_*); kMissed: it was gone by
// then, but had mapped one.
enum class TlsLibrary : uint8_t { kUnknown, kNone, kNoSymbols, kProbed, kMissed };

// The members that a type does not use are zero or empty; bpf/shared/records.h says which type uses
// which.
struct Record {
  RecordType type = RecordType::kTick;
  bool truncated = false;
  bool tls = false;
  bool late = false;  // kData, kStreamEnd: of a TLS object that is older than the probes; kOpen: of
                      // a socket that is older than the capture
  uint64_t time_ns = 0;  // CLOCK_BOOTTIME
  uint32_t pid = 0;
  uint32_t tid = 0;
  uint64_t cgroup_id = 0;
  uint64_t conn_key = 0;
  uint64_t stream_id = 0;

  // kData, kGap, kBind
  StreamKind stream_kind = StreamKind::kSocket;
  Direction direction = Direction::kSent;
  uint64_t offset = 0;
  uint64_t full_len = 0;
  std::span<const uint8_t> bytes;   // captured; the first bytes.size() of full_len
  LossCause cause = kLossRingFull;  // why the rest of full_len is not there
  uint64_t filtered = 0;            // of the bytes before offset: left out on purpose
  uint64_t over_budget = 0;         // and of these: left out for want of budget
  // Of TLS streams: what the socket below carried so far, by direction, zero = it is not known; and
  // how long the handshake took, zero = not seen.
  std::array<uint64_t, 2> wire_bytes = {};
  uint32_t handshake_us = 0;

  BindMethod bind_method = BindMethod::kNestedCall;  // kBind

  // kOpen
  Role role = Role::kUnknown;
  Transport transport = Transport::kTcp;  // kUdp: each kData is one datagram, or its beginning
  Address local;
  Address remote;
  uint64_t socket_cookie = 0;
  uint64_t start_ns = 0;  // kOpen: connect() entered; processes: their start
  int32_t fd = -1;
  uint32_t netns = 0;

  // kCount, kClose, kStreamEnd
  std::array<uint64_t, 2> total_bytes = {};
  std::array<uint64_t, 2> filtered_bytes = {};
  std::array<uint64_t, 2> over_budget_bytes = {};

  // kExec, kExit, kProcessInfo
  uint32_t ppid = 0;
  uint32_t uid = 0;
  int32_t exit_code = 0;
  std::string_view comm;
  std::string_view exe;
  std::string_view user;
  std::string_view cgroup;
  std::string_view container_id;
  TlsLibrary tls_library = TlsLibrary::kUnknown;  // kProcessInfo
  uint64_t probed_ns = 0;  // kProcessInfo: since when kProbed is true, 0 = not known

  // kLoss: totals since the start
  std::array<uint64_t, kLossCauses> lost_records = {};
  BytesByCause lost_bytes = {};

  // kLevel: nanoseconds of CPU per second, of the process or (of_all) of the whole capture
  CaptureLevel level = CaptureLevel::kFull;
  bool of_all = false;
  uint64_t spent = 0;
  uint64_t budget = 0;
};

}  // namespace qtap
