// SPDX-License-Identifier: Apache-2.0
#include "s3/signer.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "base/sha256.h"
#include "s3/examples.h"
#include "s3/limits.h"

namespace qtap::s3 {
namespace {

using namespace test;

std::string signature_of(const Example& example) {
  const auto made = s3_signer().sign(example.request(), example_credentials());
  return made ? made->signature : made.error().text;
}

std::string path_of(const Signed& made) {
  const size_t begin = made.canonical_request.find('\n') + 1;
  return made.canonical_request.substr(begin, made.canonical_request.find('\n', begin) - begin);
}

std::string refusal(const Example& example, const Rules& rules = Rules::s3()) {
  const Signer signer = *Signer::create({"us-east-1", "s3"}, rules);
  const auto made = signer.sign(example.request(), example_credentials());
  return made ? "" : made.error().text;
}

}  // namespace

TEST_SUITE("s3/signer") {
  TEST_CASE("the examples of Amazon's documentation have the signatures that it tells") {
    SUBCASE("get an object") {
      const Example get{
          .target = "/test.txt",
          .headers = {{"Host", "examplebucket.s3.amazonaws.com"}, {"Range", "bytes=0-9"}}};
      CHECK(signature_of(get) ==
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    }
    SUBCASE("put an object") {
      const Example put{.method = "PUT",
                        .target = "/test%24file.text",
                        .headers = {{"Host", "examplebucket.s3.amazonaws.com"},
                                    {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                    {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                        .payload = {.body = "Welcome to Amazon S3."}};
      CHECK(signature_of(put) ==
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    }
    SUBCASE("a query without a value") {
      CHECK(signature_of({.target = "/?lifecycle"}) ==
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    }
    SUBCASE("a query") {
      CHECK(signature_of({.target = "/?max-keys=2&prefix=J"}) ==
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }
    SUBCASE("a presigned link") {
      const Example get{.target = "/test.txt"};
      const auto made = s3_signer().presign(get.request(), example_credentials(), 86400);
      REQUIRE(made.ok());
      CHECK(made->signature == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
      CHECK(made->target ==
            "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%"
            "2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-"
            "SignedHeaders=host&X-Amz-Expires=86400&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    }
  }

  TEST_CASE("what to set in the request is complete and in lower case") {
    const Example put{.method = "PUT", .payload = {.body = "x"}};
    Credentials temporary = example_credentials();
    temporary.session_token = Secret("TOKEN/1==");
    const auto made = s3_signer().sign(put.request(), temporary);
    REQUIRE(made.ok());
    CHECK(made->headers.size() == 4);
    CHECK(header_of(*made, "x-amz-date") == "20130524T000000Z");
    CHECK(header_of(*made, "x-amz-content-sha256") == sha256_hex("x"));
    CHECK(header_of(*made, "x-amz-security-token") == "TOKEN/1==");
    CHECK(header_of(*made, "authorization") ==
          "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
          "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=" +
              made->signature);
  }

  TEST_CASE("a token that is not signed is sent, and is in no text") {
    Rules rules = Rules::s3();
    rules.sign_token = false;
    Credentials temporary = example_credentials();
    temporary.session_token = Secret("TOKEN");
    const Signer signer = *Signer::create({"us-east-1", "s3"}, rules);
    const auto made = signer.sign(Example{}.request(), temporary);
    const auto link = signer.presign(Example{}.request(), temporary, 60);
    REQUIRE(made.ok());
    REQUIRE(link.ok());
    CHECK(made->canonical_request.find("TOKEN") == std::string::npos);
    CHECK(header_of(*made, "x-amz-security-token") == "TOKEN");
    CHECK(link->canonical_request.find("TOKEN") == std::string::npos);
    CHECK(link->target.find("&X-Amz-Security-Token=TOKEN&X-Amz-Signature=") != std::string::npos);
  }

  TEST_CASE("S3's path is encoded once, and otherwise kept") {
    const auto path = [](std::string target) {
      return path_of(
          *s3_signer().sign(Example{.target = std::move(target)}.request(), example_credentials()));
    };
    CHECK(path("/b/d//e/./f/../g") == "/b/d//e/./f/../g");
    CHECK(path("/a%20b") == "/a%20b");
    CHECK(path("/a b") == "/a%20b");
    CHECK(path("/%7e%41%c3%a9") == "/~A%C3%A9");
    CHECK(path("/a%2fb") == "/a/b");  // what a server makes of it: it encodes the key, not the path
    CHECK(path("/\xc3\xa9+$") == "/%C3%A9%2B%24");
  }

  TEST_CASE("other services' paths are normalised and encoded once more") {
    const auto path = [](std::string target, bool normalize = true, bool twice = true) {
      Rules rules;
      rules.normalize_path = normalize;
      rules.encode_twice = twice;
      return path_of(*generic_signer(rules).sign(Example{.target = std::move(target)}.request(),
                                                 example_credentials()));
    };
    CHECK(path("/a%20b") == "/a%2520b");
    CHECK(path("/a%20b", true, false) == "/a%20b");
    CHECK(path("/../a//b/./c/..") == "/a/b/");
    CHECK(path("/a/..") == "/");
    CHECK(path("/a//..%zz", false) == "/a//..%25zz");
    CHECK(path("/a/.b/..c/") == "/a/.b/..c/");
  }

  TEST_CASE("the query is sorted as it is encoded, and every parameter gets its equals sign") {
    const auto made =
        s3_signer().sign(Example{.target = "/?b=2&a=%7E&a=%2b+&B&=x&&a-b=1&%61=%C3%A9"}.request(),
                         example_credentials());
    REQUIRE(made.ok());
    CHECK(made->canonical_request.starts_with("GET\n/\n=x&B=&a=%2B%2B&a=%C3%A9&a=~&a-b=1&b=2\n"));
  }

  TEST_CASE("headers that others change are never signed") {
    Example get;
    for (const char* name : {"Connection", "Expect", "TE", "Trailer", "Transfer-Encoding",
                             "Upgrade", "User-Agent", "X-Amzn-Trace-Id", "Accept-Encoding"}) {
      get.headers.push_back({name, "x"});
    }
    get.headers.push_back({"X-Amz-Meta-A", "  one \t two  "});
    get.headers.push_back({"x-amz-meta-a", "three"});
    const auto made = s3_signer().sign(get.request(), example_credentials());
    REQUIRE(made.ok());
    CHECK(made->signed_headers == "host;x-amz-content-sha256;x-amz-date;x-amz-meta-a");
    CHECK(made->canonical_request.find("\nx-amz-meta-a:one two,three\n") != std::string::npos);
  }

  TEST_CASE("a header that signing makes may be there if it says the same") {
    Example get;
    get.headers.push_back({"X-Amz-Date", "20130524T000000Z"});
    const auto made = s3_signer().sign(get.request(), example_credentials());
    REQUIRE(made.ok());
    CHECK(made->signature == signature_of({}));
    get.headers.back().value = "20130524T000001Z";
    CHECK(refusal(get) == "header 1 (x-amz-date): differs from what signing makes; leave it out");
  }

  TEST_CASE("unsigned and hashed payloads") {
    Example put{.method = "PUT", .payload = {.kind = PayloadKind::kUnsigned}};
    const auto made = s3_signer().sign(put.request(), example_credentials());
    REQUIRE(made.ok());
    CHECK(made->canonical_request.ends_with("\nUNSIGNED-PAYLOAD"));
    CHECK(header_of(*made, "x-amz-content-sha256") == "UNSIGNED-PAYLOAD");

    const std::string known = sha256_hex("body");
    const Example hashed{.method = "PUT", .payload = {.sha256 = known}};
    const Example whole{.method = "PUT", .payload = {.body = "body"}};
    CHECK(signature_of(hashed) == signature_of(whole));
  }

  TEST_CASE("what is wrong with a request is told with its place, and without its values") {
    CHECK(refusal({.method = ""}) == "method: byte 0: is empty");
    CHECK(refusal({.method = "GE T"}) == "method: byte 2: is not allowed in a token");
    CHECK(refusal({.target = "https://x/"}) ==
          "target: byte 0: expected \"/\": a path, without scheme and host");
    CHECK(refusal({.target = "/abc%2"}) ==
          "target: byte 4: % without two hex digits; write %25 for %");
    CHECK(refusal({.target = "/a?b=%zz"}, Rules::generic()) ==
          "target: byte 5: % without two hex digits; write %25 for %");
    CHECK(refusal({.target = "/a\nb"}) == "target: byte 2: a control character; escape it");
    CHECK(refusal({.target = "/a#b"}) == "target: byte 2: a fragment is not sent; write %23 for #");
    CHECK(refusal({.headers = {}}) == "headers: Host is missing; it is always signed");
    CHECK(refusal({.headers = {{"Host", "a"}, {"host", "b"}}}) ==
          "headers: Host is there more than once");
    CHECK(refusal({.headers = {{"Host", "a"}, {"b:", "c"}}}) ==
          "header 1: name: byte 1: is not allowed in a token");
    CHECK(refusal({.headers = {{"Host", "a"}, {"X-Key", "secret\r\nx: y"}}}) ==
          "header 1 (X-Key): byte 6: a control character, which no header may hold");
    CHECK(refusal({.headers = {{"Host", "a"}, {"Authorization", "secret"}}}) ==
          "header 1 (Authorization): the request is signed already; leave it out");
    CHECK(refusal({.payload = {.sha256 = "ab"}}) ==
          "payload hash: has 2 bytes, expected 64 hex digits");
    const std::string upper = std::string(63, 'a') + "A";
    CHECK(refusal({.payload = {.sha256 = upper}}) ==
          "payload hash: byte 63: expected a hex digit, in lower case");
    CHECK(refusal({.payload = {.kind = PayloadKind::kUnsignedChunksTrailer}}) ==
          "trailers: this kind of payload needs the name of one");
  }

  TEST_CASE("limits are errors of their own kind") {
    const auto status = [](const Example& example) {
      const auto made = s3_signer().sign(example.request(), example_credentials());
      return made ? QTAP_OK : made.error().status;
    };
    const std::string value(kMaxHeaderValueBytes, 'v');
    Example get{.target = "/" + std::string(kMaxTargetBytes - 1, 'a')};
    CHECK(status(get) == QTAP_OK);
    get.target += 'a';
    CHECK(status(get) == QTAP_ERR_LIMIT);
    get = {.headers = {{"Host", "a"}, {"b", value}}};
    CHECK(status(get) == QTAP_OK);
    const std::string more = value + "v";
    get.headers[1].value = more;
    CHECK(status(get) == QTAP_ERR_LIMIT);
    get = {};
    while (get.headers.size() <= kMaxHeaders) get.headers.push_back({"a", "b"});
    CHECK(status(get) == QTAP_ERR_LIMIT);
    get = {.target = "/?" + std::string(kMaxQueryParameters, '&')};
    CHECK(status(get) == QTAP_ERR_LIMIT);
    get = {.method = std::string(kMaxMethodBytes + 1, 'G')};
    CHECK(status(get) == QTAP_ERR_LIMIT);
    CHECK(s3_signer().presign(Example{}.request(), example_credentials(), 0).error().status ==
          QTAP_ERR_LIMIT);
    CHECK(s3_signer().presign(Example{}.request(), example_credentials(), 604'800).ok());
    CHECK(s3_signer().presign(Example{}.request(), example_credentials(), 604'801).error().text ==
          "expiry: 604801 s is not between 1 and 604800");
  }

  TEST_CASE("a link is not signed twice") {
    const Example get{.target = "/a?b=c&x-amz-SIGNATURE=0"};
    const auto made = s3_signer().presign(get.request(), example_credentials(), 60);
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().text ==
          "query: byte 4: the parameter x-amz-signature is made by signing; leave it out");
  }

  TEST_CASE("scopes and credentials that would break the header are refused, secrets untold") {
    CHECK(Signer::create({"", "s3"}, Rules::s3()).error().text == "region: byte 0: is empty");
    CHECK(Signer::create({"a/b", "s3"}, Rules::s3()).error().text ==
          "region: byte 1: a character that no scope may hold");
    CHECK(Signer::create({"a", std::string(300, 's')}, Rules::s3()).error().status ==
          QTAP_ERR_LIMIT);
    Credentials wrong = example_credentials();
    wrong.session_token = Secret("TOK EN");
    CHECK(s3_signer().sign(Example{}.request(), wrong).error().text ==
          "session token: byte 3: a blank or control character");
    wrong = example_credentials();
    wrong.secret_key = {};
    CHECK(s3_signer().sign(Example{}.request(), wrong).error().text == "secret key: is empty");
    wrong = example_credentials();
    wrong.access_key_id = "A,B";
    CHECK(s3_signer().sign(Example{}.request(), wrong).error().status == QTAP_ERR_INVALID);
  }

  TEST_CASE("the derived key is kept for the day, and for each secret its own") {
    const Signer signer = s3_signer();
    const Example get;
    Request request = get.request();
    Credentials other = example_credentials();
    other.secret_key = Secret("another");
    for (int i = 0; i < 3; ++i) REQUIRE(signer.sign(request, example_credentials()).ok());
    CHECK(signer.derived_keys() == 1);
    REQUIRE(signer.sign(request, other).ok());
    CHECK(signer.derived_keys() == 2);
    request.time_s += 86'400;
    REQUIRE(signer.sign(request, other).ok());
    CHECK(signer.derived_keys() == 3);
    request.time_s -= 86'400;
    CHECK(signer.sign(request, example_credentials())->signature == signature_of(get));
    CHECK(signer.derived_keys() == 3);
    for (int day = 1; day < 20; ++day) {  // more than are kept
      request.time_s += 86'400;
      REQUIRE(signer.sign(request, other).ok());
    }
    request.time_s = kMay2013;
    CHECK(signer.sign(request, example_credentials())->signature == signature_of(get));
  }

  TEST_CASE("many threads sign with one signer") {
    const Signer signer = s3_signer();
    std::vector<std::thread> threads;
    std::vector<int> wrong(4);
    for (size_t t = 0; t < wrong.size(); ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 200; ++i) {
          const Example get;
          Request request = get.request();
          request.time_s += 86'400 * (i % 11);  // more days than are kept
          const auto made = signer.sign(request, example_credentials());
          const auto alone = s3_signer().sign(request, example_credentials());
          if (made->signature != alone->signature) ++wrong[t];
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>(4));
  }
}

}  // namespace qtap::s3
