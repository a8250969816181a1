// SPDX-License-Identifier: Apache-2.0
// Any bytes are an error or a valid record; a valid record, written and read again, is the same
// one.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "model/record.h"
#include "source/record_decode.h"
#include "source/record_encode.h"
#include "source/record_layout.h"

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "record_decode: %s\n", what);
  std::abort();
}

bool is_inside(std::span<const uint8_t> all, const void* part, size_t size) {
  const auto* first = static_cast<const uint8_t*>(part);
  return size == 0 || (std::greater_equal<>()(first, all.data()) &&
                       std::less_equal<>()(first + size, all.data() + all.size()));
}

void check_views(std::span<const uint8_t> all, const qtap::Record& r) {
  require(is_inside(all, r.bytes.data(), r.bytes.size()), "the payload is outside of the input");
  for (const std::string_view text : {r.exe, r.comm, r.user, r.cgroup, r.container_id}) {
    require(is_inside(all, text.data(), text.size()), "a text is outside of the input");
  }
}

void check_promises(const qtap::Record& r) {
  require(r.bytes.size() <= r.full_len, "more captured than there was");
  require(r.bytes.size() <= QTAP_DATA_MAX, "a payload is too long");
  require(r.offset + r.full_len <= qtap::source::kMaxStreamBytes, "a position is out of range");
  require(r.time_ns <= qtap::source::kMaxTimeNs && r.start_ns <= qtap::source::kMaxTimeNs,
          "a time is out of range");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> input(data, size);
  const auto decoded = qtap::source::decode_record(input);
  if (!decoded.ok()) {
    require(decoded.error().status == QTAP_ERR_CORRUPT, "an error of another kind");
    require(decoded.error().text.find('\n') == std::string::npos, "an error of two lines");
    return 0;
  }
  check_views(input, *decoded);
  check_promises(*decoded);

  std::vector<uint8_t> once;
  std::vector<uint8_t> twice;
  qtap::source::encode_record(*decoded, once);
  require(once.size() <= size, "a record has grown");
  const auto again = qtap::source::decode_record(once);
  require(again.ok(), "what was encoded is not valid");
  qtap::source::encode_record(*again, twice);
  require(once == twice, "a record has changed");
  return 0;
}
