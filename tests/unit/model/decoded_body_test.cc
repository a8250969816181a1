// SPDX-License-Identifier: Apache-2.0
#include "model/decoded_body.h"

#include <doctest/doctest.h>

#include <thread>

#include "model/field_table.h"
#include "support/encode.h"
#include "support/make.h"

using namespace qtap;

namespace {

const std::string kText = R"({"message":"what the server said, again and again and again"})";

http::Response coded(const char* coding, std::string body) {
  http::Response response;
  response.status = 200;
  if (*coding) response.headers = {{"Content-Encoding", coding}};
  response.body = std::move(body);
  response.body_bytes = response.body.size();
  response.complete = true;
  return response;
}

std::unique_ptr<DecodedBody> decoded(const http::Message& message) {
  return decode_body(message, Decoding().limits);
}

Ref<Transaction> transaction_with(http::Response response) {
  auto tx = test::make_transaction();
  tx->response = std::move(response);
  tx->decoding = Ref<Decoding>::make();
  return tx;
}

std::string text_field(const Transaction& tx, const char* name) {
  FieldValue value;
  return get_field(tx, name, value) ? std::string(value.text) : "(missing)";
}

}  // namespace

TEST_SUITE("model/decoded_body") {
  TEST_CASE("each coding, and several over each other, come to the text") {
    for (const auto& [coding, body] :
         {std::pair{"gzip", test::gzip(kText)}, std::pair{"deflate", test::zlib(kText)},
          std::pair{"deflate", test::raw_deflate(kText)}, std::pair{"br", test::brotli(kText)},
          std::pair{"zstd", test::zstd(kText)}, std::pair{"X-GZip", test::gzip(kText)},
          std::pair{"gzip, br", test::brotli(test::gzip(kText))}}) {
      const std::string of = coding;  // clang 14 captures no structured bindings
      CAPTURE(of);
      const auto out = decoded(coded(coding, body));
      CHECK(out->state == BodyDecode::kComplete);
      CHECK(out->text == kText);
      CHECK(out->left_over == 0);
      CHECK(out->error.empty());
    }
  }

  TEST_CASE("codings in several fields are one list, in their order") {
    http::Response response = coded("gzip", test::brotli(test::gzip(kText)));
    response.headers.push_back({"content-encoding", "br"});
    CHECK(content_encoding(response) == "gzip, br");
    CHECK(decoded(response)->text == kText);
  }

  TEST_CASE("a transfer coding other than chunked lies over the content codings") {
    const auto transferred = [](const char* coding, const char* transfer, std::string body) {
      http::Response response = coded(coding, std::move(body));
      response.headers.push_back({"Transfer-Encoding", transfer});
      return response;
    };
    for (const char* transfer : {"gzip, chunked", "x-gzip,\tChunked", "gzip", "gzip, chunked, ,"}) {
      CAPTURE(transfer);
      const http::Response response = transferred("", transfer, test::gzip(kText));
      CHECK(content_encoding(response).empty());
      CHECK(decoded(response)->state == BodyDecode::kComplete);
      CHECK(decoded(response)->text == kText);
      const auto both = transferred("br", transfer, test::gzip(test::brotli(kText)));
      CHECK(decoded(both)->text == kText);
    }
    for (const char* transfer : {"chunked", "CHUNKED ,", ",chunked", ""}) {
      CAPTURE(transfer);
      CHECK(decoded(transferred("", transfer, kText))->state == BodyDecode::kNone);
      CHECK(decoded(transferred("gzip", transfer, test::gzip(kText)))->text == kText);
    }
    // Not the last one: it was not undone. And what nobody knows.
    for (const char* transfer :
         {"chunked, gzip", "compress, chunked", "gzip;q=1, chunked", "gzip chunked"}) {
      CAPTURE(transfer);
      CHECK(decoded(transferred("", transfer, kText))->state == BodyDecode::kUnsupported);
    }
  }

  TEST_CASE("a body without coding is its own text, not a copy") {
    for (const char* coding : {"", "identity", " , "}) {
      const http::Response response = coded(coding, kText);
      const auto out = decoded(response);
      CHECK(out->state == BodyDecode::kNone);
      CHECK(out->text.data() == response.body.data());
      CHECK(out->text.size() == response.body.size());
    }
  }

  TEST_CASE("an unknown coding gives no text, and its name") {
    const auto out = decoded(coded("gzip, exi", "\x01\x02"));
    CHECK(out->state == BodyDecode::kUnsupported);
    CHECK(out->text.empty());
    CHECK(out->left_over == 2);
    CHECK(out->error.find("\"exi\"") != std::string::npos);
    CHECK(decoded(coded("gzip,gzip,gzip,gzip,gzip,gzip", "x"))->state == BodyDecode::kLimit);
  }

  TEST_CASE("damage ends the text where it is, and is told") {
    std::string body = test::gzip(kText);
    body[body.size() - 6] ^= 1;  // of the checksum
    const auto out = decoded(coded("gzip", body));
    CHECK(out->state == BodyDecode::kCorrupt);
    CHECK(out->text == kText);
    CHECK(out->error.starts_with("gzip: "));
    CHECK(out->error.find(" of the body") != std::string::npos);
  }

  TEST_CASE("what was kept of a longer body is its beginning") {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919 % 10007) + ",";
    http::Response response = coded("gzip", test::gzip(text));
    response.body.resize(response.body.size() / 2);
    response.truncation = http::Truncation::kBodyBuffer;
    response.missing_bytes = response.body.size();
    const auto out = decoded(response);
    CHECK(out->state == BodyDecode::kTruncated);
    CHECK(out->text.size() > text.size() / 4);
    CHECK(text.starts_with(out->text));
  }

  TEST_CASE("behind a gap nothing is decoded, and without its place nothing at all") {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919 % 10007) + ",";
    http::Response response = coded("deflate", test::raw_deflate(text));
    const size_t at = response.body.size() / 2;
    response.body.erase(at, 100);
    response.truncation = http::Truncation::kCaptureLoss;
    response.missing_bytes = 100;
    const auto nothing = decoded(response);
    CHECK(nothing->state == BodyDecode::kGap);
    CHECK(nothing->text.empty());
    CHECK(nothing->left_over == response.body.size());
    response.body_gap = at;
    const auto out = decoded(response);
    CHECK(out->state == BodyDecode::kGap);
    CHECK(out->text.size() > text.size() / 4);
    CHECK(text.starts_with(out->text));
    CHECK(out->left_over == response.body.size() - at);
  }

  TEST_CASE("no body is no damage; one of which nothing was kept is no end") {
    CHECK(decoded(coded("gzip", ""))->state == BodyDecode::kComplete);  // HEAD, 304
    http::Response response = coded("gzip", "");
    response.body_bytes = 10;
    CHECK(decoded(response)->state == BodyDecode::kTruncated);
  }

  TEST_CASE("bytes behind the end of the coded data are counted") {
    const auto out = decoded(coded("gzip", test::gzip(kText) + "tail"));
    CHECK(out->state == BodyDecode::kComplete);
    CHECK(out->text == kText);
    CHECK(out->left_over == 4);
  }

  TEST_CASE("a bomb ends at the limit of the session, and counts") {
    const auto tx = transaction_with(coded("gzip", test::gzip(std::string(10u << 20, ' '))));
    tx->decoding->limits.max_output_bytes = 100'000;
    const DecodedBody& out = lend_decoded_body(*tx, MessageKind::kResponse);
    CHECK(out.state == BodyDecode::kLimit);
    CHECK(out.text.size() == 100'000);
    CHECK(out.error.find("gzip: output is too long") == 0);
    CHECK(tx->decoding->limit_hits == 1);
    CHECK(tx->decoding->errors == 0);
    const auto by_ratio = transaction_with(tx->response);
    CHECK(lend_decoded_body(*by_ratio, MessageKind::kResponse).text.size() ==
          (1u << 20) + http::kDecodeBlock);
  }

  TEST_CASE("it is decoded once, when somebody asks, and lives with the transaction") {
    const auto tx = transaction_with(coded("gzip", test::gzip(kText)));
    CHECK(tx->decoding->bodies == 0);
    const DecodedBody& first = lend_decoded_body(*tx, MessageKind::kResponse);
    CHECK(tx->decoding->bodies == 1);
    CHECK(text_field(*tx, "http.res.body") == kText);
    CHECK(text_field(*tx, "http.res.decode_state") == "complete");
    CHECK(&lend_decoded_body(*tx, MessageKind::kResponse) == &first);
    CHECK(&decoded_body(*tx, MessageKind::kResponse) == &first);
    tx->decoded.drop();
    CHECK(first.text == kText);
    CHECK(tx->decoded.lent_bytes() >= kText.size());
    CHECK(tx->decoding->bodies == 1);
  }

  TEST_CASE("what the pipeline used is dropped, and costs no queue anything") {
    const auto tx = transaction_with(coded("br", test::brotli(kText)));
    CHECK(decoded_body(*tx, MessageKind::kResponse).text == kText);
    CHECK(decoded_body(*tx, MessageKind::kResponse).text == kText);
    CHECK(tx->decoding->bodies == 1);
    CHECK(tx->decoded.lent_bytes() == 0);
    tx->decoded.drop();
    CHECK(decoded_body(*tx, MessageKind::kResponse).text == kText);
    CHECK(tx->decoding->bodies == 2);
    CHECK(lend_decoded_body(*tx, MessageKind::kResponse).text == kText);
    CHECK(tx->decoding->bodies == 3);
  }

  TEST_CASE("threads that ask at once get the same") {
    const auto tx = transaction_with(coded("gzip", test::gzip(std::string(1u << 20, 'x'))));
    std::array<const DecodedBody*, 4> got = {};
    std::vector<std::thread> threads;
    for (const DecodedBody*& body : got) {
      threads.emplace_back([&] { body = &lend_decoded_body(*tx, MessageKind::kResponse); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const DecodedBody* body : got) CHECK(body == got[0]);
    CHECK(got[0]->text.size() == 1u << 20);
  }

  TEST_CASE("fields tell the coding, the media type and the charset, and guess none") {
    auto response = coded("gzip", test::gzip("caf\xe9"));
    response.headers.push_back({"Content-Type", "Text/HTML; Charset=\"ISO-8859-1\""});
    const auto tx = transaction_with(std::move(response));
    CHECK(text_field(*tx, "http.res.content_encoding") == "gzip");
    CHECK(text_field(*tx, "http.res.media_type") == "text/html");
    CHECK(text_field(*tx, "http.res.charset") == "ISO-8859-1");
    CHECK(text_field(*tx, "http.res.body") == "caf\xe9");
    CHECK(text_field(*tx, "http.res.decode_error") == "(missing)");
    for (const char* name : {"http.req.content_encoding", "http.req.media_type", "http.req.charset",
                             "http.req.body", "http.req.decode_state"}) {
      CAPTURE(name);
      CHECK(text_field(*tx, name) == "(missing)");
    }
    const auto unsupported = transaction_with(coded("exi", "\x01"));
    CHECK(text_field(*unsupported, "http.res.decode_state") == "unsupported");
    CHECK(text_field(*unsupported, "http.res.decode_error").find("exi") != std::string::npos);
    CHECK(text_field(*unsupported, "http.res.body") == "(missing)");
    CHECK(unsupported->decoding->errors == 1);
  }
}
