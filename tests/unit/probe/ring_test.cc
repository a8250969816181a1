// SPDX-License-Identifier: Apache-2.0
#include "probe/ring.h"

#include <doctest/doctest.h>

#include "fake_ring.h"

namespace qtap::probe {
namespace {

constexpr size_t kBytes = FakeRing::kBytes;

}  // namespace

TEST_SUITE("probe/ring") {
  TEST_CASE("records come in order and stay until they are taken") {
    FakeRing fake;
    auto ring = Ring::create(fake.fd(), kBytes);
    REQUIRE(ring.ok());
    CHECK(text((*ring)->peek()) == "none");
    fake.add("first");
    fake.add("second record");
    CHECK(text((*ring)->peek()) == "first");
    CHECK(text((*ring)->peek()) == "first");
    CHECK(fake.consumer() == 0);
    (*ring)->pop();
    CHECK(text((*ring)->peek()) == "second record");
    (*ring)->pop();
    CHECK(text((*ring)->peek()) == "none");
    CHECK(fake.consumer() == fake.producer());
  }

  TEST_CASE("discarded records are skipped, unfinished ones hold up what is behind") {
    FakeRing fake;
    auto ring = Ring::create(fake.fd(), kBytes);
    REQUIRE(ring.ok());
    fake.add("discarded", BPF_RINGBUF_DISCARD_BIT);
    fake.add("kept");
    fake.add("unfinished", BPF_RINGBUF_BUSY_BIT);
    fake.add("behind");
    CHECK(text((*ring)->peek()) == "kept");
    (*ring)->pop();
    CHECK(text((*ring)->peek()) == "none");
  }

  TEST_CASE("a record over the end of the buffer is whole") {
    FakeRing fake;
    auto ring = Ring::create(fake.fd(), kBytes);
    REQUIRE(ring.ok());
    for (int i = 0; i < 50; ++i) {
      const std::string payload(300 + static_cast<size_t>(i), static_cast<char>('a' + i % 26));
      fake.add(payload);
      CHECK(text((*ring)->peek()) == payload);
      (*ring)->pop();
    }
    CHECK(fake.consumer() > 3 * kBytes);
  }

  TEST_CASE("something that cannot be mapped is an error") {
    const auto ring = Ring::create(-1, kBytes);
    REQUIRE_FALSE(ring.ok());
    CHECK(ring.error().status == QTAP_ERR_IO);
  }
}

}  // namespace qtap::probe
