// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <doctest/doctest.h>

using namespace qtap;

namespace {

Status outer() {
  Status inner = Error{"QT042", QTAP_ERR_IO, "load: no room"};
  Error error = std::move(inner).error();
  error.text = "start: " + error.text;
  return error;
}

Status outermost() {
  QTAP_CHECK(outer());
  return {};
}

}  // namespace

TEST_SUITE("base/result") {
  TEST_CASE("the id leads, also when what is around has added to the text") {
    const Status status = outermost();
    REQUIRE_FALSE(status.ok());
    CHECK(message_of(status.error()) == "QT042: start: load: no room");
    CHECK(status.error().status == QTAP_ERR_IO);
  }

  TEST_CASE("an error of a module that has no ids is its text") {
    CHECK(message_of({QTAP_ERR_INVALID, "number is too large"}) == "number is too large");
  }
}
