// SPDX-License-Identifier: Apache-2.0
#include "probe/ring_set.h"

#include <doctest/doctest.h>

#include <deque>

#include "bpf/shared/records.h"
#include "fake_ring.h"

namespace qtap::probe {
namespace {

struct Rings {
  explicit Rings(size_t count) : fakes(count) {
    std::vector<std::unique_ptr<Ring>> rings;
    for (const FakeRing& fake : fakes) {
      auto ring = Ring::create(fake.fd(), FakeRing::kBytes);
      REQUIRE(ring.ok());
      rings.push_back(std::move(*ring));
    }
    set.emplace(std::move(rings));
  }
  void add(size_t ring, uint64_t time_ns) {
    qtap_record_header header = {};
    header.size = sizeof(header);
    header.time_ns = time_ns;
    fakes[ring].add(std::string(reinterpret_cast<const char*>(&header), sizeof(header)));
  }
  // The time of the next record, which is taken; 0: there is none.
  uint64_t next() {
    const auto record = set->peek();
    if (!record) return 0;
    qtap_record_header header = {};
    memcpy(&header, record->data(), sizeof(header));
    set->pop();
    return header.time_ns;
  }

  std::deque<FakeRing> fakes;
  std::optional<RingSet> set;
};

}  // namespace

TEST_SUITE("probe/ring_set") {
  TEST_CASE("records of all rings come in the order of their times") {
    Rings rings(3);
    rings.add(2, 10);
    rings.add(0, 20);
    rings.add(2, 30);
    rings.add(1, 25);
    rings.add(0, 40);
    for (const uint64_t time_ns : {10U, 20U, 25U, 30U, 40U, 0U}) CHECK(rings.next() == time_ns);
  }

  TEST_CASE("what comes into an empty ring later is put in its place") {
    Rings rings(2);
    rings.add(1, 50);
    rings.add(1, 60);
    CHECK(rings.next() == 50);
    rings.add(0, 55);
    CHECK(rings.next() == 55);
    CHECK(rings.next() == 60);
  }

  TEST_CASE("the record that was shown stays the next one") {
    Rings rings(2);
    rings.add(0, 20);
    CHECK(rings.set->peek());
    rings.add(1, 10);
    CHECK(rings.next() == 20);
    CHECK(rings.next() == 10);
  }

  TEST_CASE("positions are sums") {
    Rings rings(2);
    rings.add(0, 1);
    rings.add(1, 2);
    CHECK(rings.set->taken() == 0);
    CHECK(rings.set->written() == rings.fakes[0].producer() + rings.fakes[1].producer());
    rings.next();
    CHECK(rings.set->taken() == rings.fakes[0].producer());
    rings.next();
    CHECK(rings.set->taken() == rings.set->written());
  }

  TEST_CASE("a record too short for a header comes first") {
    Rings rings(2);
    rings.add(0, 5);
    rings.fakes[1].add("short");
    CHECK(text(rings.set->peek()) == "short");
  }
}

}  // namespace qtap::probe
