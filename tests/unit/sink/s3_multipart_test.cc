// SPDX-License-Identifier: Apache-2.0
// tests/e2e/test_object_stores.py sends 64 MiB to a real storage.
#include "sink/s3_multipart.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "../support/scripted_server.h"
#include "s3/checksum.h"
#include "support/make.h"

using namespace qtap;
using test::make_object;
using test::ScriptedServer;

namespace {

class Keys final : public sink::CredentialSource {
 public:
  Result<s3::Credentials> get(bool) override {
    s3::Credentials credentials;
    credentials.access_key_id = "AKID";
    credentials.secret_key = s3::Secret("SECRET");
    return credentials;
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

enum class Step { kPut, kCreate, kPart, kComplete, kAbort };

Step step_of(const std::string& request) {
  const std::string line = request.substr(0, request.find('\r'));
  if (has(line, "?uploads=")) return Step::kCreate;
  if (has(line, "partNumber=")) return Step::kPart;
  if (!has(line, "uploadId=")) return Step::kPut;
  return line.starts_with("DELETE") ? Step::kAbort : Step::kComplete;
}

std::string created() {
  return ScriptedServer::reply(200, "<R><UploadId>2~a/b</UploadId></R>");
}

std::string completed() {
  return ScriptedServer::reply(200, "<CompleteMultipartUploadResult/>");
}

// What a storage says that has nothing against it.
std::string fine(const std::string& request) {
  switch (step_of(request)) {
    case Step::kCreate:
      return created();
    case Step::kComplete:
      return completed();
    case Step::kAbort:
      return "HTTP/1.1 204 Gone\r\n\r\n";
    default:
      return ScriptedServer::reply(200, "", "ETag: \"e\"\r\n");
  }
}

struct Bucket {
  explicit Bucket(ScriptedServer::Script script) : server(std::move(script)) {
    sink::S3Options options;
    options.bucket = "b";
    options.endpoint = "127.0.0.1:" + std::to_string(server.port());
    options.is_plain = true;
    options.sse = "AES256";
    options.multipart_above = 10;
    options.part_bytes = 4;
    options.client.max_concurrent = 2;
    sink = *sink::make_s3_objects("s", options, std::make_unique<Keys>());
  }
  size_t count(Step step) const {
    size_t n = 0;
    for (const std::string& request : server.requests()) n += step_of(request) == step;
    return n;
  }
  std::string first(Step step) const {
    for (const std::string& request : server.requests()) {
      if (step_of(request) == step) return request;
    }
    return "";
  }

  ScriptedServer server;
  std::unique_ptr<sink::Sink> sink;
};

const std::string kEleven = "0123456789A";

Error failure(Bucket& bucket) {
  Status outcome = bucket.sink->put_object(make_object(kEleven));
  return outcome.ok() ? Error(QTAP_OK, "") : std::move(outcome).error();
}

}  // namespace

TEST_SUITE("sink/s3_multipart") {
  TEST_CASE("a large object goes in parts, a small one whole") {
    Bucket bucket(fine);
    const Ref<Object> object = make_object(kEleven);
    CHECK(bucket.sink->put_object(object).ok());
    REQUIRE(bucket.server.requests().size() == 5);
    const std::string create = bucket.first(Step::kCreate);
    CHECK(create.starts_with("POST /b/" + object->digest + "?uploads= HTTP/1.1\r\n"));
    CHECK(has(create, "Content-Type: text/plain\r\n"));
    CHECK(has(create, "x-amz-server-side-encryption: AES256\r\n"));
    std::set<std::string> bodies;
    for (const std::string& request : bucket.server.requests()) {
      if (step_of(request) != Step::kPart) continue;
      CHECK(has(request, "&uploadId=2~a%2Fb HTTP/1.1\r\n"));
      CHECK_FALSE(has(request, "x-amz-server-side-encryption"));
      const std::string body = request.substr(request.find("\r\n\r\n") + 4);
      CHECK(has(request, "x-amz-content-sha256: " + sha256_hex(body) + "\r\n"));
      bodies.insert(request.substr(request.find("partNumber="), 12) + " " + body);
    }
    CHECK(bodies ==
          std::set<std::string>{"partNumber=1 0123", "partNumber=2 4567", "partNumber=3 89A"});
    const std::string complete = bucket.first(Step::kComplete);
    CHECK(has(complete, "If-None-Match: *\r\n"));
    CHECK(has(complete, "<Part><PartNumber>3</PartNumber><ETag>\"e\"</ETag></Part>"));
    CHECK(bucket.sink->put_object(make_object("0123456789")).ok());
    CHECK(bucket.count(Step::kPut) == 1);
  }

  TEST_CASE("whatever step fails, what was begun is aborted") {
    for (const Step bad : {Step::kCreate, Step::kPart, Step::kComplete}) {
      for (const int status : {403, 503}) {
        Bucket bucket([bad, status](const std::string& request) {
          return step_of(request) == bad ? ScriptedServer::reply(status, "") : fine(request);
        });
        const Error error = failure(bucket);
        CHECK(error.status == (status == 503 ? QTAP_ERR_AGAIN : QTAP_ERR_IO));
        CHECK(bucket.count(Step::kAbort) == (bad == Step::kCreate ? 0 : 1));
        CHECK_FALSE(has(error.text, "may be left"));
      }
    }
  }

  TEST_CASE("a 200 with an error in it is a failure") {
    Bucket bucket([](const std::string& request) {
      const std::string error = "<Error><Code>InternalError</Code><Message>Oops</Message></Error>";
      return step_of(request) == Step::kComplete ? ScriptedServer::reply(200, error)
                                                 : fine(request);
    });
    const Error error = failure(bucket);
    CHECK(error.status == QTAP_ERR_AGAIN);
    CHECK(has(error.text, "did not put the parts together (InternalError, Oops)"));
    CHECK(bucket.count(Step::kAbort) == 1);
  }

  TEST_CASE("a part whose connection breaks is sent once more, then the upload is over") {
    std::atomic<int> left = 1;
    Bucket once([&left](const std::string& request) {
      return has(request, "partNumber=2") && left-- > 0 ? std::string() : fine(request);
    });
    CHECK(once.sink->put_object(make_object(kEleven)).ok());
    CHECK(once.count(Step::kPart) == 4);
    Bucket always([](const std::string& request) {
      return has(request, "partNumber=2") ? std::string() : fine(request);
    });
    CHECK(failure(always).status == QTAP_ERR_AGAIN);
    CHECK(always.count(Step::kComplete) == 0);
    CHECK(always.count(Step::kAbort) == 1);
  }

  TEST_CASE("bytes that are there already are stored, and their parts are removed") {
    Bucket bucket([](const std::string& request) {
      return step_of(request) == Step::kComplete ? ScriptedServer::reply(412, "") : fine(request);
    });
    CHECK(bucket.sink->put_object(make_object(kEleven)).ok());
    CHECK(bucket.count(Step::kAbort) == 1);
  }

  TEST_CASE("a storage that knows no conditions is asked to complete without") {
    Bucket bucket([](const std::string& request) {
      return has(request, "If-None-Match") ? ScriptedServer::reply(501, "") : fine(request);
    });
    CHECK(bucket.sink->put_object(make_object(kEleven)).ok());
    CHECK(bucket.count(Step::kComplete) == 2);
    CHECK(bucket.count(Step::kAbort) == 0);
  }

  TEST_CASE("parts that could not be removed are told") {
    Bucket bucket([](const std::string& request) {
      const Step step = step_of(request);
      return step == Step::kPart || step == Step::kAbort ? ScriptedServer::reply(403, "")
                                                         : fine(request);
    });
    CHECK(has(failure(bucket).text, "; its parts may be left in the bucket"));
  }

  TEST_CASE("a storage that wants a checksum gets the one it names, from then on") {
    const auto wants = [](const std::string& name, const std::string& words) {
      return [name, words](const std::string& request) {
        const Step step = step_of(request);
        const bool lacks = (step == Step::kPut || step == Step::kPart) && !has(request, name);
        return lacks ? ScriptedServer::reply(400, "<Error><Code>InvalidRequest</Code><Message>" +
                                                      words + "</Message></Error>")
                     : fine(request);
      };
    };
    Bucket bucket(
        wants("x-amz-checksum-sha256: ", "Content-MD5 OR x-amz-checksum- HTTP header is required"));
    CHECK(failure(bucket).status == QTAP_ERR_AGAIN);
    CHECK(bucket.sink->put_object(make_object(kEleven)).ok());
    const std::string sum = s3::checksum_sha256(sha256_hex("0123"));
    CHECK(has(bucket.server.requests().back(), "<ChecksumSHA256>" + sum + "</ChecksumSHA256>"));
    CHECK(bucket.sink->put_object(make_object("abc")).ok());
    CHECK(has(bucket.server.requests().back(),
              "x-amz-checksum-sha256: ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\r\n"));
    Bucket old(wants("Content-MD5: ", "Missing required header for this request: Content-MD5"));
    CHECK_FALSE(old.sink->put_object(make_object("abc")).ok());
    CHECK(old.sink->put_object(make_object("abc")).ok());
    CHECK(has(old.first(Step::kPut), "x-amz-content-sha256"));
    CHECK(has(old.server.requests().back(), "Content-MD5: kAFQmDzST7DWlj99KOF/cg==\r\n"));
  }

  TEST_CASE("an interrupted upload is aborted all the same") {
    sink::Sink* sink = nullptr;
    std::atomic<bool> has_begun = false;
    std::atomic<bool> is_done = false;
    Bucket bucket([&](const std::string& request) {
      if (step_of(request) == Step::kPart && !has_begun.exchange(true)) {
        sink->interrupt();
        is_done = true;
        is_done.notify_all();
      }
      return fine(request);
    });
    sink = bucket.sink.get();
    CHECK(failure(bucket).status == QTAP_ERR_AGAIN);
    is_done.wait(false);
    CHECK(bucket.count(Step::kComplete) == 0);
    CHECK(bucket.count(Step::kAbort) == 1);
  }
}
