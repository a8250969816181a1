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

  TEST_CASE(
      "a position is reached when each ring has come so far, whatever the others went on with") {
    Rings rings(2);
    rings.add(0, 20);
    rings.add(1, 10);
    const RingSet::Positions then = rings.set->written();
    rings.add(1, 11);
    rings.add(1, 12);
    CHECK(rings.set->fullest() == rings.fakes[1].producer());
    for (int i = 0; i < 3; ++i) {
      CHECK_FALSE(rings.set->reached(then));
      rings.next();
    }
    CHECK_FALSE(rings.set->reached(then));
    CHECK(rings.next() == 20);
    CHECK(rings.set->reached(then));
    CHECK(rings.set->fullest() == 0);
  }

  TEST_CASE("a record that is being written holds up the records of other rings") {
    Rings rings(2);
    rings.fakes[0].add("busy", BPF_RINGBUF_BUSY_BIT);
    rings.add(0, 10);
    rings.add(1, 20);
    CHECK(rings.next() == 0);
    Rings others(2);
    others.fakes[0].add("discarded", BPF_RINGBUF_DISCARD_BIT);
    others.add(1, 20);
    CHECK(others.next() == 20);
  }

  TEST_CASE("a record too short for a header comes first") {
    Rings rings(2);
    rings.add(0, 5);
    rings.fakes[1].add("short");
    CHECK(text(rings.set->peek()) == "short");
  }
}

}  // namespace qtap::probe
