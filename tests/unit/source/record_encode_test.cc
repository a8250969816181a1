// SPDX-License-Identifier: Apache-2.0
#include "source/record_encode.h"

#include "helpers.h"
#include "source/record_decode.h"
#include "source/record_layout.h"

using namespace qtap;
using namespace qtap::source;
using namespace qtap::source::test;

TEST_SUITE("source/record_encode") {
  TEST_CASE("decoding what was encoded gives the same record, for every type") {
    const std::vector<Record> records = one_of_each();
    CHECK(records.size() == kRecordKinds.size());
    std::vector<uint8_t> bytes;
    for (const Record& record : records) {
      CAPTURE(static_cast<int>(record.type));
      encode_record(record, bytes);
      const Result<Record> decoded = decode_record(bytes);
      REQUIRE_MESSAGE(decoded.ok(), decoded.error().text);
      CHECK(same(record, *decoded));
    }
  }

  TEST_CASE("a record without any content survives, for every type") {
    std::vector<uint8_t> bytes;
    for (const RecordKind& kind : kRecordKinds) {
      Record record;
      record.type = kind.type;
      if (record.type != RecordType::kOpen) record.fd = -1;
      encode_record(record, bytes);
      const Result<Record> decoded = decode_record(bytes);
      REQUIRE_MESSAGE(decoded.ok(), decoded.error().text);
      CHECK(same(record, *decoded));
    }
  }

  TEST_CASE("the largest payload survives, one byte more is cut and flagged") {
    const std::string payload(QTAP_DATA_MAX + 1, 'x');
    Record record;
    record.type = RecordType::kData;
    record.bytes = bytes_of(payload).first(QTAP_DATA_MAX);
    record.full_len = QTAP_DATA_MAX;
    std::vector<uint8_t> bytes;
    encode_record(record, bytes);
    REQUIRE(decode_record(bytes).ok());
    CHECK(same(record, *decode_record(bytes)));

    record.bytes = bytes_of(payload);
    record.full_len = payload.size();
    encode_record(record, bytes);
    const Result<Record> cut = decode_record(bytes);
    REQUIRE(cut.ok());
    CHECK(cut->truncated);
    CHECK(cut->full_len == payload.size());
    CHECK(cut->bytes.size() == QTAP_DATA_MAX);
  }

  TEST_CASE("texts that are too long are cut to what a record may hold") {
    const std::string text(kMaxText + 1, 't');
    Record record;
    std::vector<uint8_t> bytes;
    SUBCASE("of a process") {
      record.type = RecordType::kProcessInfo;
      record.exe = record.comm = record.user = record.cgroup = record.container_id = text;
      encode_record(record, bytes);
      CHECK(bytes.size() == kMaxRecordBytes);
      const Result<Record> decoded = decode_record(bytes);
      REQUIRE(decoded.ok());
      CHECK(decoded->container_id.size() == kMaxText);
    }
    SUBCASE("of an exec, NUL-terminated") {
      record.type = RecordType::kExec;
      record.exe = record.comm = text;
      encode_record(record, bytes);
      const Result<Record> decoded = decode_record(bytes);
      REQUIRE(decoded.ok());
      CHECK(decoded->comm.size() == QTAP_COMM_LEN - 1);
      CHECK(decoded->exe.size() == QTAP_PATH_MAX - 1);
    }
  }
}
