// SPDX-License-Identifier: Apache-2.0
#include "s3/chunk_encoder.h"

#include <doctest/doctest.h>

#include "base/sha256.h"
#include "s3/examples.h"
#include "s3/limits.h"

namespace qtap::s3 {
namespace {

using namespace test;

constexpr std::string_view kTrailerNames[] = {"x-amz-checksum-crc32c"};
constexpr HeaderView kTrailers[] = {{"x-amz-checksum-crc32c", "sOO8/Q=="}};

// The request of "Example: PUT Object" of the documentation of chunks, and of that of trailers.
Example put_object(PayloadKind kind) {
  Example put{
      .method = "PUT",
      .target = "/examplebucket/chunkObject.txt",
      .headers = {{"Host", "s3.amazonaws.com"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}};
  put.payload = {.kind = kind, .decoded_length = 66'560};
  if (kind == PayloadKind::kSignedChunks) put.headers.push_back({"Content-Length", "66824"});
  if (has_trailers(kind)) put.payload.trailers = kTrailerNames;
  return put;
}

Result<std::string> encode(const Example& example, std::string_view body, size_t piece,
                           std::span<const HeaderView> trailers = {}, size_t chunk_bytes = 0) {
  const Signer signer = s3_signer();
  const Request request = example.request();
  QTAP_TRY(const Signed made, signer.sign(request, example_credentials()));
  QTAP_TRY(ChunkEncoder encoder,
           signer.encoder(made, request.payload, example_credentials(), chunk_bytes));
  std::string out;
  for (size_t at = 0; at < body.size(); at += piece) {
    QTAP_CHECK(encoder.data(body.substr(at, piece), out));
  }
  QTAP_CHECK(encoder.end(trailers, out));
  return out;
}

std::vector<std::string> signatures_in(std::string_view encoded) {
  std::vector<std::string> found;
  for (const std::string_view mark : {";chunk-signature=", "x-amz-trailer-signature:"}) {
    for (size_t at = encoded.find(mark); at != std::string_view::npos;
         at = encoded.find(mark, at + 1)) {
      found.emplace_back(encoded.substr(at + mark.size(), 64));
    }
  }
  return found;
}

Example small(PayloadKind kind, uint64_t length) {
  Example put{.method = "PUT"};
  put.payload = {.kind = kind, .decoded_length = length};
  if (has_trailers(kind)) put.payload.trailers = kTrailerNames;
  return put;
}

}  // namespace

TEST_SUITE("s3/chunk_encoder") {
  TEST_CASE("the chunks of Amazon's documentation have the signatures that it tells") {
    const Example put = put_object(PayloadKind::kSignedChunks);
    const auto seed = s3_signer().sign(put.request(), example_credentials());
    REQUIRE(seed.ok());
    CHECK(seed->signature == "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
    const auto out = encode(put, std::string(66'560, 'a'), 1000);
    REQUIRE(out.ok());
    CHECK(signatures_in(*out) ==
          std::vector<std::string>{
              "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
              "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
              "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"});
    CHECK(out->size() == 66'824);
    CHECK(out->starts_with("10000;chunk-signature=ad80"));
    CHECK(out->ends_with("49df9\r\n\r\n"));
  }

  TEST_CASE("and so have those with a trailer") {
    const Example put = put_object(PayloadKind::kSignedChunksTrailer);
    const auto seed = s3_signer().sign(put.request(), example_credentials());
    REQUIRE(seed.ok());
    CHECK(seed->signature == "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
    const auto out = encode(put, std::string(66'560, 'a'), 66'560, kTrailers);
    REQUIRE(out.ok());
    CHECK(signatures_in(*out) ==
          std::vector<std::string>{
              "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
              "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
              "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
              "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"});
    CHECK(out->find("992\r\nx-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f") !=
          std::string::npos);
  }

  TEST_CASE("chunks without signatures end with their trailers") {
    const auto out = encode(small(PayloadKind::kUnsignedChunksTrailer, 5), "hello", 2, kTrailers);
    REQUIRE(out.ok());
    CHECK(*out == "5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:sOO8/Q==\r\n\r\n");
  }

  TEST_CASE("the request says what its chunks are") {
    Example put = small(PayloadKind::kUnsignedChunksTrailer, 5);
    put.headers.push_back({"Content-Encoding", "gzip"});
    const auto made = s3_signer().sign(put.request(), example_credentials());
    REQUIRE(made.ok());
    CHECK(header_of(*made, "x-amz-content-sha256") == "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    CHECK(header_of(*made, "content-encoding") == "aws-chunked,gzip");
    CHECK(header_of(*made, "x-amz-decoded-content-length") == "5");
    CHECK(header_of(*made, "x-amz-trailer") == "x-amz-checksum-crc32c");
    CHECK(made->signed_headers ==
          "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
          "x-amz-trailer");
  }

  TEST_CASE("pieces of any size give the same bytes, as many as were told before") {
    for (const auto kind : {PayloadKind::kSignedChunks, PayloadKind::kSignedChunksTrailer,
                            PayloadKind::kUnsignedChunksTrailer}) {
      for (const size_t length : {size_t{0}, size_t{1}, kMinChunkBytes - 1, kMinChunkBytes,
                                  kMinChunkBytes + 1, 3 * kMinChunkBytes, size_t{30'001}}) {
        std::string body(length, '\0');
        for (size_t i = 0; i < length; ++i) body[i] = static_cast<char>(i * 7);
        const std::span<const HeaderView> trailers = has_trailers(kind)
                                                         ? std::span<const HeaderView>(kTrailers)
                                                         : std::span<const HeaderView>();
        const auto whole = encode(small(kind, length), body, length + 1, trailers, kMinChunkBytes);
        REQUIRE(whole.ok());
        for (const size_t piece : {size_t{1}, size_t{999}, kMinChunkBytes, kMinChunkBytes + 7}) {
          const auto out = encode(small(kind, length), body, piece, trailers, kMinChunkBytes);
          REQUIRE(out.ok());
          CHECK(*out == *whole);
        }
        const TrailerSize size = {kTrailers[0].name.size(), kTrailers[0].value.size()};
        CHECK(whole->size() == ChunkEncoder::encoded_length(
                                   kind, length, kMinChunkBytes,
                                   {&size, static_cast<size_t>(has_trailers(kind) ? 1 : 0)}));
      }
    }
  }

  TEST_CASE("a body of another length than announced is refused, with the place") {
    const Example put = small(PayloadKind::kSignedChunks, 5);
    CHECK(encode(put, "hell", 4).error().text == "byte 4: the body is shorter than was announced");
    CHECK(encode(put, "hello!", 2).error().text == "byte 5: the body is longer than was announced");
  }

  TEST_CASE("trailers are those announced") {
    const Example put = small(PayloadKind::kUnsignedChunksTrailer, 1);
    CHECK(encode(put, "x", 1).error().text == "0 trailers, but 1 were announced");
    constexpr HeaderView kOther[] = {{"x-amz-checksum-sha1", "x"}};
    CHECK(encode(put, "x", 1, kOther).error().text ==
          "trailer 0: was announced as x-amz-checksum-crc32c");
    constexpr HeaderView kBad[] = {{"x-amz-checksum-crc32c", "a\r\n"}};
    CHECK(encode(put, "x", 1, kBad).error().text ==
          "trailer 0: byte 1: a blank or control character");
  }

  TEST_CASE("sizes of chunks have limits, and a body in one piece has no chunks") {
    const Example put = small(PayloadKind::kSignedChunks, 1);
    CHECK(encode(put, "x", 1, {}, kMinChunkBytes - 1).error().status == QTAP_ERR_LIMIT);
    CHECK(encode(put, "x", 1, {}, kMaxChunkBytes).ok());
    CHECK(encode(put, "x", 1, {}, kMaxChunkBytes + 1).error().status == QTAP_ERR_LIMIT);
    CHECK(encode(Example{}, "x", 1).error().status == QTAP_ERR_INVALID);
    CHECK(s3_signer().presign(put.request(), example_credentials(), 60).error().status ==
          QTAP_ERR_UNSUPPORTED);
  }

  TEST_CASE("nothing comes behind the end") {
    const Example put = small(PayloadKind::kSignedChunks, 0);
    const Request request = put.request();
    const Signer signer = s3_signer();
    auto encoder = signer.encoder(*signer.sign(request, example_credentials()), request.payload,
                                  example_credentials(), 0);
    REQUIRE(encoder.ok());
    std::string out;
    REQUIRE(encoder->end({}, out).ok());
    CHECK(encoder->end({}, out).error().status == QTAP_ERR_STATE);
    CHECK(encoder->data("", out).error().status == QTAP_ERR_STATE);
  }
}

}  // namespace qtap::s3
