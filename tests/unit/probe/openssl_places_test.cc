// SPDX-License-Identifier: Apache-2.0
#include "probe/openssl_places.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>

#include "probe/test_library.h"

namespace qtap::probe {
namespace {

Result<OpensslPlaces> places_in(const TestLibrary& library, PlaceChoice choice) {
  const int fd = library.open();
  REQUIRE(fd >= 0);
  auto result = openssl_places(fd, "libssl", OpensslPart::kSsl, choice);
  close(fd);
  return result;
}

bool has(const OpensslPlaces& found, SslCall call, uint64_t offset) {
  return std::any_of(found.places.begin(), found.places.end(), [&](const OpensslPlace& place) {
    return place.call == call && place.offset == offset;
  });
}

bool has(const OpensslPlaces& found, SslCall call) {
  return std::any_of(found.places.begin(), found.places.end(),
                     [&](const OpensslPlace& place) { return place.call == call; });
}

}  // namespace

#if defined(__x86_64__)
TEST_SUITE("probe/openssl_places") {
  TEST_CASE("public functions, when they are asked for, with what that costs") {
    const auto found = places_in(TestLibrary(), PlaceChoice::kPublic);
    REQUIRE(found.ok());
    CHECK(found->places.size() == 4);
    CHECK(has(*found, kWrite, TestLibrary::kWrite));
    CHECK(has(*found, kReadEx, TestLibrary::kReadEx));
    CHECK(found->remark == "slow: SSL_write, SSL_read: public functions are asked for");
  }

  TEST_CASE("cheap public functions need no remark") {
    TestLibrary library;
    library.put(TestLibrary::kWrite, {TestLibrary::kPush});
    library.put(TestLibrary::kRead, {TestLibrary::kEndbr64, TestLibrary::kPush});
    const auto found = places_in(library, PlaceChoice::kPublic);
    REQUIRE(found.ok());
    CHECK(has(*found, kRead, TestLibrary::kRead + 4));
    CHECK(found->remark.empty());
  }

  TEST_CASE("a library without the functions is no OpenSSL") {
    TestLibrary library;
    library.symbol(3).st_shndx = SHN_UNDEF;
    const auto found = places_in(library, PlaceChoice::kCheapest);
    REQUIRE_FALSE(found.ok());
    CHECK(found.error().status == QTAP_ERR_UNSUPPORTED);
    CHECK(found.error().text == "attach to libssl: it does not define SSL_read");
  }

#ifdef QTAP_TEST_CAPSTONE
  TEST_CASE("workers take the place of both public forms") {
    const auto found = places_in(TestLibrary(), PlaceChoice::kCheapest);
    REQUIRE(found.ok());
    CHECK(found->places.size() == 2);
    CHECK(has(*found, kWriteEx, TestLibrary::kWriteWorker));
    CHECK(has(*found, kReadEx, TestLibrary::kReadWorker));
    CHECK(found->remark == "workers");
  }

  TEST_CASE("a writing worker with flags is told apart, a reading one is not known") {
    TestLibrary library;
    library.put_flags_form();
    const auto found = places_in(library, PlaceChoice::kCheapest);
    REQUIRE(found.ok());
    CHECK(has(*found, kWriteEx2, TestLibrary::kWriteWorker + 4));
    library.symbol(3).st_value = TestLibrary::kWrite;
    library.symbol(4).st_value = TestLibrary::kWriteEx;
    const auto both = places_in(library, PlaceChoice::kCheapest);
    REQUIRE(both.ok());
    CHECK(both->remark == "workers; slow: SSL_read: the common function has an argument too many");
  }

  TEST_CASE("each pair is judged alone") {
    TestLibrary library;
    library.put(TestLibrary::kReadWorker, {TestLibrary::kSub});
    const auto found = places_in(library, PlaceChoice::kCheapest);
    REQUIRE(found.ok());
    CHECK(found->places.size() == 3);
    CHECK(has(*found, kWriteEx, TestLibrary::kWriteWorker));
    CHECK(has(*found, kRead, TestLibrary::kRead));
    CHECK(found->remark ==
          "workers; slow: SSL_read: the common function begins with a single-stepped instruction");
  }

  TEST_CASE("the OpenSSL of this machine has workers") {
    // QTAP_TEST_OPENSSL: a folder with another one.
    const char* folder = getenv("QTAP_TEST_OPENSSL");
    const std::string base = folder != nullptr ? folder : "/usr/lib/x86_64-linux-gnu";
    int looked = 0;
    for (const char* suffix : {".so.3", ".so.1.1"}) {
      for (const OpensslPart part : {OpensslPart::kSsl, OpensslPart::kCrypto}) {
        const bool ssl = part == OpensslPart::kSsl;
        const std::string path = base + (ssl ? "/libssl" : "/libcrypto") + suffix;
        const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) continue;
        const auto found = openssl_places(fd, path, part, PlaceChoice::kCheapest);
        close(fd);
        REQUIRE_MESSAGE(found.ok(), path);
        ++looked;
        INFO(path);
        for (const OpensslPlace& place : found->places) {
          MESSAGE(path, " call ", uint64_t{place.call}, " at ", place.offset);
        }
        CHECK(found->remark == (ssl ? "workers" : "workers; memory BIOs"));
        CHECK(found->places.size() == (ssl ? 7u : 2u));
        CHECK(found->for_custom_bios.size() == (ssl ? 0u : 1u));
        CHECK_FALSE(has(*found, kWrite));
        CHECK_FALSE(has(*found, kRead));
      }
    }
    if (looked == 0) MESSAGE("skipped: no OpenSSL in ", base);
  }
#endif
}
#endif

}  // namespace qtap::probe
