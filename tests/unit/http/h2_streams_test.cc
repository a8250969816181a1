// SPDX-License-Identifier: Apache-2.0
#include "http/h2_streams.h"

#include <doctest/doctest.h>

#include <vector>

using namespace qtap;
using http::H2Stream;
using http::H2Streams;

namespace {

std::vector<uint32_t> ids(H2Streams& streams, uint32_t above = 0) {
  std::vector<uint32_t> out;
  streams.for_each_above(above, [&](H2Stream& stream) { out.push_back(stream.id); });
  return out;
}

}  // namespace

TEST_SUITE("http/h2_streams") {
  TEST_CASE("streams are found by id and told from the oldest on, whatever order they came in") {
    H2Streams streams;
    CHECK(streams.find(1) == nullptr);
    H2Stream& seven = streams.open(7);
    for (const uint32_t id : {1u, 4u, 9u, 3u}) streams.open(id);
    CHECK(ids(streams) == std::vector<uint32_t>{1, 3, 4, 7, 9});
    CHECK(ids(streams, 4) == std::vector<uint32_t>{7, 9});
    CHECK(streams.oldest().id == 1);
    CHECK(streams.find(7) == &seven);  // others came before it since
    CHECK(streams.find(8) == nullptr);
    streams.close(8);
    streams.close(4);
    CHECK(ids(streams) == std::vector<uint32_t>{1, 3, 7, 9});
  }

  TEST_CASE("a stream may be closed while it is told") {
    H2Streams streams;
    for (uint32_t id = 1; id < 200; id += 2) streams.open(id);
    size_t told = 0;
    streams.for_each([&](H2Stream& stream) {
      ++told;
      if (stream.id % 3 != 0) streams.close(stream.id);
    });
    CHECK(told == 100);
    CHECK(streams.size() == 33);
    streams.for_each([&](H2Stream& stream) { streams.close(stream.id); });
    CHECK(streams.empty());
  }
}
