// SPDX-License-Identifier: Apache-2.0
#include "s3/credential_chain.h"

#include <doctest/doctest.h>

#include "s3/world.h"

namespace qtap::s3 {
namespace {

using namespace test;

Result<Credentials> find(World& world, ChainOptions options = {}) {
  return find_credentials(world.surroundings(), options);
}

std::string key_of(World& world, ChainOptions options = {}) {
  const auto found = find(world, std::move(options));
  return found ? found->access_key_id : found.error().text;
}

World with_environment() {
  World world;
  world.variables["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  world.variables["AWS_SECRET_ACCESS_KEY"] = "env-secret";
  return world;
}

constexpr const char* kCredentialsFile = "/home/u/.aws/credentials";
constexpr const char* kConfigFile = "/home/u/.aws/config";

}  // namespace

TEST_SUITE("s3/credential_chain") {
  TEST_CASE("keys of the configuration are taken as they are, and both are needed") {
    World world = with_environment();
    ChainOptions options;
    options.access_key_id = "AKIACONF";
    CHECK(key_of(world, options) == "access key and secret key: one is given without the other");
    options.secret_key = Secret("s");
    CHECK(key_of(world, options) == "AKIACONF");
    CHECK(world.asked.empty());
  }

  TEST_CASE("the environment comes first, with its token and expiry") {
    World world = with_environment();
    world.files[kCredentialsFile] = "[default]\naws_access_key_id=X\naws_secret_access_key=y\n";
    world.variables["AWS_SECURITY_TOKEN"] = "old-token";
    world.variables["AWS_CREDENTIAL_EXPIRATION"] = "2026-03-01T10:00:05Z";
    const auto found = find(world);
    REQUIRE(found.ok());
    CHECK(found->access_key_id == "AKIAENV");
    CHECK(found->secret_key.reveal() == "env-secret");
    CHECK(found->session_token.reveal() == "old-token");
    CHECK(found->expires_s == world.now_s + 5);
    CHECK(found->source == "environment");
    world.variables["AWS_SESSION_TOKEN"] = "new-token";
    CHECK(find(world)->session_token.reveal() == "new-token");
    world.variables.erase("AWS_SECRET_ACCESS_KEY");
    CHECK(key_of(world) == "environment: AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY");
  }

  TEST_CASE("a profile of the host leaves the environment's keys out, AWS_PROFILE does not") {
    World world = with_environment();
    world.files[kCredentialsFile] = "[p]\naws_access_key_id=AKIAP\naws_secret_access_key=y\n";
    world.variables["AWS_PROFILE"] = "p";
    CHECK(key_of(world) == "AKIAENV");
    ChainOptions options;
    options.profile = "p";
    CHECK(key_of(world, options) == "AKIAP");
    options.profile = "q";
    CHECK(key_of(world, options) ==
          "profile \"q\": is neither in /home/u/.aws/config nor in /home/u/.aws/credentials");
  }

  TEST_CASE("of two files that have a profile the credentials file wins") {
    World world;
    world.files[kConfigFile] = "[default]\naws_access_key_id = CONF\naws_secret_access_key = a\n";
    CHECK(key_of(world) == "CONF");
    world.files[kCredentialsFile] =
        "# comment\n[default]\nAWS_ACCESS_KEY_ID = CRED\naws_secret_access_key=b=c\n"
        "s3 =\n  addressing_style = path\n\taws_access_key_id = NESTED\naws_session_token = t\n";
    const auto found = find(world);
    REQUIRE(found.ok());
    CHECK(found->access_key_id == "CRED");
    CHECK(found->secret_key.reveal() == "b=c");
    CHECK(found->session_token.reveal() == "t");
    CHECK(found->source == "profile \"default\" of /home/u/.aws/credentials");
    world.variables["AWS_SHARED_CREDENTIALS_FILE"] = "/other";
    CHECK(key_of(world) == "CONF");
    world.files["/other"] = "[default]\naws_access_key_id\n";
    CHECK(key_of(world) == "/other: line 2: expected \"[\" or \"key = value\"");
    world.files["/other"] = "[default]\naws_access_key_id = x\n";
    CHECK(key_of(world) ==
          "profile \"default\" of /other: aws_access_key_id is there, but not "
          "aws_secret_access_key");
  }

  TEST_CASE("a role is asked for with its source profile, signed") {
    World world;
    world.variables["AWS_PROFILE"] = "role";
    world.files[kConfigFile] =
        "[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nregion = "
        "eu-west-1\n"
        "role_session_name = me\nexternal_id = x y\nduration_seconds = 900\n[profile \"base\"]\n";
    world.files[kCredentialsFile] =
        "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = z\n";
    world.answer(200, sts_xml("AssumeRole"));
    const auto found = find(world);
    REQUIRE(found.ok());
    CHECK(found->access_key_id == "ASIASTS");
    CHECK(found->secret_key.reveal() == "sts&secret");
    CHECK(found->session_token.reveal() == "sts-token");
    CHECK(found->expires_s == world.now_s + 3600);
    CHECK(found->source == "profile \"role\": role arn:aws:iam::1:role/r");
    REQUIRE(world.asked.size() == 1);
    CHECK(world.asked[0].method == "POST");
    CHECK(world.asked[0].url == "https://sts.eu-west-1.amazonaws.com/");
    CHECK(world.asked[0].body ==
          "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
          "RoleSessionName=me&DurationSeconds=900&ExternalId=x%20y");
    CHECK(world.header(0, "authorization")
              .starts_with(
                  "AWS4-HMAC-SHA256 Credential=AKIABASE/20260301/eu-west-1/sts/aws4_request, "));
  }

  TEST_CASE("roles may need roles, and a loop is told") {
    World world;
    world.variables["AWS_PROFILE"] = "a";
    world.files[kConfigFile] =
        "[profile a]\nrole_arn=arn:a\nsource_profile=b\n[profile b]\nrole_arn=arn:b\n"
        "source_profile=b\naws_access_key_id=AKIAB\naws_secret_access_key=z\n";
    world.answer(200, sts_xml("AssumeRole"));
    world.answer(200, sts_xml("AssumeRole"));
    CHECK(key_of(world) == "ASIASTS");
    REQUIRE(world.asked.size() == 2);
    CHECK(world.header(0, "authorization").find("AKIAB/") != std::string::npos);
    CHECK(world.header(1, "authorization").find("ASIASTS/") != std::string::npos);
    CHECK(world.header(1, "x-amz-security-token") == "sts-token");
    world.files[kConfigFile] =
        "[profile a]\nrole_arn=arn:a\nsource_profile=b\n[profile b]\nrole_arn=arn:b\n"
        "source_profile=a\n";
    CHECK(key_of(world) == "profile \"b\": source_profile: leads back to \"a\"");
  }

  TEST_CASE("a role's credentials may come from elsewhere") {
    World world;
    world.variables["AWS_PROFILE"] = "a";
    const std::string role = "[profile a]\nrole_arn=arn:a\ncredential_source=";
    SUBCASE("a container") {
      world.files[kConfigFile] = role + "EcsContainer\n";
      world.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
      world.answer(200, kContainerJson);
      world.answer(200, sts_xml("AssumeRole"));
      CHECK(key_of(world) == "ASIASTS");
      CHECK(world.header(1, "authorization").find("ASIAECS/") != std::string::npos);
    }
    SUBCASE("an instance") {
      world.files[kConfigFile] = role + "Ec2InstanceMetadata\n";
      world.answer(200, "token");
      world.answer(200, "role");
      world.answer(200, kInstanceJson);
      world.answer(200, sts_xml("AssumeRole"));
      CHECK(key_of(world) == "ASIASTS");
      CHECK(world.header(3, "authorization").find("ASIAEC2/") != std::string::npos);
    }
    SUBCASE("the environment, which is empty") {
      world.files[kConfigFile] = role + "Environment\n";
      CHECK(key_of(world) == "profile \"a\": credential_source = Environment: has no credentials");
    }
    SUBCASE("a word that is none") {
      world.files[kConfigFile] = role + "Nowhere\n";
      CHECK(key_of(world) ==
            "profile \"a\": credential_source: expected Environment, Ec2InstanceMetadata or "
            "EcsContainer");
    }
  }

  TEST_CASE("what wants a person is refused by name") {
    World world;
    world.variables["AWS_PROFILE"] = "a";
    for (const char* key : {"sso_session", "sso_start_url", "login_session"}) {
      world.files[kConfigFile] = std::string("[profile a]\n") + key + " = x\n";
      const auto found = find(world);
      REQUIRE_FALSE(found.ok());
      CHECK(found.error().status == QTAP_ERR_UNSUPPORTED);
      CHECK(found.error().text.starts_with(std::string("profile \"a\": ") + key +
                                           ": single sign-on wants a person"));
    }
    world.files[kConfigFile] = "[profile a]\nrole_arn=r\nsource_profile=b\nmfa_serial=m\n";
    CHECK(key_of(world) ==
          "profile \"a\": mfa_serial: a code wants a person; use a role without it");
    CHECK(world.asked.empty());
  }

  TEST_CASE("web identity sends the token of the file, unsigned, and before the shared file") {
    World world;
    world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/token";
    world.variables["AWS_ROLE_ARN"] = "arn:r";
    world.variables["AWS_REGION"] = "cn-north-1";
    world.files["/var/token"] = "ey.J=\n";
    world.files[kCredentialsFile] = "[default]\naws_access_key_id=X\naws_secret_access_key=y\n";
    world.answer(200, sts_xml("AssumeRoleWithWebIdentity"));
    CHECK(key_of(world) == "ASIASTS");
    REQUIRE(world.asked.size() == 1);
    CHECK(world.asked[0].url == "https://sts.cn-north-1.amazonaws.com.cn/");
    CHECK(world.asked[0].body ==
          "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Ar&"
          "RoleSessionName=libqtap-1772359200&WebIdentityToken=ey.J%3D");
    CHECK(world.header(0, "authorization").empty());
  }

  TEST_CASE("of STS's refusals those that may pass are tried again") {
    World world;
    world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/token";
    world.variables["AWS_ROLE_ARN"] = "arn:r";
    world.variables["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:1/";
    world.files["/var/token"] = "t";
    SUBCASE("and then it works") {
      world.answer(400, sts_error("IDPCommunicationError"));
      world.answer(503, "");
      world.answer(200, sts_xml("AssumeRoleWithWebIdentity"));
      CHECK(key_of(world) == "ASIASTS");
      CHECK(world.waits == 2);
    }
    SUBCASE("three times") {
      for (int i = 0; i < 4; ++i) world.answer(400, sts_error("InvalidIdentityToken"));
      CHECK(key_of(world) ==
            "web identity, role arn:r: http://127.0.0.1:1/: status 400, InvalidIdentityToken: why "
            "not");
      CHECK(world.asked.size() == 3);
    }
    SUBCASE("but an expired token stays so") {
      world.answer(400, sts_error("ExpiredTokenException"));
      const auto found = find(world);
      REQUIRE_FALSE(found.ok());
      CHECK(found.error().status == QTAP_ERR_PERM);
      CHECK(world.asked.size() == 1);
    }
    SUBCASE("and so does a reply that is none") {
      world.answer(200, "<a><SecretAccessKey>x</SecretAccessKey></a>");
      CHECK(
          key_of(world) ==
          "web identity, role arn:r: http://127.0.0.1:1/: the reply lacks a key, the token or the "
          "expiry");
    }
  }

  TEST_CASE("a program tells credentials, its command line read without a shell") {
    World world;
    world.files[kConfigFile] =
        "[default]\ncredential_process = \"/opt/my tool\" --for 'a b' $HOME\\ x\n";
    world.output = Secret(
        R"({"Version":1,"AccessKeyId":"ASIAPROC","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-03-01T10:30:00Z","AccountId":"42"})");
    const auto found = find(world);
    REQUIRE(found.ok());
    CHECK(found->access_key_id == "ASIAPROC");
    CHECK(found->account_id == "42");
    CHECK(found->expires_s == world.now_s + 1800);
    CHECK(world.programs ==
          std::vector<std::vector<std::string>>{{"/opt/my tool", "--for", "a b", "$HOME x"}});
    world.output = Secret(R"({"Version":2,"AccessKeyId":"A","SecretAccessKey":"secret"})");
    CHECK(key_of(world) == "profile \"default\": credential_process: Version: expected 1");
    world.output = Error(QTAP_ERR_IO, "run x: ended with 1");
    CHECK(key_of(world) == "profile \"default\": credential_process: run x: ended with 1");
    world.files[kConfigFile] = "[default]\ncredential_process = a 'b\n";
    CHECK(key_of(world) == "profile \"default\": credential_process: a ' that does not end");
  }

  TEST_CASE("without any the places are named") {
    World world;
    world.variables["AWS_EC2_METADATA_DISABLED"] = "true";
    const auto found = find(world);
    REQUIRE_FALSE(found.ok());
    CHECK(found.error().status == QTAP_ERR_NOTFOUND);
    CHECK(found.error().text.starts_with(
        "find credentials: none in the environment (AWS_ACCESS_KEY_ID), in "
        "/home/u/.aws/credentials and /home/u/.aws/config (profile \"default\"), by web identity"));
    CHECK(world.asked.empty());
  }

  TEST_CASE("a place that is set up and fails ends the search") {
    World world;
    world.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
    for (int i = 0; i < 3; ++i) world.answer(500, "");
    world.answer(200, "token");
    CHECK(key_of(world) == "http://169.254.170.2/v2/x: status 500");
    CHECK(world.asked.size() == 3);
    CHECK(world.waits == 2);
  }

  TEST_CASE("no error tells a secret") {
    World world = with_environment();
    for (const char* body : {R"({"AccessKeyId":"A","SecretAccessKey":"planted-secret","Token":5})",
                             R"({"AccessKeyId":"A","SecretAccessKey":"planted-secret")",
                             R"({"Code":"planted secret"})"}) {
      world.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/x";
      world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "planted-token";
      for (int i = 0; i < 3; ++i) world.answer(200, body);
      ChainOptions options;
      options.profile = "default";
      const auto found = find(world, options);
      REQUIRE_FALSE(found.ok());
      CHECK(found.error().text.find("planted") == std::string::npos);
    }
  }
}

}  // namespace qtap::s3
