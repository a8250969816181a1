// SPDX-License-Identifier: Apache-2.0
// What there is no event of yet, and answers. tests/e2e/test_pulse.py reads all with protobuf.
#include "sink/pulse.h"

#include <doctest/doctest.h>

#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

#include "sink/pulse_event.h"
#include "support/make.h"

using namespace qtap;
using protozero::pbf_reader;

namespace {

std::string field(const std::string& message, std::vector<uint32_t> path) {
  pbf_reader reader(message);
  while (reader.next()) {
    if (reader.tag() != path[0]) {
      reader.skip();
      continue;
    }
    if (reader.wire_type() == protozero::pbf_wire_type::varint) {
      return std::to_string(reader.get_uint64());
    }
    if (reader.wire_type() == protozero::pbf_wire_type::fixed32) {
      return std::to_string(reader.get_float());
    }
    const std::string inner = reader.get_string();
    path.erase(path.begin());
    return path.empty() ? inner : field(inner, path);
  }
  return "none";
}

std::string made(const char* type, const char* json) {
  Ref<Event> event = test::make_event(json);
  event->type = type;
  event->time_ns = 1'500'000'007;
  return sink::pulse_event(*event).value_or("none");
}

}  // namespace

TEST_SUITE("sink/pulse") {
  TEST_CASE("a transaction of gRPC is a message of its own around the request") {
    const std::string event =
        made("request", R"({"requestId":"r","status":null,"grpcService":"s","grpcMethod":"m",)"
                        R"("grpcStatus":"0","grpcStatusName":"OK"})");
    CHECK(field(event, {7, 1, 1}) == "r");
    CHECK(field(event, {7, 1, 2, 1}) == "1");
    CHECK(field(event, {7, 1, 2, 2}) == "500000007");
    CHECK(field(event, {7, 1, 10}) == "none");
    CHECK(field(event, {7, 2}) == "s");
    CHECK(field(event, {7, 4}) == "0");
    CHECK(field(event, {1}) == "none");
  }

  TEST_CASE("issues, entities and statements have their numbers") {
    const std::string issue = made(
        "issue", R"({"error":"slow","status":503,"triggerConditions":["detect_errors:status"],)"
                 R"("triggerReasons":["status 503"]})");
    CHECK(field(issue, {2, 7}) == "slow");
    CHECK(field(issue, {2, 11}) == "503");
    CHECK(field(issue, {2, 13, 1}) == "detect_errors");
    CHECK(field(issue, {2, 13, 2}) == "status");
    CHECK(field(issue, {2, 13, 3}) == "status 503");
    const std::string entity = made("pii_entity", R"({"entityType":"SSN","score":0.5})");
    CHECK(field(entity, {4, 7}) == "SSN");
    CHECK(field(entity, {4, 8}) == "0.500000");
    const std::string statement =
        made("database_request", R"({"requestId":"r","statement":"SELECT ?","resultCount":3})");
    CHECK(field(statement, {6, 9}) == "SELECT ?");
    CHECK(field(statement, {6, 17}) == "3");
  }

  TEST_CASE("of a connection that came in the local end is the destination") {
    const std::string event = made(
        "connection",
        R"({"direction":"ingress","tlsVersion":772,"l7Protocol":"mongodb","socketProtocol":"raw",)"
        R"("source":{"address":{"ip":"1.2.3.4","port":5}},"destination":{"exe":"/x","userId":0,)"
        R"("container":{"id":"c","pod":{"name":"p","namespace":"n"}}}})");
    CHECK(field(event, {5, 3}) == "1");
    CHECK(field(event, {5, 11}) == "4");
    CHECK(field(event, {5, 12}) == "11");
    CHECK(field(event, {5, 13}) == "4");
    CHECK(field(event, {5, 15, 2, 1, 1}) == "1.2.3.4");
    CHECK(field(event, {5, 16, 1, 3}) == "/x");
    CHECK(field(event, {5, 16, 1, 6}) == "0");
    CHECK(field(event, {5, 16, 1, 5, 4, 2}) == "n");
  }

  TEST_CASE("what it does not know is refused, and the others go") {
    CHECK(made("other", "{}") == "none");
    CHECK(made("request", "[]") == "none");
    const auto protocol = sink::make_pulse({.endpoint = "http://h", .token = "t"});
    Ref<Event> good = test::make_event(R"({"requestId":"r"})");
    good->type = "request";
    const std::vector<Ref<Event>> events = {test::make_event("{}"), good};
    std::vector<Status> outcomes(2);
    const auto requests = protocol->requests_for(events, outcomes);
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].indices == std::vector<size_t>{1});
    CHECK_FALSE(outcomes[0].ok());
    CHECK(field(requests[0].body, {1, 1, 1}) == "r");
    CHECK(requests[0].request.url == "http://h/eventstore.v1.EventStoreService/IngestBatch");
  }
}
