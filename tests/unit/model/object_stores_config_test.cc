// SPDX-License-Identifier: Apache-2.0
// What is written below services.object_stores[].
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "model/config.h"

using namespace qtap;

namespace {

std::optional<std::string> no_environment(const std::string&) {
  return std::nullopt;
}

// Of an event store "con" and one store of objects.
Result<Settings> settings_of(const std::string& store) {
  Config config;
  QTAP_CHECK(
      config.parse("services:\n  event_stores: [{ type: stdout, id: con }]\n"
                   "  object_stores:\n    - " +
                       store + "\n",
                   "q.yaml", no_environment));
  return resolve(config);
}

std::string error_of(const std::string& store) {
  const auto settings = settings_of(store);
  return settings.ok() ? "" : settings.error().text;
}

}  // namespace

TEST_SUITE("model/object_stores_config") {
  TEST_CASE("which digest, and who gets the records") {
    const auto settings =
        settings_of("{ type: stdout, digest: sha1, event_store: { id: con, disabled: true } }");
    REQUIRE(settings.ok());
    const ObjectSettings& objects = settings->object_stores[0].objects;
    CHECK(objects.names_by_sha1);
    CHECK(objects.record_store == "con");
    CHECK_FALSE(objects.has_record);
    const auto usual = settings_of("{ type: stdout }");
    REQUIRE(usual.ok());
    CHECK_FALSE(usual->object_stores[0].objects.names_by_sha1);
    CHECK(usual->object_stores[0].objects.has_record);
  }

  TEST_CASE("an event store that is not there is refused, with the nearest that is") {
    CHECK(error_of("{ type: stdout, event_store: { id: conn } }") ==
          "q.yaml:4:42: error: object_stores[0].event_store.id: no event store with the id "
          "\"conn\"; did you mean \"con\"?");
  }

  TEST_CASE("a placeholder that nobody knows is a warning at its place") {
    const auto settings = settings_of(
        "{ type: s3, bucket: b, object_key: '{{DAT}}/{{DIGEST}}', access_url: 'x/{{KEY}}{{Q}}' }");
    REQUIRE(settings.ok());
    REQUIRE(settings->warnings.size() == 2);
    CHECK(settings->warnings[0] ==
          "QT190: q.yaml:4:76: warning: object_stores[0].access_url: {{Q}} is no placeholder and "
          "stays as it is");
    CHECK(settings->warnings[1] ==
          "QT190: q.yaml:4:42: warning: object_stores[0].object_key: {{DAT}} is no placeholder and "
          "stays as it is; did you mean \"DATE\"?");
  }

  TEST_CASE("an Azure store needs one secret, not two") {
    const std::string store = "{ type: azure_blob, account: a, container: c";
    const auto settings = settings_of(store + ", sas_token: { type: text, value: 'sig=x' } }");
    REQUIRE(settings.ok());
    CHECK(settings->object_stores[0].azure.sas_token == "sig=x");
    CHECK(settings->object_stores[0].azure.endpoint.empty());
    CHECK(error_of(store + " }") ==
          "q.yaml:4:15: error: object_stores[0] (azure_blob): shared_key or sas_token is required");
    CHECK(error_of(store + ", shared_key: eA==, sas_token: 'sig=x' }") ==
          "q.yaml:4:82: error: object_stores[0]: shared_key and sas_token exclude each other");
    CHECK(error_of("{ type: azure_blob, account: a, sas_token: x }") ==
          "q.yaml:4:7: error: object_stores[0] (azure_blob): \"container\" is required");
  }

  TEST_CASE("Google's storage, by a service account or by the keys of S3's protocol") {
    const auto native = settings_of("{ type: gcs, bucket: b, credentials: /account.json }");
    REQUIRE(native.ok());
    CHECK(native->object_stores[0].gcs.endpoint == "storage.googleapis.com");
    CHECK(native->object_stores[0].gcs.credentials == "/account.json");
    CHECK(native->object_stores[0].objects.access_url ==
          "{{SCHEME}}://{{ENDPOINT}}/{{BUCKET}}/{{KEY}}");
    const auto by_keys = settings_of(
        "{ type: s3, endpoint: storage.googleapis.com, bucket: b, access_key: GOOG1, secret_key: s "
        "}");
    REQUIRE(by_keys.ok());
    CHECK(by_keys->object_stores[0].s3.endpoint == "storage.googleapis.com");
    CHECK(by_keys->object_stores[0].s3.access_key == "GOOG1");
    CHECK(by_keys->object_stores[0].s3.addressing == "auto");
  }
}
