// SPDX-License-Identifier: Apache-2.0
#include "source/record_decode.h"

#include <cstddef>
#include <memory>

#include "helpers.h"
#include "source/record_encode.h"
#include "source/record_layout.h"

using namespace qtap;
using namespace qtap::source;
using namespace qtap::source::test;

namespace {

std::vector<uint8_t> encoded(RecordType type) {
  std::vector<uint8_t> bytes;
  for (const Record& record : one_of_each()) {
    if (record.type == type) encode_record(record, bytes);
  }
  REQUIRE(decode_record(bytes).ok());
  return bytes;
}

template <typename T>
void set(std::vector<uint8_t>& bytes, size_t offset, T value) {
  REQUIRE(offset + sizeof value <= bytes.size());
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

std::string error_of(std::span<const uint8_t> bytes) {
  const Result<Record> decoded = decode_record(bytes);
  REQUIRE_FALSE(decoded.ok());
  CHECK(decoded.error().status == QTAP_ERR_CORRUPT);
  CHECK_FALSE(contains(decoded.error().text, "\n"));
  return decoded.error().text;
}

// The error of a valid record in which one field was changed.
template <typename T>
std::string error_with(RecordType type, size_t offset, T value) {
  std::vector<uint8_t> bytes = encoded(type);
  set(bytes, offset, value);
  return error_of(bytes);
}

// Decodes from memory that ends with the record: reading past it is an error that sanitizers see.
Result<Record> decode_exact(std::span<const uint8_t> bytes) {
  const auto copy = std::make_unique<uint8_t[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  Result<Record> decoded = decode_record({copy.get(), bytes.size()});
  if (decoded.ok()) {
    std::vector<uint8_t> again;
    encode_record(*decoded, again);  // touches every view
    Result<Record> twice = decode_record(again);
    REQUIRE_MESSAGE(twice.ok(), twice.error().text);
    CHECK(same(*decoded, *twice));
  }
  return decoded;
}

}  // namespace

TEST_SUITE("source/record_decode") {
  TEST_CASE("no beginning of a record is a record, for every type") {
    std::vector<uint8_t> bytes;
    for (const Record& record : one_of_each()) {
      encode_record(record, bytes);
      for (size_t len = 0; len < bytes.size(); ++len) {
        CAPTURE(static_cast<int>(record.type));
        CAPTURE(len);
        CHECK_FALSE(decode_exact(std::span(bytes).first(len)).ok());
      }
    }
  }

  TEST_CASE("a record whose size says what is there of it is an error or a valid record") {
    std::vector<uint8_t> bytes;
    for (const Record& record : one_of_each()) {
      encode_record(record, bytes);
      for (size_t len = sizeof(qtap_record_header); len < bytes.size(); ++len) {
        std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(len));
        set(cut, offsetof(qtap_record_header, size), static_cast<uint32_t>(len));
        CAPTURE(static_cast<int>(record.type));
        CAPTURE(len);
        CHECK_FALSE(decode_exact(cut).ok());
      }
    }
  }

  TEST_CASE("every value of every byte gives an error or a valid record") {
    std::vector<uint8_t> bytes;
    size_t valid = 0;
    size_t errors = 0;
    for (const Record& record : one_of_each()) {
      encode_record(record, bytes);
      for (uint8_t& byte : bytes) {
        const uint8_t original = byte;
        for (unsigned change = 1; change < 256; ++change) {
          byte = static_cast<uint8_t>(original ^ change);
          ++(decode_exact(bytes).ok() ? valid : errors);
        }
        byte = original;
      }
    }
    CHECK(valid > 0);
    CHECK(errors > 0);
  }

  TEST_CASE("bytes behind a record belong to the next one") {
    std::vector<uint8_t> bytes = encoded(RecordType::kData);
    const size_t size = bytes.size();
    bytes.resize(size + 10, 0xee);
    const Result<Record> decoded = decode_record(bytes);
    REQUIRE(decoded.ok());
    CHECK(text_of(decoded->bytes) == "the first bytes");
  }

  TEST_CASE("an unknown type is named") {
    CHECK(error_with(RecordType::kTick, offsetof(qtap_record_header, type), uint16_t{999}) ==
          "decode a record: unknown type 999");
  }

  TEST_CASE("unknown flags are an error") {
    CHECK(contains(error_with(RecordType::kTick, offsetof(qtap_record_header, flags), uint16_t{8}),
                   "unknown flags 8"));
  }

  TEST_CASE("a size that does not fit the type is an error that names the type") {
    std::vector<uint8_t> bytes = encoded(RecordType::kBind);
    bytes.push_back(0);
    set(bytes, offsetof(qtap_record_header, size), static_cast<uint32_t>(bytes.size()));
    CHECK(error_of(bytes) == "decode bind record: size does not fit the type, bytes: 57");

    bytes = encoded(RecordType::kStreamEnd);
    bytes.push_back(0);
    set(bytes, offsetof(qtap_record_header, size), static_cast<uint32_t>(bytes.size()));
    CHECK(contains(error_of(bytes), "decode stream end record"));
  }

  TEST_CASE("a damaged head and a damaged body are different messages") {
    std::vector<uint8_t> bytes = encoded(RecordType::kBind);
    set(bytes, offsetof(qtap_record_header, flags), uint16_t{0x8000});
    CHECK(std::string_view(decode_record(bytes).error().id.text()) == "QT066");

    bytes = encoded(RecordType::kBind);
    bytes.push_back(0);
    set(bytes, offsetof(qtap_record_header, size), static_cast<uint32_t>(bytes.size()));
    CHECK(std::string_view(decode_record(bytes).error().id.text()) == "QT065");
  }

  TEST_CASE("times that would overflow with the offset of the clock are an error") {
    std::vector<uint8_t> bytes = encoded(RecordType::kTick);
    set(bytes, offsetof(qtap_record_header, time_ns), kMaxTimeNs);
    CHECK(decode_record(bytes).ok());
    set(bytes, offsetof(qtap_record_header, time_ns), kMaxTimeNs + 1);
    CHECK(contains(error_of(bytes), "time out of range"));

    CHECK(contains(error_with(RecordType::kOpen, offsetof(qtap_rec_open, start_ns), UINT64_MAX),
                   "time out of range"));
    CHECK(contains(error_with(RecordType::kExec, offsetof(qtap_rec_process, start_ns), UINT64_MAX),
                   "time out of range"));
    CHECK(contains(
        error_with(RecordType::kProcessInfo, offsetof(qtap_rec_process_info, start_ns), UINT64_MAX),
        "time out of range"));
  }

  TEST_CASE("roles, address families and transports are those we know") {
    CHECK(contains(error_with(RecordType::kOpen, offsetof(qtap_rec_open, role), uint8_t{3}),
                   "unknown role 3"));
    CHECK(contains(error_with(RecordType::kOpen, offsetof(qtap_rec_open, family), uint16_t{1}),
                   "unknown address family 1"));
    CHECK(contains(error_with(RecordType::kOpen, offsetof(qtap_rec_open, transport), uint8_t{2}),
                   "unknown transport 2"));
  }

  TEST_CASE("directions and stream kinds are those we know") {
    CHECK(contains(error_with(RecordType::kData, offsetof(qtap_rec_data, direction), uint8_t{2}),
                   "unknown direction 2"));
    CHECK(contains(error_with(RecordType::kData, offsetof(qtap_rec_data, stream_kind), uint8_t{2}),
                   "unknown stream kind 2"));
    CHECK(contains(error_with(RecordType::kBind, offsetof(qtap_rec_bind, stream_kind), uint32_t{2}),
                   "unknown stream kind 2"));
  }

  TEST_CASE("the lengths of a data record agree with each other") {
    std::vector<uint8_t> bytes = encoded(RecordType::kData);
    SUBCASE("more payload announced than there is") {
      set(bytes, offsetof(qtap_rec_data, captured_len), uint32_t{16});
      CHECK(contains(error_of(bytes), "payload does not fit the size"));
    }
    SUBCASE("more captured than there was") {
      set(bytes, offsetof(qtap_rec_data, full_len), uint32_t{14});
      CHECK(contains(error_of(bytes), "more captured than there was"));
    }
    SUBCASE("bytes are missing without the flag") {
      set(bytes, offsetof(qtap_record_header, flags), uint16_t{0});
      CHECK(contains(error_of(bytes), "wrong truncation flag, bytes missing: 85"));
    }
    SUBCASE("the flag without missing bytes") {
      set(bytes, offsetof(qtap_rec_data, full_len), uint32_t{15});
      CHECK(contains(error_of(bytes), "wrong truncation flag, bytes missing: 0"));
    }
    SUBCASE("a cause that there is not, or where nothing is missing") {
      set(bytes, offsetof(qtap_rec_data, cause), uint8_t{QTAP_LOSS_CAUSES});
      CHECK(contains(error_of(bytes), "impossible cause of missing bytes 12"));
      set(bytes, offsetof(qtap_rec_data, cause), uint8_t{QTAP_LOSS_FAULT});
      set(bytes, offsetof(qtap_rec_data, full_len), uint32_t{15});
      set(bytes, offsetof(qtap_record_header, flags), uint16_t{0});
      CHECK(contains(error_of(bytes), "impossible cause of missing bytes 1"));
    }
    SUBCASE("more left out than there was") {
      set(bytes, offsetof(qtap_rec_data, filtered), uint64_t{32});
      CHECK(contains(error_of(bytes), "more left out than there was before it, bytes: 32"));
      set(bytes, offsetof(qtap_rec_data, filtered), uint64_t{29});
      set(bytes, offsetof(qtap_rec_data, budget), uint64_t{3});
      CHECK(contains(error_of(bytes), "more left out than there was before it, bytes: 29"));
    }
    SUBCASE("an offset past what a stream can be long") {
      set(bytes, offsetof(qtap_rec_data, offset), kMaxStreamBytes - 99);
      CHECK(contains(error_of(bytes), "offset out of range"));
      set(bytes, offsetof(qtap_rec_data, offset), kMaxStreamBytes - 100);
      CHECK(decode_record(bytes).ok());
    }
    SUBCASE("longer than any record") {
      bytes.resize(sizeof(qtap_rec_data) + QTAP_DATA_MAX + 1);
      set(bytes, offsetof(qtap_record_header, size), static_cast<uint32_t>(bytes.size()));
      set(bytes, offsetof(qtap_record_header, flags), uint16_t{0});
      set(bytes, offsetof(qtap_rec_data, full_len), QTAP_DATA_MAX + 1);
      set(bytes, offsetof(qtap_rec_data, captured_len), QTAP_DATA_MAX + 1);
      CHECK(contains(error_of(bytes), "too long, bytes: 16385"));
    }
  }

  TEST_CASE("a gap carries no bytes") {
    CHECK(contains(error_with(RecordType::kData, offsetof(qtap_record_header, type),
                              static_cast<uint16_t>(QTAP_REC_GAP)),
                   "bytes where none can be"));
  }

  TEST_CASE("the texts of an exec end with a NUL") {
    std::vector<uint8_t> bytes = encoded(RecordType::kExec);
    std::memset(bytes.data() + offsetof(qtap_rec_process, comm), 'c', QTAP_COMM_LEN);
    CHECK(contains(error_of(bytes), "text without its NUL"));
    bytes = encoded(RecordType::kExec);
    std::memset(bytes.data() + offsetof(qtap_rec_process, filename), 'f', QTAP_PATH_MAX);
    CHECK(contains(error_of(bytes), "text without its NUL"));
  }

  TEST_CASE("the texts of a process fill the record exactly") {
    std::vector<uint8_t> bytes = encoded(RecordType::kProcessInfo);
    set(bytes, offsetof(qtap_rec_process_info, container_id_len), uint16_t{13});
    CHECK(contains(error_of(bytes), "text is longer than the record"));
    set(bytes, offsetof(qtap_rec_process_info, container_id_len), uint16_t{11});
    CHECK(contains(error_of(bytes), "bytes behind the text: 1"));
    set(bytes, offsetof(qtap_rec_process_info, exe_len), uint16_t{kMaxText + 1});
    CHECK(contains(error_of(bytes), "text too long, bytes: 4097"));
  }
}
