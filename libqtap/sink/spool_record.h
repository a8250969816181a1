// SPDX-License-Identifier: Apache-2.0
// What waits on a disk for its storage, as bytes: a head of kSpoolHeadBytes, then the texts that
// the item has beside its data, each behind its length, then the data. Numbers are little-endian.
// The checksum is over all but itself and the state, which changes in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "model/event.h"
#include "model/object.h"

namespace qtap::sink {

using SpoolItem = std::variant<Ref<Event>, Ref<Object>>;

inline constexpr size_t kSpoolHeadBytes = 28;
inline constexpr size_t kSpoolStateAt = 4;  // of the byte that says whether it waits
inline constexpr char kSpoolWaiting = 'w';
inline constexpr char kSpoolDone = 'd';

// Of a body: more than any object has (capture.body_buffer, twice, in base64).
inline constexpr uint64_t kMaxSpoolBytes = uint64_t{8} << 30;

struct SpoolHead {
  bool waits = false;
  char kind = 0;            // 'e', 'o'
  uint32_t text_bytes = 0;  // behind the head
  uint64_t data_bytes = 0;  // behind those
  uint32_t checksum = 0;

  uint64_t record_bytes() const { return kSpoolHeadBytes + text_bytes + data_bytes; }
};

// Head and texts of a record that waits; the data, which is borrowed from the item, comes behind
// them.
std::string spool_prefix(const SpoolItem& item);
std::string_view spool_data(const SpoolItem& item);

// QTAP_ERR_CORRUPT: this is no head. QTAP_ERR_UNSUPPORTED: of another version.
Result<SpoolHead> read_spool_head(std::string_view bytes);

// QTAP_ERR_CORRUPT: it is longer than what is there.
Error cut_record();

// `bytes`: the whole record. QTAP_ERR_CORRUPT: its checksum or its texts are wrong.
Result<SpoolItem> read_spool_record(const SpoolHead& head, std::string_view bytes);

}  // namespace qtap::sink
