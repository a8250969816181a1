// SPDX-License-Identifier: Apache-2.0
#include "s3/multipart.h"

#include <doctest/doctest.h>

#include "s3/checksum.h"

using namespace qtap::s3;

TEST_SUITE("s3/multipart") {
  TEST_CASE("parts are as large as it takes for 10,000 of them to suffice") {
    constexpr uint64_t kMiB = 1u << 20;
    CHECK(part_bytes(65 * kMiB) == 16 * kMiB);
    CHECK(part_bytes(160'000 * kMiB) == 16 * kMiB);
    CHECK(part_bytes(160'000 * kMiB + 1) == 17 * kMiB);
    constexpr uint64_t kLargest = 5u * kMiB * kMiB;  // 5 TiB
    CHECK((kLargest + part_bytes(kLargest) - 1) / part_bytes(kLargest) <= kMaxParts);
  }

  TEST_CASE("the document that completes an upload lists its parts") {
    const UploadedPart parts[] = {{"\"a&b\"", ""}, {"\"c\"", "eA=="}};
    CHECK(complete_document(parts) ==
          "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
          "<Part><PartNumber>1</PartNumber><ETag>\"a&amp;b\"</ETag></Part>"
          "<Part><PartNumber>2</PartNumber><ETag>\"c\"</ETag><ChecksumSHA256>eA==</ChecksumSHA256>"
          "</Part></CompleteMultipartUpload>");
  }

  TEST_CASE("an answer names its upload, or is none") {
    const auto id = upload_id_of(
        "<?xml version=\"1.0\"?><InitiateMultipartUploadResult xmlns=\"x\"><Bucket>b</Bucket>"
        "<UploadId>2~x/y+z</UploadId></InitiateMultipartUploadResult>");
    REQUIRE(id.ok());
    CHECK(*id == "2~x/y+z");
    CHECK_FALSE(upload_id_of("<R><Bucket>b</Bucket></R>").ok());
    CHECK_FALSE(upload_id_of("").ok());
  }

  // RFC 1864 has no vector; these are `openssl dgst -binary | base64`.
  TEST_CASE("digests in base64") {
    CHECK(checksum_sha256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") ==
          "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    const auto md5 = content_md5("abc");
    REQUIRE(md5.ok());
    CHECK(*md5 == "kAFQmDzST7DWlj99KOF/cg==");
  }
}
