// SPDX-License-Identifier: Apache-2.0
#include "s3/metadata.h"

#include <doctest/doctest.h>

#include "s3/world.h"

namespace qtap::s3 {
namespace {

using namespace test;

std::string container_key(World& world) {
  const auto found = container_credentials(world.surroundings());
  if (!found) return found.error().text;
  return *found ? (*found)->access_key_id : "none";
}

std::string instance_key(World& world) {
  const auto found = instance_credentials(world.surroundings());
  if (!found) return found.error().text;
  return *found ? (*found)->access_key_id : "none";
}

}  // namespace

TEST_SUITE("s3/metadata") {
  TEST_CASE("a container asks ECS by the relative URI, past any proxy") {
    World world;
    CHECK(container_key(world) == "none");
    world.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1";
    world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Basic abc";
    world.answer(200, kContainerJson);
    CHECK(container_key(world) == "ASIAECS");
    CHECK(world.asked[0].url == "http://169.254.170.2/v2/credentials/1");
    CHECK(world.header(0, "authorization") == "Basic abc");
    CHECK_FALSE(world.asked[0].may_use_proxy);
    CHECK(world.asked[0].timeout_ns == 2'000'000'000);
  }

  TEST_CASE("EKS's token is read at each fetch, and sent as it is") {
    World world;
    world.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
    world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
    world.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "unused";
    for (const char* token : {"one", "two"}) {
      world.files["/token"] = token;
      world.answer(200, kContainerJson);
      CHECK(container_key(world) == "ASIAECS");
      CHECK(world.header(world.asked.size() - 1, "authorization") == token);
    }
    world.files["/token"] = "a\nb";
    CHECK(container_key(world) ==
          "container authorization token: byte 1: a line break, which no header may hold");
    CHECK(world.asked.size() == 2);
  }

  TEST_CASE("without TLS only this machine and AWS's own addresses are asked") {
    World world;
    for (const char* url : {"http://localhost/x", "http://127.0.0.1:8080/x", "http://127.1.2.3/x",
                            "http://[::1]:80/x", "http://169.254.170.2/x",
                            "http://[fd00:ec2::23]/x", "https://elsewhere.example/x"}) {
      CAPTURE(url);
      world.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
      world.answer(200, kContainerJson);
      CHECK(container_key(world) == "ASIAECS");
    }
    const size_t asked = world.asked.size();
    for (const char* url :
         {"http://elsewhere.example/x", "http://169.254.169.254/x", "http://127.0.0.1.example/x",
          "http://localhost@elsewhere.example/", "http://localhost:80@elsewhere.example/",
          "http://[fd00:ec2::24]/", "ftp://localhost/", "http://localhost.example/", "/v1"}) {
      CAPTURE(url);
      world.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
      CHECK(container_key(world).starts_with("AWS_CONTAINER_CREDENTIALS_FULL_URI: "));
    }
    CHECK(world.asked.size() == asked);
  }

  TEST_CASE("an instance is asked for a token, its role, and the role's credentials") {
    World world;
    world.answer(200, "TOKEN");
    world.answer(200, "my-role\n");
    world.answer(200, kInstanceJson);
    const auto found = instance_credentials(world.surroundings());
    REQUIRE(found.ok());
    REQUIRE(found->has_value());
    CHECK((*found)->access_key_id == "ASIAEC2");
    CHECK((*found)->is_stable);
    CHECK((*found)->source == "instance metadata, role my-role");
    REQUIRE(world.asked.size() == 3);
    CHECK(world.asked[0].method == "PUT");
    CHECK(world.asked[0].url == "http://169.254.169.254/latest/api/token");
    CHECK(world.header(0, "x-aws-ec2-metadata-token-ttl-seconds") == "21600");
    CHECK(world.asked[1].url ==
          "http://169.254.169.254/latest/meta-data/iam/security-credentials/");
    CHECK(world.asked[2].url ==
          "http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role");
    CHECK(world.header(2, "x-aws-ec2-metadata-token") == "TOKEN");
    for (const FetchRequest& request : world.asked) {
      CHECK_FALSE(request.may_use_proxy);
      CHECK(request.timeout_ns == 1'000'000'000);
    }
  }

  TEST_CASE("version 1 is asked when version 2 is refused or does not answer") {
    for (const int status : {403, 404, 405, 0}) {
      CAPTURE(status);
      World world;
      if (status == 0) {
        world.answers.push_back(Error(QTAP_ERR_TIMEOUT, "timed out"));
      } else {
        world.answer(status, "");
      }
      world.answer(200, "my-role");
      world.answer(200, kInstanceJson);
      CHECK(instance_key(world) == "ASIAEC2");
      CHECK(world.header(2, "x-aws-ec2-metadata-token").empty());
      World strict = World();
      strict.variables["AWS_EC2_METADATA_V1_DISABLED"] = "true";
      strict.answer(status == 0 ? 403 : status, "");
      CHECK(instance_key(strict) == "none");
      CHECK(strict.asked.size() == 1);
    }
  }

  TEST_CASE("no instance, no role, or a failure of its role: no credentials") {
    World world;
    SUBCASE("nobody is there") {
      world.answers.push_back(Error(QTAP_ERR_IO, "no route"));
      CHECK(instance_key(world) == "none");
      CHECK(world.asked.size() == 1);
    }
    SUBCASE("a bad request is a mistake") {
      world.answer(400, "");
      CHECK(instance_key(world) == "http://169.254.169.254/latest/api/token: status 400");
    }
    SUBCASE("no role") {
      world.answer(200, "TOKEN");
      world.answer(404, "");
      CHECK(instance_key(world) == "none");
    }
    SUBCASE("a name that is none") {
      world.answer(200, "TOKEN");
      world.answer(200, "../../x?y");
      CHECK(instance_key(world) == "none");
      CHECK(world.asked.size() == 2);
    }
    SUBCASE("a role that EC2 may not take") {
      world.answer(200, "TOKEN");
      world.answer(200, "r");
      world.answer(200, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"no"})");
      CHECK(instance_key(world) == "none");
    }
    SUBCASE("switched off") {
      world.variables["AWS_EC2_METADATA_DISABLED"] = "TRUE";
      CHECK(instance_key(world) == "none");
      CHECK(world.asked.empty());
    }
  }

  TEST_CASE("other addresses of the service") {
    World world;
    world.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
    instance_key(world);
    CHECK(world.asked.back().url.starts_with("http://[fd00:ec2::254]/latest/"));
    world.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:9/";
    instance_key(world);
    CHECK(world.asked.back().url.starts_with("http://127.0.0.1:9/latest/"));
  }
}

}  // namespace qtap::s3
