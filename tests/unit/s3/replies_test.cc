// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "s3/credential_json.h"
#include "s3/sts.h"
#include "s3/surroundings.h"
#include "s3/world.h"

namespace qtap::s3 {

using namespace test;

TEST_SUITE("s3/replies") {
  TEST_CASE("STS's XML is read by the names of its elements") {
    const auto reply = parse_sts_reply(sts_xml("AssumeRole"));
    REQUIRE(reply.ok());
    CHECK(reply->access_key_id == "ASIASTS");
    CHECK(reply->secret_key.reveal() == "sts&secret");
    CHECK(reply->session_token.reveal() == "sts-token");
    CHECK(reply->expiration == "2026-03-01T11:00:00Z");
    const auto error = parse_sts_reply(sts_error("AccessDenied"));
    REQUIRE(error.ok());
    CHECK(error->error_code == "AccessDenied");
    CHECK(error->error_message == "why not");
  }

  TEST_CASE("XML that STS does not send is refused") {
    std::string deep;
    for (int i = 0; i < 33; ++i) deep = "<a>" + deep + "</a>";
    CHECK(parse_sts_reply(deep.substr(3, deep.size() - 7)).ok());
    for (const std::string& xml :
         {std::string(), std::string("text"), std::string("<a>"), std::string("<a></b>"),
          std::string("<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>"),
          std::string("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"),
          std::string("<a>&unknown;</a>"), deep, std::string("<a/>") + std::string(70'000, ' ')}) {
      CAPTURE(xml.substr(0, 60));
      CHECK_FALSE(parse_sts_reply(xml).ok());
    }
    const std::string xml = sts_xml("AssumeRole");
    for (size_t cut = 0; cut < xml.size(); ++cut)
      CHECK_FALSE(parse_sts_reply(xml.substr(0, cut)).ok());
  }

  TEST_CASE("JSON that tells no credentials is refused, with the name of what is wrong") {
    const auto why = [](std::string_view text, JsonDialect dialect) {
      const auto got = credentials_of_json(text, dialect);
      return got ? "" : got.error().text;
    };
    CHECK(why("", JsonDialect::kContainer) == "expected a JSON object");
    CHECK(why("[]", JsonDialect::kContainer) == "expected a JSON object");
    CHECK(why("{\"a\":1,}", JsonDialect::kContainer) == "expected a JSON object");
    CHECK(why("{} {}", JsonDialect::kContainer) == "expected a JSON object");
    CHECK(why("{}", JsonDialect::kContainer) == "AccessKeyId: is missing, or no text");
    CHECK(why(R"({"AccessKeyId":"a","SecretAccessKey":1})", JsonDialect::kContainer) ==
          "SecretAccessKey: is missing, or no text");
    CHECK(why(R"({"AccessKeyId":"a","SecretAccessKey":"b","Token":"c"})",
              JsonDialect::kContainer) == "Expiration: is missing, or no text");
    CHECK(why(R"({"AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"soon"})",
              JsonDialect::kContainer) == "Expiration: expected a time of ISO 8601");
    CHECK(why(R"({"Version":"1","AccessKeyId":"a","SecretAccessKey":"b"})",
              JsonDialect::kProcess) == "Version: expected 1");
    CHECK(why(R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"b"})", JsonDialect::kProcess)
              .empty());
    CHECK(why(R"({"Code":"Failed"})", JsonDialect::kInstance) ==
          "Code: expected Success, got Failed");
    CHECK(why(std::string(70'000, ' '), JsonDialect::kContainer) == "JSON: has more than 64 KiB");
    CHECK(why(kInstanceJson, JsonDialect::kInstance).empty());
    const std::string json = kInstanceJson;
    for (size_t cut = 0; cut < json.size(); ++cut) {
      CHECK_FALSE(credentials_of_json(json.substr(0, cut), JsonDialect::kInstance).ok());
    }
  }

  TEST_CASE("escapes in JSON are read") {
    const auto got =
        credentials_of_json(R"({"Version":1,"AccessKeyId":"a\u0041","SecretAccessKey":"\"\\\/é"})",
                            JsonDialect::kProcess);
    REQUIRE(got.ok());
    CHECK(got->access_key_id == "aA");
    CHECK(got->secret_key.reveal() == "\"\\/\xc3\xa9");
  }

  TEST_CASE("this process's own surroundings") {
    const Surroundings in = real_surroundings({});
    CHECK_FALSE(in.variable("QTAP_NO_SUCH_VARIABLE").has_value());
    CHECK(in.variable("PATH").has_value());
    CHECK(in.read_file("/none/such").error().status == QTAP_ERR_NOTFOUND);
    CHECK(in.read_file("/proc/self/comm").ok());
    CHECK(in.read_file("/").error().status == QTAP_ERR_IO);
    CHECK(in.now_s() > 1'700'000'000);
    CHECK(in.random(3) < 3);
    const std::string argv[] = {"true"};
    CHECK(in.run(argv, 10'000'000'000).ok());
  }
}

}  // namespace qtap::s3
