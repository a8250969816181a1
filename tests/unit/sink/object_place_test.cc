// SPDX-License-Identifier: Apache-2.0
#include "sink/object_place.h"

#include <doctest/doctest.h>

#include "base/sha256.h"
#include "support/make.h"

using namespace qtap;
using sink::ObjectPlace;
using test::make_object;

TEST_SUITE("sink/object_place") {
  TEST_CASE("a key has folders of the day of the request, of this machine and of the type") {
    const ObjectPlace place({.object_key = "{{DATE}}/{{HOST}}/{{TYPE}}/{{DIGEST}}", .host = "h"},
                            "https", "e", "b");
    const auto object = make_object("abc");
    CHECK(place.key_of(*object) == "2026/03/01/h/test/" + object->digest);
    CHECK(place.url_of(*object) == "https://e/b/2026/03/01/h/test/" + object->digest);
  }

  TEST_CASE("objects may be named by SHA-1") {
    const ObjectPlace place({.digest = DigestKind::kSha1}, "https", "e", "b");
    const auto object = make_object("abc");
    const std::string sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";  // FIPS 180-2, A.1
    CHECK(place.key_of(*object) == sha1);
    CHECK(place.digest_of(*object) == sha1);
    CHECK(place.url_of(*object) == "https://e/b/" + sha1);
    CHECK(place.identity(*object) == object->digest);
  }

  TEST_CASE("equal bytes are one object where their key is one") {
    const auto object = make_object("abc");
    const auto other = make_object("abc");
    other->type = "other";
    const ObjectPlace by_digest({.object_key = "x/{{DIGEST}}"}, "https", "e", "b");
    CHECK(by_digest.identity(*object) == by_digest.identity(*other));
    const ObjectPlace by_type({.object_key = "{{TYPE}}/{{DIGEST}}"}, "https", "e", "b");
    CHECK(by_type.identity(*object) != by_type.identity(*other));
    CHECK(by_type.identity(*object).size() == 64);
  }
}
