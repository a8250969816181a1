// SPDX-License-Identifier: Apache-2.0
// What the answers of a storage lead to. tests/e2e/test_object_stores.py asks a real one.
#include "sink/s3_objects.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <vector>

#include "../support/scripted_server.h"
#include "sink/upload.h"
#include "support/make.h"

using namespace qtap;
using namespace std::chrono_literals;
using test::make_object;
using test::ScriptedServer;

namespace {

class Keys final : public sink::CredentialSource {
 public:
  Keys(std::string token, std::string& asked) : token_(std::move(token)), asked_(asked) {}
  Result<s3::Credentials> get(bool refused) override {
    asked_ += refused ? "refused " : "fine ";
    s3::Credentials credentials;
    credentials.access_key_id = "AKID";
    credentials.secret_key = s3::Secret("SECRET");
    credentials.session_token = s3::Secret(token_);
    return credentials;
  }

 private:
  std::string token_;
  std::string& asked_;
};

struct Bucket {
  explicit Bucket(ScriptedServer::Script script, std::string token = "")
      : server(std::move(script)) {
    sink::S3Options options;
    options.bucket = "b";
    options.endpoint = "127.0.0.1:" + std::to_string(server.port());
    options.is_plain = true;
    options.sse = "aws:kms";
    options.kms_key_id = "k";
    options.acl = "private";
    auto made =
        sink::make_s3_objects("s", options, std::make_unique<Keys>(std::move(token), asked));
    REQUIRE(made.ok());
    sink = *std::move(made);
  }

  ScriptedServer server;
  std::string asked;
  std::unique_ptr<sink::Sink> sink;
};

std::string error(const std::string& code) {
  return "<Error><Code>" + code + "</Code><Message>No.\nWhy?</Message><StringToSign>SECRET" +
         "</StringToSign></Error>";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("sink/s3_objects") {
  TEST_CASE("an object is one signed PUT under its digest") {
    Bucket bucket([](const std::string&) { return ScriptedServer::reply(200, ""); });
    const Ref<Object> object = make_object("some bytes");
    CHECK(bucket.sink->put_object(object).ok());
    REQUIRE(bucket.server.requests().size() == 1);
    const std::string sent = bucket.server.requests()[0];
    CHECK(sent.starts_with("PUT /b/" + object->digest + " HTTP/1.1\r\n"));
    CHECK(sent.ends_with("\r\n\r\nsome bytes"));
    CHECK(has(sent, "If-None-Match: *\r\n"));
    CHECK(has(sent, "x-amz-server-side-encryption: aws:kms\r\n"));
    CHECK(has(sent, "x-amz-server-side-encryption-aws-kms-key-id: k\r\n"));
    CHECK(has(sent, "x-amz-acl: private\r\n"));
    CHECK(has(sent, "AWS4-HMAC-SHA256 Credential=AKID/"));
    CHECK(has(sent, ";host;if-none-match;x-amz-acl;x-amz-content-sha256;x-amz-date;"));
    CHECK_FALSE(has(sent, "SECRET"));
    CHECK(bucket.sink->locate(*object) == bucket.server.url("/b/" + object->digest));
  }

  TEST_CASE("bytes that are there already are stored") {
    Bucket bucket([](const std::string&) { return ScriptedServer::reply(412, error("P")); });
    CHECK(bucket.sink->put_object(make_object("a")).ok());
  }

  TEST_CASE("a storage that knows no conditions is asked without, from then on") {
    Bucket bucket([](const std::string& request) {
      return ScriptedServer::reply(has(request, "If-None-Match") ? 501 : 200, "");
    });
    const Status first = bucket.sink->put_object(make_object("a"));
    REQUIRE_FALSE(first.ok());
    CHECK(first.error().status == QTAP_ERR_AGAIN);
    CHECK(bucket.sink->put_object(make_object("a")).ok());
    CHECK(bucket.sink->put_object(make_object("b")).ok());
    CHECK(bucket.server.requests().size() == 3);
  }

  TEST_CASE("what may pass is tried again, what will not is final, and says why") {
    for (const auto& [status, code, again] :
         {std::tuple(503, QTAP_ERR_AGAIN, true), std::tuple(429, QTAP_ERR_AGAIN, true),
          std::tuple(408, QTAP_ERR_AGAIN, true), std::tuple(409, QTAP_ERR_AGAIN, true),
          std::tuple(500, QTAP_ERR_AGAIN, true), std::tuple(400, QTAP_ERR_IO, false),
          std::tuple(403, QTAP_ERR_IO, false), std::tuple(404, QTAP_ERR_IO, false),
          std::tuple(301, QTAP_ERR_IO, false)}) {
      const int said = status;
      Bucket bucket([said](const std::string&) {
        return ScriptedServer::reply(said, error("Reason"), "Retry-After: 9\r\n");
      });
      const Status outcome = bucket.sink->put_object(make_object("a"));
      CAPTURE(said);
      REQUIRE_FALSE(outcome.ok());
      CHECK(outcome.error().status == code);
      CHECK(has(outcome.error().text, "Failed to upload to object storage: "));
      CHECK(has(outcome.error().text, "(Reason, No. Why?)"));
      CHECK_FALSE(has(outcome.error().text, "SECRET"));
      CHECK(bucket.sink->asked_to_wait() == 9s);
    }
  }

  TEST_CASE("a wrong clock is told as one") {
    Bucket bucket([](const std::string&) {
      return ScriptedServer::reply(403, error("RequestTimeTooSkewed"));
    });
    const Status outcome = bucket.sink->put_object(make_object("a"));
    REQUIRE_FALSE(outcome.ok());
    CHECK(outcome.error().status == QTAP_ERR_IO);
    CHECK(
        has(outcome.error().text, "Access Denied (RequestTimeTooSkewed, No. Why?); set the clock"));
  }

  TEST_CASE("temporary credentials that are refused are asked for anew; others stay refused") {
    const auto expired = [](const std::string&) {
      return ScriptedServer::reply(400, error("ExpiredToken"));
    };
    Bucket temporary(expired, "token");
    for (int i = 0; i < 2; ++i) {
      const Status outcome = temporary.sink->put_object(make_object("a"));
      REQUIRE_FALSE(outcome.ok());
      CHECK(outcome.error().status == QTAP_ERR_AGAIN);
    }
    CHECK(temporary.asked == "fine refused ");
    CHECK(has(temporary.server.requests()[0], "x-amz-security-token: token\r\n"));
    Bucket lasting(expired);
    const Status outcome = lasting.sink->put_object(make_object("a"));
    REQUIRE_FALSE(outcome.ok());
    CHECK(outcome.error().status == QTAP_ERR_IO);
  }

  TEST_CASE("several go side by side, each with its outcome") {
    Bucket bucket([](const std::string& request) {
      return ScriptedServer::reply(request.ends_with("bad") ? 400 : 200, "");
    });
    const std::vector<Ref<Object>> objects = {make_object("a"), make_object("bad"),
                                              make_object("c")};
    const std::vector<Status> outcomes = bucket.sink->put_objects(objects);
    REQUIRE(outcomes.size() == 3);
    CHECK(outcomes[0].ok());
    CHECK_FALSE(outcomes[1].ok());
    CHECK(outcomes[2].ok());
  }

  TEST_CASE("an interrupted sink sends nothing more") {
    Bucket bucket([](const std::string&) { return ScriptedServer::reply(200, ""); });
    bucket.sink->interrupt();
    const Status outcome = bucket.sink->put_object(make_object("a"));
    REQUIRE_FALSE(outcome.ok());
    CHECK(outcome.error().status == QTAP_ERR_AGAIN);
    CHECK(bucket.server.requests().empty());
  }

  TEST_CASE("a region that cannot be signed for is refused at once") {
    sink::S3Options options;
    options.region = "a/b";
    const auto made = sink::make_s3_objects("s", options, nullptr);
    REQUIRE_FALSE(made.ok());
    CHECK(has(made.error().text, "s: "));
  }

  TEST_CASE("several answers to one manner of asking change it once") {
    Bucket bucket([](const std::string& request) {
      if (has(request, "x-amz-checksum-sha256: ")) return ScriptedServer::reply(200, "");
      return ScriptedServer::reply(400,
                                   "<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR "
                                   "x-amz-checksum- HTTP header is "
                                   "required</Message></Error>");
    });
    std::vector<Ref<Object>> objects;
    for (const char* text : {"1", "2", "3", "4", "5"}) objects.push_back(make_object(text));
    for (const Status& outcome : bucket.sink->put_objects(objects)) {
      REQUIRE_FALSE(outcome.ok());
      CHECK(outcome.error().status == QTAP_ERR_AGAIN);
    }
    for (const Status& outcome : bucket.sink->put_objects(objects)) CHECK(outcome.ok());
  }
}
